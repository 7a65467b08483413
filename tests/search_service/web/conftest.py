"""The portal that most web tests read, and what the tests of writing share. A test that changes an index opens its own."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask_openapi3 import utils

from search_service import writing as writing_module
from tests.search_service.web.portal import Portal, all_articles, open_portal
from tests.search_service.web.press import Press, pressing


@pytest.fixture(scope="session", autouse=True)
def _schemas_are_made_once() -> Iterator[None]:
    """Give each new application the schemas of the first one: to make them takes most of the time of making an application."""
    make = utils.get_model_schema

    @cache
    def made(*asked: Any) -> bytes:
        return pickle.dumps(make(*asked))

    def copied(model: Any, mode: Any = "validation") -> Any:
        """A copy, because the application changes it."""
        return pickle.loads(made(model, mode))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "get_model_schema", copied)
        yield


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
