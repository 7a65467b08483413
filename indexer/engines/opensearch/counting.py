"""Counts what requests find, several of them in one round trip, together with the counts that their scores will need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
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


def expected(snapshot: Snapshot, requests: Sequence[SearchRequest]) -> dict[Counted, int]:
    """How many articles each request finds, and each clause of its ``first``; nothing if the cluster did not tell in time.

    What their scores and corrections need next is fetched too: how many articles hold their words and pairs of characters. To count
    a longer literal is a search of its own, so only the first request's literals are counted.
    """
    needed = Needed(snapshot.statistics)
    wanted: list[Wanted] = []
    for each in requests:
        translated(each, needed)
        for word in _words_in(each.query):
            for field in TEXT_FIELDS:
                needed.idf(field, word)
        wanted += (missing for missing in needed.missing if missing.term_in or each is requests[0])
        needed.missing.clear()
    asked = list(requests)
    for first in dict.fromkeys(clause for each in requests for clause in each.first):
        asked.append(replace(requests[0], query=first))
    return _counted(snapshot, asked, wanted)


def counted(snapshot: Snapshot, request: SearchRequest) -> int:
    """How many articles a request finds; 0 if its deadline passed first."""
    return _counted(snapshot, [request], (), partly=True).get(counted_as(request), 0)


def _counted(
    snapshot: Snapshot,
    requests: Sequence[SearchRequest],
    wanted: Sequence[Wanted],
    *,
    partly: bool = False,
) -> dict[Counted, int]:
    """How many articles each request finds. Nothing if a shard did not answer, unless ``partly``."""
    deadlines = [each.deadline for each in requests if each.deadline is not None]
    filters = [_filter(each) for each in requests]
    totals: list[int] | None = None

    def count(missing: Sequence[Wanted]) -> list[int]:
        nonlocal totals
        found = snapshot.count(missing, filters, deadline=min(deadlines, default=inf))
        totals = found.totals if found.whole or partly else []
        return found.held

    try:
        snapshot.statistics.fetch(wanted, count)
        if totals is None:  # nothing was missing
            count(())
    except TooLate:
        return {}
    return dict(zip(map(counted_as, requests), totals or (), strict=False))


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
