"""The description of the API: ``/openapi.json``, the page ``/docs`` where it can be tried, and ``/docs/errors``."""

from __future__ import annotations

from functools import cache
from typing import Final

import orjson
from flask import Blueprint, Response, render_template, request
from flask_openapi3.openapi import OpenAPI

from indexer.errors import StoreError
from search_service.services import Services
from search_service.web.api_description import Group, Shape, groups_of, marked_up, shapes_of
from search_service.web.codes import CODES

DESCRIPTION: Final = (
    "Full-text search over the articles of a portal. Errors are problem+json (RFC 9457); each has a stable `code`, "
    "explained at [/docs/errors](docs/errors). Times are ISO 8601 in the service's zone. An unknown parameter is an "
    "error. Writing and administration need an API key, sent as `Authorization: Bearer KEY`; if the service is private, "
    "so does everything but health checks and this description. Answers carry an ETag; send it back as If-None-Match to be told that nothing changed."
)


def docs_blueprint(app: OpenAPI, services: Services, *, private: bool) -> Blueprint:
    """The routes that describe ``app``."""
    blueprint = Blueprint("docs", __name__)

    @cache  # the document is complete as soon as requests are answered
    def described() -> tuple[tuple[Group, ...], tuple[Shape, ...]]:
        return groups_of(app.api_doc), shapes_of(app.api_doc)

    def keys_in_use() -> bool:
        """Whether a key can be of use. A store that cannot be asked hides no field."""
        try:
            return private or services.keys.may_write(services.clock())
        except StoreError:
            return True

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        document = app.api_doc
        if request.script_root:  # below a path: the addresses of the document begin with it
            document = document | {"servers": [{"url": request.script_root}]}
        return Response(orjson.dumps(document), content_type="application/json")

    @blueprint.get("/docs")
    def interactive() -> str:
        groups, shapes = described()
        return render_template(
            "docs.html",
            description=marked_up(DESCRIPTION),
            groups=groups,
            shapes=shapes,
            keys=keys_in_use(),
            root=request.script_root,
        )

    @blueprint.get("/docs/errors")
    def errors() -> str:
        return render_template("errors.html", codes=CODES.values())

    return blueprint
