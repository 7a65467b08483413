"""Reads many texts at once, as arrays: an index is made of thousands.

A text is first cut into items, by compiled code alone: the words of its Chinese runs, and the gaps between the runs. Each distinct
item of a batch gets a number. What the analyzer knows of a word is asked once for each distinct one. All else is done with the
numbers: joining characters that stand alone, parting gaps into pieces, counting positions. The words are those of
``Analyzer.index``.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, compress, count, islice, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.measures import counters
from indexer.analysis.segmenter import ChineseSegmenter, Gap
from indexer.vectorised import numbers_of, rows_at

Place = str | tuple[str, ...]
"""What stands at one position: a word, or a word and those inside it. Nothing, (), where a sentence ends."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
U32 = NDArray[np.uint32]

_GAP: Final = "\n"
"""The item that stands where a gap is. It has the number 0."""


class Stream(NamedTuple):
    """The words of some texts, one text after another.

    ``ids`` uint32[n] are numbers of ``places``, ``positions`` uint32[n] count from 0 in each text, ``counts`` uint32[texts] are the
    numbers of words.
    """

    places: Sequence[Place]
    ids: U32
    positions: U32
    counts: U32

    def holding(self, per_place: Iterable[object]) -> tuple[Ints, U32]:
        """int64[n], uint32[n]: the text and the id of each word whose place has something: ``per_place`` has a value for each place."""
        some = np.array([*map(bool, per_place)], dtype=bool)[self.ids]
        return np.repeat(np.arange(len(self.counts)), self.counts)[some], self.ids[some]


class Texts:
    """The items of some texts, one text after another: numbers of a :class:`TextBatch`."""

    def __init__(self) -> None:
        self.words, self.gaps, self.counts = array("I"), array("I"), array("I")

    def cut(self, texts: int) -> None:
        """Drop all but the first ``texts`` texts. O(items)."""
        kept = sum(self.counts[:texts])
        gaps = self.words[:kept].count(0)
        del self.counts[texts:], self.words[kept:], self.gaps[gaps:]


class TextBatch:
    """Texts that are read together. Whatever their field, they share the work for each distinct item.

    ``segmenter`` is asked for when a text comes, since it takes time to load. ``place_of`` says what a piece puts at its position, None
    for a separator that takes none. ``after_number`` says what a word puts there that follows a number and begins with a measure.
    """

    def __init__(
        self,
        segmenter: Callable[[], ChineseSegmenter],
        place_of: Callable[[str], Place | None],
        after_number: Callable[[str], Place],
    ) -> None:
        self._segmenter, self._place_of, self._after_number = segmenter, place_of, after_number
        # A look-up returns an item's number, or assigns the next one, without Python code for each occurrence.
        self._words: defaultdict[str, int] = defaultdict(count(1).__next__, {_GAP: 0})
        self._gaps: defaultdict[Gap, int] = defaultdict(count().__next__)
        self._runs: dict[str, int] = {}

    def add(self, folded: str, texts: Texts) -> None:
        """Add a folded text to those of its field, before any field is read. O(length)."""
        words, gaps = self._segmenter().items(folded)
        texts.words.extend(numbers_of(self._words, words))
        texts.gaps.extend(numbers_of(self._gaps, gaps))
        texts.counts.append(len(words))

    @cached_property
    def _known(self) -> _Pieces:
        """The pieces of all items. A word is its only piece."""
        known = _Pieces(self._words, self._place_of)
        known.add_rows(map(self._segmenter().between, self._gaps))
        return known

    def read(self, texts: Texts) -> Stream:
        """The words of all texts of a field. O(items), in C except for distinct ones."""
        words, counts = _array(texts.words), _array(texts.counts).astype(np.int64)
        items = words.copy()
        items[words == 0] = _array(texts.gaps) + np.uint32(len(self._words))
        letters = np.array([ord(word) if len(word) == 1 else 0 for word in self._words], "<u4")
        letters[0] = 0
        starts, ends = _several(letters[words] > 0)
        members = rows_at(starts, ends - starts)
        alone = str(letters[words[members]].data, "utf-32-le")
        edges = pairwise([0, *np.cumsum(ends - starts).tolist()])
        items[starts] = self._numbers_of_runs([alone[begin:end] for begin, end in edges])
        kept = np.ones(len(items), dtype=bool)
        kept[members] = False
        kept[starts] = True
        ids, counts = self._known.of(items[kept], _sums(kept, counts))
        return self._stream(ids, counts)

    def _numbers_of_runs(self, runs: Sequence[str]) -> list[int]:
        """The numbers of runs of characters that stand alone, behind those of words and gaps."""
        fresh = [run for run in dict.fromkeys(runs) if run not in self._runs]
        self._known.add_rows(map(self._segmenter().alone, fresh))
        first = len(self._words) + len(self._gaps) + len(self._runs)
        self._runs |= zip(fresh, count(first))
        return [*map(self._runs.__getitem__, runs)]

    def _stream(self, ids: U32, counts: Ints) -> Stream:
        """What pieces put at their positions."""
        known = self._known
        words, takes = known.flags(known.words)[ids], known.flags(known.takes)[ids]
        measured = known.flags(known.measures)[ids]
        measured &= words & _after(known.flags(known.digits)[ids], counts)
        distinct, which = np.unique(ids[measured], return_inverse=True)
        ids[measured] = which + len(known.places)
        pieces = [*known.numbers]
        others = [self._after_number(pieces[number]) for number in distinct.tolist()]
        counts = _sums(words, counts)
        positions: Ints = np.cumsum(takes, dtype=np.int64)[words]
        held = counts[counts > 0]
        positions -= np.repeat(positions[np.cumsum(held) - held], held)
        ids = ids[words]
        occurs = np.zeros(len(known.places) + len(others), dtype=bool)
        occurs[ids] = True
        places = [*compress(chain(known.places, others), occurs.tolist())]
        ids = (np.cumsum(occurs, dtype=np.uint32) - np.uint32(1))[ids]
        return Stream(places, ids, positions.astype(np.uint32), counts.astype(np.uint32))


class _Pieces:
    """The distinct pieces of a batch by number, what the analyzer says of each, and the pieces of each item.

    ``words``, ``takes``, ``measures`` and ``digits`` are flags of each piece: whether it is a word, takes a position, begins with a
    measure, ends with a digit.
    """

    def __init__(self, words: Mapping[str, int], place_of: Callable[[str], Place | None]) -> None:
        self._place_of = place_of
        self.numbers: defaultdict[str, int] = defaultdict(count(len(words)).__next__, words)
        self.places: list[Place] = []
        self.words, self.takes, self.measures, self.digits = (bytearray() for _ in range(4))
        self._sizes, self._pieces = array("q", [1]) * len(words), array("q", range(len(words)))

    def add_rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Add the pieces of the next items. O(pieces)."""
        for row in rows:
            self._sizes.append(len(row))
            self._pieces.extend(map(self.numbers.__getitem__, row))
        measures = counters()
        for piece in islice(self.numbers, len(self.places), None):
            place = self._place_of(piece)
            self.places.append(place or ())
            self.words.append(bool(place))
            self.takes.append(place is not None)
            self.measures.append(piece[0] in measures)
            self.digits.append(piece[-1].isdigit())

    def of(self, items: U32, counts: Ints) -> tuple[U32, Ints]:
        """The pieces of items, and how many each text has."""
        sizes = np.array(self._sizes)
        held = sizes[items]
        places = rows_at((np.cumsum(sizes) - sizes)[items], held)
        return np.array(self._pieces)[places].astype(np.uint32), _sums(held, counts)

    def flags(self, which: bytearray) -> Bools:
        """One of the flags of each piece."""
        return np.frombuffer(bytes(which), dtype=bool)


def _array(numbers: array[int]) -> U32:
    return np.array(numbers, dtype=np.uint32)


def _several(flags: Bools) -> tuple[Ints, Ints]:
    """Where two or more neighbours are set: the first places, and those behind the last."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    several = ends - starts > 1
    return starts[several], ends[several]


def _sums(values: NDArray[np.generic], counts: Ints) -> Ints:
    """int64: the sum of each text's values. ``counts`` are the numbers of values."""
    before = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=before[1:])
    ends = np.cumsum(counts)
    sums: Ints = before[ends] - before[ends - counts]
    return sums


def _after(flags: Bools, counts: Ints) -> Bools:
    """Whether the value before each one is set, in the same text."""
    after = np.zeros(len(flags) + 1, dtype=bool)
    after[1:] = flags
    after[np.cumsum(counts) - counts] = False
    return after[:-1]
