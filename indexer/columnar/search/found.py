"""The results of evaluating a plan in one leaf: some documents with scores, as a list or as dense arrays."""

from __future__ import annotations

import threading
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.search.impacts import F32, Column, Listed

Mask = NDArray[np.bool_]

SCRATCH_BYTES: Final = 64 * 2**20
"""Bytes of accumulators that a thread keeps between queries: four for each segment of an index of 4 million documents."""


class Dense(NamedTuple):
    """One score for each document, float32, padded with zeros to whole blocks. ``mask`` says which match; None: those above 0."""

    scores: F32
    mask: Mask | None


Found = Listed | Dense
"""A result that belongs to the caller. The caller may change a Dense and must give it back."""
Part = Found | Column
"""A result that may only be read or added to another one. A Column is shared."""


class Scratch(threading.local):
    """Zeroed accumulators that a thread reuses. Each borrower gives its accumulator back.

    Segments come and go, and each needs its own length. Beyond SCRATCH_BYTES the least recently used lengths are dropped.
    """

    def __init__(self) -> None:
        self._free: dict[int, list[F32]] = {}  # ordered by the last return, latest last
        self._held = 0

    def borrow(self, length: int) -> F32:
        """float32[length], all zero."""
        free = self._free.get(length)
        if not free:
            return np.zeros(length, dtype=np.float32)
        scores = free.pop()
        self._held -= scores.nbytes
        return scores

    def give_back(self, scores: F32) -> None:
        """Take an accumulator back and clear it."""
        scores.fill(0.0)
        self.give_back_clean(scores)

    def give_back_clean(self, scores: F32) -> None:
        """Take back an accumulator that is already all zero."""
        free = self._free.pop(len(scores), [])
        free.append(scores)
        self._free[len(scores)] = free
        self._held += scores.nbytes
        while self._held > SCRATCH_BYTES:
            length, oldest = next(iter(self._free.items()))
            if oldest:
                self._held -= oldest.pop().nbytes
            else:
                del self._free[length]


_SPREAD: Final = 16
"""A list of fewer than this many times the wanted documents is spread over an array. A binary search costs some 16 writes."""

SCRATCH: Final = Scratch()
"""The accumulators; each thread has its own."""


def mask_of(found: Part, length: int) -> Mask:
    """bool[length]: which documents were found. A fresh array, or the result's own."""
    if isinstance(found, Listed):
        mask = np.zeros(length, dtype=bool)
        mask[found.docs] = True
        return mask
    if isinstance(found, Column) or found.mask is None:
        return found.scores > 0
    return found.mask


def documents_of(found: Part) -> IntP:
    """intp, ascending: the documents that were found. A fresh array, or a list's own."""
    return (
        found.docs
        if isinstance(found, Listed)
        else np.flatnonzero(mask_of(found, len(found.scores)))
    )


def listed(found: Part) -> Listed:
    """The result as a list of documents."""
    if isinstance(found, Listed):
        return found
    docs = documents_of(found)
    return Listed(docs, found.scores[docs])


def look_up(found: Part, docs: IntP, length: int) -> tuple[Mask, F32]:
    """Which of ``docs`` were found, and the score of each (0 if not). O(docs * log found) or O(docs)."""
    if isinstance(found, Listed):
        return look_up_listed(found, docs, length)
    scores = found.scores[docs]
    if isinstance(found, Column) or found.mask is None:
        return scores > 0, scores
    return found.mask[docs], scores


def look_up_listed(found: Listed, docs: IntP, length: int) -> tuple[Mask, F32]:
    """:func:`look_up` in a list. ``length`` is that of the leaf's dense arrays. O(docs * log found) or O(docs + found)."""
    if not len(found.docs):
        return np.zeros(len(docs), dtype=bool), np.zeros(len(docs), dtype=np.float32)
    if len(found.docs) < len(docs) * _SPREAD and found.scores.min() > 0:
        return _look_up_spread(found, docs, length)
    at = np.searchsorted(found.docs, docs)
    np.minimum(at, len(found.docs) - 1, out=at)
    hit = found.docs[at] == docs
    return hit, found.scores[at] * hit


def _look_up_spread(found: Listed, docs: IntP, length: int) -> tuple[Mask, F32]:
    """Spread the list over an accumulator, look there, and clear the touched places."""
    spread = SCRATCH.borrow(length)
    spread[found.docs] = found.scores
    scores = spread[docs]
    spread[found.docs] = 0.0
    SCRATCH.give_back_clean(spread)
    return scores > 0, scores
