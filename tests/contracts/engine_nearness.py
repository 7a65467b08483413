"""Nearness: the best by score, ordered once more by how close together words stand in them."""

from __future__ import annotations

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import Match, MatchAll, Nearness, SearchRequest
from tests.contracts.engine_base import EngineBase, fill, found, idf
from tests.factories import article

BOTH = Match("桥 河", fields=(("body", 1.0),))
APART = "桥" + "，山" * 20 + "，河"
TOGETHER = "桥，河" + "，山" * 20


class NearnessPromises(EngineBase):
    def test_words_that_stand_together_score_their_idfs_more(self, engine: Engine) -> None:
        fill(engine, article("a", title="无", body=APART), article("b", title="无", body="山"))
        fill(engine, article("c", title="无", body=TOGETHER))
        with engine.reader() as reader:
            plain = {hit.article.id: hit.score for hit in reader.search(SearchRequest(BOTH)).hits}
            request = SearchRequest(BOTH, near=Nearness("桥 河", fields=("body",), weight=2.0))
            page = reader.search(request)
            assert [hit.article.id for hit in page.hits] == ["c", "a"]
            more = {hit.article.id: hit.score - plain[hit.article.id] for hit in page.hits}
            each = idf(3, 2)
            assert more["c"] == pytest.approx(2 * (each + each), abs=1e-5)
            assert more["a"] == pytest.approx(2 * each, abs=1e-5), "one word alone is a window too"
            assert page.total == 2

    @pytest.mark.parametrize(("window", "first"), [(20, "near"), (21, "far")])
    def test_a_window_reaches_so_many_positions(
        self, engine: Engine, window: int, first: str
    ) -> None:
        fill(
            engine,
            article("far", title="无", body=APART, published_at="2026-02-02T00:00:00Z"),
            article("near", title="无", body="桥" + "，山" * 19 + "，河，山"),
        )
        with engine.reader() as reader:
            near = Nearness("桥 河", fields=("body",), window=window)
            assert found(reader, MatchAll(), near=near)[0] == first

    def test_repeated_words_and_other_fields_add_nothing(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="桥", body="桥，桥，桥，山"),
            article("b", title="河", body="山，桥，河，山"),
            article("c", title="山", body="山，山，山，山"),
        )
        with engine.reader() as reader:
            near = Nearness("桥 河 桥", fields=("title", "body"))
            page = reader.search(SearchRequest(MatchAll(), near=near))
            scores = {hit.article.id: hit.score for hit in page.hits}
            bridge, river = min(idf(3, 1), idf(3, 2)), idf(3, 1)
            assert scores == pytest.approx({"a": bridge, "b": bridge + river, "c": 0.0}, abs=1e-5)

    def test_only_the_best_are_looked_at_on_every_page(self, engine: Engine) -> None:
        fill(
            engine,
            article("best", title="桥", body=APART),
            article("next", title="无", body=APART),
            article("last", title="无", body=TOGETHER + "，山" * 20),
        )
        query, near = Match("桥 河", need=0.0), Nearness("桥 河", depth=2)
        with engine.reader() as reader:
            assert found(reader, query) == ["best", "next", "last"]
            assert found(reader, query, near=Nearness("桥 河")) != ["best", "next", "last"]
            pages = [found(reader, query, near=near, size=1, page=page) for page in (1, 2, 3, 4)]
            assert pages == [["best"], ["next"], ["last"], []]

    def test_by_date_and_without_words_it_changes_nothing(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", body=APART, published_at="2026-02-02T00:00:00Z"),
            article("b", body=TOGETHER, published_at="2026-02-01T00:00:00Z"),
        )
        with engine.reader() as reader:
            near = Nearness("桥 河")
            assert found(reader, BOTH, near=near) == ["b", "a"]
            assert found(reader, BOTH, near=near, sort="newest") == ["a", "b"]
            assert found(reader, BOTH, near=Nearness("，")) == found(reader, BOTH)

    @pytest.mark.parametrize(
        ("near", "message"),
        [
            (Nearness("桥", fields=("source",)), "text field"),
            (Nearness("桥", weight=-1.0), "weight"),
            (Nearness("桥", window=-1), "window"),
            (Nearness("桥", depth=0), "depth"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, engine: Engine, near: Nearness, message: str
    ) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery, match=message):
            reader.search(SearchRequest(MatchAll(), near=near))
