"""What several end-to-end tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.proxying import Proxy, proxying


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One nginx for the whole run. A test starts its own server on the port ``upstream``."""
    with proxying(tmp_path_factory.mktemp("nginx")) as proxy:
        yield proxy
