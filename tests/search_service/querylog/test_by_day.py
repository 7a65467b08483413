"""What readers searched for, day by day: of days that are closed and of the one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from indexer.errors import StoreUnavailable
from search_service.querylog.by_day import AskedQuery, Day, Latency, QueryDays
from search_service.querylog.store import QueryLogStore
from tests.databases import DATABASES
from tests.factories import NOON
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import asked, clicked, days_ago, fill

on_all = pytest.mark.databases(*DATABASES)

TODAY, YESTERDAY, BEFORE = date(2026, 3, 1), date(2026, 2, 28), date(2026, 2, 27)


@pytest.fixture
def days(store: QueryLogStore, url: str) -> Iterator[QueryDays]:
    """A log with two closed days and today."""
    fill(store, {"山谷": 3, "春运": 1}, at=days_ago(2))
    fill(store, {"水库": 2}, at=days_ago(2), total=0)
    fill(store, {"水库": 4}, at=days_ago(1), total=0)
    store.write([clicked(query="山谷", at=days_ago(2))], now=days_ago(2))
    store.close_days(now=NOON)
    fill(store, {"水库": 1}, at=days_ago(0.1))
    search = asked("春运", by=7, at=days_ago(0.1))
    store.write([search, clicked(query_id=search.id, by=7, at=days_ago(0.1))], now=NOON)
    opened = QueryDays(url, SHANGHAI)
    yield opened
    opened.close()


def told(queries: list[AskedQuery]) -> list[tuple[str, int, int, bool, int]]:
    return [
        (each.count.text, each.count.visitors, each.count.searches, each.count.found, each.clicks)
        for each in queries
    ]


@on_all
def test_each_day_has_its_searches_those_that_found_nothing_and_the_clicks(days: QueryDays) -> None:
    assert days.last(4, now=NOON) == [
        Day(date(2026, 2, 26), 0, 0, 0),
        Day(BEFORE, 6, 2, 1),
        Day(YESTERDAY, 4, 4, 0),
        Day(TODAY, 2, 0, 1),
    ]
    assert days.between(YESTERDAY, YESTERDAY, now=NOON) == [Day(YESTERDAY, 4, 4, 0)]
    assert days.between(BEFORE, YESTERDAY, now=NOON) == days.last(3, now=NOON)[:2]


@on_all
def test_the_queries_of_some_days_are_those_of_each_of_them_together(days: QueryDays) -> None:
    assert told(days.queries(BEFORE, TODAY, now=NOON)) == [
        ("水库", 7, 7, True, 0),
        ("山谷", 3, 3, True, 1),
        ("春运", 2, 2, True, 1),
    ]
    assert told(days.queries(YESTERDAY, YESTERDAY, now=NOON)) == [("水库", 4, 4, False, 0)]
    assert told(days.queries(TODAY, TODAY, now=NOON)) == [
        ("春运", 1, 1, True, 1),
        ("水库", 1, 1, True, 0),
    ]


@on_all
def test_a_day_that_is_closed_later_is_read_again(days: QueryDays, store: QueryLogStore) -> None:
    before = days.last(3, now=NOON)
    tomorrow = days_ago(-1)
    assert store.close_days(now=tomorrow) == 1
    fill(store, {"新的": 2}, at=days_ago(-0.9))
    assert days.last(4, now=tomorrow) == [*before, Day(date(2026, 3, 2), 2, 0, 0)]


@on_all
def test_the_latency_of_a_day_is_told_by_the_median_and_by_all_but_a_twentieth(
    store: QueryLogStore, url: str
) -> None:
    times = [*range(1, 97), 500, 600, 700, 800]
    store.write(
        [asked(by=n, took_ms=took, at=days_ago(1)) for n, took in enumerate(times)], now=days_ago(1)
    )
    with closing(QueryDays(url, SHANGHAI)) as days:
        for _ in range(2):
            assert days.latencies(3, now=NOON) == [
                Latency(BEFORE, None, None),
                Latency(YESTERDAY, 51, 96),
                Latency(TODAY, None, None),
            ]
            store.close_days(now=NOON)


@on_all
def test_a_day_counts_the_same_before_and_after_it_is_closed(
    days: QueryDays, store: QueryLogStore
) -> None:
    tomorrow = days_ago(-1)
    before = days.between(TODAY, TODAY, now=tomorrow), days.queries(TODAY, TODAY, now=tomorrow)
    assert store.close_days(now=tomorrow) == 1
    after = days.between(TODAY, TODAY, now=tomorrow), days.queries(TODAY, TODAY, now=tomorrow)
    assert before == after


def test_without_a_query_log_nothing_is_made(url: str) -> None:
    days = QueryDays(url, SHANGHAI)
    with pytest.raises(StoreUnavailable):
        days.last(3, now=NOON)
    days.close()
