"""What PostgreSQL, MariaDB and MySQL need: a session that is always set the same, and a sentence for each kind of failure.

``dialects.py`` is what the store calls. This module does not know articles.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

CONNECT_SECONDS: Final = 10
"""How long to wait for an answer to a new connection. PostgreSQL's driver would wait for minutes. MySQL's waits as long as this."""

_LOCKED: Final = (
    "another process kept it locked for too long: try again when that process has finished"
)
_CLOSED: Final = "the connection to the server broke: try again"
_STOPPING: Final = "the server is starting or stopping: try again"
_SIGN_IN: Final = "it refuses this user or password: correct them in the URL"
_NO_DATABASE: Final = "there is no such database: make it, or correct its name in the URL"
_RIGHTS: Final = "this user lacks a right: grant those that docs/operations.md names"
_CROSSED: Final = "a change of another process came between: try again"
_FULL_OF_USERS: Final = "it has no connection left: close other programs, or allow more connections"
_FULL: Final = "its disk is full: free some space, then try again"
_READ_ONLY: Final = "it is read-only: name the server that takes changes"
_NO_ANSWER: Final = (
    "it cannot be reached: start it, or correct host, port, user, password and database in the URL"
)
_ENCODING: Final = "it cannot hold every character: make a database in UTF-8"
_TOO_LONG: Final = "an article is too long for one packet: raise max_allowed_packet on the server"

POSTGRESQL_SENTENCES: Final = {
    "08": _CLOSED,
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "25006": _READ_ONLY,
    "28": _SIGN_IN,
    "3D": _NO_DATABASE,
    "40": _CROSSED,
    "42501": _RIGHTS,
    "53100": _FULL,
    "53300": _FULL_OF_USERS,
    "55P03": _LOCKED,
    "57P": _STOPPING,
}
"""By SQLSTATE, or by its first characters (PostgreSQL's manual, appendix A)."""

MYSQL_SENTENCES: Final = {
    1021: _FULL,
    1040: _FULL_OF_USERS,
    1044: _RIGHTS,
    1045: _SIGN_IN,
    1049: _NO_DATABASE,
    1053: _STOPPING,
    1114: _FULL,
    1142: _RIGHTS,
    1143: _RIGHTS,
    1153: _TOO_LONG,
    1203: _FULL_OF_USERS,
    1205: _LOCKED,
    1213: _CROSSED,
    1226: _FULL_OF_USERS,
    1227: _RIGHTS,
    1290: _READ_ONLY,
    1366: _ENCODING,
    1836: _READ_ONLY,
    1927: _CLOSED,
    2002: _NO_ANSWER,
    2003: _NO_ANSWER,
    2005: _NO_ANSWER,
    2006: _CLOSED,
    2013: _CLOSED,
}
"""By the number of the error (MariaDB's and MySQL's lists of error codes)."""


WRITING: Final = "writing"
"""The option of an engine's transactions that change something."""
IDLE_SECONDS: Final = 30
"""Seconds that a server waits for the next statement of a change. Then it drops it with its locks, on which all other changes wait. A
machine that stands still, or lost its power, does not say that its connection ended. MariaDB counts from the first changed row on.
MySQL has no such limit."""

# PostgreSQL waits for a lock without end, MySQL a day for the lock of a table. MySQL, set so, cuts a text that is too long, and
# keeps tables without transactions.
_ON_MYSQL: Final = (
    "SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}, "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', default_storage_engine = InnoDB"
)
SERVERS: Final = {
    "postgresql": "SET lock_timeout = {milliseconds}",
    "mysql": _ON_MYSQL,
    "mariadb": f"{_ON_MYSQL}, idle_write_transaction_timeout = {{idle}}",
}
"""The kinds of servers, and what is set in each session of theirs."""


def server_engine(url: URL, *, patience: float) -> Engine:
    """An engine for a database server. Does not connect yet. A statement waits ``patience`` seconds for another one's lock.

    A statement sees what was committed before it. A connection that the server closed meanwhile is replaced when it is taken.

    Raises:
        ModuleNotFoundError, NoSuchModuleError: there is no driver.
    """
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        max_overflow=-1,  # changes that wait for the lock keep their connections, and reading must not wait for these
        connect_args={} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS},
    )
    set_up = SERVERS[engine.dialect.name].format(
        seconds=ceil(patience), milliseconds=ceil(1000 * patience), idle=IDLE_SECONDS
    )

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(set_up)
        finally:
            cursor.close()
        connection.commit()

    event.listen(engine, "connect", prepare)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Let PostgreSQL end a change whose process says nothing more. MariaDB needs no telling."""
    if connection.get_execution_options().get(WRITING):
        connection.exec_driver_sql(
            f"SET LOCAL idle_in_transaction_session_timeout = {1000 * IDLE_SECONDS}"
        )


def sentence(error: DBAPIError) -> str | None:
    """What to do about a server's error; None if it is of no known kind."""
    original = error.orig
    number = original.args[0] if original is not None and original.args else None
    if isinstance(number, int):
        return MYSQL_SENTENCES.get(number)
    state = getattr(original, "sqlstate", None)
    if state is not None:
        kinds = [each for each in POSTGRESQL_SENTENCES if state.startswith(each)]
        return POSTGRESQL_SENTENCES[max(kinds, key=len)] if kinds else None
    if error.connection_invalidated:
        return _CLOSED
    # PostgreSQL's library says why a connection failed in words only.
    return _NO_ANSWER if "connection" in str(original) else None
