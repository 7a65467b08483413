"""Climbing the ladder: which rung answers a request.

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
from search_service.answering.ladder import Rung, is_loose, may_stand_inside, query_on, rungs
from search_service.ranking.weights import FEW
from search_service.understanding.tree import Node


@dataclass(frozen=True, slots=True)
class Climbed:
    """The answering rung and its page. Also a stricter rung that found too few articles, if any, and the number that it found."""

    rung: Rung
    page: SearchPage
    stricter: Rung | None = None
    stricter_total: int = 0


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
        return _climb(reader, tree, request, ladder, few=FEW)
    wide = _Climber(reader, tree, request, counted=ladder).take(ladder, few=FEW)
    unchosen = tuple(name for name in request.facets if name not in narrowing)
    narrow = narrowed(replace(request, facets=unchosen), *narrowing.values())
    found = _climb(reader, tree, narrow, ladder[ladder.index(wide.rung) :], few=1)
    asked = _on(found.rung, tree, request)
    facets = facets_of(reader, asked, narrowing, known=found.page.facets)
    found = replace(found, page=replace(found.page, facets=facets))
    if wide.stricter is None or found.rung != wide.rung:
        return found
    stricter_total = reader.count(_on(wide.stricter, tree, narrow))
    return replace(found, stricter=wide.stricter, stricter_total=stricter_total)


def _climb(
    reader: Reader, tree: Node | None, request: SearchRequest, ladder: Sequence[Rung], *, few: int
) -> Climbed:
    """The page of the chosen rung. For loose queries, rungs other than "any" seldom answer, so they are only counted."""
    counted = [rung for rung in ladder if rung != "any"] if is_loose(tree) else ()
    taken = _Climber(reader, tree, request, counted).take(ladder, few=few)
    page = taken.page or reader.search(_on(taken.rung, tree, request))
    if not taken.complete:
        page = replace(page, complete=False)
    return Climbed(taken.rung, page, taken.stricter, taken.stricter_total)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A rung and its total; also its page, unless the rung was only counted. If not ``complete``, time ran out."""

    rung: Rung
    total: int
    page: SearchPage | None
    complete: bool
    stricter: Rung | None = None
    stricter_total: int = 0


@dataclass(frozen=True, slots=True)
class _Climber:
    """Chooses a rung for a tree. It counts the rungs in ``counted`` without ranking them."""

    reader: Reader
    tree: Node | None
    request: SearchRequest
    counted: Sequence[Rung]

    def take(self, ladder: Sequence[Rung], *, few: int) -> _Taken:
        """Take the strictest rung that finds ``few`` articles; if none does, the rung that finds most.

        If a rung finds some articles but fewer than ``few``, only these looser rungs are tried: "inside" if the query
        has words without borders, because the segmenter may cut such words differently in an article; "most" if the
        sort is by relevance; "any" if the sort is by relevance and the query is loose. If a rung finds nothing, the
        next is always tried.
        """
        best: _Taken | None = None
        loose = is_loose(self.tree)
        for rung in ladder:
            if best and best.total:
                best_first = self.request.sort == "relevance"
                adds = (
                    (rung == "inside" and may_stand_inside(self.tree))
                    or (rung == "most" and best_first)
                    or (rung == "any" and best_first and loose)
                )
                if best.total >= few or not adds:
                    continue
            found = self._on(rung)
            if best is None:
                best = found
            elif found.total > best.total:
                stricter = best.rung if best.total else None
                best = replace(found, stricter=stricter, stricter_total=best.total)
            if not found.complete:
                return replace(best, complete=False)
        assert best is not None, "every tree has a rung"
        return best

    def _on(self, rung: Rung) -> _Taken:
        request = _on(rung, self.tree, self.request)
        if rung in self.counted:
            total = self.reader.count(request)
            in_time = request.deadline is None or monotonic() < request.deadline
            return _Taken(rung, total, None, in_time)
        page = self.reader.search(request)
        return _Taken(rung, page.total, page, page.complete)


def _on(rung: Rung, tree: Node | None, request: SearchRequest) -> SearchRequest:
    return replace(request, query=query_on(tree, rung))
