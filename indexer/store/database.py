"""Opening the article store. What it does once it is open is in ``articles.py``."""

from __future__ import annotations

from typing import Final

from indexer.store.articles import ArticleStore
from indexer.store.schema import Chain, open_database
from indexer.store.tables import SCHEMA

CHAIN: Final = Chain("indexer.store:migrations/versions", SCHEMA)
"""The migrations of the article store."""


def open_store(url: str) -> ArticleStore:
    """Open the article store at a database URL, making the folder, the file and the tables where they are missing.

    Any number of processes may open the same store at once. An up-to-date one opens within milliseconds.

    Raises:
        StoreUnavailable: the database cannot be opened, or is not one.
        StoreTooNew: a newer release has written it.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    return ArticleStore(open_database(url, CHAIN))
