"""Places: the numbers of terms in segments and their counts of postings, cached because plans ask for them again and again.

A segment never changes, so a cached place is valid in every snapshot with that segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from indexer.columnar.files.segment import PostingsField, Segment

_REMEMBERED: Final = 50_000
"""The most cached places, of all segments together: about 200 bytes each."""
_LONGEST: Final = 100
"""The most bytes of a cached term, since pasted text may have any length."""


class Place(NamedTuple):
    """A term in a segment: its number (-1 for none), its postings, and its occurrences (-1 if the field does not count them)."""

    number: int
    postings: int
    occurrences: int


_ABSENT: Final = Place(-1, 0, 0)


class Places:
    """The places of terms in the segments of some snapshots. Threads may share it."""

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, bytes], Place]] = {}
        self._held = 0  # kept beside the dictionaries, since each look-up needs it; threads may make it inexact

    def __len__(self) -> int:
        return self._held

    def known_in(self, segment: Segment) -> dict[tuple[str, bytes], Place]:
        """The cached places of a segment, by field and term. Read-only for callers."""
        return self._known.setdefault(segment.name, {})

    def find(self, segment: Segment, field: str, term: bytes) -> Place:
        """A term's place in a segment. O(log terms), O(1) for a cached one."""
        place = self.known_in(segment).get((field, term))
        if place is None:
            place = _found(postings_of(segment, field), term)
            if len(term) <= _LONGEST:
                self._remember(segment, {(field, term): place})
        return place

    def postings(self, segment: Segment, field: str, terms: Sequence[bytes]) -> list[int]:
        """How many postings each term has in a segment. Cheaper than single look-ups.

        Terms that the segment does not have are not cached: most of them are guesses, which rarely recur.
        """
        known, postings = self.known_in(segment), postings_of(segment, field)
        if postings is None or not postings.words:
            return [self.find(segment, field, term).postings for term in terms]
        places = [known.get((field, term)) for term in terms]
        counts = [0 if place is None else place.postings for place in places]
        unknown = [at for at, place in enumerate(places) if place is None]
        found = postings.terms.find_all([terms[at] for at in unknown])
        fresh = [(at, number) for at, number in zip(unknown, found, strict=True) if number >= 0]
        if fresh:
            numbers = np.array([number for _, number in fresh], dtype=np.intp)
            held = postings.doc_frequencies_of(numbers).tolist()
            occurrences = postings.total_frequencies_of(numbers).tolist()
            remembered = {}
            for (place, number), *row in zip(fresh, held, occurrences, strict=True):
                counts[place] = row[0]
                if len(terms[place]) <= _LONGEST:
                    remembered[field, terms[place]] = Place(number, *row)
            self._remember(segment, remembered)
        return counts

    def _remember(self, segment: Segment, found: dict[tuple[str, bytes], Place]) -> None:
        self._held += len(found)
        if self._held > _REMEMBERED:
            self._held = len(found)
            for known in [*self._known.values()]:
                known.clear()
        self.known_in(segment).update(found)

    def keep_only(self, segments: frozenset[str]) -> None:
        """Drop the places of all segments except these."""
        for name in self._known.keys() - segments:
            self._held -= len(self._known.pop(name, ()))


def postings_of(segment: Segment, field: str) -> PostingsField | None:
    """A field's postings in a segment, or None if the segment is older than the field."""
    return segment.postings(field) if field in segment.layout.postings else None


def _found(postings: PostingsField | None, term: bytes) -> Place:
    if postings is None:
        return _ABSENT
    number = postings.terms.find(term)
    if not postings.words:
        return Place(number, postings.doc_frequency(number) if number >= 0 else 0, -1)
    if number < 0:
        return _ABSENT
    return Place(number, postings.doc_frequency(number), postings.total_frequency(number))
