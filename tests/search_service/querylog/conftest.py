"""A query log's database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search_service.querylog.store import QueryLogStore, open_query_log
from tests.databases import DatabaseServer
from tests.search_service.indexes import SHANGHAI


@pytest.fixture
def url(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet, or of an empty database of another kind."""
    if database != "sqlite":
        server: DatabaseServer = request.getfixturevalue(database)
        return server.emptied("querylog")
    return f"sqlite:///{tmp_path / 'log' / 'querylog.sqlite3'}"


@pytest.fixture
def store(url: str) -> Iterator[QueryLogStore]:
    opened = open_query_log(url, SHANGHAI)
    yield opened
    opened.close()
