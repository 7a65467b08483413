"""What an engine promises to whoever changes the words of an index: every article that holds a text, and a copy to change."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path

import pytest

from indexer.engines.base import Engine
from indexer.errors import FolderNotWritable, IndexDamaged
from indexer.query import Literal, MatchAll
from tests.contracts.engine_base import EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match


class CopyPromises(EngineBase):
    # Every article that holds a text

    def test_every_article_that_holds_a_text_is_named_whatever_its_status(
        self, engine: Engine
    ) -> None:
        fill(
            engine,
            article("title", title="去晴川谷看看", status="draft"),
            article("lead", lead="从晴川谷出发", status="withdrawn"),
            article("body", body="第一段。\n在晴\n川谷。在晴川谷。"),
            article("wide", body="乘Ｋ９專列"),
            article("parted", body="晴川，谷"),
            article("gone", body="晴川谷"),
        )
        with engine.writer() as writer:
            writer.delete("gone")
            writer.commit(revision=2)
        with engine.reader() as reader:
            assert sorted(reader.holding(["晴川谷"])) == ["body", "lead", "title"]
            assert reader.holding(["k9专列", ""]) == ["wide"]
            assert sorted(reader.holding(["晴川谷", "K9專列", "晴"])) == [
                "body",
                "lead",
                "parted",
                "title",
                "wide",
            ]
            assert reader.holding(["没有"]) == reader.holding([]) == []

    # A copy

    def test_a_copy_holds_the_last_commit_and_each_changes_alone(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        fill(engine, *(article(f"a-{n}", title=f"旧标题{n}") for n in range(3)))
        with engine.writer() as writer:
            writer.delete("a-2")
            writer.commit(revision=5)
        engine.copy_to(tmp_path / "copy")
        copy = self.open(tmp_path / "copy")
        with copy.reader() as reader:
            assert (reader.doc_count, reader.revision) == (2, 5)
            assert sorted(found(reader, match("标题"))) == ["a-0", "a-1"]
        fill(copy, article("a-0", title="新标题"), revision=6)
        fill(engine, article("a-1", title="另一个"), article("b"), revision=7)
        assert copy.check() == engine.check() == []
        with copy.reader() as reader, engine.reader() as original:
            assert (reader.revision, original.revision) == (6, 7)
            assert found(reader, Literal("新标题")) == ["a-0"]
            assert sorted(found(reader, MatchAll())) == ["a-0", "a-1"]
            assert found(original, Literal("新标题")) == []
            assert sorted(found(original, MatchAll())) == ["a-0", "a-1", "b"]
        shutil.rmtree(tmp_path / "copy")
        assert engine.check() == []

    def test_where_there_are_no_hard_links_a_copy_has_bytes_of_its_own(
        self, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Path) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        fill(engine, article("a"))
        monkeypatch.setattr(os, "link", refuse)
        engine.copy_to(tmp_path / "copy")
        assert all(path.stat().st_nlink == 1 for path in (tmp_path / "copy").iterdir())
        with self.open(tmp_path / "copy").reader() as reader:
            assert found(reader, MatchAll()) == ["a"]

    def test_a_copy_made_beside_a_writer_is_one_of_its_commits(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        fill(engine, article("a", title="版本1"), revision=1)
        done = threading.Event()

        def write() -> None:
            for revision in range(2, 40):
                fill(engine, article("a", title=f"版本{revision}"), revision=revision)
            done.set()

        writing = threading.Thread(target=write)
        writing.start()
        copies = 0
        while not done.is_set() or not copies:
            folder = tmp_path / f"copy-{copies}"
            engine.copy_to(folder)
            with self.open(folder).reader() as reader:
                kept = reader.get("a")
                assert kept is not None
                assert kept.title == f"版本{reader.revision}"
            copies += 1
        writing.join()

    def test_what_cannot_be_copied_is_said(
        self, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "file").touch()
        with pytest.raises(FolderNotWritable):
            engine.copy_to(tmp_path / "copy")
        shutil.rmtree(folder)
        with pytest.raises(IndexDamaged):
            self.open(folder).copy_to(tmp_path / "other")
