"""What the store's tests share: a new database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.store.articles import ArticleStore
from indexer.store.database import open_store


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """The URL of a database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'instance' / 'articles.sqlite3'}"


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    """An empty store."""
    opened = open_store(store_url)
    yield opened
    opened.close()
