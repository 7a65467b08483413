"""How all engines order the values of a facet."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nsmallest

from indexer.hits import FacetCount


def ranked(name: str, counts: Mapping[str, int], *, size: int) -> tuple[FacetCount, ...]:
    """The first ``size`` values of a facet: the newest months; of the others the most frequent, then by value."""
    if name == "month":
        months = sorted(counts, reverse=True)[:size]
        return tuple(FacetCount(month, counts[month]) for month in months)
    first = nsmallest(size, counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(FacetCount(value, count) for value, count in first)
