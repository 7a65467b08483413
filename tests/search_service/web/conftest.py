"""The portal that most web tests read; a test that changes an index opens its own."""

from __future__ import annotations

import pytest

from tests.search_service.web.portal import Portal, all_articles, open_portal


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    return open_portal(tmp_path_factory.mktemp("portal"), all_articles())
