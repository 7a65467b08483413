"""Terms: the sorted dictionary of a field in a segment. Nothing is decoded but the terms around what is looked for."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.arrays import AnyArray, ArrayFile, IntP
from indexer.columnar.offsets import Offsets

_SAMPLE: Final = 64
"""One term in so many is held as an object to begin a look-up with: 20 KiB for 100,000 terms of usual length."""
_FEW: Final = 4_096
"""Terms of a dictionary that is held whole: that of a new article or two, in which each query's words are looked for anew."""


class Terms:
    """A sorted dictionary of byte strings: number to term, term to number, ranges."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self._bytes = memoryview(file[f"{prefix}/term_bytes"])  # type: ignore[arg-type]
        self._offsets = Offsets(file, f"{prefix}/term_offsets")
        self._count = len(self._offsets) - 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        return self._bytes[self._offsets[number] : self._offsets[number + 1]].tobytes()

    def find(self, term: bytes) -> int:
        """The number of a term, or -1. O(log n), some microseconds, less than one among few; O(n) the first time."""
        at = self.first_from(term)
        return at if at < self._count and self._at(at) == term else -1

    @cached_property
    def _few(self) -> list[bytes]:
        return self.slice()

    def first_from(self, term: bytes) -> int:
        """The number of the first term that is ``term`` or greater; the count when there is none. Costs what :meth:`find` does."""
        if self._count <= _FEW:
            return bisect_left(self._few, term)
        sample = bisect_left(self._samples, term)
        if not sample:
            return 0
        begin = (sample - 1) * _SAMPLE
        end = min(begin + _SAMPLE, self._count)
        return bisect_left(range(self._count), term, begin, end, key=self._at)

    def beginning(self, prefix: bytes) -> tuple[int, int]:
        """The number of the first term that begins with ``prefix``, and of the first one behind those. Costs one or two look-ups."""
        first = self.first_from(prefix)
        if first == self._count or not self._at(first).startswith(prefix):
            return first, first
        beyond = after_prefix(prefix)
        return first, self.first_from(beyond) if beyond else self._count

    def _at(self, number: int) -> bytes:
        edges = self._edges
        return self._bytes[edges[number] : edges[number + 1]].tobytes()

    @cached_property
    def _edges(self) -> memoryview[int]:
        """Where each term begins and the last one ends, four bytes each: what a look-up compares with, it reads at once."""
        small = len(self._bytes) < 1 << 32
        return memoryview(self._offsets.between().astype(np.uint32 if small else np.int64))  # type: ignore[arg-type]

    def slice(self, begin: int = 0, end: int | None = None) -> list[bytes]:
        """The terms of a range of numbers. O(range)."""
        end = self._count if end is None else min(end, self._count)
        if begin >= end:
            return []
        offsets = self._offsets.between(begin, end + 1).tolist()
        base = offsets[0]
        data = self._bytes[base : offsets[-1]].tobytes()
        return [data[a - base : b - base] for a, b in pairwise(offsets)]

    def packed(self, begin: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The bytes of a range of terms as they stand, one term behind the other, and where each begins in them.

        uint8[bytes] and int64[end - begin + 1], the bytes a view of the mapping.
        """
        offsets = self._offsets.between(begin, end + 1)
        data = np.frombuffer(self._bytes[int(offsets[0]) : int(offsets[-1])], dtype=np.uint8)
        return data, offsets - offsets[0]

    def some(self, numbers: IntP) -> list[bytes]:
        """Some terms."""
        begins, ends = self._offsets.at(numbers).tolist(), self._offsets.at(numbers + 1).tolist()
        return [self._bytes[a:b].tobytes() for a, b in zip(begins, ends, strict=True)]

    def sizes(self, numbers: AnyArray) -> NDArray[np.int64]:
        """int64: how many bytes each of some terms has."""
        edges = np.asarray(self._edges)
        sizes: NDArray[np.int64] = edges[numbers + 1].astype(np.int64) - edges[numbers]
        return sizes

    def texts(self, numbers: AnyArray, width: int) -> NDArray[np.bytes_]:
        """Some terms as an array of their first ``width`` bytes. O(numbers * width)."""
        edges = np.asarray(self._edges)
        places = edges[numbers][:, None].astype(np.int64) + np.arange(width)
        inside = places < edges[numbers + 1][:, None]
        data = np.frombuffer(self._bytes, dtype=np.uint8)
        data = data[np.minimum(places, max(len(data) - 1, 0))] * inside
        texts: NDArray[np.bytes_] = data.view(f"S{width}").ravel()
        return texts

    @cached_property
    def _samples(self) -> list[bytes]:
        return [self._at(number) for number in range(0, self._count, _SAMPLE)]


def after_prefix(prefix: bytes) -> bytes:
    """The least byte string greater than all that begin with ``prefix``; empty when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else b""
