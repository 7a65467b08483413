"""Fragments: lists of articles as bare HTML, for pages of the portal that include them (SSI, ESI, a back end) or frame them.

A fragment leaves no hole in the page: without articles its body is empty, and so is that of an error (see ``errors.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Protocol

from flask import Response, render_template
from flask_openapi3.models.tag import Tag
from pydantic import Field

from indexer.article import Article
from search_service.services import Services
from search_service.web.list_params import HotParameters, LatestParameters, RelatedChoice
from search_service.web.params import Parameters, check_query_string
from search_service.web.responses import SEARCHING, described
from search_service.web.routes import Routes
from search_service.web.surrogates import show_articles

TAGS: Final = [Tag(name="fragments", description="Lists of articles as HTML, for other pages.")]

HEADINGS: Final = {"related": "相关阅读", "hot": "热门文章", "latest": "最新文章"}

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors "
)
"""The Content-Security-Policy of a fragment. The origins that may frame it follow."""

ROBOTS: Final = "noindex, indexifembedded"
"""A fragment is no page to be found, but belongs to the page that frames it."""


class _Framed(Parameters):
    frame: Literal["0", "1"] = Field(
        "0", description="1: a whole document with the look of the service's pages, for an iframe."
    )


class RelatedFragment(_Framed, RelatedChoice):
    """What ``/embed/related/{id}`` takes."""


class HotFragment(_Framed, HotParameters):
    """What ``/embed/hot`` takes."""


class LatestFragment(_Framed, LatestParameters):
    """What ``/embed/latest`` takes."""


class _Listed(Protocol):
    @property
    def article(self) -> Article: ...
    @property
    def lead(self) -> str: ...


def fragments_blueprint(services: Services, origins: Iterable[str]) -> Routes:
    """The routes under ``/embed/``. Pages of ``origins``, and of the service's own origin, may frame their answers."""
    blueprint = Routes("fragments", __name__, url_prefix="/embed", abp_tags=TAGS)
    policy = POLICY + ("*" if "*" in origins else " ".join(("'self'", *sorted(origins))))

    @blueprint.before_request
    def check() -> None:
        check_query_string()

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Robots-Tag"] = ROBOTS
        return response

    @blueprint.of_article(
        "get",
        base="/related",
        operation_id="related_fragment",
        summary="Related articles (相关阅读) as HTML",
        responses=_described("article_not_found"),
    )
    def related(article_id: str, query: RelatedFragment) -> Response:
        answer = services.related(article_id, query.wanted())
        show_articles([answer.article.id])
        return _fragment("related", answer.items, query)

    @blueprint.get(
        "/hot",
        operation_id="hot_fragment",
        summary="Hot articles (热门文章) as HTML",
        responses=_described(),
    )
    def hot(query: HotFragment) -> Response:
        answer = services.hot(
            window=query.window, channel=query.channel, size=query.size, exclude=query.exclude
        )
        return _fragment("hot", answer.items, query)

    @blueprint.get(
        "/latest",
        operation_id="latest_fragment",
        summary="The latest articles (最新文章) as HTML",
        responses=_described(),
    )
    def latest(query: LatestFragment) -> Response:
        answer = services.latest(channel=query.channel, size=query.size, exclude=query.exclude)
        return _fragment("latest", answer.items, query)

    return blueprint


def _fragment(kind: str, items: Sequence[_Listed], query: _Framed) -> Response:
    """The list as HTML; an empty body if nothing is listed."""
    show_articles(each.article.id for each in items)
    if not items:
        return Response("", content_type="text/html; charset=utf-8")
    framed = query.frame == "1"
    return Response(
        render_template(
            "frame.html" if framed else "fragment.html",
            kind=kind,
            heading=HEADINGS[kind],
            list="ol" if kind == "hot" else "ul",
            items=items,
            framed=framed,
        ),
        content_type="text/html; charset=utf-8",
    )


def _described(*codes: str) -> dict[str | int, Any]:
    """The responses of a fragment for the OpenAPI document. Those of errors have no body."""
    html = {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}
    errors = described(None, "invalid_parameter", *codes, *SEARCHING)
    return {200: html} | {
        status: {"description": each["description"]}
        for status, each in errors.items()
        if each is not None
    }
