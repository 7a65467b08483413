"""Opening the article store: make the database if there is none, bring its schema up to date.

What the store does once it is open is in ``articles.py``; what differs between databases is in ``dialects.py``.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from indexer.store.articles import ArticleStore
from indexer.store.dialects import for_writing, make_engine, migration_lock, translated
from indexer.store.tables import SCHEMA

_VERSION: Final = Table("alembic_version", MetaData(), Column("version_num", String(32)))
"""The one row that alembic keeps in a table of its own."""


def open_store(url: str) -> ArticleStore:
    """Open the article store at a database URL, making the folder, the file and the tables where they are missing.

    Any number of processes may open the same store at once. An up-to-date one opens within milliseconds.

    Raises:
        StoreUnavailable: the database cannot be opened, or is not one.
        StoreTooNew: a newer release has written it.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    engine = make_engine(url)
    try:
        with translated(engine.url):
            _bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return ArticleStore(engine)


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        if _found_schema(connection) == SCHEMA:
            return
    # Not at the top: alembic takes longer to import than an up-to-date store takes to open.
    from indexer.store.migrate import migrate

    with for_writing(engine).begin() as connection, migration_lock(connection):
        found = _found_schema(connection)  # again: another process may have been faster
        if found != SCHEMA:
            migrate(connection, found=found)


def _found_schema(connection: Connection) -> str | None:
    """The schema that the database has; None for a new database."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return found
