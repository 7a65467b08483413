"""The Whoosh engine keeps every engine's promises, and some of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indexer.columnar.files import writer as writing
from indexer.columnar.files.commit import last_commit
from indexer.columnar.files.segment import Segment
from indexer.columnar.search.impacts import F32
from indexer.engines.base import Engine
from indexer.engines.whoosh import literals
from indexer.engines.whoosh.facets import months_of
from indexer.engines.whoosh.popularity import heat_levels
from indexer.engines.whoosh.reader import WhooshReader
from indexer.engines.whoosh.side_arrays import SideArrays
from indexer.errors import FolderNotWritable, IndexDamaged
from indexer.query import Literal, MatchAll, Not, Popularity, Recency, SearchRequest, Term
from tests.contracts.engine import SHANGHAI, EngineContract
from tests.contracts.engine_base import fill, found
from tests.factories import article
from tests.typed_queries import rescore_by


class TestWhooshEngine(EngineContract):
    name = "whoosh"

    # Deadlines

    def test_texts_that_are_not_looked_into_in_time_are_not_remembered_as_empty(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(engine, *(article(f"a-{n}", body="北京地铁开了") for n in range(6)))
        request = SearchRequest(Literal("京地铁开"), deadline=float(2**60))
        monkeypatch.setattr(literals, "_AT_ONCE", 2)
        with engine.reader() as reader:
            ticks = iter((0, 0, 2**60))
            monkeypatch.setattr(literals, "monotonic", lambda: next(ticks))
            part = reader.search(request)
            assert (part.complete, part.total, part.total_is_estimate) == (False, 4, True)
            ticks = iter((0,) * 3)
            whole = reader.search(request)
            assert (whole.complete, whole.total, whole.total_is_estimate) == (True, 6, False)

    def test_a_reader_keeps_nothing_for_each_distinct_question(self, engine: Engine) -> None:
        fill(engine, article("a", body="北京地铁开了"))
        with engine.reader() as reader:
            assert isinstance(reader, WhooshReader)
            reader.search(SearchRequest(MatchAll(), rescore=rescore_by("北京 地铁")))
            before = {
                name: len(value)
                for name, value in vars(reader).items()
                if hasattr(value, "__len__")
            }
            for number in range(200):
                reader.search(SearchRequest(MatchAll(), rescore=rescore_by(f"北京 地铁 {number}")))
            after = {
                name: len(value)
                for name, value in vars(reader).items()
                if hasattr(value, "__len__")
            }
        assert after == before

    def test_heats_are_computed_once_for_each_popularity_and_segment(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b"))
        fill(engine, article("c"))
        fading = Recency(datetime(2026, 3, 1, tzinfo=UTC))
        first, second = (Popularity(((each, 2.0),), fading) for each in "ac")
        with engine.reader() as reader:
            assert isinstance(reader, WhooshReader)
            computed: list[tuple[str, Popularity]] = []

            def compute(segment: Segment, popularity: Popularity) -> F32:
                computed.append((segment.name, popularity))
                return heat_levels(segment, popularity)

            snapshot = reader.executor.snapshot
            known = SideArrays(snapshot, compute)
            for popularity in (first, first, second, first):
                (held,) = (each for each, _ in popularity.heats)
                heats = np.concatenate(known.of(popularity)).tolist()
                assert [bool(heat) for heat in heats] == [each == held for each in "abc"]
            assert len(computed) == 2 * len(snapshot.leaves) == 4
        fill(engine, article("d"))
        with engine.reader() as reader:
            assert isinstance(reader, WhooshReader)
            later = reader.executor.snapshot
            assert later.segment_names > snapshot.segment_names
            SideArrays(later, compute, reuse=known).of(second)
            (new,) = later.segment_names - snapshot.segment_names
            assert computed[4:] == [(new, second)]

    def test_counting_gives_the_total(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n}", body="北京地铁" if n % 2 else "上海") for n in range(7)))
        request = SearchRequest(Literal("京地"), filter=Not(Term("id", "a-1")))
        with engine.reader() as reader:
            assert reader.count(request) == reader.search(request).total == 2

    # Literals

    def test_a_literal_with_too_many_candidates_is_looked_for_in_the_newest(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for turn in range(2):
            fill(
                engine,
                *(
                    article(f"a-{n}", body="京地铁，北京地铁", published_at=f"2026-01-{n + 1:02}")
                    for n in range(turn * 5, turn * 5 + 5)
                ),
                article(f"undated-{turn}", body="北京地铁", published_at=None),
                article(f"other-{turn}", body="京地，北京", published_at="2025-12-01"),
            )
        query = Literal("北京地")
        with engine.reader() as reader:
            whole = reader.search(SearchRequest(Literal("京地铁"), size=20))
            assert (whole.total, whole.total_is_estimate) == (12, False)
            monkeypatch.setattr(literals, "LITERAL_CANDIDATES", 4)
            part = reader.search(SearchRequest(query, sort="newest"))
            assert [hit.article.id for hit in part.hits] == ["a-9", "a-8", "a-7", "a-6"]
            assert (part.total, part.total_is_estimate) == (4, True)
            filtered = reader.search(SearchRequest(MatchAll(), filter=query))
            assert (filtered.total, filtered.total_is_estimate) == (4, True)
            exact = reader.search(SearchRequest(Literal("北京")))
            assert (exact.total, exact.total_is_estimate) == (14, False)
            assert len(reader.holding(["北京地"])) == 12

    def test_too_many_candidates_are_counted_over_all_segments_after_each_commit(
        self, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(literals, "LITERAL_CANDIDATES", 4)
        query = SearchRequest(Literal("京地铁"), sort="newest")
        for turn, total in enumerate((3, 4, 4)):
            fill(
                engine,
                *(
                    article(f"a-{n}", body="北京地铁", published_at=f"2026-01-{n + 1:02}")
                    for n in range(turn * 3, turn * 3 + 3)
                ),
            )
            with engine.reader() as reader, self.open(folder).reader() as fresh:
                first, again = reader.search(query), reader.search(query)
                assert first == again == fresh.search(query)
                assert (first.total, first.total_is_estimate) == (total, turn > 0)

    def test_a_literal_in_one_field_is_not_found_in_another(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="河上的石拱桥", body="别的"),
            article("b", body="河上的石拱桥"),
        )
        with engine.reader() as reader:
            assert found(reader, Literal("石拱桥", fields=("title",))) == ["a"]
            assert found(reader, Literal("石拱桥", fields=("body", "lead"))) == ["b"]

    # Segments

    def test_small_commits_do_not_pile_up(self, engine: Engine, folder: Path) -> None:
        for turn in range(25):
            fill(engine, article(f"a-{turn:02}", body=f"第{turn}天"))
            assert len(last_commit(folder).segments) < writing.TIER_WIDTH
        with engine.reader() as reader:
            assert sorted(found(reader, MatchAll())) == [f"a-{turn:02}" for turn in range(25)]
        assert engine.check() == []

    def test_the_first_batch_is_one_segment(self, engine: Engine, folder: Path) -> None:
        with engine.writer() as writer:
            for n in range(20):
                writer.put(article(f"a-{n % 15}", title=f"第{n}座桥"))
            writer.commit(revision=1)
        (only,) = last_commit(folder).segments
        assert (only.doc_count, only.deleted) == (15, 0)

    def test_readers_of_one_commit_share_what_is_open(self, engine: Engine) -> None:
        fill(engine, article("a"))
        with engine.reader() as one, engine.reader() as two:
            assert isinstance(one, WhooshReader)
            assert isinstance(two, WhooshReader)
            assert one.executor is two.executor

    # Files

    def test_no_class_of_ours_is_written_into_an_index(self, engine: Engine, folder: Path) -> None:
        fill(engine, *(article(f"a-{n}") for n in range(30)))
        for path in folder.iterdir():
            assert b"indexer." not in path.read_bytes()

    def test_a_full_disk_leaves_the_old_commit(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(engine, article("a"))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("indexer.columnar.files.writer.write_commit", full)
            with engine.writer() as writer:
                writer.add(article("b"))
                with pytest.raises(FolderNotWritable, match="No space left"):
                    writer.commit(revision=2)
        with engine.reader() as reader:
            assert (found(reader, MatchAll()), reader.revision) == (["a"], 1)
        fill(engine, article("b"))

    def test_a_commit_of_a_segment_that_is_nowhere_is_damaged(
        self, engine: Engine, folder: Path
    ) -> None:
        fill(engine, article("a"))
        for path in folder.glob("*.seg"):
            path.unlink()
        with pytest.raises(IndexDamaged):
            engine.reader()
        assert engine.check()

    def test_damage_that_shows_when_it_is_read_is_said(self, engine: Engine, folder: Path) -> None:
        fill(engine, *(article(f"a-{n}") for n in range(5)))
        (path,) = folder.glob("*.seg")
        with engine.reader() as reader:
            assert isinstance(reader, WhooshReader)
            file = reader.executor.snapshot.leaves[0].segment.file
            frame = file["b/data"].tobytes()
        content = bytearray(path.read_bytes())
        at = content.index(frame)
        content[at + len(frame) // 2] ^= 0xFF
        path.unlink()
        path.write_bytes(content)
        with self.open(folder).reader() as reader, pytest.raises(IndexDamaged):
            reader.search(SearchRequest(MatchAll()))


def test_months_are_counted_in_the_zone(tmp_path: Path) -> None:
    engine = TestWhooshEngine().open(tmp_path / "index")
    engine.create()
    times = ("2026-01-31T15:59:59Z", "2026-01-31T16:00:00Z", "1969-12-31T15:00:00Z", None)
    fill(engine, *(article(f"a-{n}", published_at=time) for n, time in enumerate(times)))
    with engine.reader() as reader:
        assert isinstance(reader, WhooshReader)
        segment = reader.executor.snapshot.leaves[0].segment
        ordinals, values, _ = months_of(SHANGHAI)(segment)
        names = [*values, b""]
        by_id = {segment.key(doc): names[ordinal] for doc, ordinal in enumerate(ordinals.tolist())}
    assert by_id == {b"a-0": b"2026-01", b"a-1": b"2026-02", b"a-2": b"1969-12", b"a-3": b""}
