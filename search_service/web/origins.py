"""Cross-origin requests: pages of which other sites may read answers in the browser (CORS, the Fetch standard, section 3.2), and
whose beacons count.

Reading concerns the answers that need no key. A beacon changes the counts, so one from a page of an unlisted origin is refused.
Preflights are not answered: what needs one (a key, a body declared as JSON) is for the portal's back end. Beacons and texts come as
``text/plain``, which needs none.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from search_service.web.errors import problem
from search_service.web.routes import Routes

ALLOW: Final = "Access-Control-Allow-Origin"
EXPOSE: Final = "Access-Control-Expose-Headers"

BEACONS: Final = frozenset(("queries.clicks", "queries.view", "queries.view_by_id"))
"""Endpoints that count something for a reader."""


def register_origins(app: Flask, origins: frozenset[str]) -> None:
    """Let pages of ``origins`` read what ``app`` answers under ``/api`` without a key, and count for their readers.

    ``*`` stands for every origin.
    """

    @app.before_request
    def refuse_foreign_beacon() -> None:
        if request.endpoint in BEACONS and not _may_count(origins):
            raise problem("origin_not_allowed")

    if not origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        blueprint = app.blueprints.get(request.blueprint or "")
        if not isinstance(blueprint, Routes) or blueprint.scope is not None:
            return response
        origin = request.environ.get("HTTP_ORIGIN", "")
        if "*" not in origins:
            response.vary.add("Origin")
            if origin not in origins:
                return response
        response.headers[ALLOW] = "*" if "*" in origins else origin
        if "Retry-After" in response.headers:
            response.headers[EXPOSE] = "Retry-After"
        return response


def _may_count(origins: frozenset[str]) -> bool:
    """Whether the page behind a beacon is one of ours or of ``origins``. A program sends no origin, and may.

    A proxy may end TLS, so only host and port are compared. One that replaces the Host leaves Sec-Fetch-Site, which browsers send over TLS.
    """
    environ = request.environ
    origin: str = environ.get("HTTP_ORIGIN", "")
    if not origin or "*" in origins or origin in origins:
        return True
    if environ.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        return True
    host: str = environ.get("HTTP_HOST", "")
    return host.lower() == origin.partition("://")[2]
