"""The JSON API, version 1. A view reads its parameters, calls one use case and renders the answer."""

from __future__ import annotations

from typing import Final

import orjson
from flask import Response
from flask_openapi3.models.tag import Tag

from search_service.blocks.related import RelatedAnswer
from search_service.blocks.suggest import Suggestions
from search_service.services import Services
from search_service.web import answers, payloads
from search_service.web.article_body import ArticleBody, read_draft
from search_service.web.caching import except_from_etag, keep_nowhere
from search_service.web.list_params import (
    BlocksParameters,
    HotParameters,
    LatestParameters,
    RelatedParameters,
)
from search_service.web.params import SuggestParameters, check_query_string
from search_service.web.responses import SEARCHING, described, json_response
from search_service.web.routes import Routes
from search_service.web.search_params import SearchParameters
from search_service.web.surrogates import show_articles
from search_service.web.visits import note_search

TAGS = [Tag(name="search", description="For the portal's pages. Answers may be kept for seconds.")]

SUGGESTIONS: Final = "application/x-suggestions+json"
_SUGGESTIONS: Final = {
    "description": "OK",
    "content": {SUGGESTIONS: {"schema": {"type": "array", "items": {}}}},
}


def api_blueprint(services: Services) -> Routes:
    """The routes under ``/api/v1``."""
    blueprint = Routes("api", __name__, url_prefix="/api/v1", abp_tags=TAGS)
    zone = services.timezone

    @blueprint.before_request
    def check() -> None:
        check_query_string()

    @blueprint.get(
        "/search",
        operation_id="search",
        summary="Ranked search",
        responses=described(payloads.SearchPayload, "invalid_parameter", *SEARCHING),
    )
    def search(query: SearchParameters) -> Response:
        answer = services.search(query.question())
        query_id = note_search(services.query_log, answer, query.log)
        show_articles(hit.article.id for hit in answer.hits)
        payload = answers.search_payload(answer, zone, query_id=query_id)
        except_from_etag(f'"took_ms":{payload["took_ms"]}', query_id or "")
        if not answer.complete:
            keep_nowhere()
        return json_response(payload)

    @blueprint.get(
        "/suggest",
        operation_id="suggest",
        summary="Completions of what is being typed",
        responses=described(payloads.SuggestPayload, "invalid_parameter", *SEARCHING),
    )
    def suggest(query: SuggestParameters) -> Response:
        return json_response(answers.suggest_payload(suggested(query), zone))

    @blueprint.get(
        "/suggest:opensearch",
        operation_id="suggest_opensearch",
        summary="Completions in the form that the search bars of browsers read",
        description="A list of the typed text and of its completions (the OpenSearch extension Suggestions).",
        responses=described(_SUGGESTIONS, "invalid_parameter", *SEARCHING),
    )
    def suggest_opensearch(query: SuggestParameters) -> Response:
        suggestions = suggested(query)
        body = orjson.dumps([query.q, [each.text for each in suggestions.items]])
        return Response(body, content_type=SUGGESTIONS)

    @blueprint.of_article(
        "get",
        operation_id="article",
        summary="One whole article",
        responses=described(
            payloads.ArticlePayload, "invalid_parameter", "article_not_found", *SEARCHING
        ),
    )
    def article(article_id: str) -> Response:
        found, state = services.article(article_id)
        show_articles([found.id])
        return json_response(answers.article_payload(found, state, zone))

    @blueprint.of_article(
        "get",
        "related",
        operation_id="related",
        summary="Related articles (相关阅读)",
        responses=described(
            payloads.RelatedPayload, "invalid_parameter", "article_not_found", *SEARCHING
        ),
    )
    def related(article_id: str, query: RelatedParameters) -> Response:
        answer = services.related(article_id, query.wanted())
        show_articles([answer.article.id, *(item.article.id for item in answer.items)])
        return _related(answer, query)

    @blueprint.of_article(
        "get",
        "blocks",
        operation_id="blocks",
        summary="The lists of an article's page in one: 相关阅读, 热门文章, 最新文章",
        description="No article stands twice. Each list is full while the index holds enough articles.",
        responses=described(
            payloads.BlocksPayload, "invalid_parameter", "article_not_found", *SEARCHING
        ),
    )
    def blocks(article_id: str, query: BlocksParameters) -> Response:
        found = services.blocks(article_id, query.sizes())
        show_articles([found.article.id, *(each.article.id for each in found.listed)])
        if found.stale:
            keep_nowhere()
        return json_response(answers.blocks_payload(found, zone))

    @blueprint.post(
        "/blocks",
        operation_id="blocks_for_text",
        summary="The lists of a page whose text is not in the index",
        description="The body is that of `related_to_text`.",
        responses=described(
            payloads.BlocksPayload, "invalid_parameter", "invalid_article", *SEARCHING
        ),
    )
    def blocks_for_text(query: BlocksParameters, raw: ArticleBody) -> Response:
        found = services.blocks(read_draft(raw, zone), query.sizes())
        keep_nowhere()
        return json_response(answers.blocks_payload(found, zone))

    @blueprint.post(
        "/related",
        operation_id="related_to_text",
        summary="Articles related to a text",
        description="For a text that is not in the index, such as a draft. The body is a JSON object with the fields of an "
        "article; a title or a body is needed. Nothing is stored. If `id` names an article, that one is left out.",
        responses=described(
            payloads.RelatedPayload, "invalid_parameter", "invalid_article", *SEARCHING
        ),
    )
    def related_to_text(query: RelatedParameters, raw: ArticleBody) -> Response:
        answer = services.related(read_draft(raw, zone), query.wanted())
        keep_nowhere()
        return _related(answer, query)

    @blueprint.get(
        "/latest",
        operation_id="latest",
        summary="The latest articles (最新文章)",
        responses=described(payloads.LatestPayload, "invalid_parameter", *SEARCHING),
    )
    def latest(query: LatestParameters) -> Response:
        answer = services.latest(channel=query.channel, size=query.size, exclude=query.exclude)
        show_articles(item.article.id for item in answer.items)
        return json_response(answers.latest_payload(answer, zone))

    @blueprint.get(
        "/hot",
        operation_id="hot",
        summary="Hot articles (热门文章)",
        responses=described(payloads.HotPayload, "invalid_parameter", *SEARCHING),
    )
    def hot(query: HotParameters) -> Response:
        answer = services.hot(
            window=query.window, channel=query.channel, size=query.size, exclude=query.exclude
        )
        show_articles(item.article.id for item in answer.items)
        return json_response(answers.hot_payload(answer, zone))

    def suggested(query: SuggestParameters) -> Suggestions:
        suggestions = services.suggest(query.q, size=query.size)
        if not suggestions.complete:
            keep_nowhere()
        show_articles(each.article.id for each in suggestions.items if each.article)
        return suggestions

    def _related(answer: RelatedAnswer, query: RelatedParameters) -> Response:
        explain = query.explain == "1"
        return json_response(answers.related_payload(answer, zone, explain=explain))

    return blueprint
