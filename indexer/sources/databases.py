"""Connections to a giver's database, which only read there. The drivers' ways that would cost rows are set right here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Executable,
    NullPool,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from indexer.errors import SourceUnreadable, StoreUnavailable
from indexer.store.dialects import make_engine, shown, translated

_CONNECT_SECONDS: Final = 10
"""How long to wait for a server's answer to a new connection. PostgreSQL's driver would wait for minutes."""

MYSQL: Final = ("mysql", "mariadb")
_MYSQL_SESSION: Final = "SET SESSION time_zone = '+00:00', net_write_timeout = 3600"
"""A TIMESTAMP comes in the session's zone, and UTC is the same everywhere. The server would close a connection whose reader is busy
storing rows for a minute; an hour is as good as never, and still ends what is left of a dead reader."""


def read_url(given: str) -> URL:
    """The parts of a database's URL.

    Raises:
        SourceUnreadable: it is none. The message does not repeat it, because it may hold a password. Or no database is called so.
    """
    try:
        url = make_url(given)
        url.get_dialect()
    except NoSuchModuleError:
        raise SourceUnreadable(
            shown(url),
            f"{url.drivername}:// is no database that is known here: write postgresql+psycopg://, mysql+pymysql:// or sqlite:///, "
            "or install what reads it; a file there has to be fetched first, as with curl",
        ) from None
    except (ArgumentError, ValueError):
        raise SourceUnreadable(
            "the database's URL",
            "must be one such as postgresql+psycopg://user:password@host/database, mysql+pymysql://user:password@host/database "
            "or sqlite:///file.sqlite3; in a password write @ as %40, / as %2F, : as %3A",
        ) from None
    return url


def absolute_url(given: str) -> str:
    """The URL, with the absolute path of a SQLite file, for a process in another folder.

    Raises:
        SourceUnreadable: it is no URL.
    """
    url = read_url(given)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=False)


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """A connection that only reads.

    Raises:
        StoreUnavailable: the database cannot be used, or no longer.
    """
    engine = _engine(url)
    try:
        with translated(engine.url), _opened(engine) as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(shown(url), " ".join(str(error).split())) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise StoreUnavailable(shown(url), f"its driver cannot read a value: {error}") from error
    finally:
        engine.dispose()


@contextmanager
def rows_of(
    connection: Connection, statement: Executable, parameters: Mapping[str, object], *, batch: int
) -> Iterator[CursorResult[Any]]:
    """The rows of a statement, of which ``batch`` are fetched at a time. Rows that nobody fetched are let go."""
    rows = connection.execution_options(yield_per=batch).execute(statement, parameters)
    try:
        yield rows
    except SQLAlchemyError:
        _forget(rows)
        raise
    except BaseException:
        if connection.dialect.name in MYSQL:
            _stop(connection, rows)
        raise
    finally:
        rows.close()


def _forget(rows: CursorResult[Any]) -> None:
    """PyMySQL would read the rows that are left from a connection that is gone, and fail where nobody can catch it."""
    left = getattr(rows.cursor, "_result", None)
    if left is not None:
        left.unbuffered_active = False


def _stop(connection: Connection, rows: CursorResult[Any]) -> None:
    """Tell MySQL's server to send no more rows. Its driver would read them all before it closes."""
    with suppress(SQLAlchemyError):
        number = connection.connection.driver_connection.thread_id()  # type: ignore[union-attr]
        with connection.engine.connect() as another:
            another.exec_driver_sql(f"KILL QUERY {number}")
        for _ in rows:  # those that are on their way, then the server's word that it was told
            pass


def _opened(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except (TypeError, ValueError) as error:  # what drivers say to an option that they do not know
        why = f"its options cannot be used ({error}): correct what follows the ? in the URL"
        raise StoreUnavailable(shown(engine.url), why) from error


def _engine(url: URL) -> Engine:
    """An engine that only reads, and gives values as they are."""
    if url.get_backend_name() == "sqlite":
        if url.database and not Path(url.database).is_file():
            raise StoreUnavailable(shown(url), "there is no such file: check the path")
        engine = make_engine(url.render_as_string(hide_password=False), reading=True)
        event.listen(engine, "connect", _keep_bytes)
        return engine
    arguments = {"connect_timeout": _CONNECT_SECONDS}
    if "connect_timeout" in url.query or url.get_backend_name() not in ("postgresql", *MYSQL):
        arguments = {}
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            shown(url),
            f"no driver for {url.drivername} ({error}): write postgresql+psycopg:// or mysql+pymysql://, or install one",
        ) from error
    if engine.dialect.name in MYSQL:
        event.listen(engine, "connect", _set_session)
    if engine.dialect.driver == "psycopg":
        event.listen(engine, "connect", _keep_times)
    return engine


def _keep_bytes(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """SQLite's driver gives up at a text that is not UTF-8. Such a text comes as bytes."""

    def decoded(content: bytes) -> str | bytes:
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content

    assert isinstance(connection, sqlite3.Connection)
    connection.text_factory = decoded


def _set_session(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(_MYSQL_SESSION)
    cursor.close()


def _keep_times(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """PostgreSQL's driver gives up at a time that Python has not, such as infinity or 44 BC. Such a time comes as text."""
    from psycopg import DataError
    from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

    def lenient(loader: type[Any]) -> type[Any]:
        def load(self: Any, data: Any) -> object:
            try:
                return loader.load(self, data)
            except DataError:
                return bytes(data).decode()

        return type(f"Lenient{loader.__name__}", (loader,), {"load": load})

    for name, loader in (
        ("date", DateLoader),
        ("timestamp", TimestampLoader),
        ("timestamptz", TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))
