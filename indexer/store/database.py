"""Opens the store. ``articles.py``, ``editorial_lists.py``, ``jobs.py``, ``keys.py``, ``accounts.py``, ``sessions.py`` and
``audit.py`` define what an open store can do."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Table, inspect

from indexer.analysis.dictionary import UserDictionary
from indexer.errors import StoreUnavailable
from indexer.store.accounts import AccountStore
from indexer.store.articles import ArticleStore
from indexer.store.audit import AuditLog
from indexer.store.chain import Chain, open_database
from indexer.store.dialects import make_engine, shown, translated
from indexer.store.editorial_lists import EditorialStore
from indexer.store.jobs import JobStore
from indexer.store.keys import KeyStore
from indexer.store.sessions import AttemptStore, SessionStore
from indexer.store.tables import SCHEMA, api_keys, editorial_versions, jobs, revisions

CHAIN: Final = Chain("indexer.store:migrations/versions", SCHEMA)
"""The migrations of the article store."""


def open_store(url: str, *, existing: bool = False, patience: float | None = None) -> ArticleStore:
    """Open the article store at a database URL. Makes the folder, the file and the tables if they are missing.

    With ``existing`` a missing SQLite file is an error: somebody may have moved it, and put it back later.
    ``patience`` is how many seconds to wait for another process's transaction, BUSY_SECONDS unless given.

    Any number of processes may open the same store at once. An up-to-date store opens within milliseconds.

    Raises:
        StoreUnavailable: it cannot be opened, or it is not a database.
        StoreTooNew: a newer release has written it.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    return ArticleStore(open_database(url, CHAIN, existing=existing, patience=patience))


def open_editorial(url: str) -> EditorialStore:
    """Open the editorial lists in the same database. Otherwise as :func:`open_store`, with the same errors."""
    return EditorialStore(open_database(url, CHAIN))


def read_words(url: str) -> UserDictionary:
    """The editors' words in the store at a database URL. Otherwise as :func:`open_store`, with the same errors.

    Raises:
        InvalidEntry: a newer release has written a word that this one cannot read.
    """
    with closing(open_editorial(url)) as editorial:
        return editorial.words()


def open_jobs(url: str, *, existing: bool = False, patience: float | None = None) -> JobStore:
    """Open the jobs in the same database. Otherwise as :func:`open_store`, with the same errors."""
    return JobStore(open_database(url, CHAIN, existing=existing, patience=patience))


def open_keys(url: str) -> KeyStore:
    """Open the API keys in the same database. Otherwise as :func:`open_store`, with the same errors."""
    return KeyStore(open_database(url, CHAIN))


@dataclass(frozen=True, slots=True)
class DeskStore:
    """What the desk needs of a store, over one engine."""

    engine: Engine
    articles: ArticleStore
    accounts: AccountStore
    sessions: SessionStore
    attempts: AttemptStore
    audit: AuditLog
    keys: KeyStore
    editorial: EditorialStore

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self.engine.dispose()


def open_desk(url: str, *, existing: bool = False, patience: float | None = None) -> DeskStore:
    """Open what the desk needs in the same database. Otherwise as :func:`open_store`, with the same errors."""
    engine = open_database(url, CHAIN, existing=existing, patience=patience)
    return DeskStore(
        engine,
        ArticleStore(engine),
        AccountStore(engine),
        SessionStore(engine),
        AttemptStore(engine),
        AuditLog(engine),
        KeyStore(engine),
        EditorialStore(engine),
    )


def find_editorial(url: str) -> EditorialStore:
    """Open the editorial lists of an existing database for reading. Makes and migrates nothing.

    Needs no permission to write the store.

    Raises:
        StoreUnavailable: there is no such database, it cannot be opened, or it has no such lists.
    """
    return EditorialStore(find_database(url, editorial_versions, name="editorial lists"))


def find_jobs(url: str) -> JobStore:
    """Open the jobs of an existing database for reading. Otherwise as :func:`find_editorial`, with the same errors."""
    return JobStore(find_database(url, jobs, name="jobs"))


def find_keys(url: str) -> KeyStore:
    """Open the API keys of an existing database for reading. Otherwise as :func:`find_editorial`, with the same errors."""
    return KeyStore(find_database(url, api_keys, name="API keys"))


def find_store(url: str) -> ArticleStore:
    """Open the articles of an existing database for reading. Otherwise as :func:`find_editorial`, with the same errors."""
    return ArticleStore(find_database(url, revisions, name="articles"))


def find_database(url: str, table: Table, *, name: str) -> Engine:
    """An engine that reads an existing database. ``name`` says in an error what ``table`` holds.

    Raises:
        StoreUnavailable: there is no such database, it cannot be opened, or it lacks ``table``.
    """
    engine = make_engine(url, reading=True)
    try:
        with translated(engine.url), engine.connect() as connection:
            if not inspect(connection).has_table(table.name):
                why = f"it has no {name} yet: run 'python -m indexer status'"
                raise StoreUnavailable(shown(engine.url), why)
    except BaseException:
        engine.dispose()
        raise
    return engine
