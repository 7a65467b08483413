"""What the store's tests share: a new database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from tests.databases import DatabaseServer


@pytest.fixture
def store_url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet, or of an empty database of another kind."""
    if database != "sqlite":
        server: DatabaseServer = request.getfixturevalue(database)
        return server.emptied("store")
    return f"sqlite:///{tmp_path / 'instance' / 'articles.sqlite3'}"


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    """An empty store."""
    opened = open_store(store_url)
    yield opened
    opened.close()
