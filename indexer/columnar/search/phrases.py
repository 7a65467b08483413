"""Phrases: finds the documents that hold terms one after the other or near one another. No loop runs over documents.

An *occurrence* is one number, int64: ``document << 32 | position``. The occurrences of a term ascend. A phrase is thus an
intersection of sorted arrays, each shifted by the term's place in the phrase. Near terms are found by binary search in them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP, firsts
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.search.found import Mask, look_up, look_up_listed
from indexer.columnar.search.impacts import I64, NOTHING, Impacts, Listed, padded
from indexer.columnar.search.plan import Near, Phrase

_POSITION_BITS: Final = 32
_FARTHEST: Final = 2**31
"""The largest slop and window. Positions lie below it, so neither reaches from one document into the next."""
_SEARCH: Final = 4
"""A set of occurrences that is more than this many times smaller than another uses binary search, a larger set uses a sieve."""
_SIEVE_BITS: Final = 20
"""A sieve of 1 MiB fits the processor's cache. With a hundred thousand occurrences it passes a tenth of the others."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""


class _Sieve(threading.local):
    """One byte for each hash of an occurrence, all zero between uses. Each thread has its own."""

    def __init__(self) -> None:
        self.seen = np.zeros(1 << _SIEVE_BITS, dtype=bool)


_sieve = _Sieve()


def phrase_matches(impacts: Impacts, leaf: int, phrase: Phrase) -> Listed:
    """The documents that hold the phrase, scored by the sum of their terms' BM25.

    O(occurrences of the two rarest terms), or of the rarest term times the logarithm of the other's.

    Raises:
        Unsupported: the field keeps no positions.
    """
    counts = [impacts.occurrence_count(leaf, phrase.field, term) for term in phrase.terms]
    if not counts or not min(counts):
        return NOTHING
    if len(counts) == 1:
        return impacts.listed(leaf, phrase.field, phrase.terms[0])
    find = _adjacent if phrase.slop == 1 else _near
    docs = _owners(find(impacts, leaf, phrase, counts))
    if not len(docs):
        return NOTHING
    scores = np.zeros(len(docs), dtype=np.float32)
    length = padded(impacts.snapshot.leaves[leaf].segment.doc_count)
    for term in phrase.terms:
        part = impacts.column(leaf, phrase.field, term) or impacts.listed(leaf, phrase.field, term)
        scores += look_up(part, docs, length)[1]
    return Listed(docs, scores)


def near_matches(impacts: Impacts, leaf: int, near: Near) -> IntP:
    """intp, ascending: the documents in which all terms stand in one window.

    O(occurrences in the documents that hold all terms * terms * log).

    Raises:
        Unsupported: the field keeps no positions.
    """
    terms = tuple(dict.fromkeys(near.terms))
    counts = [impacts.occurrence_count(leaf, near.field, term) for term in terms]
    if not counts or not min(counts):
        return NOTHING.docs
    among = DocsByBlock(_holding(impacts, leaf, near.field, terms, counts))
    found = [impacts.occurrences_in(leaf, near.field, term, among) for term in terms]
    # A window ends with one of its terms. Each other term stands in it if the last one before that end does.
    ends = np.concatenate(found)
    for places in sorted(found, key=len):
        at = places.searchsorted(ends, side="right")
        behind = ends - places[np.maximum(at - 1, 0)]
        ends = ends[(at > 0) & (behind < min(near.window, _FARTHEST))]
    ends.sort()
    return _owners(ends)


def _adjacent(impacts: Impacts, leaf: int, phrase: Phrase, counts: list[int]) -> I64:
    """Occurrences of the rarest term around which all the others stand in their places."""
    by_count = sorted(range(len(counts)), key=counts.__getitem__)
    rarest = by_count[0]
    found = impacts.occurrences(leaf, phrase.field, phrase.terms[rarest])
    for place in by_count[1:]:
        if not len(found):
            break
        # A position below 0 borrows from the document. No term has the resulting position.
        wanted = found + (place - rarest)
        term = phrase.terms[place]
        if impacts.keeps_occurrences(leaf, phrase.field, term):
            others = impacts.occurrences(leaf, phrase.field, term)
        else:
            others = impacts.occurrences_in(leaf, phrase.field, term, DocsByBlock(_owners(found)))
        found = found[_members(wanted, others)]
    return found


def _near(impacts: Impacts, leaf: int, phrase: Phrase, counts: list[int]) -> I64:
    """Occurrences of the last term that end a chain of all terms."""
    among = DocsByBlock(_holding(impacts, leaf, phrase.field, phrase.terms, counts))
    ends: I64 | None = None
    for term in phrase.terms:
        found = impacts.occurrences_in(leaf, phrase.field, term, among)
        ends = found if ends is None else _following(ends, found, phrase.slop)
    assert ends is not None, "a phrase has terms"
    return ends


def _holding(
    impacts: Impacts, leaf: int, field: str, terms: Sequence[bytes], counts: Sequence[int]
) -> IntP:
    """intp, ascending: the documents that hold all terms. ``counts`` are the terms' occurrences."""
    length = padded(impacts.snapshot.leaves[leaf].segment.doc_count)
    rarest = min(range(len(counts)), key=counts.__getitem__)
    shared = impacts.listed(leaf, field, terms[rarest]).docs
    for term in terms:
        hit, _ = look_up_listed(impacts.listed(leaf, field, term), shared, length)
        shared = shared[hit]
    return shared


def _owners(occurrences: I64) -> IntP:
    """The documents of some occurrences, each once, ascending."""
    docs = (occurrences >> _POSITION_BITS).astype(np.intp, copy=False)
    return docs[firsts(docs)]


def _members(wanted: I64, among: I64) -> Mask:
    """Which of ``wanted`` are in ``among``; both ascend."""
    if not len(among):
        return np.zeros(len(wanted), dtype=bool)
    if len(wanted) * _SEARCH < len(among):
        return _searched(wanted, among)
    seen = _sieve.seen
    hashes = _hashes(among)
    seen[hashes] = True
    hit: Mask = seen[_hashes(wanted)]
    seen[hashes] = False
    maybe = np.flatnonzero(hit)
    hit[maybe] = _searched(wanted[maybe], among)
    return hit


def _searched(wanted: I64, among: I64) -> Mask:
    at = among.searchsorted(wanted)
    np.minimum(at, len(among) - 1, out=at)
    found: Mask = among[at] == wanted
    return found


def _hashes(occurrences: I64) -> NDArray[np.intp]:
    mixed = occurrences.view(np.uint64) * _MIX
    mixed >>= np.uint64(64 - _SIEVE_BITS)
    return mixed.view(np.intp)


def _following(ends: I64, places: I64, slop: int) -> I64:
    """The ``places`` that come 1 to ``slop`` positions after one of ``ends``, in the same document."""
    if not len(ends):
        return ends
    at = np.searchsorted(ends, places)  # ends[at - 1] is the nearest one before
    near = (at > 0) & (places - ends[np.maximum(at - 1, 0)] <= min(max(slop, 0), _FARTHEST))
    return places[near]
