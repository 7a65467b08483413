"""What browsers and crawlers ask for by themselves: the description of the search, and what they may crawl. It holds no article."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, url_for

OPENSEARCH: Final = "application/opensearchdescription+xml"


def discovery_blueprint(*, private: bool) -> Blueprint:
    """The routes ``/opensearch.xml`` and ``/robots.txt``. Of a ``private`` service nothing may be crawled."""
    blueprint = Blueprint("discovery", __name__)

    @blueprint.get("/opensearch.xml")
    def opensearch() -> Response:
        return Response(
            render_template("opensearch.xml"), content_type=f"{OPENSEARCH}; charset=utf-8"
        )

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        """Searches have no end: each page links to others. The lists of the API are for programs."""
        root = url_for("pages.home")
        paths = [""] if private else ["api/", "feeds/search.xml", "search"]
        lines = ["User-agent: *", *(f"Disallow: {root}{path}" for path in paths)]
        return Response("\n".join((*lines, "")), content_type="text/plain; charset=utf-8")

    return blueprint
