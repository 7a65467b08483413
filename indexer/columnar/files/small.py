"""Numbers that are nearly all below 15, in four bits each. The few others are kept aside.

Arrays of ``NAME`` (n numbers, b of them 15 and more)::

    NAME u1[(n+1)/2]     two numbers a byte, the first in the low bits; 15 means: look aside
    NAME_big_at u4|u8[b] the places of the big numbers, ascending
    NAME_big u4[b]       the big numbers
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter, IntP, Spool
from indexer.columnar.files.inversion import narrow

BIG: Final = 15
"""From here on, a number is kept aside."""
_STRIDE: Final = 16
"""One in this many numbers has a cached sum of those before it."""
_BYTES: Final = np.arange(_STRIDE // 2)[:, np.newaxis]
"""The bytes of a stride, a row each."""


class SmallSpool:
    """A long array of small numbers that is built piece by piece."""

    def __init__(self, folder: Path) -> None:
        self._small = Spool(folder, np.uint8)
        self._big_at = [np.empty(0, dtype=np.int64)]
        self._big = [np.empty(0, dtype=np.uint32)]
        self._count = 0

    def append(self, numbers: NDArray[np.uint32]) -> None:
        """Append a piece."""
        small = np.minimum(numbers, BIG).astype(np.uint8)
        big = np.flatnonzero(small == BIG)
        self._small.append(small)
        self._big_at.append(big + self._count)
        self._big.append(numbers[big])
        self._count += len(numbers)

    def write(self, file: ArrayFileWriter, name: str) -> None:
        """Write the numbers into a segment's file. All pieces of a spool but the last have an even length."""
        pieces = (_packed(piece) for piece in self._small.pieces())
        file.add(name, pieces, np.uint8)
        file.add(f"{name}_big_at", [narrow(np.concatenate(self._big_at), at_least=4)])
        file.add(f"{name}_big", self._big, np.uint32)

    def __enter__(self) -> Self:
        self._small.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self._small.__exit__(*why)


class SmallNumbers:
    """Reads an array of small numbers. Threads may share it."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self._name = name
        self._pairs: NDArray[np.uint8] = file[name]
        self._big_at: AnyArray = file[f"{name}_big_at"]
        self._big: NDArray[np.uint32] = file[f"{name}_big"]

    def at(self, places: IntP) -> AnyArray:
        """uint8, or uint32 if one is above 255: the numbers at some places. A fresh array."""
        numbers: NDArray[np.uint8] = self._pairs.take(places >> 1)
        numbers >>= (places.astype(np.uint8) & 1) << 2
        numbers &= 15
        big = numbers == BIG
        if big.any():
            return _put(numbers, big, self._big[self._bigs_before(places[big])])
        return numbers

    def between(self, begin: int, end: int) -> AnyArray:
        """uint8, or uint32 if one is above 255: the numbers ``begin`` to ``end`` (excluded). A fresh array."""
        numbers = self._small(begin, end)
        low, high = self._bigs_before(np.array((begin, end))).tolist()
        if low != high:
            places = self._big_at[low:high].astype(np.intp) - begin
            return _put(numbers, places, self._big[low:high])
        return numbers

    def sums_before(self, places: IntP) -> IntP:
        """intp: the sum of all numbers before each of some places. O(places)."""
        strides = self._pairs.take(places // _STRIDE * (_STRIDE // 2) + _BYTES, mode="clip")
        rest = places % _STRIDE
        first, second = strides & 15, strides >> 4
        first *= rest > 2 * _BYTES
        second *= rest > 2 * _BYTES + 1
        first += second  # at most 30
        sums: IntP = first.sum(axis=0, dtype=np.intp)
        sums += self._before[places // _STRIDE].astype(np.intp)
        sums += self._big_before[self._bigs_before(places)]
        return sums

    def _bigs_before(self, places: IntP) -> IntP:
        """intp: how many big numbers come before each of some places."""
        # With numbers of another type numpy would cast all places of big numbers to it.
        return self._big_at.searchsorted(places.astype(self._big_at.dtype))

    @cached_property
    def sum(self) -> int:
        """The sum of all numbers."""
        rest = self._pairs[(len(self._before) - 1) * (_STRIDE // 2) :]
        return int(self._before[-1]) + int(_sums(rest).sum()) + int(self._big_before[-1])

    def faults(self, count: int) -> list[str]:
        """What is wrong with the arrays of ``count`` numbers. O(count)."""
        name = self._name
        if len(self._pairs) != (count + 1) // 2:
            return [f"'{name}' has {len(self._pairs)} entries, not {(count + 1) // 2}"]
        if not np.array_equal(self._big_at, np.flatnonzero(self._small(0, count) == BIG)):
            return [f"'{name}_big_at' does not name the numbers of {BIG} and more"]
        if len(self._big) != len(self._big_at) or (self._big < BIG).any():
            return [f"'{name}_big' does not fit '{name}_big_at'"]
        return []

    def _small(self, begin: int, end: int) -> NDArray[np.uint8]:
        """The numbers ``begin`` to ``end`` (excluded), big ones as BIG: a fresh array."""
        both = self._pairs[begin // 2 : (end + 1) // 2].astype("<u2")
        both |= both << 4
        both &= 0x0F0F  # a number in each byte
        return both.view(np.uint8)[begin % 2 :][: end - begin]

    @cached_property
    def _before(self) -> AnyArray:
        """uint32 or uint64: the sum before each _STRIDE-th number, big ones as BIG. Computed once: O(n), a quarter of a byte each."""
        size = _STRIDE // 2
        strides = self._pairs[: len(self._pairs) // size * size].reshape(-1, size)
        before = np.zeros(len(strides) + 1, dtype=np.int64)
        np.cumsum(_sums(strides), out=before[1:])
        return narrow(before, at_least=4)

    @cached_property
    def _big_before(self) -> NDArray[np.int64]:
        """int64[b + 1]: by how much the big numbers before each one exceed BIG."""
        before = np.zeros(len(self._big) + 1, dtype=np.int64)
        np.cumsum(self._big.astype(np.int64) - BIG, out=before[1:])
        return before


def _packed(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two numbers a byte."""
    high = numbers[1::2]
    both = numbers[::2].copy()
    both[: len(high)] |= high << 4
    return both


def _sums(pairs: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The sums of the last axis, two numbers a byte."""
    both = (pairs & 15) + (pairs >> 4)  # at most 30
    sums: NDArray[np.int64] = both.sum(axis=-1, dtype=np.int64)
    return sums


def _put(numbers: NDArray[np.uint8], places: AnyArray, values: NDArray[np.uint32]) -> AnyArray:
    """Numbers with other values at some places."""
    fits = values.max() <= np.iinfo(np.uint8).max
    held: AnyArray = numbers if fits else numbers.astype(np.uint32)
    held[places] = values
    return held
