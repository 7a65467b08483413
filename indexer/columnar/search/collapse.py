"""Collapsing: keeps only the best ranked document of each group, such as a duplicate group.

An int64 column holds each document's group number. Group numbers are global to the snapshot, so a group may span segments.
A document without a number is a group of its own. This module does not rank: it removes documents from a ranking, and counts
the found documents of each group.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.fields import MISSING_INT
from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.search.found import Found, look_up
from indexer.columnar.search.impacts import F32, Listed

I64 = NDArray[np.int64]

SPARE: Final = 50
"""How many more documents than requested to rank at once: five pages of copies. Collapsing then seldom leaves too few."""
_AGAIN: Final = 4
"""If too few remain, the next ranking has this many times as many documents."""
ALONE: Final = -1
"""The group number of a document without a group."""


class Collapsed(NamedTuple):
    """A collapsed ranking: documents, their scores, and the number of found documents in the group of each."""

    docs: I64
    scores: F32
    sizes: I64


class Grouping:
    """The groups of a snapshot by an int64 column. Computed once: O(documents), 4 bytes for each.

    A segment that lacks the column has no groups. Indexes of older releases can thus be searched.
    """

    def __init__(self, snapshot: Snapshot, column: str) -> None:
        values = [
            leaf.segment.numbers(column)
            if column in leaf.segment.layout.columns
            else np.full(leaf.segment.doc_count, MISSING_INT)
            for leaf in snapshot.leaves
        ]
        every = np.concatenate([np.empty(0, np.int64), *values])
        grouped = every != MISSING_INT
        numbers, places = np.unique(every[grouped], return_inverse=True)
        self.count = len(numbers)
        """The number of groups."""
        self._ordinals = np.full(len(every), ALONE, dtype=np.int32)
        self._ordinals[grouped] = places
        self._bases = [leaf.base for leaf in snapshot.leaves]
        bounds = np.searchsorted(docs := np.flatnonzero(grouped), self._bases)
        self._grouped: list[IntP] = [
            part - base for part, base in zip(np.split(docs, bounds)[1:], self._bases, strict=True)
        ]

    def ordinals(self, docs: I64) -> NDArray[np.int32]:
        """int32: the number of each document's group, counted from 0; -1 for a document without a group."""
        ordinals: NDArray[np.int32] = self._ordinals[docs]
        return ordinals

    def found_in(self, leaf: int, found: Found) -> NDArray[np.int32]:
        """int32: the groups of the found documents of a leaf. O(found documents), or O(documents that have a group)."""
        base = self._bases[leaf]
        if isinstance(found, Listed):
            docs = found.docs
            docs = docs[self.ordinals(docs + base) != ALONE]
        else:
            docs = self._grouped[leaf]
            docs = docs[look_up(found, docs, len(found.scores))[0]]
        return self.ordinals(docs + base)


class Tally:
    """Counts the documents of each group that one search finds."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._sizes = np.zeros(grouping.count, dtype=np.int64)

    def add(self, leaf: int, found: Found) -> None:
        """Count the documents found in a leaf."""
        ordinals = self._grouping.found_in(leaf, found)
        self._sizes += np.bincount(ordinals, minlength=len(self._sizes))

    @property
    def hidden(self) -> int:
        """How many of the documents found are not the first of their group."""
        return int(self._sizes.sum()) - int(np.count_nonzero(self._sizes))

    def collapse(self, docs: I64, scores: F32, limit: int) -> Collapsed:
        """The first document of each group in a ranking, at most ``limit`` documents. Stops at the limit."""
        sizes: dict[int, int] = {}
        seen = set()
        for place, ordinal in enumerate(self._grouping.ordinals(docs).tolist()):
            if len(sizes) == limit:
                break
            if ordinal == ALONE:
                sizes[place] = 1
            elif ordinal not in seen:
                sizes[place] = int(self._sizes[ordinal])
                seen.add(ordinal)
        chosen = np.array([*sizes], dtype=np.intp)
        return Collapsed(docs[chosen], scores[chosen], np.array([*sizes.values()], dtype=np.int64))


def next_reach(reach: int, limit: int, hidden: int) -> int:
    """How many documents to rank if the best ``reach`` have fewer than ``limit`` groups. ``limit + hidden`` always suffice."""
    return min(limit + hidden, reach * _AGAIN)
