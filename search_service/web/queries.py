"""The JSON API of queries: hot queries, related queries, and the beacons of readers: clicks and views. Part of version 1."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from flask import Response, request
from flask_openapi3.models.tag import Tag

from indexer.article import check_id
from indexer.errors import InvalidArticle
from search_service.services import Services
from search_service.web.caching import keep_nowhere
from search_service.web.params import check_query_string
from search_service.web.query_params import (
    Click,
    HotQueriesParameters,
    RelatedQueriesParameters,
)
from search_service.web.query_payloads import (
    HotQueriesPayload,
    RelatedQueriesPayload,
    hot_queries_payload,
)
from search_service.web.responses import KEYS, SEARCHING, described, json_response
from search_service.web.routes import Routes
from search_service.web.visits import visitor

TAGS = [Tag(name="queries", description="What readers search for. Counted once a minute.")]

MAX_BODY: Final = 8192
"""Maximum size of a click's body in bytes. The longest query takes a quarter of it."""


def queries_blueprint(services: Services) -> Routes:
    """The routes ``/api/v1/queries/hot``, ``/api/v1/queries/related``, ``/api/v1/clicks`` and ``/api/v1/articles/{id}/view``."""
    blueprint = Routes("queries", __name__, url_prefix="/api/v1", abp_tags=TAGS)

    @blueprint.before_request
    def check() -> None:
        request.max_content_length = MAX_BODY
        check_query_string()
        if request.endpoint == "queries.clicks" and request.mimetype == "text/plain":
            request.get_json(force=True, silent=True)  # Flask keeps what it read for the view

    @blueprint.get(
        "/queries/hot",
        operation_id="hot_queries",
        summary="Hot queries (热门搜索)",
        responses=described(HotQueriesPayload, "invalid_parameter", *SEARCHING),
    )
    def hot(query: HotQueriesParameters) -> Response:
        items = services.hot_queries(query.window, size=query.size)
        as_of = services.query_log.lists.as_of
        return json_response(hot_queries_payload(query.window, items, as_of, services.timezone))

    @blueprint.get(
        "/queries/related",
        operation_id="related_queries",
        summary="Related queries (相关搜索)",
        responses=described(RelatedQueriesPayload, "invalid_parameter", *SEARCHING),
    )
    def related(query: RelatedQueriesParameters) -> Response:
        found = services.related_queries(query.q, size=query.size)
        return json_response(RelatedQueriesPayload(q=query.q, hits=list(found)))

    @blueprint.post(
        "/clicks",
        operation_id="clicks",
        summary="A reader opened a hit",
        description="Answered at once; it is written within a second or so. Clicks of programs are not counted. A body of "
        "`text/plain` is read as JSON, so a page of another origin needs no preflight.",
        responses=described(
            None, "invalid_parameter", "origin_not_allowed", "request_timeout", *KEYS
        ),
    )
    def clicks(body: Click) -> Response:
        services.query_log.clicked(
            visitor(),
            article_id=body.article_id,
            position=body.position,
            query_id=body.query_id,
            query=body.query,
        )
        return Response(status=204)

    @blueprint.of_article(
        "post",
        "view",
        operation_id="view",
        summary="A reader opened an article",
        description="Answered at once, whatever the body is and whether the article exists; it is written within a second or so. "
        "Views of programs and repeats are not counted.",
        responses=described(None, "invalid_parameter", "origin_not_allowed", *KEYS),
    )
    def view(article_id: str) -> Response:
        keep_nowhere()
        with suppress(InvalidArticle):  # no article has such an id
            check_id(article_id)
            services.query_log.viewed(visitor(), article_id=article_id)
        return Response(status=204)

    return blueprint
