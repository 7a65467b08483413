"""A whole request in the cluster's terms: its queries, and what rescoring looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from indexer.engines.opensearch.filters import ARTICLES, EVERYTHING, Dsl, none_of
from indexer.engines.opensearch.queries import QueryBuilder
from indexer.engines.opensearch.rescoring import Looked, looked_for
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.statistics import Needed
from indexer.query import Query, SearchRequest

_Made = TypeVar("_Made")


def with_counts(
    snapshot: Snapshot, make: Callable[[Needed], _Made], *, deadline: float = inf
) -> _Made:
    """What ``make`` makes of the counts that it needs: one round trip if some are not known yet.

    Raises:
        TooLate: the deadline passed first.
    """
    needed = Needed(snapshot.statistics)
    made = make(needed)
    if not needed.missing:
        return made
    snapshot.statistics.fetch(
        needed.missing, lambda wanted: snapshot.count(wanted, deadline=deadline).held
    )
    return make(Needed(snapshot.statistics))


def filter_of(query: Query) -> Dsl:
    """A query whose scores do not count."""
    return QueryBuilder(None).build(query)


@dataclass(frozen=True, slots=True)
class Translated:
    """The parts of a request. ``tiers`` part the articles: those of an earlier one come first. There is at least one."""

    query: Dsl
    narrow: tuple[Dsl, ...]
    tiers: tuple[Dsl, ...]
    looked: Looked | None

    @property
    def filter(self) -> Dsl:
        """What the request finds, without scores."""
        return {"bool": {"filter": [self.query, *self.narrow]}}


def translated(request: SearchRequest, needed: Needed, *, rescoring: bool = True) -> Translated:
    """A request in the cluster's terms. Only the order by relevance has scores, tiers and ``rescoring``."""
    scored = request.sort == "relevance"
    return Translated(
        query=QueryBuilder(needed if scored else None).build(request.query),
        narrow=narrowing(request),
        tiers=_tiers([filter_of(each) for each in request.first] if scored else []),
        looked=looked_for(request.rescore, needed)
        if scored and rescoring and request.rescore
        else None,
    )


def narrowing(request: SearchRequest) -> tuple[Dsl, ...]:
    """What every article that a request finds matches beside its query."""
    return (ARTICLES, filter_of(request.filter)) if request.filter else (ARTICLES,)


def _tiers(first: Sequence[Dsl]) -> tuple[Dsl, ...]:
    """What matches each of some clauses and none before it, then what matches none."""
    if not first:
        return (EVERYTHING,)
    named = [
        {"bool": {"filter": [clause], "must_not": list(first[:place])}}
        for place, clause in enumerate(first)
    ]
    return (*named, none_of(first))
