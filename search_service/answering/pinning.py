"""Pins and hides: the editors' decisions about a query, applied to the results of the ladder.

A hidden article and all its copies disappear for that query: from the hits, the total and the facets. A pinned article
stands at its position even if it does not match the query. Readers must be allowed to see it, and it must match the
filters that the reader chose. If the position lies behind the last article found, the pin follows that article. A pin
counts once in the total and the facets. If copies are collapsed, the pin represents its copies that match the query.
Pins apply to the order by relevance only, not to orders by time or heat.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.hits import Hit, SearchPage
from indexer.query import Not, Or, Query, SearchRequest, Term
from search_service.answering.climb import Climbed, climb
from search_service.answering.facets import Narrowing, counting, facets_of, narrowed
from search_service.answering.ladder import query_on
from search_service.live.decisions import Placements
from search_service.understanding.tree import Node


@dataclass(frozen=True, slots=True)
class Arranged:
    """The result of the ladder with the pins in it, and the ids of the pins."""

    found: Climbed
    pinned: frozenset[str] = frozenset()


def arrange(
    reader: Reader,
    tree: Node | None,
    request: SearchRequest,
    narrowing: Narrowing,
    placements: Placements,
) -> Arranged:
    """Answer ``request`` as :func:`climb` does, with the editors' placements.

    Without placements the cost is that of :func:`climb`. Each hide costs a look-up. All pins together cost one search,
    one more for their copies, one for the facets and, behind the first page, one or two more climbs.
    """
    request = _without_hidden(reader, request, placements)
    if not placements.pinned or request.sort != "relevance":
        return Arranged(climb(reader, tree, request, narrowing))
    pins = reader.search(_pins_alone(request, narrowing, placements.pinned))
    by_id = {hit.article.id: hit for hit in pins.hits}
    collapsed = request.collapse == "duplicates"
    copied = [hit.article for hit in pins.hits if collapsed and hit.article.duplicate_group]
    rest = replace(_without(request, by_id, copies_of=copied) if by_id else request, facets=())
    found = climb(reader, tree, rest, narrowing)
    page, query = found.page, query_on(tree, found.rung)
    more = [pins]
    if copied:
        copies = reader.search(_copies_alone(request, query, narrowing, by_id, copied))
        more.append(copies)
        by_id = _standing_for(copies, by_id)
    places = _places(
        ((by_id[each], position) for each, position in placements.pinned.items() if each in by_id),
        page.groups,
    )
    counted = replace(request, query=Or((query, *_with_ids(placements.pinned))))
    page = replace(
        page,
        total=page.total + sum(each.total for each in more),
        groups=page.groups + len(places),
        hits=tuple(_hits(reader, tree, rest, narrowing, found, places)),
        facets=facets_of(reader, counted, narrowing),
    )
    return Arranged(replace(found, page=page), frozenset(by_id))


def count_arranged(reader: Reader, request: SearchRequest, placements: Placements) -> int:
    """How many articles ``request`` finds with the editors' placements. Costs one count, and a look-up for each hide."""
    if placements.pinned:
        request = replace(request, query=Or((request.query, *_with_ids(placements.pinned))))
    return reader.count(_without_hidden(reader, request, placements))


def _without_hidden(
    reader: Reader, request: SearchRequest, placements: Placements
) -> SearchRequest:
    if not placements.hidden:
        return request
    hidden = filter(None, map(reader.get, placements.hidden))
    return _without(request, placements.hidden, copies_of=hidden)


def _without(
    request: SearchRequest, ids: Iterable[str], *, copies_of: Iterable[Article]
) -> SearchRequest:
    return narrowed(request, Not(Or((*_with_ids(ids), *_of_groups(copies_of)))))


def _with_ids(ids: Iterable[str]) -> tuple[Term, ...]:
    return tuple(Term("id", each) for each in ids)


def _of_groups(articles: Iterable[Article]) -> tuple[Term, ...]:
    groups = {each.duplicate_group for each in articles if each.duplicate_group}
    return tuple(Term("group", str(each)) for each in sorted(groups))


def _pins_alone(
    request: SearchRequest, narrowing: Narrowing, ids: Collection[str]
) -> SearchRequest:
    alone = replace(counting(request), query=Or(_with_ids(ids)), sort="newest", size=len(ids))
    return narrowed(alone, *narrowing.values())


def _copies_alone(
    request: SearchRequest,
    query: Query,
    narrowing: Narrowing,
    pinned: Iterable[str],
    copies_of: Collection[Article],
) -> SearchRequest:
    """The copies of the pins that ``query`` finds; one hit for each group."""
    alone = replace(counting(request), query=query, collapse=request.collapse, size=len(copies_of))
    copies = (Or(_of_groups(copies_of)), Not(Or(_with_ids(pinned))))
    return narrowed(alone, *narrowing.values(), *copies)


def _standing_for(copies: SearchPage, pins: Mapping[str, Hit]) -> dict[str, Hit]:
    """The pins as hits. The first pin of each duplicate group also counts the group's copies that were found."""
    behind = {hit.article.duplicate_group: hit.group_size for hit in copies.hits}
    return {
        each: replace(hit, group_size=1 + behind.pop(hit.article.duplicate_group, 0))
        for each, hit in pins.items()
    }


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
    narrowing: Narrowing,
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
            wanted = replace(rest, page=before + 1)
            pages[before + 1] = climb(reader, tree, wanted, narrowing).page.hits
        if at >= len(pages[before + 1]):
            return
        yield pages[before + 1][at]
        other += 1
