"""Turns documents' terms into postings: a buffer collects the terms, and a vectorised inversion sorts them.

A segment keeps a postings field as these arrays (n terms, p pairs, q postings, d documents)::

    term_bytes u1, term_offsets[n+1]   the terms, ascending as bytes
    pair_offsets[n+1]                  the pairs of each term
    pair_blocks u1|u2[p]               the block of 65,536 documents that a pair lies in
    pair_starts[p+1]                   the postings of each pair
    docs, packed_pairs, packed_docs    the documents within their blocks, see ``pairs.py``
  and for words
    freqs                              frequency of each posting, see ``small.py``
    pair_positions[p+1]                the first position of each pair
    position_lows, position_highs      the positions, posting by posting, see ``positions.py``
    lengths u2|u4[d]                   terms of each document in this field

A *pair* is a term in one block of documents, so a document takes two bytes or less. Arrays without a type are offsets in the form
of ``offsets.py``.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import AnyArray
from indexer.vectorised import numbers_of, rows_at

BLOCK_BITS: Final = 16
BLOCK: Final = 1 << BLOCK_BITS

Term = str | bytes
Place = Term | tuple[Term, ...]
"""The terms at one position of a document: one, or several, or none."""

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]


@dataclass(slots=True)
class Postings:
    """Postings of one field in (term, document) order, before they are laid out.

    ``terms`` uint32[q] ascending, ``docs`` uint32[q] ascending within a term, ``freqs`` uint32[q] or None,
    ``positions`` uint32, ``freqs[i]`` of them for posting i, or None.
    """

    terms: U32
    docs: U32
    freqs: U32 | None = None
    positions: U32 | None = None


class Inverted(NamedTuple):
    """A field's sorted vocabulary, its postings, and uint32[documents]: the number of each document's terms."""

    vocabulary: list[bytes]
    postings: Postings
    lengths: U32


class FieldBuffer:
    """Collects one field's terms, document by document, until they are inverted."""

    def __init__(self, *, positions: bool) -> None:
        # A look-up returns a place's number, or assigns the next one, without Python code for each occurrence.
        self._vocabulary: defaultdict[Place, int] = defaultdict(count().__next__)
        self._ids = array("I")
        self._positions = array("I") if positions else None
        self._counts = array("I")

    def __len__(self) -> int:
        """The number of places in the buffer."""
        return len(self._ids)

    def add(self, places: Iterable[Place], positions: Sequence[int] | None = None) -> None:
        """Add the next document's terms (text counts as its UTF-8) and, for words, the position of each place.

        Raises:
            Unsupported: places and positions differ in number, or a position does not fit 32 bits; nothing is added.
        """
        ids = array("I", numbers_of(self._vocabulary, tuple(places)))
        if self._positions is not None:
            try:
                at = array("I", positions if positions is not None else ())
            except OverflowError as error:
                raise Unsupported("a position is below 0 or does not fit 32 bits") from error
            if len(at) != len(ids):
                raise Unsupported("a document has more terms than positions, or fewer")
            self._positions.extend(at)
        self._ids.extend(ids)
        self._counts.append(len(ids))

    def cut(self, documents: int) -> None:
        """Drop all but the first ``documents`` documents. The vocabulary keeps the terms of the others. O(documents)."""
        kept = sum(self._counts[:documents])
        del self._counts[documents:], self._ids[kept:]
        if self._positions is not None:
            del self._positions[kept:]

    def invert(self) -> Inverted:
        """Sort the terms. O(n log n) of the occurrences, all in C."""
        ids, counts = _array(self._ids), _array(self._counts)
        positions = None if self._positions is None else _array(self._positions)
        return inverted(self._vocabulary, ids, positions, counts)


def inverted(places: Iterable[Place], ids: U32, positions: U32 | None, counts: U32) -> Inverted:
    """Postings of the terms at the places of some documents, in order. O(n log n) of the occurrences, all in C.

    ``ids`` uint32[n] are numbers of ``places``, document by document. ``counts`` uint32[documents] are how many each document has.
    ``positions`` uint32[n] are given for words.
    """
    stacks = [place if isinstance(place, tuple) else (place,) for place in places]
    try:
        encoded = [
            term if isinstance(term, bytes) else term.encode()
            for term in chain.from_iterable(stacks)
        ]
    except UnicodeEncodeError as error:
        raise Unsupported(f"a term is not Unicode text ({error})") from error
    vocabulary = sorted(set(encoded))  # a term may come in several places, as text and as bytes
    ranks = {term: rank for rank, term in enumerate(vocabulary)}
    rank = np.array([ranks[term] for term in encoded], dtype=np.uint64)
    sizes = np.fromiter(map(len, stacks), dtype=np.int64, count=len(stacks))
    held = sizes[ids]  # terms of each place
    owners = np.repeat(np.arange(len(ids)), held)
    keys = rank[rows_at((np.cumsum(sizes) - sizes)[ids], held)] << np.uint64(32)
    keys |= np.arange(len(keys), dtype=np.uint64)
    keys.sort()
    terms = (keys >> np.uint64(32)).astype(np.uint32)
    order = owners[(keys & np.uint64(0xFFFFFFFF)).astype(np.intp)]
    del keys, owners
    docs = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
    lengths = np.bincount(docs, weights=held, minlength=len(counts)).astype(np.uint32)
    docs = docs[order]
    firsts = np.flatnonzero(_firsts(terms) | _firsts(docs))
    postings = Postings(terms=terms[firsts], docs=docs[firsts])
    if positions is not None:
        postings.freqs = np.diff(firsts, append=len(terms)).astype(np.uint32)
        postings.positions = positions[order]
    return Inverted(vocabulary, postings, lengths)


def _array(numbers: array[int]) -> U32:
    return np.array(numbers, dtype=np.uint32)


def inverted_pairs(codes: U64, counts: U32) -> Inverted:
    """Postings of terms of two characters that are given as numbers: the first code point times 2**32, plus the second.

    ``codes`` uint64[n] are those of some documents, in order. One that a document has again counts once. ``counts`` uint32[documents]
    are their numbers. O(n log n), all in C.

    A key of 64 bits holds the ranks of both characters among those that occur, and the document. Unicode has some 150,000
    characters, so two ranks and a document of a segment take at most 62 bits.
    """
    first, second = (codes >> np.uint64(32)).astype(np.uint32), codes.astype(np.uint32)
    occurs = np.zeros(sys.maxunicode + 1, dtype=bool)
    occurs[first] = occurs[second] = True
    characters = np.flatnonzero(occurs).astype(np.uint32)
    rank = (np.cumsum(occurs) - 1).astype(np.uint64)
    doc_bits, bits = (np.uint64(int(n).bit_length()) for n in (len(counts), len(characters)))
    keys = (rank[first] << bits | rank[second]) << doc_bits
    keys |= np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    del codes, first, second
    keys.sort()
    keys = keys[_firsts(keys)]
    docs = (keys & ((np.uint64(1) << doc_bits) - np.uint64(1))).astype(np.uint32)
    keys >>= doc_bits
    fresh = _firsts(keys)
    distinct = keys[fresh]
    ranks = np.stack((distinct >> bits, distinct & ((np.uint64(1) << bits) - np.uint64(1))))
    texts: list[str] = characters[ranks.astype(np.intp)].T.copy().view("<U2").ravel().tolist()
    try:
        vocabulary = [text.encode() for text in texts]
    except UnicodeEncodeError as error:
        raise Unsupported(f"a term is not Unicode text ({error})") from error
    terms = (np.cumsum(fresh, dtype=np.int64) - 1).astype(np.uint32)
    lengths = np.bincount(docs, minlength=len(counts)).astype(np.uint32)
    return Inverted(vocabulary, Postings(terms=terms, docs=docs), lengths)


def _firsts(values: AnyArray) -> NDArray[np.bool_]:
    """Which of some ascending values differ from the one before."""
    fresh = np.empty(len(values), dtype=bool)
    fresh[:1] = True
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return fresh


@dataclass(slots=True)
class LaidOut:
    """A stretch of postings in the form that a segment stores. Offsets count from the beginning of the stretch."""

    pair_terms: U32
    pair_blocks: NDArray[np.uint16]
    pair_starts: NDArray[np.int64]
    docs: NDArray[np.uint16]
    freqs: U32 | None
    pair_positions: NDArray[np.int64] | None
    positions: U32 | None


def lay_out(postings: Postings) -> LaidOut:
    """Cut postings into pairs and narrow their types. O(postings), no loop."""
    blocks = postings.docs >> BLOCK_BITS
    pair_keys = postings.terms.astype(np.uint64) << np.uint64(32) | blocks
    starts = np.flatnonzero(_firsts(pair_keys))
    pair_positions = None
    if postings.freqs is not None:
        ends = np.cumsum(postings.freqs, dtype=np.int64)
        last = ends[-1] if len(ends) else 0
        pair_positions = np.append(ends[starts] - postings.freqs[starts], last)
    return LaidOut(
        pair_terms=postings.terms[starts],
        pair_blocks=blocks[starts].astype(np.uint16),
        pair_starts=np.append(starts, len(postings.docs)),
        docs=postings.docs.astype(np.uint16),
        freqs=postings.freqs,
        pair_positions=pair_positions,
        positions=postings.positions,
    )


def narrow(values: AnyArray, *, at_least: int = 1) -> AnyArray:
    """The same values in the smallest unsigned type that holds them and has at least ``at_least`` bytes."""
    top = int(values.max()) if len(values) else 0
    for dtype in (np.uint8, np.uint16, np.uint32, np.uint64):
        if np.dtype(dtype).itemsize >= at_least and top <= np.iinfo(dtype).max:
            return values.astype(dtype)
    raise Unsupported(f"value {top} is too large")


def sizes_of(offsets: AnyArray) -> NDArray[np.int64]:
    """int64[n]: the size of each row of an offset array of n + 1."""
    wide: NDArray[np.int64] = offsets.astype(np.int64)
    return wide[1:] - wide[:-1]


def rows_of(
    starts: AnyArray, docs: NDArray[np.intp], length: int
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The places of the rows of some documents, and each document's number of rows. ``starts`` has each document's first row.

    Raises:
        ValueError: the documents have more than ``length`` rows.
    """
    firsts = starts[docs].astype(np.intp)
    counts = starts[docs + 1].astype(np.intp) - firsts
    if counts.sum() > length:
        raise ValueError(f"{counts.sum()} rows of {length}")
    return rows_at(firsts, counts), counts


def pack_terms(terms: Sequence[bytes]) -> tuple[NDArray[np.uint8], U32]:
    """Terms as one array of bytes, and their offsets: one for each term and the end."""
    offsets = np.zeros(len(terms) + 1, dtype=np.uint64)
    np.cumsum(np.fromiter(map(len, terms), dtype=np.uint64, count=len(terms)), out=offsets[1:])
    if int(offsets[-1]) >= 2**32:
        raise Unsupported("the terms of one field take 4 GiB or more")
    return np.frombuffer(b"".join(terms), dtype=np.uint8), offsets.astype(np.uint32)
