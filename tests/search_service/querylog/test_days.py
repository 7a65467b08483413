"""The searches of each day, and those that found nothing, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from indexer.errors import StoreUnavailable
from search_service.querylog.by_day import Day, QueryDays
from search_service.querylog.store import QueryLogStore
from tests.databases import DATABASES
from tests.factories import NOON
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import asked

TODAY = date(2026, 3, 1)
A_DAY = timedelta(days=1)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def days(store: QueryLogStore, url: str) -> Iterator[QueryDays]:  # noqa: ARG001 (it makes the database)
    made = QueryDays(url, SHANGHAI)
    yield made
    made.close()


@pytest.mark.databases(*DATABASES)
def test_days_are_counted_before_and_after_they_are_closed(
    store: QueryLogStore, days: QueryDays
) -> None:
    assert days.last(2, now=NOON) == [Day(TODAY - A_DAY, 0, 0), Day(TODAY, 0, 0)]
    yesterday = NOON - A_DAY
    store.write(
        [
            asked("山谷", by=1, at=yesterday),
            asked("山谷", by=2, at=yesterday),
            asked("子虚", by=3, at=yesterday, total=0),
            asked("乌有", by=4, at=NOON, total=0),
        ],
        now=NOON,
    )
    expected = [Day(TODAY - 2 * A_DAY, 0, 0), Day(TODAY - A_DAY, 3, 1), Day(TODAY, 1, 1)]
    assert days.last(3, now=LATER) == expected
    assert store.close_days(now=LATER) == 1
    assert days.last(3, now=LATER) == expected
    store.write([asked("山谷", by=5, at=NOON)], now=NOON)
    assert days.last(1, now=LATER) == [Day(TODAY, 2, 1)]


def test_without_a_query_log_nothing_is_made(url: str) -> None:
    days = QueryDays(url, SHANGHAI)
    with pytest.raises(StoreUnavailable):
        days.last(3, now=NOON)
    days.close()
