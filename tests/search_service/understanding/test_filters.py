from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.query import MatchAll, Query, Range, SearchRequest, Term
from search_service.understanding.filters import in_channel, published_between, visible
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, live_index, promote

TIMES = [None, *(NOON + timedelta(seconds=n) for n in (-1, 0, 1)), NOON + timedelta(days=9)]


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_filter_finds_exactly_the_articles_that_are_visible(
    tmp_path: Path, engine: str
) -> None:
    articles = [
        article(f"a-{n}", status=status, published_at=published, expires_at=expires)
        for n, (status, published, expires) in enumerate(
            (status, published, expires)
            for status in ("published", "draft", "withdrawn")
            for published in TIMES
            for expires in TIMES
        )
    ]
    promote(tmp_path, articles, engine=engine)
    with live_index(tmp_path).reader() as (reader, _, _):
        page = reader.search(SearchRequest(MatchAll(), filter=visible(NOON), size=100))
    assert {hit.article.id for hit in page.hits} == {
        each.id for each in articles if each.is_visible(NOON)
    }
    assert page.total == 3 * 3


@pytest.mark.parametrize("path", ["情感/故事", "/情感//故事/", " 情感 / 故事 "])
def test_a_channel_may_be_written_carelessly(path: str) -> None:
    assert in_channel(path) == Term("channel", "情感/故事")


def test_days_are_those_of_the_zone_and_the_last_one_is_included() -> None:
    query = published_between(date(2024, 2, 28), date(2024, 2, 29), SHANGHAI)
    assert query == Range(
        "published_at",
        datetime(2024, 2, 27, 16, tzinfo=UTC),
        datetime(2024, 2, 29, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize("open_side", [(None, date(2024, 1, 1)), (date(2024, 1, 1), None)])
def test_either_side_may_be_open(open_side: tuple[date | None, date | None]) -> None:
    query = published_between(*open_side, SHANGHAI)
    assert isinstance(query, Range)
    assert (query.start is None, query.end is None) == (open_side[0] is None, open_side[1] is None)


@given(st.dates(), st.dates())
def test_any_day_of_the_calendar_can_be_asked_for(start: date, end: date) -> None:
    query: Query = published_between(start, end, SHANGHAI)
    assert isinstance(query, Range)
