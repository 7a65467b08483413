"""Counts what requests find, several of them in one round trip, together with the counts that their scores will need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from indexer.engines.opensearch.cluster import TooLate
from indexer.engines.opensearch.filters import ARTICLES, Dsl
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.statistics import Needed, Wanted
from indexer.engines.opensearch.translation import filter_of, translated
from indexer.query import TEXT_FIELDS, And, Boost, Match, Or, Query, SearchRequest

Counted = tuple[Query, Query | None]
"""What the number of articles that a request finds depends on."""


def counted_as(request: SearchRequest) -> Counted:
    """What tells the total of a request from those of others."""
    return request.query, request.filter


def counted(
    snapshot: Snapshot, requests: Sequence[SearchRequest], *, lacking: bool = False
) -> dict[Counted, int]:
    """How many articles each request finds; nothing if the deadline passed first, or a shard did not answer, unless ``lacking``.

    If there are several, the counts that their scores need are fetched too: one of them is asked next. So is how many articles hold
    their words, which corrections look at.
    """
    deadlines = [each.deadline for each in requests if each.deadline is not None]
    needed = Needed(snapshot.statistics)
    if len(requests) > 1:
        for each in requests:
            translated(each, needed)
            for word in _words_in(each.query):
                for field in TEXT_FIELDS:
                    needed.idf(field, word)
    filters = [_filter(each) for each in requests]
    totals: list[int] = []

    def count(wanted: Sequence[Wanted]) -> list[int]:
        found = snapshot.count(wanted, filters, deadline=min(deadlines, default=inf))
        totals[:] = found.totals if found.whole or lacking else ()
        return found.held

    try:
        if needed.missing:
            snapshot.statistics.fetch(needed.missing, count)
        else:
            count(())
    except TooLate:
        return {}
    return dict(zip(map(counted_as, requests), totals, strict=False))


def _words_in(query: Query) -> Iterator[str]:
    match query:
        case Match(words):
            yield from words
        case And(clauses) | Or(clauses):
            for clause in clauses:
                yield from _words_in(clause)
        case Boost(clause):
            yield from _words_in(clause)


def _filter(request: SearchRequest) -> Dsl:
    narrow = [ARTICLES, filter_of(request.query)]
    if request.filter is not None:
        narrow.append(filter_of(request.filter))
    return {"bool": {"filter": narrow}}
