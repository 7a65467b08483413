"""What every engine promises, one test for each promise of ``indexer/engines/base.py``.

An engine joins with a test module of six lines::

    from tests.contracts.engine import EngineContract


    class TestMyEngine(EngineContract):
        name = "mine"
"""

from __future__ import annotations

import math
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.article import Article
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import open_engine
from indexer.errors import FolderNotWritable, IndexDamaged, InvalidQuery, WriterBusy
from indexer.query import (
    MAX_DEPTH,
    And,
    Boost,
    Literal,
    Match,
    MatchAll,
    Not,
    Or,
    Query,
    Range,
    SearchRequest,
    Term,
    TitlePrefix,
)
from tests.conftest import PROJECT
from tests.factories import article

SHANGHAI = ZoneInfo("Asia/Shanghai")


@cache
def analyzer() -> Analyzer:
    """One analyzer for all tests: its tables take a moment to make."""
    return make_analyzer()


def fill(engine: Engine, *articles: Article, revision: int = 1) -> None:
    """Put articles into an index, in one commit."""
    with engine.writer() as writer:
        for each in articles:
            writer.put(each)
        writer.commit(revision=revision)


def found(reader: Reader, query: Query, **request: object) -> list[str]:
    """The ids that a query finds, in order."""
    page = reader.search(SearchRequest(query, **{"size": 100, **request}))  # type: ignore[arg-type]
    return [hit.article.id for hit in page.hits]


def score(reader: Reader, query: Query, article_id: str) -> float:
    """The score of one article."""
    page = reader.search(SearchRequest(query, size=100))
    return {hit.article.id: hit.score for hit in page.hits}[article_id]


def idf(articles: int, holding: int) -> float:
    """As in ``engines/ranking.py``, written down a second time."""
    return math.log(articles / (holding + 1)) + 1


def bm25(tf: int, length: int, average: float) -> float:
    """As in ``engines/ranking.py``, written down a second time."""
    return tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))


class EngineContract:
    """Inherit from it, and set ``name``."""

    name: str

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "index"

    @pytest.fixture
    def engine(self, folder: Path) -> Engine:
        """An empty index."""
        engine = self.open(folder)
        engine.create()
        return engine

    def open(self, folder: Path) -> Engine:
        return open_engine(self.name, folder, analyzer=analyzer(), timezone=SHANGHAI)

    def answers(self, engine: Engine, *articles: Article) -> Callable[..., list[str]]:
        """A function that tells which ids a query finds among ``articles``, sorted."""
        fill(engine, *articles)

        def ask(query: Query, **request: object) -> list[str]:
            with engine.reader() as reader:
                return sorted(found(reader, query, **request))

        return ask

    # The folder

    def test_the_engine_bears_its_name(self, engine: Engine) -> None:
        assert engine.name == self.name

    def test_a_new_index_is_empty_and_sound(self, engine: Engine) -> None:
        with engine.reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), facets=("channel", "source", "month")))
            assert (reader.doc_count, reader.revision) == (0, 0)
            assert (page.total, page.hits, page.total_is_estimate) == (0, (), False)
            assert dict(page.facets) == {"channel": (), "source": (), "month": ()}
            assert found(reader, Match("山谷", inside=True)) == []
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
            assert found(reader, Match("学校")) == ["a", "b"]

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
                assert found(reader, Match("石板路")) == ["a"]
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
                assert len(found(reader, Match("学校"))) == reader.revision
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
            assert found(reader, Or((MatchAll(), Match("学校")))) == []
        fill(engine, article("a"))
        with engine.reader() as reader:
            assert found(reader, Match("学校")) == ["a"]

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
            "from tests.contracts.engine import SHANGHAI, analyzer, article, open_engine\n"
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

    # Finding

    def test_match_finds_the_words_wherever_they_stand(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("title", title="北京 地铁 开通", body="无"),
            article("lead", title="无", lead="北京 地铁 开通", body="无"),
            article("body", title="无", body="无。\n北京。地铁，今天开通。"),
            article("split", title="北京", lead="开通", body="地铁"),
            article("some", title="北京", body="地铁"),
            article("none", title="上海", body="公交"),
        )
        assert ask(Match("开通，北京 地铁")) == ["body", "lead", "split", "title"]
        assert ask(Match("北京 地铁 开通", need=0.6)) == ["body", "lead", "some", "split", "title"]
        assert ask(Match("北京 公交", need=0.0)) == sorted(
            {"body", "lead", "split", "title", "some", "none"}
        )
        assert ask(Match("北京 地铁", fields=(("title", 1.0),))) == ["title"]
        assert ask(Match("北京 北京 地铁 地铁", need=1.0)) == ask(Match("北京 地铁"))
        assert ask(Match("火星")) == []

    @pytest.mark.parametrize("text", ["", "   ", "，。！", "\n", "\ud800", "*", '"', "((("])
    def test_a_text_without_a_word_matches_nothing(self, engine: Engine, text: str) -> None:
        ask = self.answers(engine, article("a", body='他说："（*）"，。！'))
        assert ask(Match(text)) == []
        assert ask(Match(text, need=0.0, inside=True)) == []

    def test_match_folds_width_case_and_script(self, engine: Engine) -> None:
        ask = self.answers(engine, article("a", title="臺灣軟體與ＡＢＣ１２３", body="无"))
        assert ask(Match("台湾")) == ask(Match("臺灣")) == ask(Match("abc")) == ["a"]

    def test_match_inside_finds_a_word_inside_other_words(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("word", title="研究生", body="招生"),
            article("inside", title="研究生命起源", body="招生"),
            article("none", title="研究 生命", body="招生"),
        )
        assert ask(Match("研究生")) == ["word"]
        assert ask(Match("研究生", inside=True)) == ["inside", "word"]
        assert ask(Match("研究生 招生", inside=True)) == ["inside", "word"]
        assert ask(Match("研究生 招生", inside=True, need=0.0)) == ["inside", "none", "word"]
        assert ask(Match("研究生", fields=(("body", 1.0),), inside=True)) == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("技大", ["a"]),
            ("上海科技大学", ["a"]),
            ("技大学发", ["a"]),
            ("大学ｘ", []),
            ("海", ["a"]),
            ("布", ["a", "b"]),
            ("书", ["a"]),
            ("》", ["a"]),
            ("《绿皮书》", ["a"]),
            ("书》", ["a"]),
            ("皮书绿", []),
            ("台湾软件", ["b"]),
            ("臺灣軟件", ["b"]),
            ("ＡＢＣ１２３", ["b"]),
            ("abc123", ["b"]),
            ("bc12", ["b"]),
            ("c 1", []),
            ("新品 发布", ["b"]),
            ("  新品\n\u3000发布 ", ["b"]),
            ("新品发布", []),
            ("第一段。 第二段", ["b"]),
            ("😀", ["b"]),
            ("😀𠮷", ["b"]),
            ("𠮷", ["b"]),
            ("标题正文", []),
            ("", []),
            ("  ", []),
            ("\ud800", []),
            ("\0", []),
        ],
    )
    def test_a_literal_is_found_as_it_stands(
        self, engine: Engine, text: str, expected: list[str]
    ) -> None:
        ask = self.answers(
            engine,
            article("a", title="标题", body="正文：上海科技大学发布《绿皮书》"),
            article("b", title="臺灣軟件ＡＢＣ123", lead="新品 发布", body="第一段。\n第二段😀𠮷"),
        )
        assert ask(Literal(text)) == expected

    def test_a_literal_is_found_in_the_fields_asked_for(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("t", title="河边的灯亮了", body="无"),
            article("l", title="无", lead="河边的灯亮了", body="无"),
            article("b", title="无", body="河边的灯亮了"),
        )
        assert ask(Literal("边的灯")) == ["b", "l", "t"]
        assert ask(Literal("边的灯", fields=("title",))) == ["t"]
        assert ask(Literal("边的灯", fields=("lead", "body"))) == ["b", "l"]
        assert ask(Literal("边", fields=("lead",))) == ["l"]
        assert ask(Literal("边的灯", fields=())) == []

    def test_a_literal_of_punctuation_is_looked_for_in_every_article(self, engine: Engine) -> None:
        ask = self.answers(
            engine, article("a", title="什么？！", body="无"), article("b", title="好。", body="无")
        )
        assert ask(Literal("？！")) == ["a"]
        assert ask(Literal("。")) == ["b"]
        assert ask(Literal("……")) == []

    def test_a_lead_that_is_part_of_the_body_is_not_counted_twice(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("part", title="无", lead="雨停了", body="雨停了，太阳出来了。"),
            article("own", title="无", lead="雨停了", body="太阳出来了。"),
        )
        assert ask(Literal("雨停了", fields=("lead",))) == ["own"]
        assert ask(Literal("雨停了")) == ["own", "part"]

    def test_a_title_prefix_is_folded_and_anchored(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", title="乡村 振兴在路上"),
            article("b", title="鄉村"),
            article("c", title="新乡村"),
            article("d", title=""),
        )
        assert ask(TitlePrefix("乡村")) == ["a", "b"]
        assert ask(TitlePrefix("乡村　振")) == ["a"]
        assert ask(TitlePrefix("乡村振")) == []
        assert ask(TitlePrefix("")) == []
        assert ask(TitlePrefix("\ud800")) == []

    def test_a_term_of_a_keyword_field_is_compared_as_it_stands(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", source="山城晚报", author="林小满", tags=["桥", "河"], site="main"),
            article("b", source="山城", author="林", tags=["桥梁"], status="draft"),
        )
        assert ask(Term("id", "a")) == ["a"]
        assert ask(Term("source", "山城晚报")) == ["a"]
        assert ask(Term("source", "山城")) == ["b"]
        assert ask(Term("author", "林小满")) == ["a"]
        assert ask(Term("tag", "河")) == ["a"]
        assert ask(Term("tag", "桥")) == ["a"]
        assert ask(Term("site", "main")) == ["a"]
        assert ask(Term("status", "draft")) == ["b"]
        assert ask(Term("source", "")) == ask(Term("site", "")) == []
        assert ask(Term("source", "\ud800")) == []

    def test_a_channel_holds_all_that_lies_in_it(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", channel="情感/故事"),
            article("b", channel="情感"),
            article("c", channel="体育", channels=["情感/故事/夜话", "社会"]),
            article("d", channel="情感故事"),
            article("e"),
        )
        assert ask(Term("channel", "情感")) == ["a", "b", "c"]
        assert ask(Term("channel", "情感/故事")) == ["a", "c"]
        assert ask(Term("channel", "情感/故事/夜话")) == ["c"]
        assert ask(Term("channel", "社会")) == ["c"]
        assert ask(Term("channel", "故事")) == []

    def test_a_term_of_a_text_field_is_a_token(self, engine: Engine) -> None:
        ask = self.answers(engine, article("a", title="北京地铁", body="公交"))
        assert ask(Term("title", "地铁")) == ["a"]
        assert ask(Term("body", "地铁")) == []
        assert ask(Term("title", "地")) == []

    def test_a_range_takes_its_start_and_not_its_end(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", published_at="2026-01-01T00:00:00Z", expires_at="2026-05-01T00:00:00Z"),
            article("b", published_at="2026-01-02T00:00:00Z", updated_at="2026-01-03T00:00:00Z"),
            article("c", published_at=datetime(2026, 1, 2, microsecond=1, tzinfo=UTC)),
            article("d", published_at=None),
            article("e", published_at="1905-01-01T00:00:00Z"),
        )
        first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        assert ask(Range("published_at", first, second)) == ["a"]
        assert ask(Range("published_at", second.astimezone(SHANGHAI), None)) == ["b", "c"]
        assert ask(Range("published_at", None, second)) == ["a", "e"]
        assert ask(Range("published_at")) == ["a", "b", "c", "e"]
        assert ask(Range("published_at", second, first)) == []
        assert ask(Range("updated_at", first)) == ["b"]
        assert ask(Range("expires_at", second)) == ["a"]

    def test_and_or_not_combine_at_any_depth(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", title="农业", body="无"),
            article("b", title="农业 银行", body="无"),
            article("c", title="银行", body="无"),
            article("d", title="晴天", body="无"),
        )
        farm, bank = Match("农业"), Match("银行")
        assert ask(And((farm, bank))) == ["b"]
        assert ask(And((farm, Not(bank)))) == ["a"]
        assert ask(Or((farm, bank))) == ["a", "b", "c"]
        assert ask(Not(Or((farm, bank)))) == ["d"]
        assert ask(Or((Not(farm), bank))) == ["b", "c", "d"]
        assert ask(Or((And((farm, Not(bank))), And((Not(farm), bank))))) == ["a", "c"]
        assert ask(Not(Not(farm))) == ["a", "b"]
        assert ask(And((farm, Or((bank, Not(MatchAll())))))) == ["b"]
        assert ask(And((farm,))) == ask(Or((farm,))) == ["a", "b"]
        assert ask(And(())) == ask(MatchAll()) == ["a", "b", "c", "d"]
        assert ask(Or(())) == ask(Not(MatchAll())) == ask(Not(And(()))) == []

    def test_a_filter_narrows_without_counting(self, engine: Engine) -> None:
        fill(engine, article("a", source="甲"), article("b", source="乙"))
        with engine.reader() as reader:
            plain = reader.search(SearchRequest(Match("学校")))
            page = reader.search(
                SearchRequest(Match("学校"), filter=And((Term("source", "乙"), Match("学校"))))
            )
            assert (page.total, [hit.article.id for hit in page.hits]) == (1, ["b"])
            assert page.hits[0].score == plain.hits[0].score > 0

    # Scoring

    def test_scores_are_bm25_as_written(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="桥", body="桥 河 桥 岸"),
            article("b", title="河", body="桥 河"),
            article("c", title="山", body="山"),
            article("d", title="桥 山", body="岸"),
        )
        # Bodies have 4, 2, 1 and 1 tokens, titles 1, 1, 1 and 2.
        in_body, in_title = idf(4, 2), idf(4, 2)
        with engine.reader() as reader:
            body = Match("桥", fields=(("body", 3.0),))
            assert score(reader, body, "a") == pytest.approx(
                3 * in_body * bm25(2, 4, 2.0), abs=1e-6
            )
            assert score(reader, body, "b") == pytest.approx(
                3 * in_body * bm25(1, 2, 2.0), abs=1e-6
            )
            both = Match("桥", fields=(("title", 2.0), ("body", 1.0)))
            assert score(reader, both, "a") == pytest.approx(
                2 * in_title * bm25(1, 1, 1.25) + in_body * bm25(2, 4, 2.0), abs=1e-6
            )
            assert score(reader, Term("title", "桥"), "d") == pytest.approx(
                in_title * bm25(1, 2, 1.25), abs=1e-6
            )
            two = Match("桥 河", fields=(("body", 1.0),), need=0.0)
            assert score(reader, two, "b") == pytest.approx(
                2 * idf(4, 2) * bm25(1, 2, 2.0), abs=1e-6
            )

    def test_statistics_are_those_of_the_articles_that_are_there(self, engine: Engine) -> None:
        body = {"title": "无"}
        fill(engine, *(article(f"old-{n}", body="桥 河 岸 山 桥", **body) for n in range(5)))
        fill(engine, article("a", body="桥 河", **body), article("old-0", body="桥", **body))
        with engine.writer() as writer:
            for n in range(5):
                writer.delete(f"old-{n}")
            writer.put(article("b", body="山 山 山 山", **body))
            writer.commit(revision=2)
        with engine.reader() as reader:
            assert score(reader, Term("body", "桥"), "a") == pytest.approx(
                idf(2, 1) * bm25(1, 2, 3.0), abs=1e-6
            )
            assert reader.document_frequencies("body", ["桥", "岸", "山"]) == [1, 0, 1]

    def test_a_literal_scores_its_idf_once(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="一段简单的话", body="一段简单的话，一段简单的话"),
            article("b", title="无", body="一段简单的话"),
            *(article(f"c-{n}", title="无", body="无") for n in range(4)),
        )
        expected = pytest.approx(idf(6, 2), abs=1e-6)
        with engine.reader() as reader:
            for query in (Literal("段简"), Literal("段简单的话")):
                assert score(reader, query, "a") == expected
                assert score(reader, query, "b") == expected

    def test_a_word_scores_as_a_word_where_it_is_one_and_else_as_a_literal_once(
        self, engine: Engine
    ) -> None:
        fill(
            engine,
            article("word", title="无", body="研究生"),
            article("inside", title="研究生命", body="研究生命起源"),
            *(article(f"c-{n}", title="无", body="无") for n in range(4)),
        )
        with engine.reader() as reader:
            plain, inside = Match("研究生"), Match("研究生", inside=True)
            assert score(reader, inside, "word") == score(reader, plain, "word")
            assert score(reader, inside, "inside") == pytest.approx(idf(6, 2), abs=1e-6)

    def test_what_scores_nothing_scores_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", source="甲", published_at="2026-01-01T00:00:00Z"), article("b"))
        silent: Sequence[Query] = (
            MatchAll(),
            Not(Match("火星")),
            Term("source", "甲"),
            TitlePrefix("山"),
            Range("published_at"),
            And(()),
        )
        with engine.reader() as reader:
            for query in silent:
                assert score(reader, query, "a") == 0.0
            word = score(reader, Match("学校"), "a")
            assert score(reader, And((Match("学校"), *silent)), "a") == word > 0
            assert score(reader, Or((Match("学校"), *silent)), "a") == word

    def test_scores_add_up_and_boosts_multiply(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b", title="无", body="无"))
        school, stone = Match("学校"), Match("石板路")
        with engine.reader() as reader:
            one, other = score(reader, school, "a"), score(reader, stone, "a")
            close = {"abs": 1e-5}
            for both in (And((school, stone)), Or((school, stone))):
                assert score(reader, both, "a") == pytest.approx(one + other, **close)
            assert score(reader, Or((school, school)), "a") == pytest.approx(2 * one, **close)
            nested = Boost(And((Boost(school, 2.0), stone)), 3.0)
            assert score(reader, nested, "a") == pytest.approx(6 * one + 3 * other, **close)
            assert score(reader, Boost(school, 0.0), "a") == 0.0
            assert score(reader, Boost(Literal("石板路"), 2.0), "a") == pytest.approx(
                2 * score(reader, Literal("石板路"), "a"), **close
            )

    # Order and pages

    def test_relevance_orders_by_score_then_newer_then_id(self, engine: Engine) -> None:
        same = {"title": "桥", "body": "无"}
        day = "2026-01-0{}T00:00:00Z".format
        fill(
            engine,
            article("d", **same, published_at=day(1)),
            article("b", **same, published_at=day(2)),
            article("undated", **same, published_at=None),
        )
        fill(
            engine,
            article("c", **same, published_at=day(2)),
            article("a", **same, published_at=day(1)),
            article("best", title="桥 桥 桥", body="桥", published_at=day(1)),
        )
        with engine.reader() as reader:
            ordered = ["best", "b", "c", "a", "d", "undated"]
            assert found(reader, Match("桥")) == ordered
            for page, article_id in enumerate(ordered, start=1):
                assert found(reader, Match("桥"), page=page, size=1) == [article_id]

    def test_newest_and_oldest_put_undated_articles_last(self, engine: Engine) -> None:
        fill(
            engine,
            article("b", published_at=datetime(2026, 1, 2, microsecond=1, tzinfo=UTC)),
            article("c", published_at="2026-01-02T00:00:00Z"),
            article("none-2", published_at=None),
        )
        fill(
            engine,
            article("none-1", published_at=None),
            article("a", published_at="2026-01-02T00:00:00Z"),
            article("old", published_at="1905-01-01T00:00:00Z"),
        )
        with engine.reader() as reader:
            newest = ["b", "a", "c", "old", "none-1", "none-2"]
            oldest = ["old", "a", "c", "b", "none-1", "none-2"]
            assert found(reader, MatchAll(), sort="newest") == newest
            assert found(reader, MatchAll(), sort="oldest") == oldest
            page = reader.search(SearchRequest(Match("学校"), sort="newest"))
            assert {hit.score for hit in page.hits} == {0.0}

    @pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
    def test_pages_joined_are_the_whole(self, engine: Engine, sort: str) -> None:
        for turn in range(3):
            fill(
                engine,
                *(
                    article(f"a-{n}", body="桥 " * (n % 4), published_at=f"2026-01-{n % 5 + 1:02}")
                    for n in range(turn * 10, turn * 10 + 10)
                ),
            )
        with engine.reader() as reader:
            query = Or((Match("桥"), MatchAll()))
            whole = found(reader, query, sort=sort)
            assert len(whole) == len(set(whole)) == 30
            for size in (1, 7, 10, 30):
                joined: list[str] = []
                for page in range(1, 30 // size + 2):
                    answer = reader.search(
                        SearchRequest(query, sort=sort, page=page, size=size)  # type: ignore[arg-type]
                    )
                    assert answer.total == 30
                    joined += [hit.article.id for hit in answer.hits]
                assert joined == whole
            assert found(reader, query, page=100, size=100) == []

    # Facets

    def test_facets_count_all_that_was_found(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", channel="情感/故事", source="甲", published_at="2026-01-31T15:59:59Z"),
            article("b", channel="情感", source="乙", published_at="2026-01-31T16:00:00Z"),
            article("c", channel="体育", channels=["情感/故事"], source="甲", published_at=None),
            article("d", channel="体育", source="", published_at="2026-02-28T15:59:59Z"),
            article("e", channel="", source="甲", published_at="2026-02-28T16:00:00Z"),
            article("other", title="无", body="无", channel="社会", source="丙"),
        )
        with engine.reader() as reader:
            page = reader.search(
                SearchRequest(Match("学校"), facets=("channel", "source", "month"), size=1)
            )
            counted = {
                name: [(each.value, each.count) for each in counts]
                for name, counts in page.facets.items()
            }
            assert counted == {
                "channel": [("情感", 3), ("体育", 2), ("情感/故事", 2)],
                "source": [("甲", 3), ("乙", 1)],
                "month": [("2026-02", 2), ("2026-01", 1), ("2026-03", 1)],
            }
            none = reader.search(SearchRequest(Match("火星"), facets=("channel",)))
            assert dict(none.facets) == {"channel": ()}
            assert dict(reader.search(SearchRequest(MatchAll())).facets) == {}

    def test_a_facet_shows_its_most_frequent_values(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n}", source=f"报-{n % 7}") for n in range(30)))
        with engine.reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), facets=("source",), facet_size=3))
            shown = [(each.value, each.count) for each in page.facets["source"]]
            assert shown == [("报-0", 5), ("报-1", 5), ("报-2", 4)]

    def test_a_facet_counts_what_narrowing_to_it_finds(self, engine: Engine) -> None:
        for turn in range(3):
            fill(
                engine,
                *(
                    article(
                        f"a-{n}",
                        body="桥" if n % 2 else "河",
                        channel=("情感/故事", "情感", "体育/足球")[n % 3],
                        channels=["体育"] if n % 5 == 0 else [],
                        source=f"报-{n % 4}",
                        published_at=f"2026-0{n % 3 + 1}-01T0{n % 10}:00:00+09:00",
                    )
                    for n in range(turn * 7, turn * 7 + 12)
                ),
            )
        with engine.reader() as reader:
            request = SearchRequest(
                Match("桥"), filter=Not(Term("id", "a-3")), facets=("channel", "source", "month")
            )
            page = reader.search(request)
            assert all(page.facets.values())
            for name, counts in page.facets.items():
                for each in counts:
                    assert request.filter is not None
                    narrow = And((request.filter, narrowed(name, each.value)))
                    answer = reader.search(replace(request, filter=narrow))
                    assert answer.total == each.count, (name, each.value)

    # Requests that make no sense

    @pytest.mark.parametrize(
        "request_",
        [
            SearchRequest(Term("colour", "red")),
            SearchRequest(Term("published_at", "2026")),
            SearchRequest(Match("桥", fields=(("source", 1.0),))),
            SearchRequest(Match("桥", fields=(("title", -1.0),))),
            SearchRequest(Match("桥", fields=(("title", math.nan),))),
            SearchRequest(Match("桥", need=1.5)),
            SearchRequest(Match("桥", need=math.nan)),
            SearchRequest(Literal("桥", fields=("id",))),
            SearchRequest(Range("title")),
            SearchRequest(Range("published_at", datetime(2026, 1, 1))),
            SearchRequest(Boost(MatchAll(), -1.0)),
            SearchRequest(Boost(MatchAll(), math.inf)),
            SearchRequest(And((MatchAll(), Or((Not(Term("colour", "red")),))))),
            SearchRequest(MatchAll(), filter=Boost(Range("title"), 1.0)),
            SearchRequest(MatchAll(), sort="hot"),  # type: ignore[arg-type]
            SearchRequest(MatchAll(), facets=("channel", "colour")),
            SearchRequest(MatchAll(), facet_size=0),
            SearchRequest(MatchAll(), page=0),
            SearchRequest(MatchAll(), page=-1),
            SearchRequest(MatchAll(), size=0),
            SearchRequest(MatchAll(), page=MAX_DEPTH // 10 + 1, size=10),
            SearchRequest(MatchAll(), page=10**9),
            SearchRequest(MatchAll(), size=10**6),
        ],
        ids=str,
    )
    def test_a_request_that_makes_no_sense_is_refused(
        self, engine: Engine, request_: SearchRequest
    ) -> None:
        fill(engine, article("a"))
        with engine.reader() as reader:
            with pytest.raises(InvalidQuery):
                reader.search(request_)
            assert found(reader, MatchAll(), page=1, size=MAX_DEPTH) == ["a"]

    def test_document_frequencies_are_counted_for_text_fields(self, engine: Engine) -> None:
        fill(engine, article("a", title="桥 桥", body="河"), article("b", title="桥", body="桥"))
        with engine.reader() as reader:
            assert reader.document_frequencies("title", ["桥", "河", "桥", "\ud800"]) == [
                2,
                0,
                2,
                0,
            ]
            assert reader.document_frequencies("body", ["河"]) == [1]
            assert reader.document_frequencies("lead", []) == []
            with pytest.raises(InvalidQuery):
                reader.document_frequencies("source", ["桥"])

    # Damage

    def test_a_sound_index_has_no_faults(self, engine: Engine) -> None:
        for turn in range(13):
            fill(engine, *(article(f"a-{n}", body=f"桥 {turn}") for n in range(turn, turn + 3)))
        assert engine.check() == []

    def test_an_altered_byte_is_found(self, engine: Engine, folder: Path) -> None:
        self.fill_two_commits(engine)
        for path in files_of(folder):
            sound = path.read_bytes()
            for at in sorted({*range(0, len(sound), max(1, len(sound) // 40)), len(sound) - 1}):
                path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x15]) + sound[at + 1 :])
                assert self.faults(folder), f"byte {at} of {path.name}"
                self.ask_everything(folder)
            path.write_bytes(sound)
        assert self.faults(folder) == []

    def test_a_file_that_is_cut_short_or_gone_is_found(self, engine: Engine, folder: Path) -> None:
        self.fill_two_commits(engine)
        for path in files_of(folder):
            sound = path.read_bytes()
            for length in sorted({0, 1, len(sound) // 2, len(sound) - 1}):
                path.write_bytes(sound[:length])
                assert self.faults(folder), f"{length} bytes of {path.name}"
                with pytest.raises(IndexDamaged):
                    self.open(folder).reader()
            path.unlink()
            assert self.faults(folder)
            with pytest.raises(IndexDamaged):
                self.open(folder).reader()
            path.write_bytes(sound)
        assert self.faults(folder) == []

    def fill_two_commits(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n}", body=f"第{n}座桥的故事", source="甲") for n in range(20)))
        with engine.writer() as writer:
            writer.put(article("a-3", body="新的桥"))
            writer.delete("a-4")
            writer.commit(revision=2)

    def faults(self, folder: Path) -> list[str]:
        return self.open(folder).check()

    def ask_everything(self, folder: Path) -> None:
        """Ask this and that of a damaged index: it answers, or says that it is damaged."""
        engine = self.open(folder)
        for ask in (
            lambda reader: reader.search(SearchRequest(MatchAll(), facets=("channel", "source"))),
            lambda reader: reader.search(SearchRequest(Match("桥"), facets=("month",))),
            lambda reader: reader.search(SearchRequest(Literal("座桥的"), sort="newest")),
            lambda reader: reader.search(SearchRequest(TitlePrefix("山"))),
            lambda reader: reader.get("a-3"),
            lambda reader: reader.document_frequencies("body", ["桥"]),
        ):
            try:
                with engine.reader() as reader:
                    ask(reader)
            except IndexDamaged:
                pass


def narrowed(facet: str, value: str) -> Query:
    """The filter that a click on a facet's value stands for."""
    if facet != "month":
        return Term(facet, value)
    year, month = map(int, value.split("-"))
    start = datetime(year, month, 1, tzinfo=SHANGHAI)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=SHANGHAI)
    return Range("published_at", start, end)


def files_of(folder: Path) -> Iterator[Path]:
    """The files that hold the index."""
    return (path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_size)
