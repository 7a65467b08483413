"""Copies a database of this project into an empty one, of whatever kind.

The copy is one transaction, which ends only after the rows in the target were read again and compared. So the target holds all of
them or none, and an interrupted copy is simply begun again. The source is read in one state: what changes there meanwhile is not
copied. This module does not know articles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, func, insert, select, update

from indexer.errors import CopyFailed, StoreTooNew, StoreUnavailable, TargetNotEmpty
from indexer.store.chain import Chain, hold, open_database, position
from indexer.store.database import CHAIN, find_database
from indexer.store.dialects import (
    continue_numbering,
    for_one_state,
    for_writing,
    shown,
    translated,
)
from indexer.store.tables import (
    accounts,
    api_keys,
    articles,
    audit_log,
    desk_sessions,
    duplicate_aliases,
    duplicate_keys,
    editorial_entries,
    editorial_versions,
    invitations,
    jobs,
    login_attempts,
    revisions,
    watermarks,
)

BATCH: Final = 500
"""Rows that are written at once. Memory holds two batches."""

Progress = Callable[[str, int, int], None]
"""Is called with the name of a table, how many of its rows are written, and their number."""


def silent(_table: str, _done: int, _total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is copied of a table: the rows for which ``only`` holds. A ``counter`` has its one row in the target already."""

    table: Table
    only: ColumnElement[bool] | None = None
    counter: bool = False


STORE: Final = (
    Part(revisions, counter=True),
    Part(articles),
    Part(duplicate_keys),
    Part(duplicate_aliases),
    Part(editorial_versions, counter=True),
    Part(editorial_entries),
    Part(api_keys),
    Part(accounts),
    Part(desk_sessions),
    Part(invitations),
    Part(login_attempts),
    Part(audit_log),
    Part(watermarks),
    Part(jobs, only=jobs.c.state.not_in(("queued", "running"))),
)
"""The store. Jobs that have not ended belong to the runner of the source, and who that is does too."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of each table were copied, and how many were left out. Without the counters."""

    rows: Mapping[str, int]
    left: Mapping[str, int]


def copy_store(source: str, target: str, *, progress: Progress = silent) -> Copied:
    """Copy the store at one URL into that at another. The same errors as :func:`copy_database`."""
    return copy_database(source, target, STORE, CHAIN, progress=progress)


def copy_database(
    source: str, target: str, parts: Sequence[Part], chain: Chain, *, progress: Progress = silent
) -> Copied:
    """Copy ``parts`` from the database at one URL into that at another. Makes the target's tables if they are missing.

    Memory holds two batches. Every row is read once in the source and once in the target.

    Raises:
        TargetNotEmpty: the target holds rows already.
        CopyFailed: the target holds other rows afterwards than were read in the source. Nothing was stored.
        StoreUnavailable: a database cannot be used, or an older release has written the source.
        StoreTooNew: a newer release has written one of them.
    """
    rows: dict[str, int] = {}
    left: dict[str, int] = {}
    with _disposing(find_database(source, parts[0].table, name="such tables")) as old:
        _check_release(old, chain)
        with (
            _disposing(open_database(target, chain)) as new,
            translated(old.url),
            for_one_state(old).connect() as reading,
            translated(new.url),
            for_writing(new).begin() as writing,
        ):
            _keep_to_oneself(writing, parts, chain)
            for part in parts:
                name = part.table.name
                total, wanted = _counts(reading, part)
                read, found = _Sum(), _Sum()
                with closing(_batches(reading, part)) as batches:
                    for batch in batches:
                        _write(writing, part, batch)
                        read.add(batch)
                        progress(name, read.count, wanted)
                with closing(_batches(writing, part)) as batches:
                    for batch in batches:
                        found.add(batch)
                if read != found:
                    raise CopyFailed(shown(new.url), name, read.count, found.count)
                continue_numbering(writing, part.table)
                if not part.counter:
                    rows[name], left[name] = read.count, total - read.count
    return Copied(rows, left)


@dataclass(slots=True)
class _Sum:
    """The number of rows and the sum of their hashes, whatever their order: databases sort texts differently."""

    count: int = 0
    total: int = 0

    def add(self, rows: Sequence[Row[Any]]) -> None:
        for row in rows:
            spelt = orjson.dumps(tuple(row), default=bytes.hex)
            digest = hashlib.blake2b(spelt, digest_size=16).digest()
            self.total = (self.total + int.from_bytes(digest)) % 2**128
        self.count += len(rows)


@contextmanager
def _disposing(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _check_release(engine: Engine, chain: Chain) -> None:
    with translated(engine.url), engine.connect() as connection:
        found = position(connection, chain)
    if found is not None and found > chain.newest:
        raise StoreTooNew(shown(engine.url), found)
    if found != chain.newest:
        raise StoreUnavailable(
            shown(engine.url),
            f"its tables are those of an older release ({found}): start a program of this release with it once",
        )


def _keep_to_oneself(connection: Connection, parts: Sequence[Part], chain: Chain) -> None:
    """Keep writers of the target out until the copy ends, and see that there is nothing in it."""
    hold(connection, chain)
    for part in parts:
        if part.counter:
            connection.execute(select(part.table).with_for_update())
        elif connection.execute(select(part.table).limit(1)).first() is not None:
            raise TargetNotEmpty(shown(connection.engine.url), part.table.name)


def _counts(connection: Connection, part: Part) -> tuple[int, int]:
    """The number of rows of the table, and of those that are copied."""
    query = select(func.count()).select_from(part.table)
    with translated(connection.engine.url):
        total = connection.execute(query).scalar_one()
        if part.only is None:
            return total, total
        return total, connection.execute(query.where(part.only)).scalar_one()


def _batches(connection: Connection, part: Part) -> Generator[Sequence[Row[Any]], None, None]:
    """The rows that are copied, BATCH at a time. The database sends them as they are asked for, until this is closed."""
    query = select(part.table).order_by(*part.table.primary_key.columns)
    if part.only is not None:
        query = query.where(part.only)
    streamed = {"yield_per": BATCH}
    with (
        translated(connection.engine.url),
        connection.execute(query, execution_options=streamed) as rows,
    ):
        yield from rows.partitions()


def _write(connection: Connection, part: Part, rows: Sequence[Row[Any]]) -> None:
    values = [dict(row._mapping) for row in rows]
    if part.counter:
        connection.execute(update(part.table).values(values[0]))
    else:
        connection.execute(insert(part.table), values)
