"""The routes of health checks: whether the process runs, and whether a live index answers."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from indexer.errors import IndexFailure
from search_service.live.index import IndexState
from search_service.readiness import degraded
from search_service.services import Services
from search_service.web.errors import problem_of
from search_service.web.payloads import IndexPayload, ReadyPayload, ReasonPayload
from search_service.web.query_payloads import HealthPayload, health_payload
from search_service.web.responses import INDEX, described, json_response

TAGS = [Tag(name="health", description="For load balancers and monitoring. Never cached.")]


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
        description="503 until there is one, with the reason and whatever else is amiss. What is amiss without stopping searches, "
        "such as an outdated index or a store that cannot be read, stands in `degraded` of a 200.",
        responses=described(ReadyPayload, *INDEX),
    )
    def readyz() -> Response:
        try:
            state = services.index_state()
        except IndexFailure as error:
            unready = problem_of(error)
            unready.degraded = _reasons(services, None)
            raise unready from error
        ready = ReadyPayload(
            status="ready",
            degraded=_reasons(services, state),
            index=IndexPayload.of(state, services.timezone),
        )
        return _uncached(ready)

    return blueprint


def _reasons(services: Services, state: IndexState | None) -> list[ReasonPayload]:
    found = degraded(services, state)
    return [ReasonPayload(code=each.code, detail=each.detail) for each in found]


def _uncached(payload: HealthPayload | ReadyPayload) -> Response:
    response = json_response(payload)
    response.headers["Cache-Control"] = "no-store"
    return response
