"""The script ``/embed.js``, which gives the pages of a portal their elements: a search box and lists of articles.

The elements ask the API. docs/elements.md describes them.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from search_service.web.pages import STATIC, content_version

SCRIPT: Final = "embed.js"

MAX_AGE: Final = 600
"""Seconds that caches may keep the script under the address without a version. A new release thus shows within ten minutes."""


def elements_blueprint() -> Blueprint:
    """The route ``/embed.js``.

    With ``?v=`` and the present version, which ``Content-Location`` names, caches may keep the script for ever. With another
    version it is the present script all the same, so that a page written for an older release keeps its lists.
    """
    blueprint = Blueprint("elements", __name__)
    data = (STATIC / SCRIPT).read_bytes()

    @blueprint.get(f"/{SCRIPT}")
    def script() -> Response:
        version = content_version(SCRIPT)
        response = Response(data, content_type="text/javascript; charset=utf-8")
        lasting = request.args.get("v") == version
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else f"public, max-age={MAX_AGE}"
        )
        response.headers["Content-Location"] = f"{SCRIPT}?v={version}"
        response.headers["Access-Control-Allow-Origin"] = "*"  # for the attribute integrity
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # for isolated pages
        return response

    return blueprint
