"""The documents of a field's pairs: one list of numbers below 65,536 for each term in each block of documents.

Arrays (s pairs are packed)::

    docs u2            the documents of the other pairs, one pair after another
    packed_pairs u4[s] the packed pairs, ascending
    packed_docs u1     their documents, one pair after another

A pair of SPLIT to BITS postings is split as Elias and Fano did (Vigna, "Quasi-succinct indices", WSDM 2013), with eight low bits:
how many of its documents lie in each 256 of the block, u1[256], and the low byte of each document. One with more postings is a
bitmap, as in Roaring (Lemire et al., 2018): how many of its documents come before each 256, u2[256], and a bit for each document
of the block, the lowest first. Both need about a byte a posting, or less. A pair that fills 256 documents is not split.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import AnyArray, ArrayFile, IntP
from indexer.columnar.files.offsets import Offsets

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]

PART: Final = 256
"""Documents whose numbers differ in the low byte only."""
PARTS: Final = 256
"""Parts of a block."""
SPLIT: Final = 512
"""From this many postings on, a split pair is shorter than two bytes a posting."""
BITS: Final = 8_448
"""Above this many postings, a bitmap is shorter than a split pair."""
_BITMAP_BYTES: Final = PARTS * PART // 8
_RANKS_BYTES: Final = 2 * PARTS
_HIGH: Final = np.arange(0, PARTS * PART, PART, dtype=np.uint16)


def packed(docs: U16) -> U8 | None:
    """The packed form of a pair's documents, ascending, or None if they are not packed. O(documents)."""
    if len(docs) < SPLIT:
        return None
    counts = np.bincount(docs >> 8, minlength=PARTS)
    if len(docs) > BITS:
        ranks = (np.cumsum(counts) - counts).astype("<u2")
        held = np.zeros(PARTS * PART, dtype=bool)
        held[docs] = True
        return np.concatenate((ranks.view(np.uint8), np.packbits(held, bitorder="little")))
    if counts.max() > np.iinfo(np.uint8).max:
        return None
    return np.concatenate((counts.astype(np.uint8), docs.astype(np.uint8)))


class PairDocs:
    """Reads the documents of one field's pairs. Threads may share it."""

    def __init__(self, file: ArrayFile, prefix: str, starts: Offsets) -> None:
        """``starts`` are the first postings of the pairs."""
        self._path, self._prefix, self._starts = file.path, prefix, starts
        self._docs: U16 = file[f"{prefix}/docs"]
        self._packed_pairs: NDArray[np.uint32] = file[f"{prefix}/packed_pairs"]
        self._packed: U8 = file[f"{prefix}/packed_docs"]
        self._numbers: memoryview[int] = memoryview(self._packed_pairs)  # type: ignore[arg-type]

    @cached_property
    def _before(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """int64[s + 1] each: the postings, and the bytes, of all packed pairs before each one. Computed once: O(s)."""
        pairs = self._packed_pairs.astype(np.intp)
        counts = self._starts.at(pairs + 1) - self._starts.at(pairs)
        sizes = np.where(counts > BITS, _RANKS_BYTES + _BITMAP_BYTES, PARTS + counts)
        before = np.zeros((2, len(pairs) + 1), dtype=np.int64)
        np.cumsum(counts, out=before[0, 1:])
        np.cumsum(sizes, out=before[1, 1:])
        return before[0], before[1]

    def faults(self) -> Iterator[str]:
        """What is wrong with the lengths of the arrays, and with the order of the packed pairs. O(s)."""
        pairs = self._packed_pairs
        if (pairs[1:] <= pairs[:-1]).any() or (len(pairs) and pairs[-1] >= len(self._starts) - 1):
            yield f"'{self._prefix}/packed_pairs' does not ascend"
            return
        postings, sizes = self._before
        if sizes[-1] != len(self._packed):
            yield f"'{self._prefix}/packed_docs' has {len(self._packed)} entries, not {sizes[-1]}"
        plain = self._starts[len(self._starts) - 1] - int(postings[-1])
        if plain != len(self._docs):
            yield f"'{self._prefix}/docs' has {len(self._docs)} entries, not {plain}"

    def of(self, pair: int, begin: int, end: int) -> U16:
        """The documents of one pair, whose postings are ``begin`` to ``end`` (excluded); never change them. O(postings)."""
        place = bisect_left(self._numbers, pair)
        if place < len(self._numbers) and self._numbers[place] == pair:
            return self._unpacked(place, end - begin)
        return self._plain(place, begin, end)

    def between(self, first: int, last: int) -> U16:
        """The documents of pairs ``first`` to ``last`` (excluded), one after another; never change them. O(postings)."""
        low, high = bisect_left(self._numbers, first), bisect_left(self._numbers, last)
        begin, end = self._starts[first], self._starts[last]
        if low == high:
            return self._plain(low, begin, end)
        packed_pairs = self._packed_pairs[low:high].astype(np.intp)
        starts, ends = self._starts.at(packed_pairs), self._starts.at(packed_pairs + 1)
        pieces: list[U16] = []
        at = begin
        for place, edge, next_edge in zip(
            range(low, high), starts.tolist(), ends.tolist(), strict=True
        ):
            pieces += self._plain(place, at, edge), self._unpacked(place, next_edge - edge)
            at = next_edge
        return np.concatenate([*pieces, self._plain(high, at, end)])

    def some(self, pairs: IntP) -> U16:
        """The documents of some pairs, one after another: a fresh array. O(postings)."""
        starts, ends = self._starts.at(pairs).tolist(), self._starts.at(pairs + 1).tolist()
        each = [self.of(*one) for one in zip(pairs.tolist(), starts, ends, strict=True)]
        return np.concatenate([_NO_DOCS, *each])

    def find(self, pair: int, begin: int, end: int, within: U16) -> tuple[IntP, NDArray[np.bool_]]:
        """For each of some documents of the block the posting that holds it, and whether there is one.

        O(documents) for a bitmap, O(documents x log postings) for a pair that is not packed, O(postings) for a split one.
        """
        if end - begin > BITS:
            place = bisect_left(self._numbers, pair)
            return self._ranked(place, begin, within)
        docs = self.of(pair, begin, end)
        # The search leaves out the last posting: a document greater than the others is there or nowhere.
        at = docs[:-1].searchsorted(within)
        return at + begin, docs[at] == within

    def _plain(self, place: int, begin: int, end: int) -> U16:
        """The documents of postings ``begin`` to ``end`` (excluded), none of them packed; ``place`` packed pairs come before."""
        before = int(self._before[0][place]) if place else 0
        return self._docs[begin - before : end - before]

    def _ranked(self, place: int, begin: int, within: U16) -> tuple[IntP, NDArray[np.bool_]]:
        ranks, bits = self._bitmap(place)
        parts = bits.reshape(PARTS, PART // 8)[within >> 8]
        low = (within & 255).astype(np.intp)[:, np.newaxis]
        left = low - 8 * np.arange(PART // 8)  # the bits of each byte that come before the document
        masks = (1 << left.clip(0, 8)) - 1
        at = ranks[within >> 8].astype(np.intp) + begin
        at += np.bitwise_count(parts & masks.astype(np.uint8)).sum(axis=1, dtype=np.intp)
        held = (bits[within >> 3] >> (within & 7).astype(np.uint8)) & 1
        return at, held.astype(bool)

    def _bitmap(self, place: int) -> tuple[U16, U8]:
        begin = int(self._before[1][place])
        bits = begin + _RANKS_BYTES
        return self._packed[begin:bits].view("<u2"), self._packed[bits : bits + _BITMAP_BYTES]

    def _unpacked(self, place: int, count: int) -> U16:
        """The documents of a packed pair.

        Raises:
            Damaged: they are not as many as the pair's postings.
        """
        if count > BITS:
            _, bits = self._bitmap(place)
            docs = np.flatnonzero(np.unpackbits(bits, bitorder="little")).astype(np.uint16)
        else:
            begin = int(self._before[1][place])
            lows = begin + PARTS
            docs = np.repeat(_HIGH, self._packed[begin:lows])
            if len(docs) == count:
                docs |= self._packed[lows : lows + count]
        if len(docs) != count:
            pair = self._numbers[place]
            why = f"pair {pair} of {self._prefix!r} has {len(docs)} documents, not {count}"
            raise Damaged(self._path, why)
        return docs


_NO_DOCS: Final = np.empty(0, dtype=np.uint16)


def parted(docs: U16, starts: AnyArray) -> tuple[U16, NDArray[np.int64], Iterable[U8]]:
    """A stretch of postings by form: the documents that are not packed, the numbers of the packed pairs, and these pairs.

    ``starts`` are the first postings of the pairs, and the end.
    """
    sizes = np.diff(starts)
    plain = np.ones(len(docs), dtype=bool)
    pairs, forms = [], []
    for pair in np.flatnonzero(sizes >= SPLIT).tolist():
        begin, end = int(starts[pair]), int(starts[pair + 1])
        form = packed(docs[begin:end])
        if form is not None:
            plain[begin:end] = False
            pairs.append(pair)
            forms.append(form)
    return docs[plain], np.array(pairs, dtype=np.int64), forms
