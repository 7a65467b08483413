"""Counts what requests find, several of them in one round trip, together with the counts that their scores will need."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from indexer.engines.opensearch.cluster import TooLate
from indexer.engines.opensearch.filters import ARTICLES, Dsl
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.statistics import Needed
from indexer.engines.opensearch.translation import filter_of, translated
from indexer.query import Query, SearchRequest

Counted = tuple[Query, Query | None]
"""What the number of articles that a request finds depends on."""


def counted_as(request: SearchRequest) -> Counted:
    """What tells the total of a request from those of others."""
    return request.query, request.filter


def counted(snapshot: Snapshot, requests: Sequence[SearchRequest]) -> dict[Counted, int]:
    """How many articles each request finds; nothing if the deadline passed first.

    If there are several, the counts that their scores need are fetched too: one of them is asked next.
    """
    deadlines = [each.deadline for each in requests if each.deadline is not None]
    needed = Needed(snapshot.statistics)
    if len(requests) > 1:
        for each in requests:
            translated(each, needed)
    filters = [_filter(each) for each in requests]
    totals: list[int] = []

    def count(others: Sequence[Dsl]) -> list[int]:
        found = snapshot.count([*others, *filters], deadline=min(deadlines, default=inf))
        totals[:] = found[len(others) :]
        return found[: len(others)]

    try:
        snapshot.statistics.fetch(needed.missing, count)
        if filters and not totals:  # nothing was missing
            count(())
    except TooLate:
        return {}
    return dict(zip(map(counted_as, requests), totals, strict=True))


def _filter(request: SearchRequest) -> Dsl:
    narrow = [ARTICLES, filter_of(request.query)]
    if request.filter is not None:
        narrow.append(filter_of(request.filter))
    return {"bool": {"filter": narrow}}
