"""A desk for each test, and one for the tests that leave no trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.search_service.web.desk.newsdesk import Newsdesk, opened


@pytest.fixture
def newsdesk(tmp_path: Path) -> Iterator[Newsdesk]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsdesk]:
    """A desk for tests that leave no trace that another test could see."""
    with opened(tmp_path_factory.mktemp("desk")) as made:
        yield made
