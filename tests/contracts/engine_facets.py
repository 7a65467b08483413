"""Facets, token counts, and invalid requests."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import (
    FACET_FIELDS,
    MAX_DEPTH,
    And,
    Boost,
    Literal,
    MatchAll,
    Not,
    NumberRange,
    Or,
    Query,
    Range,
    SearchRequest,
    Term,
)
from tests.contracts.engine_base import SHANGHAI, EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match


class FacetPromises(EngineBase):
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
                SearchRequest(match("学校"), facets=("channel", "source", "month"), size=1)
            )
            counted = {
                name: [(each.value, each.count) for each in counts]
                for name, counts in page.facets.items()
            }
            assert counted == {
                "channel": [("情感", 3), ("体育", 2), ("情感/故事", 2)],
                "source": [("甲", 3), ("乙", 1)],
                "month": [("2026-03", 1), ("2026-02", 2), ("2026-01", 1)],
            }
            none = reader.search(SearchRequest(match("火星"), facets=("channel",)))
            assert dict(none.facets) == {"channel": ()}
            assert dict(reader.search(SearchRequest(MatchAll())).facets) == {}

    def test_a_facet_shows_its_most_frequent_values(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n}", source=f"报-{n % 7}") for n in range(30)))
        with engine.reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), facets=("source",), facet_size=3))
            shown = [(each.value, each.count) for each in page.facets["source"]]
            assert shown == [("报-0", 5), ("报-1", 5), ("报-2", 4)]

    def test_the_months_are_the_newest_and_the_newest_comes_first(self, engine: Engine) -> None:
        dates = [f"{2025 + n // 12}-{n % 12 + 1:02}-15" for n in range(15) for _ in range(15 - n)]
        fill(engine, *(article(f"a-{n}", published_at=date) for n, date in enumerate(dates)))
        with engine.reader() as reader:
            page = reader.search(SearchRequest(MatchAll(), facets=("month",), facet_size=4))
            shown = [(each.value, each.count) for each in page.facets["month"]]
            assert shown == [("2026-03", 1), ("2026-02", 2), ("2026-01", 3), ("2025-12", 4)]

    def test_an_article_counts_for_each_of_its_tags_and_for_its_author(
        self, engine: Engine
    ) -> None:
        first = [
            article("a", author="陈立", tags=["教育", "乡村", "教育"]),
            article("b", author="王珂", tags=["乡村"]),
            article("c", tags=[]),
        ]
        second = [
            article("d", author="陈立", tags=["交通", "乡村", "教育"]),
            article("b", author="陈立", tags=["交通"]),
        ]
        fill(engine, *first)
        fill(engine, *second, revision=2)
        with engine.reader() as reader:
            request = SearchRequest(MatchAll(), facets=("tag", "author", "source"))
            page = reader.search(request)
            counted = {
                name: [(each.value, each.count) for each in counts]
                for name, counts in page.facets.items()
            }
            assert counted == {
                "tag": [("乡村", 2), ("交通", 2), ("教育", 2)],
                "author": [("陈立", 3)],
                "source": [],
            }

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
                        author=f"人-{n % 3}" if n % 4 else "",
                        tags=[f"签-{tag}" for tag in range(n % 4)],
                        published_at=f"2026-0{n % 3 + 1}-01T0{n % 10}:00:00+09:00",
                    )
                    for n in range(turn * 7, turn * 7 + 12)
                ),
            )
        with engine.reader() as reader:
            request = SearchRequest(match("桥"), filter=Not(Term("id", "a-3")), facets=FACET_FIELDS)
            page = reader.search(request)
            assert all(page.facets.values())
            for name, counts in page.facets.items():
                for each in counts:
                    assert request.filter is not None
                    narrow = And((request.filter, narrowed(name, each.value)))
                    answer = reader.search(replace(request, filter=narrow))
                    assert answer.total == each.count, (name, each.value)

    # Invalid requests

    @pytest.mark.parametrize(
        "request_",
        [
            SearchRequest(Term("colour", "red")),
            SearchRequest(Term("published_at", "2026")),
            SearchRequest(match("桥", fields=(("source", 1.0),))),
            SearchRequest(match("桥", fields=(("title", -1.0),))),
            SearchRequest(match("桥", fields=(("title", math.nan),))),
            SearchRequest(match("桥", need=1.5)),
            SearchRequest(match("桥", need=math.nan)),
            SearchRequest(Literal("桥", fields=("id",))),
            SearchRequest(Range("title")),
            SearchRequest(Range("published_at", datetime(2026, 1, 1))),
            SearchRequest(NumberRange("price", math.nan)),
            SearchRequest(NumberRange("price", high=math.inf)),
            SearchRequest(Boost(MatchAll(), -1.0)),
            SearchRequest(Boost(MatchAll(), math.inf)),
            SearchRequest(And((MatchAll(), Or((Not(Term("colour", "red")),))))),
            SearchRequest(MatchAll(), filter=Boost(Range("title"), 1.0)),
            SearchRequest(MatchAll(), sort="best"),  # type: ignore[arg-type]
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

    def test_pair_frequencies_count_neighbours_whatever_word_they_are_in(
        self, engine: Engine
    ) -> None:
        fill(engine, article("a", title="石板桥", body="渔港边"), article("b", body="渔港，港边"))
        with engine.reader() as reader:
            assert reader.pair_frequencies("body", ["港边", "渔港", "边渔", "\ud800a"]) == [
                2,
                2,
                0,
                0,
            ]
            assert reader.pair_frequencies("title", ["板桥", "渔港"]) == [1, 0]
            assert reader.pair_frequencies("lead", []) == []
            with pytest.raises(InvalidQuery):
                reader.pair_frequencies("source", ["石板"])


def narrowed(facet: str, value: str) -> Query:
    """The filter that a click on a facet's value applies."""
    if facet != "month":
        return Term(facet, value)
    year, month = map(int, value.split("-"))
    start = datetime(year, month, 1, tzinfo=SHANGHAI)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=SHANGHAI)
    return Range("published_at", start, end)
