"""The portal that most web tests read, and what the tests of writing share. A test that changes an index opens its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search_service import writing as writing_module
from tests.search_service.web.portal import Portal, all_articles, open_portal
from tests.search_service.web.press import Press, pressing


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return open_portal(tmp_path_factory.mktemp("portal"), all_articles())


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    with pressing(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """A service for tests that leave no trace that another test could see."""
    with pressing(tmp_path_factory.mktemp("press")) as made:
        yield made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody."""
    monkeypatch.setattr(writing_module, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(writing_module, "LOCK_PATIENCE", 0.1)
