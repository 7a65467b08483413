"""Work on many values in one call."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Key = TypeVar("_Key", bound=Hashable)


def numbers_of(known: Mapping[_Key, int], keys: Sequence[_Key]) -> Iterable[int]:
    """The number of each key. The fastest form measured: one call in C for all of them."""
    if len(keys) > 1:
        numbers: tuple[int, ...] = itemgetter(*keys)(known)
        return numbers
    return map(known.__getitem__, keys)


def rows_at(firsts: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """int64: the places of all elements of some rows, row by row. ``firsts`` are the rows' first places, ``counts`` their sizes."""
    shifts = np.repeat(firsts - (np.cumsum(counts, dtype=np.int64) - counts), counts)
    places: NDArray[np.int64] = shifts + np.arange(len(shifts))
    return places
