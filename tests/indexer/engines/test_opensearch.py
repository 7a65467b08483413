"""The OpenSearch engine keeps every engine's promises and agrees with the memory engine, on a real cluster of one node."""

from __future__ import annotations

import pytest

from tests.contracts.engine import EngineContract
from tests.contracts.engine_agreement import EngineAgreement

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("opensearch")]


class TestOpenSearchEngine(EngineContract):
    name = "opensearch"


class TestOpenSearchAgreement(EngineAgreement):
    name = "opensearch"
