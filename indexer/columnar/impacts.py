"""Impacts: what each posting of a term adds to its document's score, and a bounded cache of them.

BM25 as Whoosh's BM25F: idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average length)), with
idf = ln(N / (n + 1)) + 1, N and n over the whole snapshot. Average lengths change with every commit, so nothing of this
is stored: a snapshot derives it, and keeps what is asked for often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.arrays import AnyArray, IntP
from indexer.columnar.cache import BoundedCache
from indexer.columnar.errors import Unsupported
from indexer.columnar.places import LONGEST, Place, Places, postings_of
from indexer.columnar.plan import Word
from indexer.columnar.segment import DocsByBlock, PostingsField
from indexer.columnar.snapshot import Snapshot

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

CACHE_BYTES: Final = 320 * 2**20
"""For all threads of a process together, in 32nds: 13 for occurrences, 10 for lists, 8 for columns, 1 for short lists.

400 questions of an index of 200,000 articles fill it: their phrases alone ask for 130 MB of occurrences."""
SHORT: Final = 1_000
"""Postings up to which a list counts as short: what it costs is the asking, so short ones have a part to themselves."""
_REMEMBERED: Final = 100_000
"""Terms whose document frequencies are remembered."""


@dataclass(frozen=True, slots=True)
class Bm25:
    """The constants of BM25; Whoosh's defaults."""

    k1: float = 1.2
    b: float = 0.75


class Listed(NamedTuple):
    """A term's postings in one leaf: documents intp ascending, and what each scores, float32. Never write to them."""

    docs: IntP
    scores: F32


class Column(NamedTuple):
    """What a frequent term gives each document of a leaf, float32, padded with zeros to whole blocks. Never write to it."""

    scores: F32


COMMON: Final = 8
"""A term that more than one in so many documents hold is kept as a column: adding it is one pass without indices."""
BLOCK: Final = 256
"""Dense arrays of scores are padded to whole blocks of so many, which are looked at to find the best."""


def padded(doc_count: int) -> int:
    """The length of a dense array for so many documents."""
    return -(-doc_count // BLOCK) * BLOCK


NOTHING: Final = Listed(np.empty(0, np.intp), np.empty(0, np.float32))


class Impacts:
    """The impacts of one snapshot. Shared by threads.

    Where terms stand and occur is kept by segment, and shared with those of an earlier snapshot, ``reuse``.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        weighting: Bm25,
        *,
        cache_bytes: int = CACHE_BYTES,
        reuse: Impacts | None = None,
    ) -> None:
        self.snapshot, self.weighting = snapshot, weighting
        self._segments = [leaf.segment for leaf in snapshot.leaves]
        self._norms: dict[tuple[int, str], F32] = {}
        self._frequencies: dict[tuple[str, bytes], int] = {}
        self._columns: BoundedCache[Column] = BoundedCache(cache_bytes // 4)
        self._short: BoundedCache[Listed] = BoundedCache(cache_bytes // 32)
        self._listed: BoundedCache[Listed] = BoundedCache(cache_bytes * 10 // 32)
        self._occurrences: BoundedCache[I64] = (
            reuse._occurrences if reuse else BoundedCache(cache_bytes * 13 // 32)
        )
        self._places: Places = reuse._places if reuse else Places()
        if reuse:
            self._occurrences.keep_only(snapshot.segment_names)
            self._places.keep_only(snapshot.segment_names)
        self._known = [self._places.known_in(segment) for segment in self._segments]

    def field(self, leaf: int, name: str) -> PostingsField | None:
        """A field's postings in a leaf, or None where its segment has no such field: it was made before there was one."""
        return postings_of(self._segments[leaf], name)

    def idf(self, field: str, term: bytes) -> float:
        """The inverse document frequency of a term over the snapshot."""
        return log(self.snapshot.doc_count_all / (self.doc_frequency(field, term) + 1)) + 1

    def norms(self, leaf: int, field: str, postings: PostingsField) -> F32:
        """float32[documents]: K1 * (1 - B + B * length / average) of each document of a leaf."""
        norms = self._norms.get((leaf, field))
        if norms is None:
            k1, b = self.weighting.k1, self.weighting.b
            slope = k1 * b / (self.snapshot.average_length(field) or 1.0)
            norms = postings.lengths.astype(np.float32)
            norms *= np.float32(slope)
            norms += np.float32(k1 * (1 - b))
            self._norms[leaf, field] = norms
        return norms

    def estimate(self, leaf: int, field: str, term: bytes) -> int:
        """How many postings a term has in a leaf. O(log terms), O(1) for one that was asked for before."""
        place = self._known[leaf].get((field, term))
        return (place or self.place(leaf, field, term)).postings

    def doc_frequency(self, field: str, term: bytes) -> int:
        """How many documents of the snapshot hold a term, deleted ones included. Remembered."""
        key = (field, term)
        count = self._frequencies.get(key)
        if count is None:
            count = 0
            for leaf, known in enumerate(self._known):
                place = known.get(key) or self.place(leaf, field, term)
                count += place.postings
            if len(term) <= LONGEST:
                if len(self._frequencies) >= _REMEMBERED:
                    self._frequencies.clear()
                self._frequencies[key] = count
        return count

    def doc_frequencies(self, field: str, terms: Sequence[bytes]) -> list[int]:
        """The same for each of some terms. Those that are not remembered are looked up together, and remembered."""
        fresh = [term for term in terms if (field, term) not in self._frequencies]
        for segment in self._segments if fresh else ():
            self._places.look_up(segment, field, fresh)
        return [self.doc_frequency(field, term) for term in terms]

    def place(self, leaf: int, field: str, term: bytes) -> Place:
        """Where a term stands in a leaf. Remembered."""
        return self._places.find(self._segments[leaf], field, term)

    def column(self, leaf: int, field: str, term: bytes) -> Column | None:
        """A frequent term's impacts as a column; None for a term that is not frequent. Cached like `listed`."""
        if not self.is_common(leaf, self.estimate(leaf, field, term)):
            return None
        key = (self._segments[leaf].name, field, term)
        column = self._columns.get(key)
        if column is None:
            listed = self.listed(leaf, field, term)
            doc_count = self._segments[leaf].doc_count
            column = Column(np.zeros(padded(doc_count), dtype=np.float32))
            column.scores[listed.docs] = listed.scores
            self._columns.put(key, column, len(term) + column.scores.nbytes)
        return column

    def listed(self, leaf: int, field: str, term: bytes) -> Listed:
        """A term's documents and impacts in a leaf. O(postings) the first time, O(1) while it stays in the cache."""
        number, count, _ = self.place(leaf, field, term)
        postings = self.field(leaf, field)
        if postings is None or not count:
            return NOTHING
        key = (self._segments[leaf].name, field, term)
        cache = self._short if count <= SHORT else self._listed
        listed = cache.get(key)
        if listed is None:
            listed = self._computed(leaf, field, term, postings, number)
            cache.put(key, listed, len(term) + listed.docs.nbytes + listed.scores.nbytes)
        return listed

    def fresh(self, leaf: int, field: str, term: bytes) -> Listed:
        """A term's documents and impacts, computed anew and not kept. O(postings)."""
        number, count, _ = self.place(leaf, field, term)
        postings = self.field(leaf, field)
        if postings is None or not count:
            return NOTHING
        return self._computed(leaf, field, term, postings, number)

    def word(
        self, leaf: int, word: Word, postings: int, make: Callable[[Word], Listed | Column]
    ) -> Listed | Column:
        """A word in several fields, of so many postings together: what was kept of it, or else what ``make`` gives."""
        key, cache = (
            (self._segments[leaf].name, word.term, word.fields),
            self._cache_of(leaf, postings),
        )
        found: Listed | Column | None = cache.get(key)
        if found is None:
            found = make(word)
            cache.put(key, found, sum(array.nbytes for array in found))
        return found

    def keeps_word(self, leaf: int, word: Word, postings: int) -> bool:
        """Whether a word in several fields is kept, or would be once it is asked for."""
        doc_count = self._segments[leaf].doc_count
        nbytes = 4 * doc_count if self.is_common(leaf, postings) else 12 * postings
        return self._cache_of(leaf, postings).admits(
            (self._segments[leaf].name, word.term, word.fields), nbytes
        )

    def _cache_of(self, leaf: int, postings: int) -> BoundedCache[Any]:
        if postings <= SHORT:
            return self._short
        return self._columns if self.is_common(leaf, postings) else self._listed

    def is_common(self, leaf: int, postings: int) -> bool:
        """Whether so many postings in a leaf are better kept as a column."""
        return postings * COMMON > self._segments[leaf].doc_count

    def occurrence_count(self, leaf: int, field: str, term: bytes) -> int:
        """How often a term occurs in a leaf.

        Raises:
            Unsupported: the field keeps no positions.
        """
        count = self.place(leaf, field, term).occurrences
        if count < 0:
            raise Unsupported(f"field {field!r} keeps no positions: no phrase can be found in it")
        return count

    def keeps_occurrences(self, leaf: int, field: str, term: bytes) -> bool:
        """Whether the occurrences of a term are kept, or would be once they are asked for."""
        count = self.place(leaf, field, term).occurrences
        return self._occurrences.admits(
            (self._segments[leaf].name, field, term), 8 * count + len(term)
        )

    def scores(self, leaf: int, field: str, term: bytes, among: DocsByBlock) -> F32:
        """float32: what a term adds to the scores of some documents; 0 where they do not hold it.

        Nothing but these postings is computed: for a few documents, and terms that the cache has no room for.
        """
        found = np.zeros(len(among.docs), dtype=np.float32)
        number, count, _ = self.place(leaf, field, term)
        postings = self.field(leaf, field)
        if postings is None or not count:
            return found
        hit, at = postings.locate(number, among)
        if postings.words:
            freqs = postings.freqs_at(at)
            found[hit] = self._scored(leaf, field, term, postings, among.docs[hit], freqs)
        else:
            found[hit] = 1.0
        return found

    def holding(self, leaf: int, field: str, term: bytes, among: DocsByBlock) -> NDArray[np.bool_]:
        """bool[docs]: which of some documents hold a term. Nothing is decoded."""
        number, count, _ = self.place(leaf, field, term)
        postings = self.field(leaf, field)
        if postings is None or not count:
            return np.zeros(len(among.docs), dtype=bool)
        return postings.locate(number, among)[0]

    def occurrences(self, leaf: int, field: str, term: bytes) -> I64:
        """int64, ascending: ``document << 32 | position`` of each occurrence of a term that the leaf holds. Cached."""
        key = (self._segments[leaf].name, field, term)
        found = self._occurrences.get(key)
        if found is None:
            postings = self.field(leaf, field)
            assert postings is not None, "the leaf holds the term"
            number = self.place(leaf, field, term).number
            positions, starts = postings.positions(number)
            found = _occurrences(postings.docs(number), positions, np.diff(starts))
            self._occurrences.put(key, found, len(term) + found.nbytes)
        return found

    def occurrences_in(self, leaf: int, field: str, term: bytes, among: DocsByBlock) -> I64:
        """The same in some documents alone, which need not all hold the term."""
        postings = self.field(leaf, field)
        assert postings is not None, "the leaf holds the term"
        number = self.place(leaf, field, term).number
        hit, at = postings.locate(number, among)
        return _occurrences(among.docs[hit], *postings.positions_at(number, at))

    def _computed(
        self, leaf: int, field: str, term: bytes, postings: PostingsField, number: int
    ) -> Listed:
        docs = postings.docs(number)
        if not postings.words:
            return Listed(docs, np.ones(len(docs), dtype=np.float32))
        freqs = postings.freqs(number)
        return Listed(docs, self._scored(leaf, field, term, postings, docs, freqs))

    def _scored(
        self,
        leaf: int,
        field: str,
        term: bytes,
        postings: PostingsField,
        docs: IntP,
        freqs: AnyArray,
    ) -> F32:
        """BM25 of a term in documents that hold it so often."""
        scores = freqs.astype(np.float32)
        divisors = scores + self.norms(leaf, field, postings)[docs]
        scores *= np.float32(self.idf(field, term) * (self.weighting.k1 + 1))
        scores /= divisors
        return scores


def _occurrences(docs: IntP, positions: AnyArray, counts: AnyArray) -> I64:
    found: I64 = np.repeat(docs.astype(np.int64) << 32, counts)
    found |= positions
    return found
