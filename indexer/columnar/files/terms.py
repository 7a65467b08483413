"""Terms: the sorted dictionary of a field in a segment. A look-up decodes only the terms near the wanted one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import AnyArray, ArrayFile, IntP
from indexer.columnar.files.offsets import Offsets

_WIDTH: Final = 8
"""Bytes of a term's prefix, compared as one number: two Chinese characters, enough to tell most terms apart."""
_SAMPLE: Final = 4
"""One in this many terms is a sample. The samples' prefixes stay in memory to start look-ups: two bytes a term."""
_READ: Final = 24
"""Bytes of a term that a joint look-up compares: eight Chinese characters."""
_STRETCH: Final = _SAMPLE << 12
"""Terms whose prefixes are read at once. The memory for that fits the processor's cache."""
_MANY: Final = 24
"""From this many terms on, a joint look-up is faster than single ones."""
_VERY_MANY: Final = 256
"""From this many terms on, binary searches in step are faster than one after the other."""
_FEW: Final = 4_096
"""A dictionary of up to this many terms is decoded whole. Such is the dictionary of one or two new articles, in which every
query's words must be looked up anew.
"""


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
        """The number of a term, or -1. O(log n), some microseconds, less in a small dictionary; O(n) the first time."""
        at = self.first_from(term)
        if at == self._count:
            return -1
        found = self._few[at] if self._count <= _FEW else self._at(at)
        return at if found == term else -1

    @cached_property
    def _few(self) -> list[bytes]:
        return self.slice()

    def find_all(self, terms: Sequence[bytes]) -> list[int]:
        """The number of each of some terms, or -1. In a joint look-up, most terms take less than a microsecond."""
        if self._count <= _FEW or len(terms) < _MANY:
            return [*map(self.find, terms)]
        wanted = np.array(terms, dtype=f"S{_READ}")
        prefixes = _as_numbers(wanted.astype(f"S{_WIDTH}"))
        samples = np.asarray(self._samples)
        sample = np.searchsorted(samples, prefixes)
        # The first term with a prefix comes after the last sample below the prefix, and not after the next sample.
        beside = (sample * _SAMPLE)[:, None] - np.arange(_SAMPLE)
        np.minimum(beside, self._count - 1, out=beside)
        near = self.texts(beside.ravel(), _READ).reshape(beside.shape)
        sizes = np.array([*map(len, terms)])
        exact = (near == wanted[:, None]) & (self.sizes(beside) == sizes[:, None])
        exact &= (sizes <= _READ)[:, None]
        numbers = np.where(
            exact.any(axis=1), beside[np.arange(len(terms)), exact.argmax(axis=1)], -1
        )
        # Further terms with the prefix follow if the next sample has it too, and a long term was not read to its end.
        further = samples[np.minimum(sample, len(samples) - 1)] == prefixes
        unsure = np.flatnonzero((numbers < 0) & (further | (sizes > _READ)))
        numbers[unsure] = self._find_each([terms[at] for at in unsure.tolist()])
        found: list[int] = numbers.tolist()
        return found

    def _find_each(self, terms: Sequence[bytes]) -> list[int]:
        if len(terms) < _VERY_MANY:
            return [*map(self.find, terms)]
        return self._find_in_step(terms)

    def _find_in_step(self, terms: Sequence[bytes]) -> list[int]:
        """:meth:`find_all` by binary searches that take each step together."""
        width = max(map(len, terms))
        wanted = np.array(terms, dtype=f"S{width}")
        low, high = np.zeros(len(terms), np.int64), np.full(len(terms), self._count)
        for _ in range(self._count.bit_length()):
            middle = (low + high) // 2
            less = self.texts(np.minimum(middle, self._count - 1), width) < wanted
            open_ = low < high
            low, high = np.where(less & open_, middle + 1, low), np.where(less, high, middle)
        found = np.minimum(low, self._count - 1).tolist()
        # Arrays of bytes take a term for equal to itself with NULs behind it, and were cut to the width.
        return [
            at if self._at(at) == term else self.find(term)
            for at, term in zip(found, terms, strict=True)
        ]

    def first_from(self, term: bytes) -> int:
        """The number of the first term that is ``term`` or greater; the count if there is none. Costs as much as :meth:`find`."""
        if self._count <= _FEW:
            return bisect_left(self._few, term)
        samples, prefix = self._samples, int.from_bytes(term[:_WIDTH].ljust(_WIDTH, b"\0"))
        low = high = bisect_left(samples, prefix)
        if low < len(samples) and samples[low] == prefix:
            high = bisect_right(samples, prefix, low)
        # It comes after the last sample below the prefix, and not after the first sample above it.
        begin, end = max(0, (low - 1) * _SAMPLE + 1), min(high * _SAMPLE, self._count)
        return bisect_left(range(self._count), term, begin, end, key=self._at)

    def beginning(self, prefix: bytes) -> tuple[int, int]:
        """The range of the terms that begin with ``prefix``: the first number, and the one after the last. One or two look-ups."""
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
        """The byte offset of each term and the end of the last one, four bytes each. Look-ups read them directly."""
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

    def some(self, numbers: IntP) -> list[bytes]:
        """Terms by their numbers."""
        edges = np.asarray(self._edges)
        begins, ends = edges[numbers].tolist(), edges[numbers + 1].tolist()
        return [self._bytes[a:b].tobytes() for a, b in zip(begins, ends, strict=True)]

    @cached_property
    def second_parts(self) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """For terms made of parts separated by NUL, two arrays uint16[terms]: the byte offset and the size of the second part.
        Computed once: O(bytes), four bytes a term.
        """
        edges, data = np.asarray(self._edges), np.frombuffer(self._bytes, dtype=np.uint8)
        separators = np.flatnonzero(data == 0)
        nth = np.searchsorted(separators, edges[:-1])
        begins = separators[nth] + 1
        ends = np.minimum(np.append(separators, len(data))[nth + 1], edges[1:])
        return (begins - edges[:-1]).astype(np.uint16), (ends - begins).astype(np.uint16)

    def sizes(self, numbers: AnyArray) -> NDArray[np.int64]:
        """int64: the size in bytes of each of some terms."""
        edges = np.asarray(self._edges)
        sizes: NDArray[np.int64] = edges[numbers + 1].astype(np.int64) - edges[numbers]
        return sizes

    def texts(
        self, numbers: AnyArray, width: int, begins: AnyArray | int = 0
    ) -> NDArray[np.bytes_]:
        """S{width}[numbers]: ``width`` bytes of each of some terms, from its byte ``begins`` on. O(numbers * width)."""
        edges = np.asarray(self._edges)
        places = (edges[numbers].astype(np.int64) + begins)[:, None] + np.arange(width)
        data = np.frombuffer(self._bytes, dtype=np.uint8).take(places, mode="clip")
        data *= places < edges[numbers + 1].astype(np.int64)[:, None]
        texts: NDArray[np.bytes_] = data.view(f"S{width}").ravel()
        return texts

    @cached_property
    def _samples(self) -> memoryview[int]:
        """The prefixes of the samples as ascending numbers, eight bytes each. Computed once: O(terms)."""
        made = [
            _as_numbers(
                self.texts(np.arange(begin, min(begin + _STRETCH, self._count), _SAMPLE), _WIDTH)
            )
            for begin in range(0, self._count, _STRETCH)
        ]
        return memoryview(np.concatenate(made))  # type: ignore[arg-type]


def _as_numbers(prefixes: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """uint64: numbers that sort like the prefixes, which have _WIDTH bytes each."""
    return prefixes.view(">u8").astype(np.uint64)


def after_prefix(prefix: bytes) -> bytes:
    """The least byte string greater than all that begin with ``prefix``; empty when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else b""
