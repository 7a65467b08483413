"""What tests of rebuilds share: a site for each test, with each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.store.database import open_store
from tests.indexer.site import Site
from tests.typed_queries import analyzer


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.thorough), "whoosh"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    made = Site(tmp_path, store, analyzer(), request.param)
    yield made
    made.store.close()
