"""Converts results of the use cases into payloads of the API, and times into the service's zone.

The body of a search consists of dicts in the shape of its models. Making the models of ten hits alone would double the time.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from indexer.article import Article, channel_ancestry
from search_service.answering.explain import Explanation
from search_service.answering.search import Answer, FoundArticle
from search_service.blocks.hot import HotAnswer, HotArticle
from search_service.blocks.latest import LatestAnswer, LatestArticle
from search_service.blocks.portal import Blocks
from search_service.blocks.related import RelatedAnswer, RelatedArticle
from search_service.blocks.suggest import Suggestion, Suggestions
from search_service.excerpts.leads import lead
from search_service.live.index import IndexState
from search_service.web.marks import marked_text
from search_service.web.payloads import (
    AddedPayload,
    ArticlePayload,
    BreadcrumbPart,
    CorrectionPayload,
    ExplanationPayload,
    IndexPayload,
    KeyTermPayload,
    LatestPayload,
    ListedArticle,
    MultipliedPayload,
    RelatedHit,
    RelatedPayload,
    SuggestionPayload,
    SuggestPayload,
    SynonymsPayload,
)


def _listed(article: Article, lead_text: str, zone: ZoneInfo) -> dict[str, object]:
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "lead": lead_text,
        "source": article.source,
        "channel": article.channel,
        "author": article.author,
        "published_at": _local(article.published_at, zone),
        "image_url": article.image_url,
        "tags": list(article.tags),
        "attributes": dict(article.attributes),
    }


def _local(time: datetime | None, zone: ZoneInfo) -> datetime | None:
    return time.astimezone(zone) if time else None


def in_zone(article: Article, zone: ZoneInfo) -> Article:
    """The same article with its times written as in ``zone``."""
    return replace(
        article,
        published_at=_local(article.published_at, zone),
        updated_at=_local(article.updated_at, zone),
        expires_at=_local(article.expires_at, zone),
    )


def _hit(found: FoundArticle, zone: ZoneInfo) -> dict[str, object]:
    return {
        **_listed(found.article, lead(found.article), zone),
        "score": found.score,
        "highlights": {"title": marked_text(found.title), "body": marked_text(found.snippet)},
        "group": found.article.duplicate_group or None,
        "duplicates": found.duplicates,
        "pinned": found.pinned,
        "explanation": _explanation(found.explanation) if found.explanation else None,
    }


def _explanation(why: Explanation) -> ExplanationPayload:
    return ExplanationPayload(
        added=[AddedPayload(**asdict(each)) for each in why.added],
        multiplied=[MultipliedPayload(by=by, factor=factor) for by, factor in why.multiplied],
        lines=why.lines(),
    )


def search_payload(
    answer: Answer, zone: ZoneInfo, *, query_id: str | None = None
) -> dict[str, Any]:
    """A `SearchPayload`, as a dict. ``query_id`` is the search's id in the query log."""
    understood = answer.understood
    correction = understood.correction
    return {
        "query": {
            "text": answer.question.text,
            "parsed": understood.parsed,
            "rung": understood.rung,
            "stricter": understood.stricter,
            "relaxed": understood.rung in ("most", "any", "unquoted"),
            "ignored": understood.ignored,
            "synonyms": [
                SynonymsPayload(text=each.text, others=list(each.others))
                for each in understood.synonyms
            ],
            "missing": understood.missing,
            "notes": understood.notes,
            "correction": correction
            and CorrectionPayload(query=correction.query, applied=correction.applied),
        },
        "sort": answer.sort,
        "total": answer.total,
        "groups": answer.groups,
        "total_is_estimate": answer.total_is_estimate,
        "complete": answer.complete,
        "lack": answer.lack,
        "page": answer.page,
        "pages": answer.pages,
        "size": answer.size,
        "hits": [_hit(found, zone) for found in answer.hits],
        "facets": {
            name: [{"value": each.value, "count": each.count} for each in counts]
            for name, counts in answer.facets.items()
        },
        "index": IndexPayload.of(answer.index, zone),
        "took_ms": round(answer.took_ms, 2),
        "query_id": query_id,
    }


def _suggestion(suggestion: Suggestion, typed: int, zone: ZoneInfo) -> SuggestionPayload:
    article = suggestion.article
    return SuggestionPayload(
        text=suggestion.text,
        kind=suggestion.kind,
        typed=typed,
        id=article.id if article else None,
        url=article.url if article else None,
        source=article.source if article else None,
        published_at=_local(article.published_at, zone) if article else None,
    )


def suggest_payload(suggestions: Suggestions, zone: ZoneInfo) -> SuggestPayload:
    """The payload of suggestions."""
    return SuggestPayload(
        prefix=suggestions.prefix,
        hits=[
            _suggestion(each, typed, zone)
            for each, typed in zip(suggestions.items, suggestions.typed_lengths(), strict=True)
        ],
        complete=suggestions.complete,
        index=IndexPayload.of(suggestions.index, zone),
    )


def article_payload(article: Article, state: IndexState, zone: ZoneInfo) -> ArticlePayload:
    """The payload of a whole article."""
    return ArticlePayload(
        **_listed(article, lead(article), zone),  # type: ignore[arg-type]
        body=article.body,
        breadcrumb=breadcrumb(article.channel),
        channels=list(article.channels),
        editor=article.editor,
        site=article.site,
        updated_at=_local(article.updated_at, zone),
        index=IndexPayload.of(state, zone),
    )


def breadcrumb(channel: str) -> list[BreadcrumbPart]:
    """The steps of a channel path, from the outermost channel inwards."""
    return [
        BreadcrumbPart(name=path.rpartition("/")[2], channel=path)
        for path in channel_ancestry(channel)
    ]


def related_payload(answer: RelatedAnswer, zone: ZoneInfo, *, explain: bool) -> RelatedPayload:
    """The payload of related articles."""
    return RelatedPayload(
        id=answer.article.id,
        hits=[_related_hit(item, zone) for item in answer.items],
        terms=[KeyTermPayload(term=each.spelling, weight=each.weight) for each in answer.terms]
        if explain
        else None,
        index=IndexPayload.of(answer.index, zone),
    )


def _related_hit(item: RelatedArticle, zone: ZoneInfo) -> RelatedHit:
    return RelatedHit(
        **_listed(item.article, item.lead, zone),  # type: ignore[arg-type]
        score=item.score,
        step=item.step,
        reasons=list(item.reasons),
        explanation=_explanation(item.explanation) if item.explanation else None,
    )


def latest_payload(answer: LatestAnswer, zone: ZoneInfo) -> LatestPayload:
    """The payload of the latest articles."""
    return LatestPayload(
        hits=[_latest_hit(item, zone) for item in answer.items],
        index=IndexPayload.of(answer.index, zone),
    )


def _latest_hit(item: LatestArticle, zone: ZoneInfo) -> ListedArticle:
    return ListedArticle(**_listed(item.article, item.lead, zone))  # type: ignore[arg-type]


def blocks_payload(found: Blocks, zone: ZoneInfo) -> dict[str, Any]:
    """A `BlocksPayload`, as a dict: see :func:`hot_payload`."""
    return {
        "id": found.article.id,
        "related": [_related_hit(item, zone) for item in found.related],
        "hot": [_hot_article(item, zone) for item in found.hot],
        "latest": [_latest_hit(item, zone) for item in found.latest],
        "stale": found.stale,
        "index": IndexPayload.of(found.index, zone),
    }


def hot_payload(answer: HotAnswer, zone: ZoneInfo) -> dict[str, Any]:
    """A `HotPayload`, as a dict: ``from`` cannot be the name of a model's attribute."""
    return {
        "window": answer.window,
        "hits": [_hot_article(item, zone) for item in answer.items],
        "as_of": _local(answer.as_of, zone),
        "index": IndexPayload.of(answer.index, zone),
    }


def _hot_article(item: HotArticle, zone: ZoneInfo) -> dict[str, object]:
    return {
        **_listed(item.article, item.lead, zone),
        "visitors": item.visitors,
        "from": item.origin,
    }
