"""Offsets: where the rows of another array begin, in about one byte a row.

An offset array for n rows holds n + 1 ascending numbers, the first of them 0. The encoding is that of Elias and Fano with eight
low bits (Vigna, "Quasi-succinct indices", WSDM 2013)::

    NAME        u1[n+1]   each offset modulo 256
    NAME_steps  u4[s]     ascending: the offset number that is the first to reach 256, 512, ...; s = last offset // 256

Most terms have few postings, so offsets of four or eight bytes would take more room than the postings.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged, Unsupported
from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter

_BITS: Final = 8
_A_FEW: Final = 6
"""Up to this many offsets, single look-ups are faster than an array operation."""
_ONE_BY_ONE: Final = 256
"""Up to this many offsets, look-ups are faster than decoding the range by counting."""


def write_offsets(file: ArrayFileWriter, name: str, offsets: AnyArray) -> None:
    """Write ascending offsets: integers of any type, at least one.

    Raises:
        Unsupported: there are 2^32 of them or more.
    """
    if len(offsets) >= 1 << 32:
        raise Unsupported(f"{name!r} has {len(offsets)} offsets")
    edges = np.arange(1, (int(offsets[-1]) >> _BITS) + 1, dtype=np.int64) << _BITS
    file.add(name, [(offsets & ((1 << _BITS) - 1)).astype(np.uint8)])
    file.add(f"{name}_steps", [np.searchsorted(offsets, edges).astype(np.uint32)])


class Offsets:
    """An offset array of a file. It decodes only the requested offsets."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self._path, self._name = file.path, name
        self._lows: NDArray[np.uint8] = file[name]
        self._steps: NDArray[np.uint32] = file[f"{name}_steps"]
        # Reading single values is faster from a memoryview than from an array.
        self._low_of: memoryview[int] = memoryview(self._lows)  # type: ignore[arg-type]
        self._step_of: memoryview[int] = memoryview(self._steps)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._lows)

    def __getitem__(self, number: int) -> int:
        """One offset; ``number`` is not negative. O(log steps), about a microsecond."""
        return self._low_of[number] + (bisect_left(self._step_of, number + 1) << _BITS)

    def at(self, numbers: NDArray[np.intp]) -> NDArray[np.int64]:
        """int64: some offsets. O(numbers * log steps)."""
        steps: NDArray[np.int64] = self._steps.searchsorted((numbers + 1).astype(np.uint32))
        return (steps << _BITS) + self._lows[numbers]

    def few(self, begin: int, end: int) -> list[int]:
        """The offsets ``begin`` to ``end`` (excluded), looked up one by one when that is faster."""
        if end - begin <= _A_FEW:
            return [self[number] for number in range(begin, end)]
        offsets: list[int] = self.between(begin, end).tolist()
        return offsets

    def between(self, begin: int = 0, end: int | None = None) -> NDArray[np.int64]:
        """int64[end - begin], a fresh array: the offsets ``begin`` to ``end`` (excluded). O(their number + log steps).

        Raises:
            Damaged: a step lies outside this range.
        """
        end = len(self._lows) if end is None else end
        if end - begin <= _ONE_BY_ONE:
            return self.at(np.arange(begin, end))
        first, last = bisect_left(self._step_of, begin), bisect_left(self._step_of, end)
        reached = self._steps[first:last] - np.uint32(begin)
        if len(reached) and reached.max() >= end - begin:
            raise Damaged(self._path, f"'{self._name}_steps' does not ascend")
        offsets = np.cumsum(np.bincount(reached, minlength=end - begin), dtype=np.int64)
        offsets += first
        offsets <<= _BITS
        offsets += self._lows[begin:end]
        return offsets

    @property
    def is_sound(self) -> bool:
        """Whether the steps ascend and refer to existing offsets. O(steps)."""
        steps = self._steps
        return not len(steps) or bool(
            (steps[1:] >= steps[:-1]).all() and steps[-1] < len(self._lows)
        )
