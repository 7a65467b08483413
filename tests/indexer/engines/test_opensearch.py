"""The OpenSearch engine keeps every engine's promises and agrees with the memory engine, on a real cluster of one node."""

from __future__ import annotations

import pytest

from indexer.engines.base import Engine
from indexer.engines.opensearch.engine import OpenSearchEngine
from indexer.engines.opensearch.index import read_name
from tests.contracts.engine import EngineContract
from tests.contracts.engine_agreement import EngineAgreement
from tests.opensearch import Nodes

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("opensearch")]


class TestOpenSearchEngine(EngineContract):
    name = "opensearch"

    @pytest.fixture(autouse=True)
    def _node(self, opensearch: Nodes) -> None:
        self.node = opensearch

    def drop_deleted(self, engine: Engine) -> None:
        """Up to half a minute: OpenSearch looks every 30 seconds whether it may drop deletions."""
        assert isinstance(engine, OpenSearchEngine)
        self.node.drop_deleted(read_name(engine.folder))


class TestOpenSearchAgreement(EngineAgreement):
    name = "opensearch"
