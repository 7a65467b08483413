"""What readers searched for, day by day: how many searches each day had, and which queries were asked on some days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, false, func, select, true

from indexer.store.database import find_database
from search_service.live.reopening import Reopened
from search_service.querylog.counts import (
    QueryCount,
    clicks_of_queries,
    counted_queries,
    last_closed_day,
    merged,
)
from search_service.querylog.store import QueryLogStore, stored
from search_service.querylog.tables import queries as entries
from search_service.querylog.tables import query_days

MOST: Final = 10_000
"""Maximum number of queries of closed days that are counted: the ones with the most visitors."""

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """The searches of a day: first pages of plain queries, each counted once, those of queries that found nothing, and the hits opened."""

    day: date
    searches: int
    nothing: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the searches of a day took in the index, in milliseconds: half of them at most ``median``, all but a twentieth ``p95``.

    Both are None if none is known.
    """

    day: date
    median: int | None
    p95: int | None


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A plain query of some days, and how many of its hits were opened on them."""

    count: QueryCount
    clicks: int


class QueryDays:
    """The days of one query log, for any number of threads. Makes no database. Past days are read once.

    Every use raises StoreUnavailable if there is no query log yet, or QueryLogUnavailable if it cannot be read.
    """

    def __init__(self, url: str, timezone: ZoneInfo) -> None:
        self.store: Reopened[QueryLogStore] = Reopened(partial(_find, url, timezone))
        self._timezone = timezone
        self._closed: dict[date, Day] = {}
        self._latencies: dict[date, Latency] = {}
        self._since = date.max
        self._last: date | None = None
        self._lock = Lock()

    def today(self, now: datetime) -> date:
        """The day of the service's zone. Reads nothing."""
        return now.astimezone(self._timezone).date()

    def last(self, days: int, *, now: datetime) -> Sequence[Day]:
        """The last ``days`` days up to today, oldest first. Costs as much as :meth:`between`."""
        today = self.today(now)
        return self.between(today - (days - 1) * _A_DAY, today, now=now)

    def between(self, first: date, last: date, *, now: datetime) -> Sequence[Day]:
        """The days from ``first`` to ``last``, both included, oldest first. Reads all entries of those that are not closed yet."""
        with self._lock, self._reading() as (store, connection):
            closed = last_closed_day(connection)
            if closed != self._last or first < self._since:
                self._closed = _closed(connection, first)
                self._last, self._since = closed, first
            return [
                _open(connection, store, day, now=now)
                if closed is None or day > closed
                else self._closed.get(day) or Day(day, 0, 0, 0)
                for day in _days(first, last)
            ]

    def latencies(self, days: int, *, now: datetime) -> Sequence[Latency]:
        """The latency of the last ``days`` days up to today, oldest first. Sorts the times of each day that is not closed yet."""
        today = self.today(now)
        with self._lock, self._reading() as (store, connection):
            closed = last_closed_day(connection)
            found = []
            for day in _days(today - (days - 1) * _A_DAY, today):
                latency = self._latencies.get(day) or _latency(connection, store, day)
                if closed is not None and day <= closed:
                    self._latencies[day] = latency
                found.append(latency)
            return found

    def queries(self, first: date, last: date, *, now: datetime) -> list[AskedQuery]:
        """The queries of the days from ``first`` to ``last``, both included, most visitors first.

        Reads the counts of these days, and all entries of those that are not closed yet. Of the closed days only the MOST queries
        with the most visitors are counted, each under one of its spellings: to find its most frequent one takes longer.
        """
        with self._reading() as (store, connection):
            closed = last_closed_day(connection)
            counts, clicks = _closed_queries(connection, first, last)
            for day in _days(first, last):
                if closed is None or day > closed:
                    counts = merged(counts, _entries(connection, store, day, now=now))
                    clicks += _clicks(connection, store, day)
        return [AskedQuery(each, clicks[each.query]) for each in counts]

    @contextmanager
    def _reading(self) -> Iterator[tuple[QueryLogStore, Connection]]:
        with self.store.use() as store, store.reading() as connection:
            yield store, connection

    def close(self) -> None:
        """Close the database. The next use opens it again."""
        self.store.close()


def _find(url: str, timezone: ZoneInfo) -> QueryLogStore:
    return QueryLogStore(find_database(url, query_days, name="queries"), timezone)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + at * _A_DAY for at in range((last - first).days + 1))


def _closed(connection: Connection, since: date) -> dict[date, Day]:
    days = query_days
    nothing = func.sum(case((days.c.found == true(), 0), else_=days.c.searches))
    query = (
        select(days.c.day, func.sum(days.c.searches), nothing, func.sum(days.c.clicks))
        .where(days.c.day >= since)
        .group_by(days.c.day)
    )
    return {
        day: Day(day, int(searches), int(none), int(clicks))
        for day, searches, none, clicks in connection.execute(query)
    }


def _closed_queries(
    connection: Connection, first: date, last: date
) -> tuple[list[QueryCount], Counter[str]]:
    """The queries of the closed days among these, and how many hits of each were opened. One statement."""
    days = query_days
    visitors = func.sum(days.c.visitors)
    found_on = func.max(case((days.c.found == true(), days.c.day)))
    nothing_on = func.max(case((days.c.found == false(), days.c.day)))
    query = (
        select(
            days.c.query,
            func.max(days.c.text),
            func.sum(days.c.searches),
            visitors,
            func.max(days.c.visitors),
            found_on,
            nothing_on,
            func.sum(days.c.clicks),
        )
        .where(days.c.day >= first, days.c.day <= last)
        .group_by(days.c.query)
        .order_by(visitors.desc(), days.c.query)
        .limit(MOST)
    )
    counts: list[QueryCount] = []
    clicks: Counter[str] = Counter()
    for name, text, searches, people, most, found, nothing, opened in connection.execute(query):
        is_found = found is not None and (nothing is None or found > nothing)
        counts.append(
            QueryCount(
                query=name,
                text=text,
                searches=int(searches),
                visitors=int(people),
                most=most,
                found=is_found,
            )
        )
        clicks[name] = int(opened)
    return counts, clicks


def _open(connection: Connection, store: QueryLogStore, day: date, *, now: datetime) -> Day:
    counts = _entries(connection, store, day, now=now)
    clicks = _clicks(connection, store, day)
    return Day(
        day,
        sum(each.searches for each in counts),
        sum(each.searches for each in counts if not each.found),
        sum(clicks[each.query] for each in counts),
    )


def _latency(connection: Connection, store: QueryLogStore, day: date) -> Latency:
    took = entries.c.took_ms
    of_day = (
        entries.c.asked_at >= store.start_of(day),
        entries.c.asked_at < store.start_of(day + _A_DAY),
        took.is_not(None),
    )
    known = connection.execute(select(func.count()).where(*of_day)).scalar_one()
    if not known:
        return Latency(day, None, None)
    ordered = select(took).where(*of_day).order_by(took).limit(1)
    median, p95 = (
        connection.execute(ordered.offset(known * share // 100)).scalar_one() for share in (50, 95)
    )
    return Latency(day, median, p95)


def _entries(
    connection: Connection, store: QueryLogStore, day: date, *, now: datetime
) -> list[QueryCount]:
    end = min(stored(now), store.start_of(day + _A_DAY))
    return counted_queries(connection, store.start_of(day), end)


def _clicks(connection: Connection, store: QueryLogStore, day: date) -> Counter[str]:
    return clicks_of_queries(connection, store.start_of(day), store.start_of(day + _A_DAY))
