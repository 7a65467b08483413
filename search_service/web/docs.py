"""The description of the API: ``/openapi.json``, the interactive ``/docs`` and ``/docs/errors``.

Swagger UI comes from the package flask-openapi3-swagger and is served from here. Nothing is fetched from outside.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

import orjson
from flask import Blueprint, Response, make_response, render_template, request
from flask_openapi3.openapi import OpenAPI

from search_service.web.errors import CODES

DESCRIPTION: Final = (
    "Full-text search over the articles of a portal. Errors are problem+json (RFC 9457); each has a stable `code`, "
    "explained at [/docs/errors](docs/errors). Times are ISO 8601 in the service's zone. An unknown parameter is an "
    "error. Writing and administration need an API key, sent as `Authorization: Bearer KEY`; if the service is private, "
    "so does everything but health checks and this description. Answers carry an ETag; send it back as If-None-Match to be told that nothing changed."
)

SWAGGER_UI: Final = Path(str(files("flask_openapi3_swagger"))) / "templates" / "swagger"

SWAGGER_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
"""Swagger UI writes style attributes and shows images from data: URLs. Its scripts need no exception."""


def docs_blueprint(app: OpenAPI) -> Blueprint:
    """The routes that describe ``app``."""
    blueprint = Blueprint(
        "docs", __name__, static_folder=SWAGGER_UI, static_url_path="/docs/swagger"
    )

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        described = app.api_doc
        if request.script_root:  # below a path: the addresses of the document begin with it
            described = described | {"servers": [{"url": request.script_root}]}
        return Response(orjson.dumps(described), content_type="application/json")

    @blueprint.get("/docs")
    def interactive() -> Response:
        response = make_response(render_template("docs.html"))
        response.headers["Content-Security-Policy"] = SWAGGER_POLICY
        return response

    @blueprint.get("/docs/errors")
    def errors() -> str:
        return render_template("errors.html", codes=CODES.values())

    return blueprint
