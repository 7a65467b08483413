"""A query log's database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search_service.querylog.store import QueryLogStore, open_query_log
from tests.search_service.indexes import SHANGHAI


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'log' / 'querylog.sqlite3'}"


@pytest.fixture
def store(url: str) -> Iterator[QueryLogStore]:
    opened = open_query_log(url, SHANGHAI)
    yield opened
    opened.close()
