"""Facets: which columns the executor counts, and how counts of column values become counts of facet values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from indexer.columnar.files.arrays import AnyArray
from indexer.columnar.files.segment import Segment
from indexer.columnar.search.executor import Derived
from indexer.engines.documents import month_of
from indexer.engines.whoosh.fields import (
    CHANNEL_SEPARATOR,
    CHANNELS,
    NO_TIME,
    PUBLISHED,
    SOURCE,
    from_microseconds,
)
from indexer.hits import FacetCount

COLUMNS: Final[Mapping[str, str]] = {"channel": CHANNELS, "source": SOURCE, "month": "month"}
"""The column to count for each of FACET_FIELDS."""

_QUARTER: Final = 900_000_000
"""Microseconds in a quarter of an hour. The UTC offset of every zone is a multiple of it."""


def months_of(timezone: ZoneInfo) -> Derived:
    """The facet of months: for each document of a segment, the number of its month in ``timezone``.

    The calendar is consulted once for each quarter of an hour in which anything was published.
    """

    def derive(segment: Segment) -> tuple[AnyArray, Sequence[bytes]]:
        times = segment.numbers(PUBLISHED)
        known = times != NO_TIME
        quarters, places = np.unique(times[known] // _QUARTER, return_inverse=True)
        names = [
            month_of(from_microseconds(quarter * _QUARTER), timezone)
            for quarter in quarters.tolist()
        ]
        values = sorted(set(names))
        number = {value: place for place, value in enumerate(values)}
        ordinals = np.full(len(times), len(values), dtype=np.uint16)
        ordinals[known] = np.array([number[name] for name in names], dtype=np.uint16)[places]
        return ordinals, [value.encode() for value in values]

    return derive


def facet_counts(name: str, counts: Mapping[bytes, int], *, size: int) -> tuple[FacetCount, ...]:
    """The ``size`` most frequent values of a facet, most frequent first, then by value."""
    tally: Counter[str] = Counter()
    for value, count in counts.items():
        parts = value.decode().split(CHANNEL_SEPARATOR) if name == "channel" else [value.decode()]
        for part in parts:
            tally[part] += count
    ordered = sorted(tally.items(), key=lambda item: (-item[1], item[0]))
    return tuple(FacetCount(value, count) for value, count in ordered[:size])
