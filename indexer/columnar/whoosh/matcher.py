"""ColumnarMatcher: reads the postings of one term from arrays, one at a time, as Whoosh's matchers do.

Only the current block of 128 postings becomes Python objects, so skipping blocks costs almost nothing. Postings of deleted
documents are dropped when the matcher is made. The scorer gives the scores, and the bounds by which Whoosh skips blocks.
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from whoosh.formats import Format, Frequency, Positions
from whoosh.matching import LeafMatcher, ReadTooFar
from whoosh.system import pack_uint

from indexer.columnar.files.arrays import AnyArray, IntP
from indexer.columnar.files.segment import PostingsField

BLOCK: Final = 128
"""Whoosh's own size of a block."""


class ColumnarMatcher(LeafMatcher):  # type: ignore[misc]
    """The postings of term ``number`` of a field. Making one costs O(postings) to decode the documents' numbers.

    ``live`` is bool[documents], or None if all documents live. Without a ``scorer`` the matcher cannot score.
    """

    def __init__(
        self,
        field: PostingsField,
        number: int,
        format_: Format,
        *,
        term: tuple[str, bytes],
        scorer: Any = None,
        live: NDArray[np.bool_] | None = None,
    ) -> None:
        self._field, self._number, self._term = field, number, term
        self.format, self.scorer = format_, scorer
        docs = field.docs(number)
        self._rows: IntP | None = None
        if live is not None and not (kept := live[docs]).all():
            self._rows = np.flatnonzero(kept)
            docs = docs[kept]
        self._docs = docs
        self._count = len(docs)
        self._go(0)

    # The current posting is _at, in the block [_first, _end) whose documents are _ids.

    def _go(self, at: int) -> None:
        self._at = at
        self._weights: list[float] | None = None
        if at < self._count:
            self._block = at // BLOCK
            self._first = self._block * BLOCK
            self._end = min(self._first + BLOCK, self._count)
            self._ids: list[int] = self._docs[self._first : self._end].tolist()
        else:
            # Whoosh's AndNot and SpanNot ask even an exhausted matcher for its document.
            self._block = max(0, (self._count - 1) // BLOCK)
            self._first = self._end = at
            self._ids = [int(self._docs[-1])] if self._count else [-1]

    def is_active(self) -> bool:
        """Whether the matcher is at a posting, not past the last one."""
        return self._at < self._count

    def reset(self) -> None:
        """Go to the first posting."""
        self._go(0)

    def copy(self) -> Self:
        """An independent matcher on the same posting. The arrays are shared."""
        return copy.copy(self)

    def next(self) -> bool:
        """Go to the next posting. Returns whether the matcher left the block."""
        if self._at >= self._count:
            raise ReadTooFar
        self._at += 1
        if self._at < self._end:
            return False
        self._go(self._at)
        return True

    def skip_to(self, id: int) -> None:  # noqa: A002 (Whoosh's name)
        """Go to the first posting whose document is ``id`` or greater. O(log postings)."""
        if self._at >= self._count:
            raise ReadTooFar
        if id <= self._ids[-1]:
            self._at = self._first + bisect_left(self._ids, id, self._at - self._first)
        else:
            self._go(self._end + int(np.searchsorted(self._docs[self._end :], id)))

    # The current posting

    def id(self) -> int:
        """The current document; past the end, the last one."""
        return self._ids[self._at - self._first]

    def all_ids(self) -> Any:
        """The documents from the current one on. The matcher does not move."""
        return iter(self._docs[self._at :].tolist())

    def weight(self) -> float:
        """The frequency of the term in the current document."""
        if self._weights is None:
            self._weights = self._freqs[self._first : self._end].astype(np.float64).tolist()
        return self._weights[self._at - self._first]

    def value(self) -> bytes:
        """The posting's value as the field's format encodes it. Encoded again at each call."""
        if isinstance(self.format, Positions):
            return encode_value(self.format, self._positions())
        return encode_value(self.format, int(self.weight()))

    def value_as(self, astype: str) -> Any:
        """The posting's frequency, weight, positions, or another value that the field's format supports."""
        if astype == "positions" and self.format.supports(astype):
            return self._positions()
        if astype == "frequency":
            return int(self.weight())
        if astype == "weight":
            return self.weight()
        return super().value_as(astype)

    def _positions(self) -> list[int]:
        row = self._at if self._rows is None else self._rows[self._at]
        places, starts = self._places
        found: list[int] = places[starts[row] : starts[row + 1]].tolist()
        return found

    @cached_property
    def _places(self) -> tuple[AnyArray, IntP]:
        return self._field.positions(self._number)

    @cached_property
    def _freqs(self) -> AnyArray:
        if not self._field.words:
            return np.ones(self._count, dtype=np.uint8)
        freqs = self._field.freqs(self._number)
        return freqs if self._rows is None else freqs[self._rows]

    # The greatest possible score of a block

    def skip_to_quality(self, minquality: float) -> int:
        """Go to the next block that may score more than ``minquality``. Returns how many blocks were skipped."""
        skipped = 0
        while self._at < self._count and self.block_quality() <= minquality:
            self._go(self._end)
            skipped += 1
        return skipped

    def block_max_weight(self) -> float:
        """The greatest frequency in the block; 0.0 without any posting."""
        return self._greatest[self._block] if self._count else 0.0

    def block_min_length(self) -> int:
        """The length of the shortest document in the block; 0 for a field without lengths."""
        return self._shortest[self._block] if self._count and self._field.words else 0

    @cached_property
    def _greatest(self) -> list[float]:
        edges = np.arange(0, self._count, BLOCK)
        found: list[float] = np.maximum.reduceat(self._freqs, edges).astype(np.float64).tolist()
        return found

    @cached_property
    def _shortest(self) -> list[int]:
        lengths = self._field.lengths[self._docs]
        found: list[int] = np.minimum.reduceat(lengths, np.arange(0, self._count, BLOCK)).tolist()
        return found


def encode_value(format_: Format, held: int | list[int]) -> bytes:
    """A posting's value in Whoosh's own encoding, from its positions or its frequency.

    Only Whoosh receives it and decodes it with the same format. Columnar files never hold it.
    """
    if isinstance(held, list):
        return bytes(format_.encode(held))
    return bytes(pack_uint(held)) if isinstance(format_, Frequency) else b""
