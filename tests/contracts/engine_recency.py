"""Recency: when sorted by relevance, older articles count less."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import Recency, SearchRequest
from tests.contracts.engine_base import EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match, rescore_by

AT = datetime(2026, 3, 1, tzinfo=UTC)
BRIDGE = match("桥")


def factors(engine: Engine, recency: Recency, **request: object) -> dict[str, float]:
    """The factor of each article's score."""
    with engine.reader() as reader:
        plain = SearchRequest(BRIDGE, size=100, **request)  # type: ignore[arg-type]
        before = {hit.article.id: hit.score for hit in reader.search(plain).hits}
        faded = SearchRequest(BRIDGE, size=100, recency=recency, **request)  # type: ignore[arg-type]
        after = {hit.article.id: hit.score for hit in reader.search(faded).hits}
    return {each: after[each] / before[each] for each in before}


class RecencyPromises(EngineBase):
    def test_a_score_fades_to_the_floor_by_half_lives(self, engine: Engine) -> None:
        fill(
            engine,
            article("today", title="桥", published_at="2026-03-01T00:00:00Z"),
            article("later", title="桥", published_at="2026-03-01T09:00:00Z"),
            article("ten", title="桥", published_at="2026-02-19T00:00:00Z"),
            article("twenty", title="桥", published_at="2026-02-09T00:00:00Z"),
            article("undated", title="桥", published_at=None),
        )
        wanted = {"today": 1.0, "later": 1.0, "ten": 0.75, "twenty": 0.625, "undated": 0.5}
        recency = Recency(AT, half_life=10)
        assert factors(engine, recency) == pytest.approx(wanted, abs=1e-5)
        with engine.reader() as reader:
            assert found(reader, BRIDGE, recency=recency)[2:] == ["ten", "twenty", "undated"]
            oldest = found(reader, BRIDGE, recency=recency, sort="oldest")
            assert oldest == found(reader, BRIDGE, sort="oldest")

    def test_channels_age_by_themselves_the_deepest_first(self, engine: Engine) -> None:
        old = {"title": "桥", "published_at": "2026-02-19T00:00:00Z"}
        fill(
            engine,
            article("none", **old, channel=""),
            article("news", **old, channel="快讯"),
            article("learned", **old, channel="百科/桥梁"),
            article("learned-news", **old, channel="百科/快讯/桥"),
            article("both", **old, channel="快讯", channels=["百科"]),
        )
        recency = Recency(AT, 20, (("快讯", 5.0), ("百科", None), ("百科/快讯", 10.0)), floor=0.0)
        wanted = {"none": 0.5**0.5, "news": 0.25, "learned": 1, "learned-news": 0.5, "both": 1}
        assert factors(engine, recency) == pytest.approx(wanted, abs=1e-5)
        for undying in (Recency(AT, None), Recency(AT, 1, floor=1.0)):
            assert set(factors(engine, undying).values()) == {1.0}

    def test_what_rescoring_adds_fades_too(self, engine: Engine) -> None:
        fill(engine, article("a", title="桥 河", published_at="2026-02-19T00:00:00Z"), article("b"))
        recency = Recency(AT, half_life=10, floor=0.0)
        rescore = rescore_by("桥 河", near=3.0)
        assert factors(engine, recency, rescore=rescore) == pytest.approx({"a": 0.5}, abs=1e-5)

    @pytest.mark.parametrize(
        ("recency", "message"),
        [
            (Recency(AT, half_life=0), "half_life"),
            (Recency(AT, half_life=-1), "half_life"),
            (Recency(AT, half_life=float("nan")), "half_life"),
            (Recency(AT, channels=(("快讯", 0.0),)), "half_life"),
            (Recency(AT, floor=1.5), "floor"),
            (Recency(AT.replace(tzinfo=None)), "offset"),
        ],
    )
    def test_a_recency_that_makes_no_sense_is_refused(
        self, engine: Engine, recency: Recency, message: str
    ) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery, match=message):
            reader.search(SearchRequest(BRIDGE, recency=recency))
