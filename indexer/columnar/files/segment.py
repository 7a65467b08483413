"""Segment: one immutable piece of the index, open for reading through one mapping.

Documents are numbered from 0 within the segment. Deletions belong to the snapshot, not to the segment.
All returned arrays are views of the mapping or fresh; never write to one. Threads may share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import AnyArray, ArrayFile, IntP
from indexer.columnar.files.blobs import BlobReader, FieldBlobs
from indexer.columnar.files.fields import BLOBS, MISSING_INT, Layout
from indexer.columnar.files.inversion import BLOCK_BITS
from indexer.columnar.files.locating import NOWHERE, DocsByBlock, Located
from indexer.columnar.files.offsets import Offsets
from indexer.columnar.files.ordinals import Ordinals
from indexer.columnar.files.pairs import PairDocs
from indexer.columnar.files.positions import Positions
from indexer.columnar.files.small import SmallNumbers
from indexer.columnar.files.terms import Terms
from indexer.vectorised import rows_at

SHORTEST: Final = 4
"""The fewest bytes of a telling word. A single Chinese character says little about a text."""
LONGEST: Final = 32
"""The most bytes of a telling word. The limit allows array comparisons of words of several segments."""


class PostingsField:
    """The postings of one field."""

    def __init__(self, file: ArrayFile, name: str, *, words: bool) -> None:
        prefix = f"p/{name}"
        self._path, self._name = file.path, name
        self.terms = Terms(file, prefix)
        self.words = words
        self._pair_offsets = Offsets(file, f"{prefix}/pair_offsets")
        self._pair_blocks: AnyArray = file[f"{prefix}/pair_blocks"]
        self._one_block = len(self._pair_blocks) == len(self.terms)  # one pair for each term
        self._pair_starts = Offsets(file, f"{prefix}/pair_starts")
        self.pair_docs = PairDocs(file, prefix, self._pair_starts)
        if words:
            self._freqs = SmallNumbers(file, f"{prefix}/freqs")
            self._pair_positions = Offsets(file, f"{prefix}/pair_positions")
            self._positions = Positions(file, prefix)
            self.lengths: AnyArray = file[f"{prefix}/lengths"]
            """uint16|uint32[documents]: terms of each document in this field, exact."""

    @cached_property
    def total_length(self) -> int:
        """The sum of all lengths, deleted documents included; 0 for a ``terms`` field."""
        return int(self.lengths.sum(dtype=np.int64)) if self.words else 0

    @property
    def posting_count(self) -> int:
        """How many postings the field has."""
        return self._pair_starts[len(self._pair_blocks)]

    def extent(self, first: int, last: int | None = None) -> tuple[int, int]:
        """The range of the postings of terms ``first`` to ``last`` (included): begin and end."""
        begin, end = self._pairs(first, first if last is None else last)
        return self._pair_starts[begin], self._pair_starts[end]

    def _pairs(self, first: int, last: int) -> tuple[int, int]:
        """The range of the pairs of terms ``first`` to ``last`` (included): begin and end."""
        if self._one_block:
            return first, last + 1
        return self._pair_offsets[first], self._pair_offsets[last + 1]

    def doc_frequency(self, term: int) -> int:
        """How many documents hold a term, deleted ones included. O(log postings)."""
        begin, end = self.extent(term)
        return end - begin

    def doc_frequencies(self, first: int, end: int) -> NDArray[np.int64]:
        """int64[end - first]: how many documents hold each of a range of terms, deleted ones included."""
        pairs = self._pair_offsets.between(first, end + 1)
        starts = self._pair_starts.between(int(pairs[0]), int(pairs[-1]) + 1)
        counts: NDArray[np.int64] = np.diff(starts[pairs - pairs[0]])
        return counts

    @cached_property
    def telling_frequencies(self) -> NDArray[np.uint32]:
        """uint32[terms]: how many documents hold each term of SHORTEST to LONGEST bytes, deleted ones included; 0 for other terms.

        Computed once: O(terms), four bytes each.
        """
        sizes = self.terms.sizes(np.arange(len(self.terms)))
        telling = (sizes >= SHORTEST) & (sizes <= LONGEST)
        return (self.doc_frequencies(0, len(self.terms)) * telling).astype(np.uint32)

    def doc_frequencies_of(self, terms: IntP) -> NDArray[np.int64]:
        """int64[terms]: how many documents hold each of some terms, deleted ones included."""
        return self._between_pairs(self._pair_starts, terms)

    def total_frequency(self, term: int) -> int:
        """How often a term occurs, deleted documents included. O(log positions)."""
        begin, end = self._position_extent(term, term)
        return end - begin

    def total_frequencies_of(self, terms: IntP) -> NDArray[np.int64]:
        """int64[terms]: how often each of some terms of a words field occurs, deleted documents included."""
        return self._between_pairs(self._pair_positions, terms)

    def _between_pairs(self, starts: Offsets, terms: IntP) -> NDArray[np.int64]:
        """int64[terms]: the difference in ``starts`` between the first pair of the next term and that of each term."""
        pairs = self._pair_offsets
        counts: NDArray[np.int64] = starts.at(pairs.at(terms + 1)) - starts.at(pairs.at(terms))
        return counts

    def _position_extent(self, first: int, last: int) -> tuple[int, int]:
        """The range of the positions of terms ``first`` to ``last`` (included): begin and end."""
        begin, end = self._pairs(first, last)
        return self._pair_positions[begin], self._pair_positions[end]

    def faults(self) -> Iterator[str]:
        """What is wrong with the arrays of documents, frequencies and positions, each for itself. O(postings + positions)."""
        yield from self.pair_docs.faults()
        if self.words:
            yield from self._freqs.faults(self.posting_count)
            yield from self._positions.faults()

    @property
    def position_count(self) -> int:
        """How many positions a words field has."""
        return len(self._positions)

    def docs(self, term: int) -> IntP:
        """intp[doc_frequency], ascending: the documents of a term; a fresh array. O(postings)."""
        return self.docs_of_range(term, term)

    def docs_of_range(self, first: int, last: int) -> IntP:
        """intp: the documents of terms ``first`` to ``last``, term by term; a fresh array."""
        begin, end = self._pairs(first, last)
        docs = self.pair_docs.between(begin, end).astype(np.intp)
        blocks = self._pair_blocks[begin:end]
        if len(blocks) == 1:
            if blocks[0]:
                docs += int(blocks[0]) << BLOCK_BITS
        elif blocks.any():
            starts = self._pair_starts.between(begin, end + 1)
            docs += np.repeat(blocks.astype(np.intp) << BLOCK_BITS, starts[1:] - starts[:-1])
        return docs

    def postings_of(self, terms: IntP) -> tuple[IntP, AnyArray, NDArray[np.int64]]:
        """The documents (intp) and frequencies (uint8 or uint32) of some terms of a words field, term by term, and the number of
        postings of each term. Fresh arrays. O(postings), with a few array operations for all terms together.
        """
        begins, ends = self._pair_offsets.at(terms), self._pair_offsets.at(terms + 1)
        pairs = rows_at(begins, ends - begins)
        starts = self._pair_starts.at(pairs)
        sizes = self._pair_starts.at(pairs + 1) - starts
        docs = self.pair_docs.some(pairs).astype(np.intp)
        docs += np.repeat(self._pair_blocks[pairs].astype(np.intp) << BLOCK_BITS, sizes)
        return (
            docs,
            self._freqs.at(rows_at(starts, sizes)),
            self._between_pairs(self._pair_starts, terms),
        )

    def locate(self, terms: Sequence[int], among: DocsByBlock) -> Located:
        """The postings of some terms, given by number (-1 for none), in some documents.

        O(terms * docs * log postings), and the postings of pairs that are split.
        """
        held: dict[int, list[tuple[int, int, int, int]]] = {block: [] for block in among.parts}
        for row, term in enumerate(terms):
            if term < 0:
                continue
            begin, end = self._pairs(term, term)
            starts = self._pair_starts.few(begin, end + 1)
            for n, block in enumerate(self._pair_blocks[begin:end].tolist()):
                if block in held:
                    held[block].append((row, begin + n, starts[n], starts[n + 1]))
        found = [
            self._located(extents, *among.parts[block])
            for block, extents in held.items()
            if extents
        ]
        if len(found) == 1:
            return found[0]
        return Located(*map(np.concatenate, zip(NOWHERE, *found, strict=True)))

    def _located(
        self,
        extents: Sequence[tuple[int, int, int, int]],
        places: IntP,
        within: NDArray[np.uint16],
    ) -> Located:
        """The postings of terms in documents of one block. ``extents`` has each term's place, its pair and the range of its postings."""
        found = [self.pair_docs.find(pair, begin, end, within) for _, pair, begin, end in extents]
        rows = np.array([row for row, *_ in extents])
        at = np.array([each for each, _ in found])
        which, docs = np.array([held for _, held in found]).nonzero()
        return Located(rows[which], places[docs], at[which, docs])

    def positions_at(self, at: IntP) -> tuple[AnyArray, AnyArray]:
        """The positions of some postings, posting by posting, and the number of positions of each. O(postings + positions).

        Raises:
            Damaged: frequencies and positions disagree on the number of positions.
        """
        if self._freqs.sum != len(self._positions):
            raise self._disagreement()
        counts = self._freqs.at(at).astype(np.intp)
        return self._positions.at(rows_at(self._freqs.sums_before(at), counts)), counts

    def freqs(self, term: int) -> AnyArray:
        """uint8 or uint32[doc_frequency]: the frequencies of a term, in the order of its documents."""
        return self.freqs_between(*self.extent(term))

    def freqs_at(self, at: IntP) -> AnyArray:
        """uint8 or uint32: the frequencies of some postings."""
        return self._freqs.at(at)

    def freqs_between(self, begin: int, end: int) -> AnyArray:
        """uint8 or uint32: the frequencies of postings ``begin`` to ``end`` (excluded)."""
        return self._freqs.between(begin, end)

    def positions(self, term: int) -> tuple[AnyArray, IntP]:
        """The positions of a term, posting by posting, and the offset of each posting's positions (one more than postings).

        Raises:
            Damaged: frequencies and positions disagree on the number of positions.
        """
        places = self.positions_of_range(term, term)
        freqs = self.freqs(term)
        starts = np.zeros(len(freqs) + 1, dtype=np.intp)
        np.cumsum(freqs, out=starts[1:])
        if starts[-1] != len(places):
            raise self._disagreement()
        return places, starts

    def _disagreement(self) -> Damaged:
        return Damaged(self._path, f"frequencies and positions of {self._name!r} do not agree")

    def term_of_postings(self, first: int, last: int) -> NDArray[np.uint32]:
        """uint32: the term's number for each posting of terms ``first`` to ``last``."""
        starts = self.term_starts(first, last + 1)
        return np.repeat(np.arange(first, last + 1, dtype=np.uint32), starts[1:] - starts[:-1])

    def positions_of_range(self, first: int, last: int) -> AnyArray:
        """All positions of terms ``first`` to ``last``, posting by posting."""
        begin, end = self._position_extent(first, last)
        return self._positions.between(begin, end)

    def term_starts(self, begin: int = 0, end: int | None = None) -> NDArray[np.int64]:
        """int64[terms + 1]: the starts of the postings of terms ``begin`` to ``end`` (excluded), and the end of the last one's."""
        pairs = self._pair_offsets.between(begin, (len(self.terms) if end is None else end) + 1)
        starts = self._pair_starts.between(int(pairs[0]), int(pairs[-1]) + 1)
        pairs -= pairs[0]
        return starts[pairs]


class Segment:
    """One open segment.

    Raises:
        Damaged: opening found that the file is missing, cut short or altered.
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
        self._distinct: dict[str, AnyArray] = {}
        self._by_number: dict[str, IntP] = {}

    def postings(self, name: str) -> PostingsField:
        """The postings of a field; KeyError for a field without postings."""
        field = self._fields.get(name)
        if field is None:
            kind = self.layout.postings[name]
            field = self._fields[name] = PostingsField(self.file, name, words=kind == "words")
        return field

    def numbers(self, name: str) -> AnyArray:
        """int64, float32 or uint64[documents]: a column of numbers."""
        return self.file[f"c/{name}"]

    def distinct_numbers(self, name: str) -> AnyArray:
        """The distinct numbers of an int64 or float32 column, ascending, without missing values. Computed once: O(n log n)."""
        values = self._distinct.get(name)
        if values is None:
            values = np.unique(self.numbers(name))
            values = (
                values[values != MISSING_INT]
                if values.dtype == np.int64
                else values[~np.isnan(values)]
            )
            self._distinct[name] = values
        return values

    def by_number(self, name: str) -> IntP:
        """intp[documents]: the documents in the order of an int64 column, the least first. Computed once: O(n log n)."""
        docs = self._by_number.get(name)
        if docs is None:
            docs = self._by_number[name] = np.argsort(self.numbers(name))
        return docs

    def ordinals(self, name: str) -> Ordinals:
        """A column of dictionary values."""
        return Ordinals(self.file, name, many=self.layout.columns[name] == "ordinals")

    @cached_property
    def blob_reader(self) -> BlobReader:
        """The blobs of all fields; KeyError if the layout has none."""
        return BlobReader(self.file, BLOBS, len(self.layout.blobs))

    def blobs(self, name: str) -> FieldBlobs:
        """The blobs of a field; KeyError for one that the layout lacks."""
        if name not in self.layout.blobs:
            raise KeyError(name)
        return FieldBlobs(self.blob_reader, self.layout.blobs.index(name))

    def forward(self, name: str, doc: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """The weightiest terms of a document in a field, heaviest first: their numbers and frequencies (at most 255)."""
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
        """The key of a document; empty without a key. O(documents) the first time."""
        number = int(self.key_numbers[doc])
        assert self.layout.key is not None, "the layout names no key"
        return b"" if number < 0 else self.postings(self.layout.key).terms[number]

    @cached_property
    def key_numbers(self) -> NDArray[np.int64]:
        """int64[documents]: the number of each document's key, -1 for none. Numbers ascend with keys."""
        numbers = np.full(self.doc_count, -1, dtype=np.int64)
        assert self.layout.key is not None, "the layout names no key"
        field = self.postings(self.layout.key)
        if len(field.terms):
            last = len(field.terms) - 1
            numbers[field.docs_of_range(0, last)] = field.term_of_postings(0, last)
        return numbers

    def keys(self) -> Iterator[tuple[int, bytes]]:
        """Every document with a key, and the key, in key order. Includes documents that the same batch replaced."""
        if self.layout.key is not None:
            field = self.postings(self.layout.key)
            keys, last = field.terms.slice(), len(field.terms) - 1
            docs, numbers = field.docs_of_range(0, last), field.term_of_postings(0, last)
            for doc, number in zip(docs.tolist(), numbers.tolist(), strict=True):
                yield doc, keys[number]
