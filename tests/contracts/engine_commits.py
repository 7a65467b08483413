"""An engine's folder, its snapshots and its commits."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from indexer.engines.base import Engine, Reader
from indexer.errors import FolderNotWritable, IndexDamaged, WriterBusy
from indexer.hits import SearchPage
from indexer.query import (
    Literal,
    MatchAll,
    Not,
    Or,
    Range,
    Recency,
    SearchRequest,
    Term,
    TitlePrefix,
)
from tests.conftest import PROJECT
from tests.contracts.engine_base import SHANGHAI, EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import analyzer, match


def assert_alike(pages: Sequence[SearchPage], others: Sequence[SearchPage]) -> None:
    """All is equal, but scores may differ by 1e-5 of their value."""
    for page, other in zip(pages, others, strict=True):
        assert replace(page, hits=()) == replace(other, hits=())
        assert [(hit.article, hit.group_size) for hit in page.hits] == [
            (hit.article, hit.group_size) for hit in other.hits
        ]
        scores = [hit.score for hit in other.hits]
        assert [hit.score for hit in page.hits] == pytest.approx(scores, rel=1e-5)


class CommitPromises(EngineBase):
    # The folder

    def test_the_engine_bears_its_name(self, engine: Engine) -> None:
        assert engine.name == self.name

    def test_the_engine_tells_the_analyzer_that_it_was_opened_with(self, engine: Engine) -> None:
        assert engine.analyzer is analyzer()

    def test_a_new_index_is_empty_and_sound(self, engine: Engine) -> None:
        with engine.reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), facets=("channel", "source", "month")))
            assert (reader.doc_count, reader.revision) == (0, 0)
            assert (page.total, page.hits, page.total_is_estimate) == (0, (), False)
            assert dict(page.facets) == {"channel": (), "source": (), "month": ()}
            assert found(reader, match("山谷", inside=True)) == []
            assert found(reader, Literal("山谷里的小")) == []
            assert reader.get("a-1") is None
            assert reader.document_frequencies("body", ["山谷"]) == [0]
        assert engine.check() == []

    def test_an_index_is_made_in_an_empty_folder(self, folder: Path) -> None:
        folder.mkdir()
        self.open(folder).create()
        assert self.open(folder).check() == []

    def test_an_index_is_not_made_in_an_occupied_folder(self, engine: Engine, folder: Path) -> None:
        fill(engine, article())
        with pytest.raises(FolderNotWritable):
            self.open(folder).create()
        with engine.reader() as reader:
            assert reader.doc_count == 1

    def test_an_index_is_not_made_where_no_folder_can_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        with pytest.raises(FolderNotWritable):
            self.open(tmp_path / "file" / "index").create()

    @pytest.mark.parametrize("ask", ["reader", "writer", "version"])
    @pytest.mark.parametrize("exists", [False, True])
    def test_a_folder_without_an_index_is_damaged(
        self, folder: Path, ask: str, exists: bool
    ) -> None:
        if exists:
            folder.mkdir()
        with pytest.raises(IndexDamaged):
            getattr(self.open(folder), ask)()
        assert self.open(folder).check()

    # Reading

    def test_another_engine_object_reads_what_was_committed(
        self, engine: Engine, folder: Path
    ) -> None:
        fill(engine, article("a"), article("b"), revision=7)
        with self.open(folder).reader() as reader:
            assert (reader.doc_count, reader.revision) == (2, 7)
            assert found(reader, match("学校")) == ["a", "b"]

    def test_an_article_comes_back_as_it_went_in(self, engine: Engine) -> None:
        whole = article(
            "a",
            url="https://news.example/a",
            title="臺灣軟體展　開幕",
            lead="導語：Ｔ恤與Ｂ超",
            body="第一段。\n第二段😀𠮷。",
            channel="科技/軟體",
            channels=["台灣", "展會/夏季"],
            source="山城晚报",
            author="林小满",
            editor="周一鸣",
            tags=["展會", "軟體"],
            site="main",
            image_url="/img/a.jpg",
            updated_at=datetime(2026, 2, 2, 8, 0, 0, 123456, tzinfo=SHANGHAI),
            expires_at="2030-01-01T00:00:00+08:00",
            status="draft",
            attributes={"views": 12, "rate": 0.5, "kind": "展"},
        )
        fill(engine, whole)
        with engine.reader() as reader:
            assert reader.get("a") == whole
            assert reader.search(SearchRequest(MatchAll())).hits[0].article == whole
            assert reader.get("b") is None
            assert reader.get("\ud800") is None

    def test_articles_of_every_status_are_counted_and_found(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b", status="draft"), article("c", status="withdrawn"))
        with engine.reader() as reader:
            assert reader.doc_count == 3
            assert sorted(found(reader, MatchAll())) == ["a", "b", "c"]
            assert found(reader, Term("status", "draft")) == ["b"]

    def test_a_reader_is_a_frozen_snapshot(self, engine: Engine) -> None:
        fill(engine, article("a", title="旧标题"), article("b"), revision=1)
        with engine.reader() as before:
            with engine.writer() as writer:
                writer.put(article("a", title="新标题"))
                writer.delete("b")
                writer.add(article("c"))
                writer.commit(revision=2)
            assert (before.doc_count, before.revision) == (2, 1)
            assert sorted(found(before, MatchAll())) == ["a", "b"]
            assert found(before, Literal("旧标题")) == ["a"]
            assert found(before, Literal("新标题")) == []
            kept = before.get("a")
            assert kept is not None
            assert kept.title == "旧标题"
            assert before.document_frequencies("title", ["标题"]) == [1]
            with engine.reader() as after:
                assert (after.doc_count, after.revision) == (2, 2)
                assert sorted(found(after, MatchAll())) == ["a", "c"]
                assert found(after, Literal("旧标题")) == []

    def test_what_was_answered_before_a_commit_changes_no_answer_after_it(
        self, engine: Engine, folder: Path
    ) -> None:
        """No answer differs: neither of its readers nor of older readers, while articles are added, changed and deleted."""
        chance = random.Random(4)
        text = match("山谷 学校 桥", need=0.0, inside=True)
        now = datetime(2026, 3, 1, tzinfo=SHANGHAI)
        whole = SearchRequest(MatchAll(), size=50, facets=("channel", "month"))
        ways = (
            whole,
            replace(whole, collapse="duplicates", filter=Term("channel", "本地")),
            replace(
                whole,
                recency=Recency(now, 30.0),
                filter=Not(Range("published_at", start=now)),
            ),
        )
        queries = (text, match("石板路"), Literal("谷里的"), Literal("桥"))
        requests = [replace(way, query=query) for way in ways for query in queries]
        earlier: tuple[Reader, list[SearchPage]] | None = None
        for turn in range(9):
            with engine.writer() as writer:
                for number in chance.sample(range(25), 6 if turn else 25):
                    writer.put(
                        article(
                            f"a-{number}",
                            title=f"{'山谷' * chance.randint(0, 3)}里的学校",
                            body="石板路和桥。" * chance.randint(1, 9),
                            channel=chance.choice(["本地", "体育"]),
                            published_at=now - timedelta(days=chance.randint(-5, 90)),
                            duplicate_group=chance.randint(0, 3),
                        )
                    )
                writer.delete(f"a-{chance.randrange(25)}")
                writer.commit(revision=turn)
            reader, fresh = engine.reader(), self.open(folder).reader()
            pages = [reader.search(request) for request in requests]
            assert_alike(pages, [fresh.search(request) for request in requests])
            if earlier:
                assert_alike([earlier[0].search(each) for each in requests], earlier[1])
                earlier[0].close()
            fresh.close()
            earlier = reader, pages

    def test_a_reader_does_not_see_a_batch_that_is_not_committed(self, engine: Engine) -> None:
        with engine.writer() as writer:
            writer.add(article("a"))
            with engine.reader() as reader:
                assert reader.doc_count == 0

    def test_a_reader_goes_on_while_many_commits_replace_what_it_reads(
        self, engine: Engine
    ) -> None:
        fill(engine, *(article(f"a-{n}", source="老报") for n in range(5)))
        with engine.reader() as reader:
            for turn in range(25):
                fill(engine, *(article(f"a-{n}", source=f"{turn}") for n in range(5)))
            assert found(reader, Term("source", "老报")) == [f"a-{n}" for n in range(5)]
            assert found(reader, Literal("沿着石板路"), facets=("source",))

    def test_a_reader_whose_files_are_deleted_answers_rightly_or_says_so(
        self, engine: Engine, folder: Path
    ) -> None:
        fill(engine, article("a"), article("b", body="雨停了。"))
        with engine.reader() as reader:
            shutil.rmtree(folder)
            try:
                assert found(reader, match("石板路")) == ["a"]
                assert found(reader, Literal("雨停了。")) == ["b"]
                assert reader.get("a") == article("a")
            except IndexDamaged:
                pass
        with pytest.raises(IndexDamaged):
            engine.reader()

    def test_closing_twice_is_not_an_error(self, engine: Engine) -> None:
        fill(engine, article())
        reader = engine.reader()
        reader.search(SearchRequest(MatchAll()))
        reader.close()
        reader.close()

    def test_readers_in_several_threads_do_not_disturb_each_other(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n:02}", body=f"第{n}号通知") for n in range(40)))
        wrong: list[object] = []

        def ask() -> None:
            with engine.reader() as reader:
                for n in range(40):
                    answer = found(reader, Literal(f"第{n}号通知"), facets=("month", "channel"))
                    if answer != [f"a-{n:02}"]:
                        wrong.append((n, answer))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_a_reader_can_be_opened_at_any_moment_of_a_commit(self, engine: Engine) -> None:
        done = threading.Event()

        def write() -> None:
            for turn in range(1, 31):
                with engine.writer() as writer:
                    writer.add(article(f"a-{turn}"))
                    writer.commit(revision=turn)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        last = 0
        while not done.is_set():
            with engine.reader() as reader:
                assert reader.doc_count == reader.revision >= last
                assert len(found(reader, match("学校"))) == reader.revision
                last = reader.revision
        thread.join()

    # Writing

    def test_put_adds_and_replaces(self, engine: Engine) -> None:
        fill(engine, article("a", title="旧标题"), article("b"))
        fill(engine, article("a", title="新标题"), article("c"))
        with engine.reader() as reader:
            assert reader.doc_count == 3
            assert found(reader, Literal("新标题")) == ["a"]
            assert found(reader, Literal("旧标题")) == []

    def test_the_last_put_of_a_batch_wins(self, engine: Engine) -> None:
        fill(engine, article("a", title="零"))
        with engine.writer() as writer:
            writer.put(article("a", title="一"))
            writer.put(article("b", title="一"))
            writer.put(article("a", title="二"))
            writer.add(article("c", title="一"))
            writer.put(article("c", title="二"))
            writer.commit(revision=1)
        with engine.reader() as reader:
            assert sorted(found(reader, TitlePrefix("二"))) == ["a", "c"]
            assert sorted(found(reader, MatchAll())) == ["a", "b", "c"]
            assert reader.doc_count == 3

    def test_delete_forgets_what_was_there_and_what_the_batch_put(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b"))
        with engine.writer() as writer:
            writer.delete("a")
            writer.put(article("c"))
            writer.delete("c")
            writer.put(article("b"))
            writer.delete("b")
            writer.put(article("b", title="又来了"))
            writer.commit(revision=2)
        with engine.reader() as reader:
            assert found(reader, MatchAll()) == ["b"]
            assert found(reader, TitlePrefix("又来")) == ["b"]
            assert reader.get("a") is None
            assert reader.doc_count == 1

    def test_deleting_an_unknown_id_is_not_an_error(self, engine: Engine) -> None:
        with engine.writer() as writer:
            writer.delete("unknown")
            writer.commit(revision=1)
        with engine.reader() as reader:
            assert (reader.doc_count, reader.revision) == (0, 1)

    def test_everything_can_be_deleted(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b"))
        with engine.writer() as writer:
            writer.delete("a")
            writer.delete("b")
            writer.commit(revision=2)
        with engine.reader() as reader:
            assert reader.doc_count == 0
            assert found(reader, Or((MatchAll(), match("学校")))) == []
        fill(engine, article("a"))
        with engine.reader() as reader:
            assert found(reader, match("学校")) == ["a"]

    def test_an_index_that_was_merged_and_replicated_answers_as_before(
        self, engine: Engine
    ) -> None:
        fill(engine, article("a"))
        for _ in range(2):
            engine.merge()
            engine.replicate()
        assert engine.check() == []
        with engine.reader() as reader:
            assert (found(reader, MatchAll()), reader.revision) == (["a"], 1)

    def test_a_commit_without_changes_records_its_revision(self, engine: Engine) -> None:
        fill(engine, article("a"), revision=3)
        fill(engine, revision=9)
        with engine.reader() as reader:
            assert (reader.doc_count, reader.revision) == (1, 9)

    def test_leaving_the_block_discards(self, engine: Engine) -> None:
        with engine.writer() as writer:
            writer.add(article("a"))
        with suppress(ZeroDivisionError), engine.writer() as writer:
            writer.add(article("b"))
            raise ZeroDivisionError
        fill(engine, article("c"))
        with engine.reader() as reader:
            assert found(reader, MatchAll()) == ["c"]
        assert engine.check() == []

    def test_cancel_discards_and_after_a_commit_does_nothing(self, engine: Engine) -> None:
        writer = engine.writer()
        writer.add(article("a"))
        writer.cancel()
        writer.cancel()
        writer = engine.writer()
        writer.add(article("b"))
        writer.commit(revision=1)
        writer.cancel()
        with engine.reader() as reader:
            assert found(reader, MatchAll()) == ["b"]

    def test_a_batch_that_has_ended_takes_no_more(self, engine: Engine) -> None:
        writer = engine.writer()
        writer.commit(revision=1)
        with pytest.raises(RuntimeError):
            writer.add(article("a"))
        with pytest.raises(RuntimeError):
            writer.put(article("a"))
        with pytest.raises(RuntimeError):
            writer.delete("a")
        with pytest.raises(RuntimeError):
            writer.take("a")
        with pytest.raises(RuntimeError):
            writer.commit(revision=2)

    def test_a_commit_that_fails_leaves_the_old_one_and_frees_the_lock(
        self, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        fill(engine, article("a"))
        away = tmp_path / "away"
        with engine.writer() as writer:
            writer.put(article("b"))
            folder.rename(away)
            with pytest.raises((FolderNotWritable, IndexDamaged)):
                writer.commit(revision=2)
        away.rename(folder)
        with engine.reader() as reader:
            assert (found(reader, MatchAll()), reader.revision) == (["a"], 1)
        fill(engine, article("c"))
        assert engine.check() == []

    def test_parts_that_were_built_aside_are_taken_as_if_they_were_added(
        self, engine: Engine, folder: Path
    ) -> None:
        fill(engine, article("old"))
        articles = [
            article(f"a-{n}", title=f"第{n}号通知", channel=f"{n % 3}", duplicate_group=n % 2)
            for n in range(30)
        ]
        with engine.writer() as writer:
            # A second engine object, as another process would have it.
            parts = [
                *self.open(folder).build_part(articles[:10]),
                *self.open(folder).build_part([]),
                *self.open(folder).build_part(iter(articles[10:20])),
            ]
            for part in parts:
                writer.take(part)
            for each in articles[20:]:
                writer.add(each)
            writer.delete("a-3")
            writer.put(article("a-4", title="新标题"))
            with engine.reader() as reader:
                assert reader.doc_count == 1
            writer.commit(revision=9)
        with engine.reader() as reader:
            assert (reader.doc_count, reader.revision) == (30, 9)
            assert reader.get("a-3") is None
            assert [reader.get(f"a-{n}") for n in range(5, 30)] == articles[5:]
            assert found(reader, TitlePrefix("新标题")) == ["a-4"]
            assert found(reader, Literal("第17号通知")) == ["a-17"]
        assert engine.check() == []

    def test_parts_that_were_not_taken_are_gone_when_the_batch_has_ended(
        self, engine: Engine, folder: Path
    ) -> None:
        for commit in (False, True):
            with engine.writer() as writer:
                parts = engine.build_part([article("a")])
                assert all((folder / part).exists() for part in parts)
                if commit:
                    writer.commit(revision=1)
            assert not any((folder / part).exists() for part in parts)
            with engine.reader() as reader:
                assert reader.doc_count == 0
            with engine.writer() as writer, pytest.raises(IndexDamaged):
                writer.take(parts[0])
        assert engine.check() == []

    def test_a_part_that_is_damaged_is_refused(self, engine: Engine, folder: Path) -> None:
        with engine.writer() as writer:
            (part,) = engine.build_part([article("a")])
            (folder / part).write_bytes((folder / part).read_bytes()[:-40])
            with pytest.raises(IndexDamaged):
                writer.take(part)

    def test_a_part_is_not_built_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(FolderNotWritable):
            self.open(tmp_path / "missing").build_part([article("a")])

    def test_there_is_one_writer_at_a_time(self, engine: Engine, folder: Path) -> None:
        with engine.writer():
            with pytest.raises(WriterBusy):
                engine.writer()
            with pytest.raises(WriterBusy):
                self.open(folder).writer()
        with engine.writer():
            pass

    def test_a_writer_in_another_process_is_respected_until_it_dies(
        self, engine: Engine, folder: Path
    ) -> None:
        fill(engine, article("a"))
        program = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from indexer.engines.registry import open_engine\n"
            "from tests.contracts.engine_base import SHANGHAI\n"
            "from tests.typed_queries import analyzer\n"
            "from tests.factories import article\n"
            "engine = open_engine(sys.argv[1], Path(sys.argv[2]), analyzer=analyzer(),"
            " timezone=SHANGHAI)\n"
            "writer = engine.writer()\n"
            "writer.put(article('a', title='没有提交'))\n"
            "print('writing', flush=True)\n"
            "time.sleep(600)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program, self.name, str(folder)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "writing\n"
                with pytest.raises(WriterBusy):
                    engine.writer()
            finally:
                process.send_signal(signal.SIGKILL)
        with engine.reader() as reader:
            assert reader.get("a") == article("a")
        fill(engine, article("b"))
        assert engine.check() == []

    def test_the_version_differs_after_every_commit_and_only_then(
        self, engine: Engine, folder: Path
    ) -> None:
        versions = [engine.version()]
        for turn in range(3):
            with engine.writer() as writer:
                writer.put(article("a"))
                assert engine.version() == versions[-1]
                writer.commit(revision=5)
            versions.append(engine.version())
            with engine.writer() as writer:
                writer.delete("a")
            assert engine.version() == self.open(folder).version() == versions[-1], turn
        assert len(set(versions)) == 4
