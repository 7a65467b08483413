"""Climbing the ladder: which rung answers a request, and which stricter rungs come first in its answer.

The total count of each rung decides, never the requested page. Every page of an answer thus comes from the same rung.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

from indexer.engines.base import Reader
from indexer.hits import SearchPage
from indexer.query import SearchRequest
from search_service.answering.facets import Narrowing, facets_of, narrowed
from search_service.answering.ladder import query_on
from search_service.answering.rungs import (
    ALL_WORDS,
    Rung,
    has_looser_words,
    may_be_filled,
    may_stand_inside,
    means_every_word,
    rungs,
)
from search_service.ranking.weights import FEW, FILL
from search_service.understanding.tree import Node


@dataclass(frozen=True, slots=True)
class Climbed:
    """The answering rung and its page.

    ``stricter_total`` counts the articles of the last rung before that found any. ``whole`` counts the articles that hold all
    words, be it inside others; for a narrowed request as far as it is known.
    """

    rung: Rung
    page: SearchPage
    stricter_total: int = 0
    whole: int = 0


def climb(
    reader: Reader, tree: Node | None, request: SearchRequest, narrowing: Narrowing
) -> Climbed:
    """Answer ``request`` with the query of ``tree`` on one rung, narrowed by the filters that the reader chose.

    Narrowing changes the rung only if the narrowed rung finds nothing. Facets show how many articles each narrowing
    would find on the same rung; on another rung these counts would be wrong. Costs about one search per rung, and, if
    narrowed, one more count per rung and one for each facet of a field with chosen values.
    """
    ladder = rungs(tree)
    if not narrowing:
        return _Climber(reader, tree, request).climb(ladder)
    wide = _Climber(reader, tree, request, only_counts=True).take(ladder)
    unchosen = tuple(name for name in request.facets if name not in narrowing)
    narrow = narrowed(replace(request, facets=unchosen), *narrowing.values())
    climber = _Climber(reader, tree, narrow, few=1)
    found = climber.climb(ladder[ladder.index(wide.rung) :], wide.ahead)
    asked = replace(request, query=query_on(tree, found.rung))
    facets = facets_of(reader, asked, narrowing, known=found.page.facets)
    found = replace(found, page=replace(found.page, facets=facets))
    if wide.stricter is None or found.rung != wide.rung:
        return found
    total = climber.count(wide.stricter)
    whole = total if wide.stricter in ALL_WORDS else found.whole
    return replace(found, stricter_total=total, whole=whole)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A rung and its total; also its page, unless the rung was only counted. If not ``complete``, time ran out.

    The articles of the rungs ``ahead`` come first. ``stricter`` is the last rung before that found any.
    """

    rung: Rung
    total: int
    page: SearchPage | None = None
    complete: bool = True
    ahead: tuple[Rung, ...] = ()
    stricter: Rung | None = None
    stricter_total: int = 0
    whole: int = 0


@dataclass(frozen=True, slots=True)
class _Climber:
    """Chooses a rung for a tree. A rung with ``few`` articles or more found enough."""

    reader: Reader
    tree: Node | None
    request: SearchRequest
    few: int = FILL
    only_counts: bool = False

    def climb(self, ladder: Sequence[Rung], ahead: tuple[Rung, ...] = ()) -> Climbed:
        """The page of the chosen rung."""
        taken = self.take(ladder, ahead)
        page = taken.page or self._page(taken.rung, taken.ahead)
        if not taken.complete:
            page = replace(page, lack=page.lack or "time")
        return Climbed(taken.rung, page, taken.stricter_total, taken.whole)

    def take(self, ladder: Sequence[Rung], ahead: tuple[Rung, ...] = ()) -> _Taken:
        """Take the strictest rung that finds enough articles; if none does, the rung that finds most.

        If a rung finds some articles but too few, looser rungs are tried as :meth:`_adds` says. The articles found before come
        first. If the reader does not mean every word, a rung with fewer than FEW articles does not: a few articles that hold most
        words of a question are a strict match, but usually not the answer.
        """
        if len(ladder) > 1:
            self.reader.expect([self._asked(rung) for rung in ladder])
        worth = 1 if means_every_word(self.tree) else FEW
        best = self._on(ladder[0], ahead)
        for rung in ladder[1:]:
            if not best.complete:
                break
            if best.total and (best.total >= self.few or not self._adds(rung, best.total)):
                continue
            before = (*best.ahead, best.rung) if best.total >= worth else best.ahead
            found = self._on(rung, before)
            found = replace(found, whole=max(found.whole, best.whole))
            if found.total > best.total > 0:
                best = replace(found, stricter=best.rung, stricter_total=best.total)
            elif found.total > best.total:
                best = found
            elif not found.complete:
                best = replace(best, complete=False)
        return best

    def count(self, rung: Rung) -> int:
        """How many articles a rung finds."""
        return self.reader.count(self._asked(rung))

    def _asked(self, rung: Rung) -> SearchRequest:
        return replace(self.request, query=query_on(self.tree, rung))

    def _is_only_counted(self, rung: Rung) -> bool:
        """Whether a rung seldom answers, because others may follow."""
        return self.only_counts or (may_be_filled(self.tree) and rung != "any")

    def _adds(self, rung: Rung, found: int) -> bool:
        """Whether a looser rung may follow ``found`` articles. Orders by time or heat show only the articles of the strictest rung.

        "inside" follows for words of scripts without word borders, because the segmenter may cut such words differently in an
        article, and for numbers with a sign. "most" and "any" fill the answer of a query with several telling words.
        """
        if self.request.sort != "relevance":
            return False
        if rung == "inside":
            return found < FEW and (may_stand_inside(self.tree) or has_looser_words(self.tree))
        return rung in ("most", "any") and may_be_filled(self.tree)

    def _on(self, rung: Rung, ahead: tuple[Rung, ...]) -> _Taken:
        """A rung and its total; its page too, unless it is only counted."""
        if self._is_only_counted(rung):
            total = self.count(rung)
            deadline = self.request.deadline
            in_time = deadline is None or monotonic() < deadline
            taken = _Taken(rung, total, None, in_time, ahead)
        else:
            page = self._page(rung, ahead)
            taken = _Taken(rung, page.total, page, page.complete, ahead)
        return replace(taken, whole=taken.total) if rung in ALL_WORDS else taken

    def _page(self, rung: Rung, ahead: tuple[Rung, ...]) -> SearchPage:
        stricter = tuple(query_on(self.tree, each) for each in ahead)
        query = query_on(self.tree, rung)
        first = (*self.request.first, *stricter)
        return self.reader.search(replace(self.request, query=query, first=first))
