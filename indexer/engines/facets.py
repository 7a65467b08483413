"""How all engines order the values of a facet."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nlargest, nsmallest
from typing import TypeVar

Value = TypeVar("Value", str, bytes)


def first_values(name: str, counts: Mapping[Value, int], *, size: int) -> list[Value]:
    """The first ``size`` values of a facet: the newest months; of the others the most frequent, then by value.

    UTF-8 bytes are ordered as their characters are. O(values), and O(size log size) for the order.
    """
    if name == "month":
        return sorted(counts, reverse=True)[:size]
    least = min(nlargest(size, counts.values()), default=0)
    more = [value for value, count in counts.items() if count > least]
    more.sort(key=lambda value: (-counts[value], value))
    equal = nsmallest(
        size - len(more), (value for value, count in counts.items() if count == least)
    )
    return more + equal
