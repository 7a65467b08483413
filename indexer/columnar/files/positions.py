"""The positions of a words field, in 12 bits each: nine texts of ten have fewer than 3,840 words.

Arrays (n positions)::

    position_lows u1[n]   each position modulo 256
    position_highs        each position divided by 256, in the form of ``small.py``
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter, IntP, Spool
from indexer.columnar.files.small import SmallNumbers, SmallSpool

_LOWS, _HIGHS = "position_lows", "position_highs"


class PositionsSpool:
    """A long array of positions that is built piece by piece."""

    def __init__(self, folder: Path) -> None:
        self._lows, self._highs = Spool(folder, np.uint8), SmallSpool(folder)

    def append(self, positions: NDArray[np.uint32]) -> None:
        """Append a piece."""
        self._lows.append(positions & np.uint32(255))
        self._highs.append(positions >> np.uint32(8))

    def write(self, file: ArrayFileWriter, prefix: str) -> None:
        """Write the positions into a segment's file."""
        file.add(f"{prefix}/{_LOWS}", self._lows.pieces(), np.uint8)
        self._highs.write(file, f"{prefix}/{_HIGHS}")

    def __enter__(self) -> Self:
        self._lows.__enter__()
        self._highs.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self._highs.__exit__(*why)
        self._lows.__exit__(*why)


class Positions:
    """Reads the positions of one field. Threads may share it."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self._lows: NDArray[np.uint8] = file[f"{prefix}/{_LOWS}"]
        self._highs = SmallNumbers(file, f"{prefix}/{_HIGHS}")

    def __len__(self) -> int:
        return len(self._lows)

    def at(self, places: IntP) -> AnyArray:
        """uint16, or uint32 if one does not fit: the positions at some places. A fresh array."""
        return _joined(self._lows.take(places), self._highs.at(places))

    def between(self, begin: int, end: int) -> AnyArray:
        """uint16, or uint32 if one does not fit: the positions ``begin`` to ``end`` (excluded). A fresh array."""
        return _joined(self._lows[begin:end], self._highs.between(begin, end))

    def faults(self) -> list[str]:
        """What is wrong with the arrays. O(n)."""
        return self._highs.faults(len(self._lows))


def _joined(lows: NDArray[np.uint8], highs: AnyArray) -> AnyArray:
    joined: AnyArray = highs.astype(np.uint16 if highs.itemsize == 1 else np.uint32)
    joined <<= 8
    joined |= lows
    return joined
