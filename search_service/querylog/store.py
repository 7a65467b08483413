"""The query log's database: write entries, close days, prune old rows. ``counts.py`` reads it.

A day that is over is closed once: its counts are kept, and its entries can be pruned later. Any number of processes may
share the database. Their changes are serialized.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Engine, Table, delete, func, insert, select

from indexer.errors import QueryLogUnavailable, StoreTooNew, StoreUnavailable
from indexer.store.chain import hold, open_database
from indexer.store.database import find_database
from indexer.store.dialects import for_one_state, for_writing, shown, translated
from search_service.querylog.counts import FEW_VISITORS, clicks_of_queries, counted_queries
from search_service.querylog.entries import Asked, Clicked, Entry, Viewed
from search_service.querylog.tables import CHAIN, clicks, queries, query_days, salts
from search_service.querylog.views import count_views, prune_views
from search_service.querylog.visitors import (
    NETWORK_VISITORS,
    REFRESH,
    Visitor,
    new_salt,
)

GRACE: Final = timedelta(minutes=10)
"""A day is closed this long after its end. By then every process has written its last entries of that day."""

BATCH: Final = 500
"""Maximum number of entries written at once. A lookup takes up to two parameters per entry; every database accepts them."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were removed."""

    queries: int
    clicks: int
    rare_counts: int
    views: int


class QueryLogStore:
    """The query log in one database, for one thread. Every method raises QueryLogUnavailable if the database fails."""

    def __init__(self, engine: Engine, timezone: ZoneInfo) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._reading = for_one_state(engine)
        self._timezone = timezone
        self._salt: tuple[date, str] | None = None

    def write(self, entries: Sequence[Entry], *, now: datetime) -> int:
        """Write up to BATCH entries, all or none. Returns how many searches and clicks were written.

        Skips entries of programs, and entries of a network beyond NETWORK_VISITORS. A click is a view of the article too. Writing a
        search or a view twice changes nothing. A batch with an unknown outcome may therefore be tried again.
        """
        people = [each for each in entries if not each.visitor.is_program]
        if not people:
            return 0
        with self._change() as connection:
            salt = self._salt_of(connection, self.day(now))
            known = _known(connection, people)
            asked = [
                _query_row(entry) | _whose(entry.visitor, salt)
                for entry in people
                if isinstance(entry, Asked) and entry.id not in known
            ]
            asked = _within_networks(connection, queries.c.query, asked)
            _mark_counted(connection, asked)
            viewed = [
                _view_row(entry) | _whose(entry.visitor, salt)
                for entry in people
                if not isinstance(entry, Asked)
            ]
            clicked = [
                _click_row(entry) | _whose(entry.visitor, salt)
                for entry in people
                if isinstance(entry, Clicked)
            ]
            clicked = _within_networks(connection, clicks.c.article_id, clicked)
            _insert(connection, queries, asked)
            _insert(connection, clicks, clicked)
            count_views(connection, viewed)
        return len(asked) + len(clicked)

    def close_days(self, *, now: datetime) -> int:
        """Close every past day that is still open: store its counts. Returns the number of days closed."""
        today = self.day(now - GRACE)
        with self.reading() as connection:
            day = self._first_open_day(connection)
        closed = 0
        while day is not None and day < today:
            with self._change() as connection:
                if self._first_open_day(connection) == day:  # no other process closed it first
                    closed += self._close(connection, day)
            day += timedelta(days=1)
        return closed

    def prune(self, *, now: datetime, keep_days: int) -> Pruned:
        """Remove entries older than ``keep_days`` days and all salts but today's. Also remove counts of that age that have fewer
        than FEW_VISITORS visitors, and the views of the past that no window needs."""
        first_day = self.day(now) - timedelta(days=keep_days)
        start = self.start_of(first_day)
        with self._change() as connection:
            connection.execute(delete(salts).where(salts.c.day != self.day(now)))
            return Pruned(
                queries=connection.execute(
                    delete(queries).where(queries.c.asked_at < start)
                ).rowcount,
                clicks=connection.execute(
                    delete(clicks).where(clicks.c.clicked_at < start)
                ).rowcount,
                rare_counts=connection.execute(
                    delete(query_days).where(
                        query_days.c.day < first_day, query_days.c.visitors < FEW_VISITORS
                    )
                ).rowcount,
                views=prune_views(connection, now=stored(now), today=self.start_of(self.day(now))),
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reading. It sees one state of the database."""
        with _translated(self._engine), self._reading.connect() as connection:
            yield connection

    def day(self, moment: datetime) -> date:
        """The day of a time in the service's zone."""
        return moment.astimezone(self._timezone).date()

    def days(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Split ``[start, end)`` at the midnights of the service's zone. Times are as in the tables."""
        while start < end:
            day = self.day(start.replace(tzinfo=UTC))
            midnight = min(end, self.start_of(day + timedelta(days=1)))
            yield start, midnight
            start = midnight

    def start_of(self, day: date) -> datetime:
        """The first moment of a day of the service's zone, as the tables hold it."""
        return stored(datetime.combine(day, time(), self._timezone))

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        with _translated(self._engine), self._writing.begin() as connection:
            hold(connection, CHAIN)
            yield connection

    def _salt_of(self, connection: Connection, day: date) -> str:
        """The salt of a day. The first process to write makes it, and deletes the salts of earlier days."""
        if self._salt is None or self._salt[0] != day:
            salt = connection.execute(select(salts.c.salt).where(salts.c.day == day)).scalar()
            if salt is None:
                salt = new_salt()
                connection.execute(delete(salts))
                connection.execute(insert(salts).values(day=day, salt=salt))
            self._salt = day, salt
        return self._salt[1]

    def _first_open_day(self, connection: Connection) -> date | None:
        """The first day with entries that are in no counts yet."""
        last = connection.execute(select(func.max(query_days.c.day))).scalar()
        first = select(func.min(queries.c.asked_at)).where(queries.c.counted, queries.c.plain)
        if last is not None:
            first = first.where(queries.c.asked_at >= self.start_of(last + timedelta(days=1)))
        found = connection.execute(first).scalar()
        return None if found is None else self.day(found.replace(tzinfo=UTC))

    def _close(self, connection: Connection, day: date) -> bool:
        start, end = self.start_of(day), self.start_of(day + timedelta(days=1))
        clicked = clicks_of_queries(connection, start, end)
        counts = counted_queries(connection, start, end)
        rows: list[dict[str, Any]] = [
            {
                "day": day,
                "query": each.query,
                "text": each.text,
                "searches": each.searches,
                "visitors": each.visitors,
                "clicks": clicked[each.query],
                "found": each.found,
            }
            for each in counts
        ]
        _insert(connection, query_days, rows)
        return bool(rows)


def open_query_log(url: str, timezone: ZoneInfo) -> QueryLogStore:
    """Open the query log's database. Makes the folder, the file and the tables if they are missing.

    Raises:
        QueryLogUnavailable: the database cannot be opened, is no database, or was written by a newer release.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    try:
        return QueryLogStore(open_database(url, CHAIN), timezone)
    except StoreUnavailable as error:
        raise QueryLogUnavailable(error.url, error.why) from error
    except StoreTooNew as error:
        why = f"it has schema {error.found}: run the newer release that wrote it"
        raise QueryLogUnavailable(error.url, why) from error


def find_query_log(url: str, timezone: ZoneInfo) -> QueryLogStore:
    """Open the query log of an existing database for reading. Makes and migrates nothing.

    Raises:
        QueryLogUnavailable: there is no such database, it cannot be opened, or it has no query log.
    """
    try:
        return QueryLogStore(find_database(url, queries, name="query log"), timezone)
    except StoreUnavailable as error:
        # Its advice makes the store, not the query log, which the service makes at its start.
        raise QueryLogUnavailable(error.url, error.why.partition(": run ")[0]) from error


def stored(moment: datetime) -> datetime:
    """A time as the tables hold it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        with translated(engine.url):
            yield
    except StoreUnavailable as error:
        raise QueryLogUnavailable(shown(engine.url), error.why) from error


def _known(connection: Connection, entries: Iterable[Entry]) -> set[str]:
    """The ids of the searches that were written before."""
    ids = [each.id for each in entries if isinstance(each, Asked)]
    return set(connection.execute(select(queries.c.id).where(queries.c.id.in_(ids))).scalars())


_Key = tuple[str, str, bool]
"""A visitor, a query, and whether it was plain. If all three are equal, a search repeats an earlier one."""


def _mark_counted(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Decide which rows are counted, in the order of their times."""
    if not rows:
        return
    rows.sort(key=lambda row: row["asked_at"])
    key_columns = queries.c.visitor, queries.c.query, queries.c.plain
    found = connection.execute(
        select(*key_columns, func.max(queries.c.asked_at))
        .where(
            queries.c.visitor.in_({row["visitor"] for row in rows}),
            queries.c.asked_at > rows[0]["asked_at"] - REFRESH,
            queries.c.counted,
        )
        .group_by(*key_columns)
    )
    last: dict[_Key, datetime] = {
        (visitor, query, plain): at for visitor, query, plain, at in found
    }
    for row in rows:
        key = row["visitor"], row["query"], row["plain"]
        row["counted"] = row["page"] == 1 and (
            key not in last or row["asked_at"] - last[key] >= REFRESH
        )
        if row["counted"]:
            last[key] = row["asked_at"]


def _within_networks(
    connection: Connection, what: Column[str], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows to keep: for each network and value of ``what``, only rows of the first NETWORK_VISITORS visitors.

    A network's hash is valid for one day, so the limit is per day.
    """
    table = what.table
    found = connection.execute(
        select(table.c.network, what, table.c.visitor)
        .where(
            table.c.network.in_({row["network"] for row in rows}),
            what.in_({row[what.name] for row in rows}),
        )
        .distinct()
    )
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for network, value, visitor in found:
        known[network, value].add(visitor)
    kept = []
    for row in rows:
        visitors = known[row["network"], row[what.name]]
        if row["visitor"] in visitors or len(visitors) < NETWORK_VISITORS:
            visitors.add(row["visitor"])
            kept.append(row)
    return kept


def _whose(visitor: Visitor, salt: str) -> dict[str, str]:
    return {"visitor": visitor.hashed(salt), "network": visitor.hashed_network(salt)}


def _query_row(entry: Asked) -> dict[str, Any]:
    return {
        "id": entry.id,
        "asked_at": stored(entry.asked_at),
        "query": entry.query,
        "text": entry.text,
        "rung": entry.rung,
        "total": entry.total,
        "page": entry.page,
        "plain": entry.plain,
        "took_ms": entry.took_ms,
    }


def _view_row(entry: Clicked | Viewed) -> dict[str, Any]:
    at = entry.viewed_at if isinstance(entry, Viewed) else entry.clicked_at
    return {"viewed_at": stored(at), "article_id": entry.article_id}


def _click_row(entry: Clicked) -> dict[str, Any]:
    return {
        "clicked_at": stored(entry.clicked_at),
        "query_id": entry.query_id,
        "query": entry.query,
        "article_id": entry.article_id,
        "position": entry.position,
    }


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
