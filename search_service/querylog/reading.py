"""Reads the lists from the query log's database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Final

from sqlalchemy import Connection

from indexer.analysis.analyzers import Analyzer, words_of
from search_service.querylog.counts import (
    QueryCount,
    clicked_articles,
    closed_queries,
    counted_queries,
    first_entry,
    last_closed_day,
    merged,
)
from search_service.querylog.lists import Lists, Window
from search_service.querylog.store import QueryLogStore, stored
from search_service.querylog.views import viewed_articles

KEPT: Final = 10_000
"""Number of queries of the closed days that the lists are made from: the ones with the most visitors."""

CLICK_DAYS: Final = 7
"""Two queries are related by clicks of this many days. Later, the same news query is about something else."""

_A_DAY: Final = timedelta(days=1)


class ListReader:
    """Reads the lists repeatedly. It keeps counts that can no longer change. For one thread.

    ``analyzer`` gives the analyzer to cut queries with, that of the live index.
    """

    def __init__(self, analyzer: Callable[[], Analyzer]) -> None:
        self._analyzer = analyzer
        self._closed: tuple[date | None, list[QueryCount]] = None, []

    def read(self, store: QueryLogStore, *, now: datetime) -> Lists:
        """The lists as of ``now``. The days of the log must be closed before. Raises QueryLogUnavailable.

        Costs as much as :meth:`counts`, and reads all clicks and the counts of all views of a week.
        """
        counts = self.counts(store, now=now)
        with store.reading() as connection:
            end = stored(now)
            clicks = clicked_articles(connection, end - CLICK_DAYS * _A_DAY, end)
            views = viewed_articles(connection, end)
        return Lists(counts, clicks, views=views, words=self.words, as_of=now)

    def counts(self, store: QueryLogStore, *, now: datetime) -> dict[Window, list[QueryCount]]:
        """How often each plain query was asked in each window, most visitors first. Raises QueryLogUnavailable.

        Reads the entries of the last 24 hours and of the open days, the counts of a week, and once a day all counts.
        """
        end = stored(now)
        with store.reading() as connection:
            last = last_closed_day(connection)
            if last != self._closed[0]:
                self._closed = last, closed_queries(connection, size=KEPT)
            begun = first_entry(connection) if last is None else store.start_of(last + _A_DAY)
            open_days = counts_between(connection, store, begun or end, end)
            week = closed_queries(connection, since=store.day(now) - 6 * _A_DAY, size=KEPT)
            return {
                "day": counts_between(connection, store, end - _A_DAY, end),
                "week": merged(week, open_days),
                "all": merged(self._closed[1], open_days),
            }

    def words(self, text: str) -> tuple[str, ...]:
        """The words that relate a query to others: its words of two or more characters, or all its words if they are all shorter."""
        words = words_of(self._analyzer(), text)
        return tuple(word for word in words if len(word) > 1) or words


def counts_between(
    connection: Connection, store: QueryLogStore, start: datetime, end: datetime
) -> list[QueryCount]:
    """How often each plain query was asked in ``[start, end)``, most visitors first. Times are as in the tables."""
    days = [counted_queries(connection, *day) for day in store.days(start, end)]
    return reduce(merged, days, [])
