"""All differences between databases: connecting, locking, and the wording of errors.

SQLite is the default. What servers need (PostgreSQL, MariaDB, MySQL) is in ``servers.py``. This module does not know articles.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from indexer.durable import file_identity
from indexer.errors import FolderNotWritable, StoreUnavailable
from indexer.store.servers import SERVERS, WRITING, sentence, server_engine

BUSY_SECONDS: Final = 30
"""How long a writer waits for another process's transaction."""

_FILE: Final = "sqlite_file"
_STATE: Final = "sqlite_file_state"
_CACHE_KB: Final = 16 * 1024
"""The most memory for a connection's pages. The keys of duplicates are spread over all pages of their table, 12 MB at 45,000
articles. With SQLite's own 2 MB an ingest of these reads 1.3 GB of pages again, with this 0.6 GB."""
_WAL_PAGES: Final = 4_000
"""Pages of 4 KB in the WAL before they are copied into the file. With SQLite's own 1,000 every batch is copied at once, and the
same ingest writes 1.26 GB, with this 1.03 GB."""
_LOOK_AGAIN: Final = 0.02
"""Seconds between two attempts to set a file to WAL."""
_CANNOT_MAKE_WAL: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_PASSWORD: Final = re.compile(":[^:@]*@")
_MIGRATION_KEY: Final = 7_301_642_250
"""The name of PostgreSQL's and MySQL's migration lock: any number, but the same in every process."""

_SQLITE_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: (
        "another process kept it locked for too long: try again when that process has finished"
    ),
    sqlite3.SQLITE_READONLY: (
        "it cannot be written: set the owner of the file and of its folder, "
        "and see whether the file was replaced meanwhile"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened: the path must be a file, "
        "in a folder that this user may read and write"
    ),
    sqlite3.SQLITE_NOTADB: (
        "the file is not a SQLite database: move it away, or name another in the settings"
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged: restore a backup, or move it away and fill a new one"
    ),
    sqlite3.SQLITE_FULL: "the disk is full: free some space, then try again",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written: check the disk, then try again",
}


def make_engine(
    url: str, *, reading: bool = False, existing: bool = False, patience: float | None = None
) -> Engine:
    """An engine for the database at ``url``. Makes the folder of a SQLite file. Does not connect yet.

    ``patience`` is how many seconds a writer waits for another process's transaction, BUSY_SECONDS unless given.
    With ``reading`` or ``existing`` it makes nothing, and a SQLite file must exist. With ``reading`` the process needs no
    permission to write it.

    Raises:
        StoreUnavailable: not a database URL, no driver for it, or no lasting file.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable(
            _PASSWORD.sub(":***@", url),
            "not a database URL such as sqlite:///instance/articles.sqlite3",
        ) from error
    try:
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(
                parsed,
                reading=reading,
                existing=existing,
                patience=BUSY_SECONDS if patience is None else patience,
            )
        if parsed.get_backend_name() not in SERVERS:
            raise StoreUnavailable(
                shown(parsed), "no such kind of database: name SQLite, PostgreSQL, MariaDB or MySQL"
            )
        return server_engine(parsed, patience=BUSY_SECONDS if patience is None else patience)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreUnavailable(
            shown(parsed),
            f"no driver for {parsed.drivername} ({error}): "
            "install one, such as psycopg for postgresql+psycopg:// or PyMySQL for mysql+pymysql://",
        ) from error


def for_one_state(engine: Engine) -> Engine:
    """The same engine with transactions whose every statement sees the database as the first one did."""
    if engine.dialect.name == "sqlite":
        return engine  # its transactions always do
    return engine.execution_options(isolation_level="REPEATABLE READ")


def for_writing(engine: Engine) -> Engine:
    """The same engine with transactions that change something.

    They take SQLite's write lock at the start instead of at the first write. A server ends one that says nothing for IDLE_SECONDS.
    """
    return engine.execution_options(**{WRITING: True})


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Keep other processes from migrating while this transaction does.

    For SQLite a transaction of :func:`for_writing` suffices.
    """
    match connection.dialect.name:
        case "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_KEY)))
            yield
        case "mysql" | "mariadb":
            # Not bound to the transaction, because MySQL commits at every change of a table.
            if not connection.execute(
                select(func.get_lock(str(_MIGRATION_KEY), BUSY_SECONDS))
            ).scalar():
                raise StoreUnavailable(
                    shown(connection.engine.url),
                    "another process has been migrating it for too long: try again when that process has finished",
                )
            try:
                yield
            finally:
                connection.execute(select(func.release_lock(str(_MIGRATION_KEY))))
        case _:
            yield


def continue_numbering(connection: Connection, table: Table) -> None:
    """Let the database number the next row after all that are there, although these came with their numbers."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return  # the others look at the rows
    counter = func.pg_get_serial_sequence(table.name, column.name)
    connection.execute(select(func.setval(counter, func.max(column))).having(func.count() > 0))


def insert_plain(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each a value for every column of the table, in their order.

    Values are converted a column at a time, and only in columns that need it. SQLAlchemy would take longer to convert a short
    row than SQLite takes to insert it.
    """
    if not rows:
        return
    insertion = _insertion(table, connection.dialect)
    if any(insertion.conversions):
        columns = zip(zip(*rows, strict=True), insertion.conversions, strict=True)
        rows = [
            *zip(
                *(map(convert, each) if convert else each for each, convert in columns), strict=True
            )
        ]
    if insertion.positional:
        connection.exec_driver_sql(insertion.statement, rows)
    else:
        names = table.columns.keys()
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(insertion.statement, named)


class _Insertion(NamedTuple):
    """How a driver inserts a row: its statement, and for each column what turns a value into the driver's."""

    statement: str
    positional: bool
    conversions: tuple[Callable[[Any], Any] | None, ...]


@lru_cache(maxsize=32)
def _insertion(table: Table, dialect: Dialect) -> _Insertion:
    """Kept, because to compile a statement takes longer than to insert a few rows with it."""
    compiled = insert(table).compile(dialect=dialect)
    kinds = [each.type.dialect_impl(dialect) for each in table.columns]
    conversions = tuple(kind.bind_processor(dialect) for kind in kinds)
    return _Insertion(str(compiled), compiled.positional, conversions)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn the database's errors into the service's own.

    Raises:
        StoreUnavailable: with what to do next; for a server's error also with the driver's own words.
    """
    try:
        yield
    except DBAPIError as error:
        raise StoreUnavailable(shown(url), _sentence(error)) from error
    except PoolTimeout as error:
        raise StoreUnavailable(
            shown(url), "all its connections stayed in use for too long: try again"
        ) from error


def shown(url: URL) -> str:
    """The URL for display, without its password."""
    return url.render_as_string(hide_password=True)


def _sqlite_engine(url: URL, *, reading: bool, existing: bool, patience: float) -> Engine:
    name = url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise StoreUnavailable(
            shown(url), "name a file, such as sqlite:///instance/articles.sqlite3"
        )
    path = Path(name)
    if (reading or existing) and not path.is_file():
        raise StoreUnavailable(shown(url), "there is no such file: run 'python -m indexer status'")
    if reading:
        engine = create_engine(url, creator=partial(_open_for_reading, path))
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderNotWritable(path.parent, error.strerror or str(error)) from error
        # Changes that wait for the lock keep their connections. Reading must not wait for these.
        engine = create_engine(url, connect_args={"timeout": patience}, max_overflow=-1)
        event.listen(engine, "connect", partial(_prepare, patience=patience))
    event.listen(engine, "begin", _begin)
    _watch_file(engine, path, known=existing)
    return engine


class _AsItLies(sqlite3.Connection):
    """A connection to a SQLite file without its WAL. It takes no locks, and sees the state of the file at opening."""


def _open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a SQLite file without permission to write.

    A file in WAL mode needs two files beside it. If they are missing and cannot be made, no process has the database open, and
    the file holds all of the data. It is then read without them. A WAL with content is never ignored.
    """
    try:
        return _connect_for_reading(path, "mode=ro", sqlite3.Connection)
    except sqlite3.OperationalError as error:
        wal_size, _ = _file_state(Path(f"{path}-wal"))
        if error.sqlite_errorcode & 0xFF not in _CANNOT_MAKE_WAL or wal_size:
            raise
        return _connect_for_reading(path, "mode=ro&immutable=1", _AsItLies)


def _connect_for_reading(
    path: Path, how: str, factory: type[sqlite3.Connection]
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=factory,
    )
    try:
        connection.execute("PRAGMA schema_version").close()  # the first read opens the file
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _watch_file(engine: Engine, path: Path, *, known: bool) -> None:
    """Fail a connection if its file is no longer at its path. SQLite would keep using the file, which nobody else can open.

    Nor does a further connection make a new file there, and if the file is ``known`` not even the first: it may come back.
    """
    gone = StoreUnavailable(
        shown(engine.url), "its file was moved, removed or replaced meanwhile: try again"
    )

    def look(*_: object) -> None:
        if known and file_identity(path) is None:
            raise gone

    def remember(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        nonlocal known
        known = True
        entry.info[_FILE], entry.info[_STATE] = file_identity(path), _states(path)

    def compare(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        if file_identity(path) != entry.info[_FILE]:
            raise gone
        if isinstance(connection, _AsItLies) and _states(path) != entry.info[_STATE]:
            raise DisconnectionError  # the pool opens another one

    event.listen(engine, "do_connect", look)
    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)


def _states(path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """The states of a database's file and of its WAL. One of them changes with every change of the database."""
    return _file_state(path), _file_state(Path(f"{path}-wal"))


def _file_state(path: Path) -> tuple[int, int]:
    """A file's size and last modification time; zeros if there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry, *, patience: float) -> None:
    """Set up a new SQLite connection: no implicit transactions, WAL, durable commits, and room for pages used again."""
    try:
        connection.isolation_level = None
        cursor = connection.cursor()
        _use_wal(cursor, patience)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        cursor.close()
    except sqlite3.Error:
        connection.close()  # the pool drops a connection that fails here, but does not close it
        raise


def _use_wal(cursor: DBAPICursor, patience: float) -> None:
    """Set a file to WAL. SQLite refuses this at once, without waiting, while another process writes a file that is not in WAL yet."""
    until = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_LOOK_AGAIN)


def _begin(connection: Connection) -> None:
    """Begin a SQLite transaction explicitly. The driver is set not to begin transactions."""
    mode = "IMMEDIATE" if connection.get_execution_options().get(WRITING) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _sentence(error: DBAPIError) -> str:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        # The code's low byte is the kind of error. Errors of the Python module itself have no code.
        kind = getattr(original, "sqlite_errorcode", -1) & 0xFF
        if kind in _SQLITE_SENTENCES:
            return _SQLITE_SENTENCES[kind]
    words = " ".join(str(original).split())
    known = sentence(error)
    return f"{known} ({words})" if known else words
