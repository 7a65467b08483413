"""The latest articles, of all channels or of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from indexer.article import Article
from indexer.query import MatchAll, SearchRequest
from search_service.blocks.ranked import ranked_article
from search_service.excerpts.leads import lead
from search_service.live.index import IndexState, LiveIndex
from search_service.understanding.filters import visible_in


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
    allowed = visible_in(channel, now)
    # Not by the filter: it would be another one for each page, and no mask of it could be kept.
    left_out = set(exclude)
    request = SearchRequest(MatchAll(), filter=allowed, sort="newest", size=size + len(left_out))
    with live.reader() as (reader, state, _):
        ranked = [each for each, _ in reader.rank(request) if each not in left_out]
        articles = [ranked_article(reader, each) for each in ranked[:size]]
    items = (LatestArticle(article=each, lead=lead(each)) for each in articles)
    return LatestAnswer(items=tuple(items), index=state)
