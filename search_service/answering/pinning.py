"""Pins and hides: the editors' decisions about a query, applied to the results of the ladder.

A hidden article and all its copies disappear for that query: from the hits, the total and the facets. A pinned article
stands at its position even if it does not match the query. Readers must be allowed to see it, and it must match the
filters that the reader chose. If the position lies behind the last article found, the pin follows that article. A pin
counts once in the total and the facets. If copies are collapsed, the pin represents its copies that match the query.
Pins apply to the order by relevance only, not to orders by time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.hits import FacetCount, Hit, SearchPage
from indexer.query import And, Not, Or, Query, SearchRequest, Term
from search_service.answering.climb import Climbed, climb
from search_service.answering.ladder import query_for
from search_service.live.decisions import Placements
from search_service.understanding.tree import Node

Facets = Mapping[str, tuple[FacetCount, ...]]


@dataclass(frozen=True, slots=True)
class Arranged:
    """The result of the ladder with the pins in it, and the ids of the pins."""

    found: Climbed
    pinned: frozenset[str] = frozenset()


def arrange(
    reader: Reader,
    tree: Node | None,
    request: SearchRequest,
    narrowing: Sequence[Query],
    placements: Placements,
) -> Arranged:
    """Answer ``request`` as :func:`climb` does, with the editors' placements.

    Without placements the cost is that of :func:`climb`. Each hide costs a look-up. All pins together cost one search,
    one more for their copies and, behind the first page, one or two more climbs.
    """
    if placements.hidden:
        hidden = filter(None, map(reader.get, placements.hidden))
        request = _without(request, placements.hidden, copies_of=hidden)
    if not placements.pinned or request.sort != "relevance":
        return Arranged(climb(reader, tree, request, narrowing))
    pins = reader.search(_pins_alone(request, narrowing, placements.pinned))
    by_id = {hit.article.id: hit for hit in pins.hits}
    collapsed = request.collapse == "duplicates"
    copied = [hit.article for hit in pins.hits if collapsed and hit.article.duplicate_group]
    rest = _without(request, by_id, copies_of=copied) if by_id else request
    found = climb(reader, tree, rest, narrowing)
    page = found.page
    more = [pins]
    if copied:
        copies = reader.search(
            _copies_alone(request, query_for(tree, found.rung), narrowing, by_id, copied)
        )
        more.append(copies)
        by_id = _standing_for(copies, by_id)
    places = _places(
        ((by_id[each], position) for each, position in placements.pinned.items() if each in by_id),
        page.groups,
    )
    page = replace(
        page,
        total=page.total + sum(each.total for each in more),
        groups=page.groups + len(places),
        hits=tuple(_hits(reader, tree, rest, narrowing, found, places)),
        facets=_added(page.facets, *(each.facets for each in more), size=request.facet_size),
    )
    return Arranged(replace(found, page=page), frozenset(by_id))


def _without(
    request: SearchRequest, ids: Iterable[str], *, copies_of: Iterable[Article]
) -> SearchRequest:
    return _narrowed(request, [Not(Or((*_with_ids(ids), *_of_groups(copies_of))))])


def _with_ids(ids: Iterable[str]) -> tuple[Term, ...]:
    return tuple(Term("id", each) for each in ids)


def _of_groups(articles: Iterable[Article]) -> tuple[Term, ...]:
    groups = {each.duplicate_group for each in articles if each.duplicate_group}
    return tuple(Term("group", str(each)) for each in sorted(groups))


def _pins_alone(
    request: SearchRequest, narrowing: Sequence[Query], ids: Collection[str]
) -> SearchRequest:
    alone = replace(request, query=Or(_with_ids(ids)), sort="newest", collapse="none")
    return _narrowed(replace(alone, recency=None, rescore=None, page=1, size=len(ids)), narrowing)


def _copies_alone(
    request: SearchRequest,
    query: Query,
    narrowing: Sequence[Query],
    pinned: Iterable[str],
    copies_of: Collection[Article],
) -> SearchRequest:
    """The copies of the pins that ``query`` finds; one hit for each group."""
    alone = replace(request, query=query, recency=None, rescore=None, page=1, size=len(copies_of))
    copies = (Or(_of_groups(copies_of)), Not(Or(_with_ids(pinned))))
    return _narrowed(alone, [*narrowing, *copies])


def _standing_for(copies: SearchPage, pins: Mapping[str, Hit]) -> dict[str, Hit]:
    """The pins as hits. The first pin of each duplicate group also counts the group's copies that were found."""
    behind = {hit.article.duplicate_group: hit.group_size for hit in copies.hits}
    return {
        each: replace(hit, group_size=1 + behind.pop(hit.article.duplicate_group, 0))
        for each, hit in pins.items()
    }


def _narrowed(request: SearchRequest, clauses: Sequence[Query]) -> SearchRequest:
    before = (request.filter,) if request.filter else ()
    return replace(request, filter=And((*before, *clauses)))


def _places(pins: Iterable[tuple[Hit, int]], others: int) -> dict[int, Hit]:
    """Each pin by its place, counted from 0, in a list that has ``others`` further hits. ``pins`` are sorted by position."""
    places: dict[int, Hit] = {}
    following = 0
    for before, (hit, position) in enumerate(pins):
        place = min(max(position - 1, following), others + before)
        places[place] = hit
        following = place + 1
    return places


def _hits(
    reader: Reader,
    tree: Node | None,
    rest: SearchRequest,
    narrowing: Sequence[Query],
    found: Climbed,
    places: Mapping[int, Hit],
) -> Iterator[Hit]:
    """The hits of the page: its pins, and the other hits between them. The others come from one or two pages of ``rest``."""
    pages = {rest.page: found.page.hits}
    start = (rest.page - 1) * rest.size
    other = start - sum(place < start for place in places)
    for place in range(start, start + rest.size):
        if place in places:
            yield places[place]
            continue
        before, at = divmod(other, rest.size)
        if before + 1 not in pages:
            wanted = replace(rest, page=before + 1, facets=())
            pages[before + 1] = climb(reader, tree, wanted, narrowing).page.hits
        if at >= len(pages[before + 1]):
            return
        yield pages[before + 1][at]
        other += 1


def _added(first: Facets, *others: Facets, size: int) -> Facets:
    """The sum of all facets. If a facet of ``first`` is full, values that it lacks are left out: their counts are not known."""
    together: dict[str, tuple[FacetCount, ...]] = {}
    for name, counts in first.items():
        sums = Counter({each.value: each.count for each in counts})
        for each in chain.from_iterable(other[name] for other in others):
            if each.value in sums or len(counts) < size:
                sums[each.value] += each.count
        ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        together[name] = tuple(FacetCount(value, count) for value, count in ranked[:size])
    return MappingProxyType(together)
