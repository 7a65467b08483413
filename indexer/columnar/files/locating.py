"""Locating: prepares some documents of a segment for look-ups in the postings of many terms, and holds the results."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.inversion import BLOCK_BITS


class Part(NamedTuple):
    """The given documents that lie in one block: their places in the given array, and their numbers within the block."""

    places: IntP
    within: NDArray[np.uint16]


class DocsByBlock:
    """Some documents of a segment, intp ascending, grouped by the blocks of postings, for look-ups in many terms."""

    def __init__(self, docs: IntP) -> None:
        self.docs = docs
        blocks = docs >> BLOCK_BITS
        within = docs.astype(np.uint16)  # the low 16 bits: the number within the block
        places = np.arange(len(docs))
        edges = [0, *(np.flatnonzero(blocks[1:] != blocks[:-1]) + 1).tolist(), len(docs)]
        self.parts = {
            int(blocks[low]): Part(places[low:high], within[low:high])
            for low, high in pairwise(edges)
            if low < high
        }


class Located(NamedTuple):
    """The postings of some terms in some documents, intp[postings] each, ordered by block, then term, then document."""

    terms: IntP
    """The place of each posting's term among the given terms."""
    docs: IntP
    """The place of each posting's document among the given documents."""
    at: IntP
    """Each posting's number in the field."""


_NO_PLACES: Final = np.empty(0, dtype=np.intp)
NOWHERE: Final = Located(_NO_PLACES, _NO_PLACES, _NO_PLACES)
