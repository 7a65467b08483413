"""Locating: some documents of a segment, made ready to be looked for in the postings of many terms, and where they were found."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.inversion import BLOCK_BITS


class Part(NamedTuple):
    """Those of some documents that lie in one block: their places among all, and what postings hold, counted in the block."""

    places: IntP
    within: NDArray[np.uint16]


class DocsByBlock:
    """Some documents of a segment, intp ascending, taken apart by the blocks of postings, to be located in many terms."""

    def __init__(self, docs: IntP) -> None:
        self.docs = docs
        blocks = docs >> BLOCK_BITS
        within = docs.astype(np.uint16)  # what is left of them in their block
        places = np.arange(len(docs))
        edges = [0, *(np.flatnonzero(blocks[1:] != blocks[:-1]) + 1).tolist(), len(docs)]
        self.parts = {
            int(blocks[low]): Part(places[low:high], within[low:high])
            for low, high in pairwise(edges)
            if low < high
        }


class Located(NamedTuple):
    """The postings of some terms in some documents, intp[postings] each: block by block, in each term by term, documents ascending."""

    terms: IntP
    """The place of each one's term among those that were looked for."""
    docs: IntP
    """The place of its document."""
    at: IntP
    """Its number in the field."""


_NO_PLACES: Final = np.empty(0, dtype=np.intp)
NOWHERE: Final = Located(_NO_PLACES, _NO_PLACES, _NO_PLACES)
