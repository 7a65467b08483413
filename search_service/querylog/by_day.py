"""How many searches each day had, and how many of them found nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from threading import Lock
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select, true

from indexer.store.database import find_database
from search_service.live.reopening import Reopened
from search_service.querylog.counts import counted_queries, last_closed_day
from search_service.querylog.store import QueryLogStore, stored
from search_service.querylog.tables import query_days

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """The searches of a day: first pages of plain queries, each counted once, and those of queries that found nothing."""

    day: date
    searches: int
    nothing: int


class QueryDays:
    """The days of one query log, for any number of threads. Makes no database. Past days are read once.

    Every use raises StoreUnavailable if there is no query log yet, or QueryLogUnavailable if it cannot be read.
    """

    def __init__(self, url: str, timezone: ZoneInfo) -> None:
        self.store: Reopened[QueryLogStore] = Reopened(partial(_find, url, timezone))
        self._closed: dict[date, Day] = {}
        self._last: date | None = None
        self._lock = Lock()

    def last(self, days: int, *, now: datetime) -> Sequence[Day]:
        """The last ``days`` days up to today, oldest first. Reads all entries of the days that are not closed yet."""
        with self._lock, self.store.use() as store, store.reading() as connection:
            today = store.day(now)
            wanted = [today - (days - 1 - at) * _A_DAY for at in range(days)]
            last = last_closed_day(connection)
            if last != self._last or wanted[0] not in self._closed:
                self._closed = _closed(connection, wanted[0])
                self._last = last
            open_days = {
                each: _open(connection, store, each, end=stored(now))
                for each in wanted
                if last is None or each > last
            }
            return [open_days.get(day) or self._closed.get(day) or Day(day, 0, 0) for day in wanted]

    def close(self) -> None:
        """Close the database. The next use opens it again."""
        self.store.close()


def _find(url: str, timezone: ZoneInfo) -> QueryLogStore:
    return QueryLogStore(find_database(url, query_days, name="queries"), timezone)


def _closed(connection: Connection, since: date) -> dict[date, Day]:
    days = query_days
    nothing = func.sum(case((days.c.found == true(), 0), else_=days.c.searches))
    query = (
        select(days.c.day, func.sum(days.c.searches), nothing)
        .where(days.c.day >= since)
        .group_by(days.c.day)
    )
    return {
        day: Day(day, int(searches), int(none)) for day, searches, none in connection.execute(query)
    }


def _open(connection: Connection, store: QueryLogStore, day: date, *, end: datetime) -> Day:
    counts = counted_queries(
        connection, store.start_of(day), min(end, store.start_of(day + _A_DAY))
    )
    return Day(
        day,
        sum(each.searches for each in counts),
        sum(each.searches for each in counts if not each.found),
    )
