"""The query log's database: writing entries, closing days, forgetting what is old. Reading is in ``counts.py``.

A day that is over is closed once: its counts are kept, so that the entries can go. Any number of processes may share
the database; what they do at once happens one after another.
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
from indexer.store.chain import open_database
from indexer.store.dialects import for_writing, shown, translated
from search_service.querylog.counts import FEW_VISITORS, clicks_of_queries, counted_queries
from search_service.querylog.entries import Asked, Clicked
from search_service.querylog.tables import CHAIN, clicks, queries, query_days, salts
from search_service.querylog.visitors import Visitor, new_salt

REFRESH: Final = timedelta(minutes=30)
"""The same visitor who asks the same again within this time has turned a page, come back or refreshed: not counted."""

GRACE: Final = timedelta(minutes=10)
"""A day is closed this long after its end: by then every process has written its last entries of it."""

NETWORK_VISITORS: Final = 3
"""Visitors of one network and day whose asking for the same, or opening of the same article, is logged: who changes his
user agent or his address within the network is no crowd."""

BATCH: Final = 500
"""Entries written at once, at most: every database takes twice as many parameters in one lookup."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were removed."""

    queries: int
    clicks: int
    rare_counts: int


class QueryLogStore:
    """The query log in one database, for one thread. Every method raises QueryLogUnavailable when that fails."""

    def __init__(self, engine: Engine, timezone: ZoneInfo) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._timezone = timezone
        self._salt: tuple[date, str] | None = None

    def write(self, entries: Sequence[Asked | Clicked], *, now: datetime) -> int:
        """Write up to BATCH entries, all or none; returns how many were written.

        Not written are those of programs, and of a network those beyond NETWORK_VISITORS.

        Writing a search a second time changes nothing, so a batch whose end is unknown may be tried again.
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
            clicked = [
                _click_row(entry) | _whose(entry.visitor, salt)
                for entry in people
                if isinstance(entry, Clicked)
            ]
            clicked = _within_networks(connection, clicks.c.article_id, clicked)
            _insert(connection, queries, asked)
            _insert(connection, clicks, clicked)
        return len(asked) + len(clicked)

    def close_days(self, *, now: datetime) -> int:
        """Keep the counts of every day that is over and was not closed yet; returns how many days that were."""
        today = self.day(now - GRACE)
        with self.reading() as connection:
            day = self._first_open_day(connection)
        closed = 0
        while day is not None and day < today:
            with self._change() as connection:
                if self._first_open_day(connection) == day:  # no other process was faster
                    closed += self._close(connection, day)
            day += timedelta(days=1)
        return closed

    def prune(self, *, now: datetime, keep_days: int) -> Pruned:
        """Remove the entries older than ``keep_days`` days, the salts of other days than today, and of the counts as
        old as those what FEW_VISITORS did not ask."""
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
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from, which sees one state of the database."""
        with _translated(self._engine), self._engine.connect() as connection:
            yield connection

    def day(self, moment: datetime) -> date:
        """The day of the service's zone that a time lies in."""
        return moment.astimezone(self._timezone).date()

    def days(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The parts of ``[start, end)``, times as the tables have them, that lie in one day of the service's zone."""
        while start < end:
            day = self.day(start.replace(tzinfo=UTC))
            midnight = min(end, self.start_of(day + timedelta(days=1)))
            yield start, midnight
            start = midnight

    def start_of(self, day: date) -> datetime:
        """When a day of the service's zone begins, as the tables have it."""
        return stored(datetime.combine(day, time(), self._timezone))

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        with _translated(self._engine), self._writing.begin() as connection:
            yield connection

    def _salt_of(self, connection: Connection, day: date) -> str:
        """The salt of a day, made by whoever writes first; those of the days before go then."""
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
    """Open the query log's database, making the folder, the file and the tables where they are missing.

    Raises:
        QueryLogUnavailable: the database cannot be opened, is not one, or was written by a newer release.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    try:
        return QueryLogStore(open_database(url, CHAIN), timezone)
    except StoreUnavailable as error:
        raise QueryLogUnavailable(error.url, error.why) from error
    except StoreTooNew as error:
        why = f"it has schema {error.found}: run the newer release that wrote it"
        raise QueryLogUnavailable(error.url, why) from error


def stored(moment: datetime) -> datetime:
    """A time as the tables have it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        with translated(engine.url):
            yield
    except StoreUnavailable as error:
        raise QueryLogUnavailable(shown(engine.url), error.why) from error


def _known(connection: Connection, entries: Iterable[Asked | Clicked]) -> set[str]:
    """The ids of those searches that were written before."""
    ids = [each.id for each in entries if isinstance(each, Asked)]
    return set(connection.execute(select(queries.c.id).where(queries.c.id.in_(ids))).scalars())


_Key = tuple[str, str, bool]
"""A visitor, a query, and whether it was plain: what is asked again when all three are the same."""


def _mark_counted(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Decide which rows, in the order of their times, are counted."""
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
    """The rows without those of a network's visitors beyond the first NETWORK_VISITORS with the same ``what``.

    A network's hash lasts for a day, so these are the visitors of a day.
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
    }


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
