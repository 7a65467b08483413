"""Cross-origin requests: pages of which other sites may read answers in the browser (CORS, the Fetch standard, section 3.2).

It concerns the answers that need no key. A beacon needs no permission, and its empty answer is nothing to read. Preflights are
not answered: what needs one (a key, a body of JSON) is for the portal's back end.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from search_service.web.routes import Routes

ALLOW: Final = "Access-Control-Allow-Origin"


def register_origins(app: Flask, origins: frozenset[str]) -> None:
    """Let pages of ``origins`` read what ``app`` answers under ``/api`` without a key. ``*`` stands for every origin."""
    if not origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        blueprint = app.blueprints.get(request.blueprint or "")
        if not isinstance(blueprint, Routes) or blueprint.scope is not None:
            return response
        if "*" in origins:
            response.headers[ALLOW] = "*"
            return response
        response.vary.add("Origin")
        origin = request.environ.get("HTTP_ORIGIN", "")
        if origin in origins:
            response.headers[ALLOW] = origin
        return response
