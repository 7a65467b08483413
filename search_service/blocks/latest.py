"""The latest articles, of all channels or of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer.article import Article
from indexer.query import And, MatchAll, SearchRequest
from search_service.excerpts.leads import lead
from search_service.live.index import IndexState, LiveIndex
from search_service.understanding.filters import in_channel, visible, without


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestArticle:
    """One of the latest articles, with its lead."""

    article: Article
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestAnswer:
    """The latest articles, newest first."""

    items: tuple[LatestArticle, ...]
    index: IndexState


def latest(
    live: LiveIndex,
    *,
    channel: str | None = None,
    size: int,
    exclude: Sequence[str] = (),
    now: datetime,
) -> LatestAnswer:
    """The ``size`` newest articles that readers may see, of all channels, or of ``channel`` and its subchannels.

    ``exclude`` lists ids to leave out, such as articles that the page already shows.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    clauses = [visible(now), without(exclude)]
    if channel is not None:
        clauses.append(in_channel(channel))
    request = SearchRequest(MatchAll(), filter=And(tuple(clauses)), sort="newest", size=size)
    with live.reader() as (reader, state, _):
        page = reader.search(request)
    items = (LatestArticle(article=hit.article, lead=lead(hit.article)) for hit in page.hits)
    return LatestAnswer(items=tuple(items), index=state)
