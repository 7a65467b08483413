"""Counts what requests find, several of them in one round trip, together with the counts that their scores will need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf

from indexer.engines.opensearch.cluster import TooLate
from indexer.engines.opensearch.filters import Dsl
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.statistics import Needed, Wanted
from indexer.engines.opensearch.translation import filter_of, narrowing, translated
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
    filters: dict[Counted, Dsl] = {}
    for each in requests:
        # The rungs of a ladder are rescored alike.
        filters[counted_as(each)] = translated(each, needed, rescoring=each is requests[0]).filter
        for word in _words_in(each.query):
            for field in TEXT_FIELDS:
                needed.idf(field, word)
        wanted += (missing for missing in needed.missing if missing.term_in or each is requests[0])
        needed.missing.clear()
    for first in dict.fromkeys(clause for each in requests for clause in each.first):
        asked = replace(requests[0], query=first)
        filters[counted_as(asked)] = _filter(asked)
    return _counted(snapshot, filters, wanted, deadline=_deadline(requests))


def counted(snapshot: Snapshot, request: SearchRequest) -> int:
    """How many articles a request finds; 0 if its deadline passed first."""
    asked = counted_as(request)
    filters = {asked: _filter(request)}
    deadline = _deadline([request])
    return _counted(snapshot, filters, (), deadline=deadline, partly=True).get(asked, 0)


def _counted(
    snapshot: Snapshot,
    filters: Mapping[Counted, Dsl],
    wanted: Sequence[Wanted],
    *,
    deadline: float,
    partly: bool = False,
) -> dict[Counted, int]:
    """How many articles pass each filter. Nothing if a shard did not answer, unless ``partly``."""
    totals: list[int] | None = None

    def count(missing: Sequence[Wanted]) -> list[int]:
        nonlocal totals
        found = snapshot.count(missing, [*filters.values()], deadline=deadline)
        totals = found.totals if found.whole or partly else []
        return found.held

    try:
        snapshot.statistics.fetch(wanted, count)
        if totals is None:  # nothing was missing
            count(())
    except TooLate:
        return {}
    return dict(zip(filters, totals or (), strict=False))


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
    return {"bool": {"filter": [filter_of(request.query), *narrowing(request)]}}


def _deadline(requests: Sequence[SearchRequest]) -> float:
    return min((each.deadline for each in requests if each.deadline is not None), default=inf)
