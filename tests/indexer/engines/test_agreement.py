"""The product's engine gives the answers of the memory engine."""

from __future__ import annotations

from tests.contracts.engine_agreement import EngineAgreement


class TestWhooshAgreement(EngineAgreement):
    name = "whoosh"
