"""Hot articles (热门文章): what readers read most at the moment, of all channels or of one channel.

The views of an article decay with their own age, which the query log computed (heat), and with the age of the article. If too few
articles were viewed, the latest articles follow. Editors pick and ban articles. Each item says where it comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from math import exp2
from typing import Final, Literal

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.query import MatchAll, Query, SearchRequest
from search_service.blocks.picks import arranged, banned_groups, picked
from search_service.blocks.ranked import allowed_ids, ranked_article
from search_service.excerpts.leads import lead
from search_service.live.decisions import Placements
from search_service.live.index import IndexState, LiveIndex
from search_service.querylog.lists import Lists
from search_service.querylog.views import ViewCount, ViewWindow
from search_service.ranking.weights import HOT_AGING, HOT_FADED
from search_service.understanding.filters import visible_in

Origin = Literal["picked", "views", "latest"]

_READ: Final = 5
"""Articles that are read for each place of the list, the hottest first. The age of the others does not matter: they have few readers."""

_LOOKED_UP: Final = 100
"""Articles that are looked up in one request. Of all channels, the first hundred usually suffice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotArticle:
    """A hot article with its lead. ``visitors`` viewed it in the window; 0 if it does not come from views."""

    article: Article
    lead: str
    visitors: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class HotAnswer:
    """The hot articles: first those that readers viewed, the hottest first, then the latest. Picks stand at their positions.

    ``as_of`` is when the views were counted, None if they were not yet.
    """

    window: ViewWindow
    items: tuple[HotArticle, ...]
    as_of: datetime | None
    index: IndexState


def hot(
    live: LiveIndex,
    lists: Lists,
    *,
    window: ViewWindow,
    channel: str | None = None,
    size: int,
    exclude: Sequence[str] = (),
    filled: bool = True,
    decided: Placements,
    now: datetime,
) -> HotAnswer:
    """The ``size`` hottest articles that readers may see, of all channels, or of ``channel`` and its subchannels.

    ``decided`` are the editors' picks and bans.

    ``exclude`` lists ids to leave out, such as articles that the page already shows; copies of them may be left out too. No two
    articles are of one duplicate group.
    If the answer is ``filled``, there are fewer than ``size`` only if the index holds no more. Reads _READ articles for each place.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    allowed = visible_in(channel, now)
    # Not by the filter: it would be another one for each page, and no mask of it could be kept.
    left_out = {*exclude, *decided.hidden}
    with live.reader() as (reader, state, _):
        picks = picked(reader, decided, allowed, left_out)
        left_out.update(each.id for _, each in picks)
        texts = {_text_of(each) for _, each in picks}
        texts |= {f"group {each}" for each in banned_groups(reader, decided)}
        counts = [each for each in lists.viewed(window) if each.article_id not in left_out]
        viewed = islice(_viewed(reader, counts, allowed), _READ * size)
        hottest = _hottest(viewed, window, size, texts, now)
        items = [_item(each, "views", count.visitors) for count, each in hottest]
        if filled and len(items) < size:
            left_out.update(each.article.id for each in items)
            texts |= {_text_of(each.article) for each in items}
            newest = _latest(reader, allowed, size - len(items), texts, left_out)
            items += (_item(each, "latest") for each in newest)
    picked_items = [(place, _item(each, "picked")) for place, each in picks]
    return HotAnswer(
        window=window,
        items=arranged(picked_items, items, size),
        as_of=lists.as_of,
        index=state,
    )


def _item(article: Article, origin: Origin, visitors: int = 0) -> HotArticle:
    return HotArticle(article=article, lead=lead(article), visitors=visitors, origin=origin)


def _viewed(
    reader: Reader, counts: Sequence[ViewCount], allowed: Query
) -> Iterator[tuple[ViewCount, Article]]:
    """Yield the allowed articles of ``counts`` in their order. Reads each when needed."""
    for start in range(0, len(counts), _LOOKED_UP):
        some = counts[start : start + _LOOKED_UP]
        held = allowed_ids(reader, [each.article_id for each in some], allowed)
        yield from (
            (each, ranked_article(reader, each.article_id))
            for each in some
            if each.article_id in held
        )


def _hottest(
    viewed: Iterable[tuple[ViewCount, Article]],
    window: ViewWindow,
    size: int,
    texts: Collection[str],
    now: datetime,
) -> list[tuple[ViewCount, Article]]:
    """The ``size`` best by heat and age, one of each duplicate group and none of ``texts``."""

    def score(each: tuple[ViewCount, Article]) -> float:
        count, article = each
        return count.heat * _freshness(article, window, now)

    best: dict[str, tuple[ViewCount, Article]] = {}
    for each in sorted(viewed, key=score, reverse=True):
        if (text := _text_of(each[1])) not in texts:
            best.setdefault(text, each)
    return [*islice(best.values(), size)]


def _freshness(article: Article, window: ViewWindow, now: datetime) -> float:
    """The factor for an article's age: 1.0 for one published now. An undated article counts as very old."""
    if article.published_at is None:
        return HOT_FADED
    age = (now - article.published_at) / timedelta(hours=HOT_AGING[window])
    return HOT_FADED + (1 - HOT_FADED) * exp2(-age)


def _latest(
    reader: Reader, allowed: Query, size: int, texts: Collection[str], left_out: Collection[str]
) -> list[Article]:
    """The ``size`` newest articles that are not ``left_out``, and none of the duplicate groups of ``texts``."""
    request = SearchRequest(
        MatchAll(),
        filter=allowed,
        sort="newest",
        collapse="duplicates",
        size=size + len(left_out) + len(texts),
    )
    ranked = (each for each, _ in reader.rank(request) if each not in left_out)
    newest = (ranked_article(reader, each) for each in ranked)
    return [*islice((each for each in newest if _text_of(each) not in texts), size)]


def _text_of(article: Article) -> str:
    """What articles of one duplicate group share, and no others."""
    return f"group {article.duplicate_group}" if article.duplicate_group else f"id {article.id}"
