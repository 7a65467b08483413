"""The routes of health checks: whether the process runs, and whether a live index answers."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from search_service.services import Services
from search_service.web.payloads import IndexPayload, ReadyPayload
from search_service.web.query_payloads import HealthPayload, health_payload
from search_service.web.responses import INDEX, described, json_response

TAGS = [Tag(name="health", description="For load balancers. Never cached.")]


def health_blueprint(services: Services) -> APIBlueprint:
    """The routes ``/healthz`` and ``/readyz``."""
    # An empty requirement means that no key is needed, even where the whole document demands one.
    blueprint = APIBlueprint("health", __name__, abp_tags=TAGS, abp_security=[{}])

    @blueprint.get(
        "/healthz",
        operation_id="healthz",
        summary="Is the process up",
        description="Needs no index. Says also whether queries are logged and whether the editors' lists are up to date; "
        "searches are answered all the same.",
        responses=described(HealthPayload),
    )
    def healthz() -> Response:
        log, editorial = services.query_log.health(), services.editorial_state()
        return _uncached(health_payload(log, editorial, services.timezone))

    @blueprint.get(
        "/readyz",
        operation_id="readyz",
        summary="Does a live index answer",
        description="503 until there is one. An outdated index answers too, and says so.",
        responses=described(ReadyPayload, *INDEX),
    )
    def readyz() -> Response:
        index = IndexPayload.of(services.index_state(), services.timezone)
        return _uncached(ReadyPayload(status="ready", index=index))

    return blueprint


def _uncached(payload: HealthPayload | ReadyPayload) -> Response:
    response = json_response(payload)
    response.headers["Cache-Control"] = "no-store"
    return response
