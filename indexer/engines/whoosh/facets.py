"""Facets: which columns the executor counts, and how counts of column values become counts of facet values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.inversion import narrow
from indexer.columnar.files.segment import Segment
from indexer.columnar.search.executor import Derived, Facet
from indexer.engines.documents import from_microseconds, month_of
from indexer.engines.facets import first_values
from indexer.engines.whoosh.fields import CHANNEL_SEPARATOR, CHANNELS, NO_TIME, PUBLISHED
from indexer.hits import FacetCount

_COLUMNS: Final[Mapping[str, str]] = {"channel": CHANNELS}
"""The facets that are counted in a column of another name."""

_QUARTER: Final = 900_000_000
"""Microseconds in a quarter of an hour. The UTC offset of every zone is a multiple of it."""


def column_of(name: str) -> str:
    """The column, or the derived facet, to count for one of FACET_FIELDS."""
    return _COLUMNS.get(name, name)


def derived_facets(timezone: ZoneInfo) -> dict[str, Derived]:
    """The facets that are no columns."""
    return {
        "source": value_of("source"),
        "author": value_of("author"),
        "tag": values_of("tag"),
        "month": months_of(timezone),
    }


def value_of(field: str) -> Derived:
    """The facet of a keyword field in which a document has at most one value, from the field's postings. O(documents)."""

    def derive(segment: Segment) -> Facet:
        values, docs, numbers = _held(segment, field)
        ordinals = np.full(segment.doc_count, len(values), dtype=np.uint32)
        ordinals[docs] = numbers
        return Facet(narrow(ordinals), values)

    return derive


def values_of(field: str) -> Derived:
    """The facet of a keyword field in which a document has any number of values, from the field's postings. O(n log n)."""

    def derive(segment: Segment) -> Facet:
        values, docs, numbers = _held(segment, field)
        order = np.argsort(docs, kind="stable")
        starts = np.searchsorted(docs[order], np.arange(segment.doc_count + 1))
        return Facet(narrow(numbers[order]), values, starts.astype(np.uint32))

    return derive


def _held(segment: Segment, field: str) -> tuple[list[bytes], IntP, NDArray[np.uint32]]:
    """The values of a field, ascending. For each posting its document, and the number of its value."""
    postings = segment.postings(field)
    last = len(postings.terms) - 1
    if last < 0:
        return [], np.empty(0, dtype=np.intp), np.empty(0, dtype=np.uint32)
    return (
        postings.terms.slice(),
        postings.docs_of_range(0, last),
        postings.term_of_postings(0, last),
    )


def months_of(timezone: ZoneInfo) -> Derived:
    """The facet of months: for each document of a segment, the number of its month in ``timezone``.

    The calendar is consulted once for each quarter of an hour in which anything was published.
    """

    def derive(segment: Segment) -> Facet:
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
        return Facet(ordinals, [value.encode() for value in values])

    return derive


def facet_counts(name: str, counts: Mapping[bytes, int], *, size: int) -> tuple[FacetCount, ...]:
    """The first ``size`` values of a facet. ``counts`` are those of its column."""
    if name == "channel":
        counts = _split(counts)
    first = first_values(name, counts, size=size)
    return tuple(FacetCount(value.decode(), counts[value]) for value in first)


def _split(counts: Mapping[bytes, int]) -> Mapping[bytes, int]:
    """The counts of channels, from those of combinations of channels."""
    tally: Counter[bytes] = Counter()
    for value, count in counts.items():
        for part in value.split(CHANNEL_SEPARATOR.encode()):
            tally[part] += count
    return tally
