"""Segment: one immutable piece of the index, open for reading through one mapping.

Documents are numbered from 0 within the segment. Deletions are no business of a segment: a snapshot knows them.
All arrays handed out are views of the mapping or fresh; never write to one. Shared by threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.arrays import AnyArray, ArrayFile
from indexer.columnar.blobs import BlobReader
from indexer.columnar.errors import Damaged
from indexer.columnar.fields import Layout
from indexer.columnar.inversion import BLOCK_BITS

IntP = NDArray[np.intp]

_SAMPLE: Final = 64
"""One term in so many is held in memory to begin a look-up with: 20 KiB for 100,000 terms of usual length."""


class Terms:
    """A sorted dictionary of byte strings: number to term, term to number, ranges."""

    def __init__(self, file: ArrayFile, prefix: str) -> None:
        self._bytes = memoryview(file[f"{prefix}/term_bytes"])  # type: ignore[arg-type]
        self._offsets: NDArray[np.uint32] = file[f"{prefix}/term_offsets"]
        self._count = len(self._offsets) - 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        begin, end = self._offsets[number : number + 2].tolist()
        return self._bytes[begin:end].tobytes()

    def find(self, term: bytes) -> int:
        """The number of a term, or -1. O(log n)."""
        at = self.first_from(term)
        return at if at < self._count and self[at] == term else -1

    def first_from(self, term: bytes) -> int:
        """The number of the first term that is ``term`` or greater; the count when there is none. O(log n)."""
        sample = bisect_left(self._samples, term)
        low, high = max(0, (sample - 1) * _SAMPLE), min(self._count, sample * _SAMPLE)
        return bisect_left(range(high), term, low, high, key=self.__getitem__)

    def slice(self, begin: int = 0, end: int | None = None) -> list[bytes]:
        """The terms of a range of numbers. O(range)."""
        offsets = self._offsets[begin : (self._count if end is None else end) + 1].tolist()
        if not offsets:
            return []
        base = offsets[0]
        data = self._bytes[base : offsets[-1]].tobytes()
        return [data[a - base : b - base] for a, b in pairwise(offsets)]

    @cached_property
    def _samples(self) -> list[bytes]:
        return [self[number] for number in range(0, self._count, _SAMPLE)]


def after_prefix(prefix: bytes) -> bytes:
    """The least byte string greater than all that begin with ``prefix``; empty when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else b""


class PostingsField:
    """The postings of one field."""

    def __init__(self, file: ArrayFile, name: str, *, words: bool) -> None:
        prefix = f"p/{name}"
        self.terms = Terms(file, prefix)
        self.words = words
        self._pair_offsets: NDArray[np.uint32] = file[f"{prefix}/pair_offsets"]
        self._pair_blocks: NDArray[np.uint16] = file[f"{prefix}/pair_blocks"]
        self._pair_starts: AnyArray = file[f"{prefix}/pair_starts"]
        self._docs: NDArray[np.uint16] = file[f"{prefix}/docs"]
        if words:
            self._freqs: NDArray[np.uint8] = file[f"{prefix}/freqs"]
            self._big_at: AnyArray = file[f"{prefix}/big_at"]
            self._big_freqs: NDArray[np.uint32] = file[f"{prefix}/big_freqs"]
            self._pair_positions: AnyArray = file[f"{prefix}/pair_positions"]
            self._positions: AnyArray = file[f"{prefix}/positions"]
            self.lengths: AnyArray = file[f"{prefix}/lengths"]
            """uint16|uint32[documents]: terms of each document in this field, exact."""

    @cached_property
    def total_length(self) -> int:
        """The sum of all lengths, deleted documents included; 0 for a field without words."""
        return int(self.lengths.sum(dtype=np.int64)) if self.words else 0

    @property
    def position_type(self) -> np.dtype[np.generic]:
        """uint16 or uint32: the type of the positions."""
        return self._positions.dtype

    @property
    def posting_count(self) -> int:
        """How many postings the field has."""
        return len(self._docs)

    def extent(self, first: int, last: int | None = None) -> tuple[int, int]:
        """Where the postings of terms ``first`` to ``last`` (itself included) begin and end."""
        pairs = self._pair_offsets
        begin, end = pairs[first], pairs[(first if last is None else last) + 1]
        return int(self._pair_starts[begin]), int(self._pair_starts[end])

    def doc_frequency(self, term: int) -> int:
        """How many documents hold a term, deleted ones included. O(1)."""
        begin, end = self.extent(term)
        return end - begin

    def total_frequency(self, term: int) -> int:
        """How often a term occurs, deleted documents included. O(1)."""
        begin, end = self._pair_offsets[term : term + 2]
        return int(self._pair_positions[end]) - int(self._pair_positions[begin])

    def docs(self, term: int) -> IntP:
        """intp[doc_frequency], ascending: the documents of a term; a fresh array. O(postings)."""
        return self.docs_of_range(term, term)

    def docs_of_range(self, first: int, last: int) -> IntP:
        """intp: the documents of terms ``first`` to ``last``, one term's after the other; a fresh array."""
        pairs = slice(int(self._pair_offsets[first]), int(self._pair_offsets[last + 1]))
        starts = self._pair_starts[pairs.start : pairs.stop + 1]
        docs = self._docs[int(starts[0]) : int(starts[-1])].astype(np.intp)
        blocks = self._pair_blocks[pairs]
        if len(blocks) == 1:
            if blocks[0]:
                docs += int(blocks[0]) << BLOCK_BITS
        elif blocks.any():
            docs += np.repeat(
                blocks.astype(np.intp) << BLOCK_BITS, (starts[1:] - starts[:-1]).astype(np.intp)
            )
        return docs

    def freqs(self, term: int) -> AnyArray:
        """uint8 or uint32[doc_frequency]: the frequencies of a term, in the order of its documents."""
        return self.freqs_between(*self.extent(term))

    def freqs_between(self, begin: int, end: int) -> AnyArray:
        """uint8 or uint32: the frequencies of postings ``begin`` to ``end``."""
        freqs: AnyArray = self._freqs[begin:end]
        if len(self._big_at):
            low, high = np.searchsorted(self._big_at, (begin, end))
            if low != high:
                freqs = freqs.astype(np.uint32)
                freqs[self._big_at[low:high].astype(np.intp) - begin] = self._big_freqs[low:high]
        return freqs

    def positions(self, term: int) -> tuple[AnyArray, IntP]:
        """The positions of a term, posting by posting, and where each posting's begin (one more than postings)."""
        begin, end = self._pair_offsets[term : term + 2]
        places = self._positions[int(self._pair_positions[begin]) : int(self._pair_positions[end])]
        freqs = self.freqs(term)
        starts = np.zeros(len(freqs) + 1, dtype=np.intp)
        np.cumsum(freqs, out=starts[1:])
        return places, starts

    def term_of_postings(self, first: int, last: int) -> NDArray[np.uint32]:
        """uint32: for each posting of terms ``first`` to ``last``, its term's number."""
        starts: NDArray[np.int64] = self._pair_starts[self._pair_offsets[first : last + 2]].astype(
            np.int64
        )
        counts: NDArray[np.int64] = starts[1:] - starts[:-1]
        return np.repeat(np.arange(first, last + 1, dtype=np.uint32), counts)

    def positions_of_range(self, first: int, last: int) -> AnyArray:
        """All positions of terms ``first`` to ``last``, posting by posting."""
        begin, end = self._pair_offsets[first], self._pair_offsets[last + 1]
        return self._positions[int(self._pair_positions[begin]) : int(self._pair_positions[end])]

    def term_starts(self) -> NDArray[np.int64]:
        """int64[terms + 1]: where the postings of each term begin."""
        starts: NDArray[np.int64] = self._pair_starts[self._pair_offsets].astype(np.int64)
        return starts


class Ordinals:
    """A column of values out of a sorted dictionary: one for each document, or any number."""

    def __init__(self, file: ArrayFile, name: str, *, many: bool) -> None:
        prefix = f"c/{name}"
        self.terms = Terms(file, prefix)
        self.ordinals: AnyArray = file[f"{prefix}/ordinals"]
        """Unsigned[documents], the number of terms where there is no value; or, for many, all of them in a row."""
        self.starts: NDArray[np.uint32] | None = file[f"{prefix}/starts"] if many else None
        """uint32[documents + 1]: where each document's values begin, for many."""


class Segment:
    """One open segment.

    Raises:
        Damaged: the file is missing, cut short or altered where opening looks.
    """

    def __init__(self, path: Path) -> None:
        self.file = ArrayFile(path)
        try:
            self.layout = Layout.from_facts(self.file.facts["layout"])
            self.doc_count: int = self.file.facts["doc_count"]
        except KeyError as error:
            raise Damaged(path, f"its footer lacks {error}") from error
        self.name = path.name
        self._fields: dict[str, PostingsField] = {}
        self._blobs: dict[str, BlobReader] = {}

    def postings(self, name: str) -> PostingsField:
        """The postings of a field; KeyError for a field that has none."""
        field = self._fields.get(name)
        if field is None:
            kind = self.layout.postings[name]
            field = self._fields[name] = PostingsField(self.file, name, words=kind == "words")
        return field

    def numbers(self, name: str) -> AnyArray:
        """int64, float32 or uint64[documents]: a column of numbers."""
        return self.file[f"c/{name}"]

    def ordinals(self, name: str) -> Ordinals:
        """A column of dictionary values."""
        return Ordinals(self.file, name, many=self.layout.columns[name] == "ordinals")

    def blobs(self, name: str) -> BlobReader:
        """The blobs of a field."""
        reader = self._blobs.get(name)
        if reader is None:
            reader = self._blobs[name] = BlobReader(self.file, f"b/{name}")
        return reader

    def forward(self, name: str, doc: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """The weightiest terms of a document in a field, heaviest first: their numbers and frequencies (255 and more as 255)."""
        starts, terms, freqs = self.forward_arrays(name)
        span = slice(int(starts[doc]), int(starts[doc + 1]))
        return terms[span], freqs[span]

    def forward_arrays(self, name: str) -> tuple[AnyArray, AnyArray, AnyArray]:
        """The whole forward index of a field: offsets uint32[documents + 1], terms uint32, frequencies uint8."""
        prefix = f"f/{name}"
        return (
            self.file[f"{prefix}/starts"],
            self.file[f"{prefix}/terms"],
            self.file[f"{prefix}/freqs"],
        )

    def find(self, key: bytes) -> int:
        """The document with that key, or -1. O(log n)."""
        if self.layout.key is None:
            return -1
        field = self.postings(self.layout.key)
        term = field.terms.find(key)
        return -1 if term < 0 else int(field.docs(term)[-1])

    def key(self, doc: int) -> bytes:
        """The key of a document; empty for one without. O(documents) the first time."""
        number = int(self.key_numbers[doc])
        assert self.layout.key is not None, "the layout names no key"
        return b"" if number < 0 else self.postings(self.layout.key).terms[number]

    @cached_property
    def key_numbers(self) -> NDArray[np.int64]:
        """int64[documents]: the number of each document's key, -1 for none; ascending keys have ascending numbers."""
        numbers = np.full(self.doc_count, -1, dtype=np.int64)
        assert self.layout.key is not None, "the layout names no key"
        field = self.postings(self.layout.key)
        if len(field.terms):
            last = len(field.terms) - 1
            numbers[field.docs_of_range(0, last)] = field.term_of_postings(0, last)
        return numbers

    def keys(self) -> Iterator[tuple[int, bytes]]:
        """Every document that has a key, with it, in the order of keys; replaced ones of the same batch included."""
        if self.layout.key is not None:
            field = self.postings(self.layout.key)
            keys, last = field.terms.slice(), len(field.terms) - 1
            docs, numbers = field.docs_of_range(0, last), field.term_of_postings(0, last)
            for doc, number in zip(docs.tolist(), numbers.tolist(), strict=True):
                yield doc, keys[number]
