"""Cross-origin requests: pages of which other sites may read answers in the browser (CORS, the Fetch standard, section 3.2), and
whose beacons count.

Without a key, SEARCH_ORIGINS decides, for answers that need none. With a key that has origins, these may read what the key may.
A beacon changes the counts, so one from a page of neither is refused.

Preflights are answered to the origins of keys only, since a key cannot be sent without one. Beacons and texts come as ``text/plain``,
which needs none. A key without origins opens no answer to pages: a proxy may add one to every request (docs/operations.md).
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from search_service.services import Services
from search_service.web.access import key_lists_origin
from search_service.web.errors import problem
from search_service.web.routes import Routes

ALLOW: Final = "Access-Control-Allow-Origin"
EXPOSE: Final = "Access-Control-Expose-Headers"

PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Max-Age": "7200",
}
"""What a page may send with a key, and for how many seconds its browser need not ask again."""

PATHS: Final = ("/api/", "/embed/", "/feeds/")
"""Where a page may send a key."""

BEACONS: Final = frozenset(("queries.clicks", "queries.view", "queries.view_by_id"))
"""Endpoints that count something for a reader."""


def register_preflights(app: Flask, services: Services) -> None:
    """Answer the question of a browser whether a page may send a key below PATHS, if a key that works lists its origin.

    The question counts for no limit. It costs one look into the store in KNOWN_SECONDS.
    """

    @app.before_request
    def answer() -> Response | None:
        environ = request.environ
        asks = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if not asks or not request.path.startswith(PATHS):
            return None
        origin = environ.get("HTTP_ORIGIN", "")
        if origin not in services.keys.origins(services.clock()):
            return None
        return Response(status=204, headers={ALLOW: origin, "Vary": "Origin"} | PREFLIGHT)


def register_origins(app: Flask, origins: frozenset[str]) -> None:
    """Let pages of ``origins`` read what ``app`` answers without a key, and count for their readers.

    ``*`` stands for every origin. Pages of a key's origins may read what the key may.
    """

    @app.before_request
    def refuse_foreign_beacon() -> None:
        if request.endpoint in BEACONS and not _may_count(origins):
            raise problem("origin_not_allowed")

    @app.after_request
    def allow(response: Response) -> Response:
        blueprint = app.blueprints.get(request.blueprint or "")
        if not isinstance(blueprint, Routes):
            return response
        listed = origins if blueprint.scope is None else frozenset[str]()
        if "*" in listed:
            response.headers[ALLOW] = "*"
        else:
            origin = request.environ.get("HTTP_ORIGIN", "")
            # A cache must not answer a page with what it keeps for another one, or for the same one without its key.
            by_key = bool(origin) and origin not in listed
            response.headers["Vary"] = "Origin, Authorization" if by_key else "Origin"
            if origin not in listed and not key_lists_origin():
                return response
            response.headers[ALLOW] = origin
        if "Retry-After" in response.headers:
            response.headers[EXPOSE] = "Retry-After"
        return response


def _may_count(origins: frozenset[str]) -> bool:
    """Whether the page behind a beacon is one of ours, of ``origins`` or of its key's. A program sends no origin, and may.

    A proxy may end TLS, so only host and port are compared. One that replaces the Host leaves Sec-Fetch-Site, which browsers send over TLS.
    """
    environ = request.environ
    origin: str = environ.get("HTTP_ORIGIN", "")
    if not origin or "*" in origins or origin in origins or key_lists_origin():
        return True
    if environ.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        return True
    host: str = environ.get("HTTP_HOST", "")
    return host.lower() == origin.partition("://")[2]
