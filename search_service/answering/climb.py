"""Climbing the ladder: which rung answers a request.

Decided by the whole count of each rung, never by the page that is asked for, so that every page of an answer comes
from the same rung.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

from indexer.engines.base import Reader
from indexer.hits import SearchPage
from indexer.query import And, Query, SearchRequest
from search_service.answering.ladder import Rung, is_loose, may_stand_inside, query_on, rungs
from search_service.ranking.weights import FEW
from search_service.understanding.tree import Node


@dataclass(frozen=True, slots=True)
class Climbed:
    """The rung that answers and its page; the stricter rung that found too few, if one did, and how many."""

    rung: Rung
    page: SearchPage
    stricter: Rung | None = None
    stricter_total: int = 0


def climb(
    reader: Reader, tree: Node | None, request: SearchRequest, narrowing: Sequence[Query]
) -> Climbed:
    """Answer ``request``, whose query is that of ``tree`` on some rung, narrowed by filters of the reader's choice.

    Narrowing does not change the rung, unless nothing at all is found on it: facets count what narrowing will find,
    and that is true on the same rung only. About one search for each rung, and a count for each when narrowed.
    """
    ladder = rungs(tree)
    if not narrowing:
        return _climb(reader, tree, request, ladder, few=FEW)
    wide = _Climber(reader, tree, request, counted=ladder).take(ladder, few=FEW)
    seen = (request.filter,) if request.filter else ()
    narrowed = replace(request, filter=And((*seen, *narrowing)))
    found = _climb(reader, tree, narrowed, ladder[ladder.index(wide.rung) :], few=1)
    if wide.stricter is None or found.rung != wide.rung:
        return found
    stricter_total = reader.count(_on(wide.stricter, tree, narrowed))
    return replace(found, stricter=wide.stricter, stricter_total=stricter_total)


def _climb(
    reader: Reader, tree: Node | None, request: SearchRequest, ladder: Sequence[Rung], *, few: int
) -> Climbed:
    """The page of the rung that is taken. What is asked for loosely is seldom answered by rungs other than "any": those are counted."""
    counted = [rung for rung in ladder if rung != "any"] if is_loose(tree) else ()
    taken = _Climber(reader, tree, request, counted).take(ladder, few=few)
    page = taken.page or reader.search(_on(taken.rung, tree, request))
    if not taken.complete:
        page = replace(page, complete=False)
    return Climbed(taken.rung, page, taken.stricter, taken.stricter_total)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A rung and how many it finds; its page, unless it was only counted. Not ``complete``: time ran out on the way."""

    rung: Rung
    total: int
    page: SearchPage | None
    complete: bool
    stricter: Rung | None = None
    stricter_total: int = 0


@dataclass(frozen=True, slots=True)
class _Climber:
    """Takes a rung for a tree; those that are ``counted`` it does not rank."""

    reader: Reader
    tree: Node | None
    request: SearchRequest
    counted: Sequence[Rung]

    def take(self, ladder: Sequence[Rung], *, few: int) -> _Taken:
        """Take the strictest rung that finds ``few`` articles; else, of those that find fewer, the one that finds most.

        To a few articles only these add: "inside", for words that may have been cut otherwise elsewhere, and, when the best
        come first, "most", and "any" for words that are asked for loosely. Otherwise "any" is for when there are none.
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


def counting(request: SearchRequest) -> SearchRequest:
    """The same request for its total alone."""
    return replace(request, collapse="none", recency=None, rescore=None, facets=(), page=1, size=1)


def _on(rung: Rung, tree: Node | None, request: SearchRequest) -> SearchRequest:
    return replace(request, query=query_on(tree, rung))
