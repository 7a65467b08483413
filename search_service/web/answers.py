"""From what the use cases answer to the payloads of the API. Times come into the service's zone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from indexer.article import Article, channel_ancestry
from search_service.explain import Explanation
from search_service.latest import LatestAnswer
from search_service.leads import lead
from search_service.live import IndexState
from search_service.related import RelatedAnswer
from search_service.search import Answer, FoundArticle
from search_service.suggest import Suggestions
from search_service.web.marks import marked_html
from search_service.web.payloads import (
    AddedPayload,
    ArticlePayload,
    BreadcrumbPart,
    CorrectionPayload,
    ExplanationPayload,
    FacetValue,
    Highlights,
    Hit,
    IndexPayload,
    LatestPayload,
    ListedArticle,
    MultipliedPayload,
    QueryPayload,
    RelatedHit,
    RelatedPayload,
    SearchPayload,
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
    }


def _local(time: datetime | None, zone: ZoneInfo) -> datetime | None:
    return time.astimezone(zone) if time else None


def _hit(found: FoundArticle, zone: ZoneInfo) -> Hit:
    return Hit(
        **_listed(found.article, lead(found.article), zone),  # type: ignore[arg-type]
        score=found.score,
        highlights=Highlights(title=marked_html(found.title), body=marked_html(found.snippet)),
        group=found.article.duplicate_group or None,
        duplicates=found.duplicates,
        pinned=found.pinned,
        explanation=_explanation(found.explanation) if found.explanation else None,
    )


def _explanation(why: Explanation) -> ExplanationPayload:
    return ExplanationPayload(
        added=[AddedPayload(**asdict(each)) for each in why.added],
        multiplied=[MultipliedPayload(by=by, factor=factor) for by, factor in why.multiplied],
        lines=why.lines(),
    )


def search_payload(answer: Answer, zone: ZoneInfo, *, query_id: str | None = None) -> SearchPayload:
    """The payload of a search, which the query log has under ``query_id``."""
    return SearchPayload(
        query=QueryPayload(
            text=answer.question.text,
            parsed=answer.understood.parsed,
            rung=answer.understood.rung,
            stricter=answer.understood.stricter,
            relaxed=answer.understood.rung in ("most", "any", "unquoted"),
            ignored=list(answer.understood.ignored),
            synonyms=[
                SynonymsPayload(text=each.text, others=list(each.others))
                for each in answer.understood.synonyms
            ],
            notes=list(answer.understood.notes),
            correction=CorrectionPayload(query=meant.query, applied=meant.applied)
            if (meant := answer.understood.correction)
            else None,
        ),
        total=answer.total,
        groups=answer.groups,
        total_is_estimate=answer.total_is_estimate,
        complete=answer.complete,
        page=answer.page,
        pages=answer.pages,
        size=answer.size,
        hits=[_hit(found, zone) for found in answer.hits],
        facets={
            name: [FacetValue(value=each.value, count=each.count) for each in counts]
            for name, counts in answer.facets.items()
        },
        index=IndexPayload.of(answer.index, zone),
        took_ms=round(answer.took_ms, 2),
        query_id=query_id,
    )


def suggest_payload(suggestions: Suggestions, zone: ZoneInfo) -> SuggestPayload:
    """The payload of suggestions."""
    return SuggestPayload(
        prefix=suggestions.prefix,
        hits=[SuggestionPayload(text=each.text, kind=each.kind) for each in suggestions.items],
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
        tags=list(article.tags),
        site=article.site,
        image_url=article.image_url,
        updated_at=_local(article.updated_at, zone),
        attributes=dict(article.attributes),
        index=IndexPayload.of(state, zone),
    )


def breadcrumb(channel: str) -> list[BreadcrumbPart]:
    """The steps of a channel path, outermost first."""
    return [
        BreadcrumbPart(name=path.rpartition("/")[2], channel=path)
        for path in channel_ancestry(channel)
    ]


def related_payload(answer: RelatedAnswer, zone: ZoneInfo) -> RelatedPayload:
    """The payload of related articles."""
    return RelatedPayload(
        id=answer.article.id,
        hits=[
            RelatedHit(
                **_listed(item.article, item.lead, zone),  # type: ignore[arg-type]
                score=item.score,
                reasons=list(item.reasons),
            )
            for item in answer.items
        ],
        index=IndexPayload.of(answer.index, zone),
    )


def latest_payload(answer: LatestAnswer, zone: ZoneInfo) -> LatestPayload:
    """The payload of the latest articles."""
    return LatestPayload(
        hits=[
            ListedArticle(**_listed(item.article, item.lead, zone))  # type: ignore[arg-type]
            for item in answer.items
        ],
        index=IndexPayload.of(answer.index, zone),
    )
