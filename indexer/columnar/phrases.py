"""Phrases: which documents hold terms one after the other, from the positions, without a loop over documents."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.impacts import NOTHING, Impacts, Listed
from indexer.columnar.inversion import rows_at
from indexer.columnar.plan import Phrase
from indexer.columnar.segment import IntP

U64 = NDArray[np.uint64]

_FARTHEST: Final = 2**31
"""No slop reaches farther, so that none reaches from one document into the next: positions lie below this."""


def phrase_matches(impacts: Impacts, leaf: int, phrase: Phrase) -> Listed:
    """The documents that hold the phrase, scored by the sum of their terms' BM25.

    O(postings of the rarest term * terms * log postings) plus the positions in the documents that hold all terms.

    Raises:
        Unsupported: the field keeps no positions.
    """
    lists = [impacts.listed(leaf, phrase.field, term) for term in phrase.terms]
    if not lists:
        return NOTHING
    shared, places = _shared(impacts, leaf, phrase, lists)
    if not len(shared):
        return NOTHING
    ends: U64 | None = None
    for term, at in zip(phrase.terms, places, strict=True):
        found = _occurrences(impacts, leaf, phrase.field, term, at)
        ends = found if ends is None else _following(ends, found, phrase.slop)
        if not len(ends):
            return NOTHING
    assert ends is not None, "a phrase has terms"
    owners = (ends >> np.uint64(32)).astype(np.intp)
    chosen = owners[np.flatnonzero(np.diff(owners, prepend=-1))]
    scores = np.zeros(len(chosen), dtype=np.float32)
    for each, at in zip(lists, places, strict=True):
        scores += each.scores[at[chosen]]
    return Listed(shared[chosen], scores)


def _shared(
    impacts: Impacts, leaf: int, phrase: Phrase, lists: list[Listed]
) -> tuple[IntP, list[IntP]]:
    """The documents that all lists hold, and for each list where they stand in it."""
    by_length = sorted(range(len(lists)), key=lambda number: len(lists[number].docs))
    shared = lists[by_length[0]].docs
    places: dict[int, IntP] = {by_length[0]: np.arange(len(shared))}
    for number in by_length[1:]:
        if not len(shared):
            return shared, []
        docs = lists[number].docs
        column = impacts.column(leaf, phrase.field, phrase.terms[number])
        if column is not None:
            # Most documents are told apart by a look into the column; only the others are searched for.
            hit = column.scores[shared] > 0
            shared = shared[hit]
            places = {other: place[hit] for other, place in places.items()}
        at = np.searchsorted(docs, shared)
        if column is None:
            np.minimum(at, len(docs) - 1, out=at)
            hit = docs[at] == shared
            if not hit.all():
                shared, at = shared[hit], at[hit]
                places = {other: place[hit] for other, place in places.items()}
        places[number] = at
    return shared, [places[number] for number in range(len(lists))]


def _occurrences(impacts: Impacts, leaf: int, field: str, term: bytes, at: IntP) -> U64:
    """uint64, ascending: ``index in at << 32 | position`` of each occurrence of a term in its postings ``at``."""
    positions, starts = impacts.positions(leaf, field, term)
    firsts = starts[at]
    counts = starts[at + 1] - firsts
    if len(counts) == int(counts.sum()):
        return np.arange(len(at), dtype=np.uint64) << np.uint64(32) | positions[firsts].astype(
            np.uint64
        )
    owners = np.repeat(np.arange(len(at), dtype=np.uint64), counts)
    chosen = positions[rows_at(firsts, counts)]
    return owners << np.uint64(32) | chosen.astype(np.uint64)


def _following(ends: U64, places: U64, slop: int) -> U64:
    """Of ``places``, those that come 1 to ``slop`` positions after one of ``ends``, in the same document."""
    at = np.searchsorted(ends, places)  # ends[at - 1] is the nearest one before
    before = ends[np.maximum(at - 1, 0)]
    near = (at > 0) & (places - before <= np.uint64(min(max(slop, 0), _FARTHEST)))
    return places[near]
