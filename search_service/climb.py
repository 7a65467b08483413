"""Climbing the ladder: which rung answers a request.

Decided by the whole count of each rung, never by the page that is asked for, so that every page of an answer comes
from the same rung.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.engines.base import Reader
from indexer.hits import SearchPage
from indexer.query import And, Query, SearchRequest
from search_service.ladder import Rung, is_loose, may_stand_inside, query_on, rungs
from search_service.ranking import FEW
from search_service.tree import Node


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
    and that is true on the same rung only. About one search for each rung, two for each when narrowed.
    """
    ladder = rungs(tree)
    if not narrowing:
        return _climb(reader, tree, request, ladder, few=FEW)
    counted = counting(request)
    wide = _climb(reader, tree, counted, ladder, few=FEW)
    seen = (request.filter,) if request.filter else ()
    narrowed = replace(request, filter=And((*seen, *narrowing)))
    found = _climb(reader, tree, narrowed, ladder[ladder.index(wide.rung) :], few=1)
    if wide.stricter is None or found.rung != wide.rung:
        return found
    stricter = reader.search(_on(wide.stricter, tree, counting(narrowed)))
    return replace(found, stricter=wide.stricter, stricter_total=stricter.total)


def _climb(
    reader: Reader, tree: Node | None, request: SearchRequest, ladder: Sequence[Rung], *, few: int
) -> Climbed:
    """Take the strictest rung that finds ``few`` articles; else, of those that find fewer, the one that finds most.

    To a few articles only these add: "inside", for words that may have been cut otherwise elsewhere, and, when the best
    come first, "most", and "any" for words that are asked for loosely. Otherwise "any" is for when there are none.

    What is asked for loosely is seldom answered by the first rungs: those are only counted before one is taken.
    """
    best: Climbed | None = None
    loose, counted = is_loose(tree), counting(request)
    for rung in ladder:
        if best and best.page.total:
            best_first = request.sort == "relevance"
            adds = (
                (rung == "inside" and may_stand_inside(tree))
                or (rung == "most" and best_first)
                or (rung == "any" and best_first and loose)
            )
            if best.page.total >= few or not adds:
                continue
        page = reader.search(_on(rung, tree, counted if loose and rung != "any" else request))
        if best is None:
            best = Climbed(rung, page)
        elif page.total > best.page.total:
            stricter = best.rung if best.page.total else None
            best = Climbed(rung, page, stricter, best.page.total)
        if not page.complete:
            return replace(best, page=replace(best.page, complete=False))
    assert best is not None, "every tree has a rung"
    if loose and best.rung != "any" and request != counted:
        return replace(best, page=reader.search(_on(best.rung, tree, request)))
    return best


def counting(request: SearchRequest) -> SearchRequest:
    """The same request for its total alone."""
    return replace(request, collapse="none", recency=None, rescore=None, facets=(), page=1, size=1)


def _on(rung: Rung, tree: Node | None, request: SearchRequest) -> SearchRequest:
    return replace(request, query=query_on(tree, rung))
