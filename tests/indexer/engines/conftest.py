"""Fixtures of the engines' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.opensearch import Node, served


@pytest.fixture(scope="session")
def opensearch_node() -> Iterator[Node]:
    """An OpenSearch of this run. Without Java or Maven the test is skipped; if CI is set, it fails."""
    yield from served()


@pytest.fixture
def opensearch(opensearch_node: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """The OpenSearch that the test's engines use. Its indexes are removed after the test."""
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", opensearch_node.url)
    yield opensearch_node
    opensearch_node.empty()
