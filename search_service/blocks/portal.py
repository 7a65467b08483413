"""Blocks: the three lists of a portal's article page in one, with no article twice: related, hot and latest articles.

``Kept`` keeps the lists of recently shown articles for a minute. They are used only while every article in them still stands in
the live index as it is shown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, TypeVar

from indexer.article import Article
from indexer.engines.base import Reader
from search_service.blocks.hot import HotArticle, hot
from search_service.blocks.latest import LatestArticle, latest
from search_service.blocks.related import RelatedAnswer, RelatedArticle
from search_service.excerpts.leads import lead
from search_service.live.decisions import DecidedOn
from search_service.live.index import IndexState, LiveIndex
from search_service.querylog.lists import Lists

KEEP: Final = timedelta(seconds=60)
"""How long lists are kept."""
MOST_KEPT: Final = 500
"""Pages whose lists are kept: some 30 KB each."""

_Item = TypeVar("_Item", RelatedArticle, HotArticle, LatestArticle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many articles each list is to have."""

    related: int = 6
    hot: int = 10
    latest: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The lists around ``article``, each as full as the index allows. The articles in them have no bodies.

    ``counted_at`` is when the views of the hot ones were counted. ``decided`` is what editors had decided. ``stale``: the index
    cannot be asked at the moment, and the lists are those of up to a minute ago.
    """

    article: Article
    related: tuple[RelatedArticle, ...]
    hot: tuple[HotArticle, ...]
    latest: tuple[LatestArticle, ...]
    made_at: datetime
    counted_at: datetime | None
    decided: DecidedOn
    index: IndexState
    stale: bool = False

    @property
    def listed(self) -> Iterator[RelatedArticle | HotArticle | LatestArticle]:
        """The items of all lists."""
        yield from self.related
        yield from self.hot
        yield from self.latest

    def is_of(self, state: IndexState) -> bool:
        """Whether they come from that very state of the index."""
        mine = self.index.generation, self.index.revision
        return mine == (state.generation, state.revision)

    def is_visible(self, now: datetime) -> bool:
        """Whether readers may see all its articles at ``now``."""
        return self.article.is_visible(now) and all(
            each.article.is_visible(now) for each in self.listed
        )

    def stands_in(self, reader: Reader) -> bool:
        """Whether the index holds all its articles as they are shown. Reads each."""
        if reader.get(self.article.id) != self.article:
            return False
        return all(
            held is not None and _without_body(held) == each.article and lead(held) == each.lead
            for each in self.listed
            for held in (reader.get(each.article.id),)
        )


def blocks(
    live: LiveIndex,
    lists: Lists,
    around: RelatedAnswer,
    sizes: Sizes,
    *,
    decided: DecidedOn,
    now: datetime,
) -> Blocks:
    """Add the hot and the latest articles to the related ones.

    What readers view stands among the hot articles only. What fills these up follows the latest articles in time.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    article = around.article
    shown = (article.id, *(each.article.id for each in around.items))

    def hottest(exclude: Sequence[str], *, filled: bool) -> tuple[HotArticle, ...]:
        answer = hot(
            live,
            lists,
            window="day",
            size=sizes.hot,
            exclude=exclude,
            filled=filled,
            decided=decided.hot_articles(),
            now=now,
        )
        return answer.items

    viewed = hottest(shown, filled=False) if sizes.hot else ()
    exclude = (*shown, *(each.article.id for each in viewed))
    newest = latest(live, size=sizes.latest, exclude=exclude, now=now).items if sizes.latest else ()
    hot_ones = viewed
    if len(viewed) < sizes.hot:
        hot_ones = hottest((*shown, *(each.article.id for each in newest)), filled=True)
    return Blocks(
        article=article,
        related=_without_bodies(around.items),
        hot=_without_bodies(hot_ones),
        latest=_without_bodies(newest),
        made_at=now,
        counted_at=lists.as_of,
        decided=decided,
        index=around.index,
    )


def _without_bodies(items: Sequence[_Item]) -> tuple[_Item, ...]:
    return tuple(replace(each, article=_without_body(each.article)) for each in items)


def _without_body(article: Article) -> Article:
    return replace(article, body="")


class Kept:
    """The lists of the pages that were shown last, for KEEP. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Sizes], Blocks] = OrderedDict()
        self._lock = Lock()

    def get(
        self, article_id: str, sizes: Sizes, lists: Lists, decided: DecidedOn, now: datetime
    ) -> Blocks | None:
        """The kept lists of a page, unless views were counted or editors decided otherwise since. Readers may see all of them.

        Whether the index still holds them is not checked.
        """
        with self._lock:
            found = self._kept.get((article_id, sizes))
        if found is None or now - found.made_at >= KEEP:
            return None
        if (found.counted_at, found.decided) != (lists.as_of, decided):
            return None
        return found if found.is_visible(now) else None

    def put(self, sizes: Sizes, blocks: Blocks) -> None:
        """Keep the lists of a page. The oldest go when there are MOST_KEPT."""
        key = blocks.article.id, sizes
        with self._lock:
            self._kept[key] = blocks
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def drop(self, article_id: str, sizes: Sizes) -> None:
        """Forget the lists of a page, if any are kept: the index was seen not to hold them."""
        with self._lock:
            self._kept.pop((article_id, sizes), None)
