"""The OpenSearch engine keeps every engine's promises, on a real cluster of one node."""

from __future__ import annotations

from tests.contracts.engine import EngineContract


class TestOpenSearchEngine(EngineContract):
    name = "opensearch"
