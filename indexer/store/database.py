"""Opens the store. ``articles.py``, ``editorial_lists.py`` and ``jobs.py`` define what an open store can do."""

from __future__ import annotations

from typing import Final

from sqlalchemy import inspect

from indexer.errors import StoreUnavailable
from indexer.store.articles import ArticleStore
from indexer.store.chain import Chain, open_database
from indexer.store.dialects import make_engine, shown, translated
from indexer.store.editorial_lists import EditorialStore
from indexer.store.jobs import JobStore
from indexer.store.tables import SCHEMA, editorial_versions

CHAIN: Final = Chain("indexer.store:migrations/versions", SCHEMA)
"""The migrations of the article store."""


def open_store(url: str) -> ArticleStore:
    """Open the article store at a database URL. Makes the folder, the file and the tables if they are missing.

    Any number of processes may open the same store at once. An up-to-date store opens within milliseconds.

    Raises:
        StoreUnavailable: it cannot be opened, or it is not a database.
        StoreTooNew: a newer release has written it.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    return ArticleStore(open_database(url, CHAIN))


def open_editorial(url: str) -> EditorialStore:
    """Open the editorial lists in the same database. Otherwise as :func:`open_store`, with the same errors."""
    return EditorialStore(open_database(url, CHAIN))


def open_jobs(url: str) -> JobStore:
    """Open the jobs in the same database. Otherwise as :func:`open_store`, with the same errors."""
    return JobStore(open_database(url, CHAIN))


def find_editorial(url: str) -> EditorialStore:
    """Open the editorial lists of an existing database for reading. Makes and migrates nothing.

    Needs no permission to write the store.

    Raises:
        StoreUnavailable: there is no such database, it cannot be opened, or it has no such lists.
    """
    engine = make_engine(url, reading=True)
    try:
        with translated(engine.url), engine.connect() as connection:
            if not inspect(connection).has_table(editorial_versions.name):
                why = "it has no editorial lists yet: run 'python -m indexer status'"
                raise StoreUnavailable(shown(engine.url), why)
    except BaseException:
        engine.dispose()
        raise
    return EditorialStore(engine)
