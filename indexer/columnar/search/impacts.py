"""Impacts: what each posting of a term adds to its document's score, and a bounded cache of them.

The formula is BM25 as in Whoosh's BM25F: idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average length)), with
idf = ln(N / (n + 1)) + 1, N and n over the whole snapshot. Average lengths change with every commit, so impacts are not stored:
a snapshot derives them and caches the frequently requested ones. The documents and frequencies of a word depend on the segment
alone. They stay cached after a commit, and only the scores are computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import AnyArray, IntP, firsts
from indexer.columnar.files.locating import NOWHERE, DocsByBlock, Located
from indexer.columnar.files.segment import PostingsField
from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.search.cache import BoundedCache
from indexer.columnar.search.places import Place, Places, postings_of
from indexer.columnar.search.plan import Word

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Fields = tuple[tuple[str, float], ...]
"""Fields, each with the factor of its scores."""

CACHE_BYTES: Final = 320 * 2**20
"""For all threads of a process together, in 32nds: 13 for occurrences, 10 for lists, 8 for columns, 1 for short lists.

400 queries on an index of 200,000 articles fill it: their phrases alone take 130 MB of occurrences.
"""
SHORT: Final = 1_000
"""The most postings of a short list. Short lists have a cache of their own, since their cost is the look-up."""


@dataclass(frozen=True, slots=True)
class Bm25:
    """The constants of BM25; Whoosh's defaults."""

    k1: float = 1.2
    b: float = 0.75


class Listed(NamedTuple):
    """A term's postings in one leaf: documents intp ascending, and the score of each, float32. Never write to them."""

    docs: IntP
    scores: F32


class Counted:
    """How often a term occurs in some fields of a leaf's documents. A segment never changes, so its counts never do.

    ``scored`` caches the last scores: the statistics that the scores were computed with, and the list.
    """

    __slots__ = ("counts", "docs", "scored")

    def __init__(self, docs: IntP, counts: AnyArray) -> None:
        self.docs = docs
        """intp, ascending."""
        self.counts = counts
        """uint8 or uint32[fields, documents]: 0 where the field does not hold the term."""
        self.scored: tuple[object, Listed] = (None, NOTHING)

    @property
    def nbytes(self) -> int:
        """The size in bytes, including a list of scores."""
        return self.docs.nbytes + self.counts.nbytes + 4 * len(self.docs)


class Column(NamedTuple):
    """A frequent term's score for each document of a leaf, float32, padded with zeros to whole blocks. Never write to it."""

    scores: F32


COMMON: Final = 8
"""A term that more than one in this many documents hold is cached as a column, which is added in one pass without indices."""
BLOCK: Final = 256
"""Dense arrays of scores are padded to whole blocks of this size. The search for the best scores goes by blocks."""


def padded(doc_count: int) -> int:
    """The length of a dense array for ``doc_count`` documents."""
    return -(-doc_count // BLOCK) * BLOCK


NOTHING: Final = Listed(np.empty(0, np.intp), np.empty(0, np.float32))


class Impacts:
    """The impacts of one snapshot. Threads may share it.

    The places and occurrences of terms are cached by segment, and the parts of scores that do not depend on other segments.
    They are shared with ``reuse``, the impacts of an earlier snapshot. Statistics count deleted documents, so deletions alone
    change no score.
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
        self._columns: BoundedCache[Column] = BoundedCache(cache_bytes // 4)
        self._statistics = object()
        if reuse is None:
            self._short: BoundedCache[Counted] = BoundedCache(cache_bytes // 32)
            self._listed: BoundedCache[Counted] = BoundedCache(cache_bytes * 10 // 32)
            self._occurrences: BoundedCache[I64] = BoundedCache(cache_bytes * 13 // 32)
            self._places = Places()
        else:
            self._short, self._listed = reuse._short, reuse._listed
            self._occurrences, self._places = reuse._occurrences, reuse._places
            for kept in (self._short, self._listed, self._occurrences, self._places):
                kept.keep_only(snapshot.segment_names)
            if snapshot.segment_names == reuse.snapshot.segment_names:
                self._statistics, self._columns = reuse._statistics, reuse._columns
        self._known = [self._places.known_in(segment) for segment in self._segments]

    def field(self, leaf: int, name: str) -> PostingsField | None:
        """A field's postings in a leaf, or None if its segment is older than the field."""
        return postings_of(self._segments[leaf], name)

    def idf(self, field: str, term: bytes) -> float:
        """The inverse document frequency of a term over the snapshot; 1.0 in an empty snapshot."""
        return log(max(self.snapshot.doc_count_all, 1) / (self.doc_frequency(field, term) + 1)) + 1

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
        """How many postings a term has in a leaf. O(log terms), O(1) for a term that was asked for before."""
        return self.place(leaf, field, term).postings

    def doc_frequency(self, field: str, term: bytes) -> int:
        """How many documents of the snapshot hold a term, deleted ones included. Costs one :meth:`estimate` for each leaf."""
        count = 0
        for leaf in range(len(self._known)):
            count += self.estimate(leaf, field, term)
        return count

    def doc_frequencies(self, field: str, terms: Sequence[bytes]) -> list[int]:
        """The document frequency of each of some terms, looked up together."""
        counts = [self._places.postings(segment, field, terms) for segment in self._segments]
        return [sum(each) for each in zip(*counts, strict=True)] if counts else [0] * len(terms)

    def place(self, leaf: int, field: str, term: bytes) -> Place:
        """A term's place in a leaf. Cached."""
        known = self._known[leaf].get((field, term))
        return known or self._places.find(self._segments[leaf], field, term)

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
        count = self.place(leaf, field, term).postings
        if not count:
            return NOTHING
        key = (self._segments[leaf].name, field, term)
        return self._kept(key, leaf, term, ((field, 1.0),), count)

    def fresh(self, leaf: int, field: str, term: bytes) -> Listed:
        """A term's documents and impacts, computed without the cache. O(postings)."""
        number, count, _ = self.place(leaf, field, term)
        postings = self.field(leaf, field)
        if postings is None or not count:
            return NOTHING
        return self._computed(leaf, field, term, postings, number)

    def word(
        self, leaf: int, word: Word, postings: int, make: Callable[[Word], Column]
    ) -> Listed | Column:
        """The impacts of a word with ``postings`` in its fields. A frequent word's column comes from the cache or ``make``."""
        key = (self._segments[leaf].name, word.term, word.fields)
        if not self.is_common(leaf, postings):
            return self._kept(key, leaf, word.term, word.fields, postings) if postings else NOTHING
        column = self._columns.get(key)
        if column is None:
            column = make(word)
            self._columns.put(key, column, column.scores.nbytes)
        return column

    def keeps_word(self, leaf: int, word: Word, postings: int) -> bool:
        """Whether the cache holds a word in several fields, or would keep it if requested."""
        doc_count = self._segments[leaf].doc_count
        nbytes = (
            4 * doc_count if self.is_common(leaf, postings) else (12 + len(word.fields)) * postings
        )
        return self._cache_of(leaf, postings).admits(
            (self._segments[leaf].name, word.term, word.fields), nbytes
        )

    def _cache_of(self, leaf: int, postings: int) -> BoundedCache[Any]:
        if self.is_common(leaf, postings):
            return self._columns
        return self._short if postings <= SHORT else self._listed

    def is_common(self, leaf: int, postings: int) -> bool:
        """Whether a term with this many postings in a leaf is better cached as a column."""
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
        """Whether the cache holds the occurrences of a term, or would keep them if requested."""
        count = self.place(leaf, field, term).occurrences
        return self._occurrences.admits(
            (self._segments[leaf].name, field, term), 8 * count + len(term)
        )

    def scores(self, leaf: int, field: str, term: bytes, among: DocsByBlock) -> F32:
        """float32: a term's scores for some documents; 0 where they do not hold it.

        Computes only these postings. Meant for a few documents and terms that do not fit the cache.
        """
        found = np.zeros(len(among.docs), dtype=np.float32)
        postings = self.field(leaf, field)
        _, hit, at = self.located(leaf, field, (term,), among)
        if postings is None or not len(hit):
            return found
        if postings.words:
            freqs = postings.freqs_at(at)
            found[hit] = self._scored(leaf, field, term, postings, among.docs[hit], freqs)
        else:
            found[hit] = 1.0
        return found

    def located(self, leaf: int, field: str, terms: Sequence[bytes], among: DocsByBlock) -> Located:
        """The postings of some terms in some documents of a leaf. Decodes nothing."""
        postings = self.field(leaf, field)
        if postings is None:
            return NOWHERE
        return postings.locate([self.place(leaf, field, term).number for term in terms], among)

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
        """A term's occurrences in some documents of a leaf. A document without the term adds none."""
        postings = self.field(leaf, field)
        assert postings is not None, "the leaf holds the term"
        _, hit, at = self.located(leaf, field, (term,), among)
        return _occurrences(among.docs[hit], *postings.positions_at(at))

    def _kept(
        self, key: tuple[object, ...], leaf: int, term: bytes, fields: Fields, postings: int
    ) -> Listed:
        """The impacts of a term in some fields, from cached counts. If the statistics changed, the scores are computed again."""
        cache = self._short if postings <= SHORT else self._listed
        counted = cache.get(key)
        if counted is None:
            counted = self._counted(leaf, term, fields)
            cache.put(key, counted, len(term) + counted.nbytes)
        statistics, listed = counted.scored
        if statistics is not self._statistics:
            listed = Listed(counted.docs, self._summed(leaf, term, fields, counted))
            counted.scored = self._statistics, listed
        return listed

    def _counted(self, leaf: int, term: bytes, fields: Fields) -> Counted:
        """How often a term occurs in some fields of a leaf's documents. O(postings)."""
        found = []
        for row, (field, _) in enumerate(fields):
            postings = self.field(leaf, field)
            number, count, _ = self.place(leaf, field, term)
            if postings is not None and count:
                freqs = postings.freqs(number) if postings.words else np.ones(count, np.uint8)
                found.append((row, postings.docs(number), freqs))
        if len(fields) == 1:
            ((_, docs, freqs),) = found
            return Counted(docs, freqs[np.newaxis])
        docs = np.concatenate([docs for _, docs, _ in found])
        docs.sort()
        docs = docs[firsts(docs)]
        counts = np.zeros((len(fields), len(docs)), np.result_type(*(each[2] for each in found)))
        for row, some, freqs in found:
            counts[row, docs.searchsorted(some)] = freqs
        return Counted(docs, counts)

    def _summed(self, leaf: int, term: bytes, fields: Fields, counted: Counted) -> F32:
        """A term's scores, summed over some fields. O(documents * fields)."""
        scores = np.zeros(len(counted.docs), dtype=np.float32)
        for counts, (field, boost) in zip(counted.counts, fields, strict=True):
            postings, held = self.field(leaf, field), np.flatnonzero(counts)
            if postings is None or not len(held):
                continue
            if postings.words:
                docs, freqs = counted.docs[held], counts[held]
                weights = self._scored(leaf, field, term, postings, docs, freqs)
                scores[held] += weights * np.float32(boost)
            else:
                scores[held] += np.float32(boost)
        return scores

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
        """The BM25 of a term in documents that hold it ``freqs`` times."""
        norms = self.norms(leaf, field, postings)[docs]
        return bm25(freqs, norms, np.float32(self.idf(field, term) * (self.weighting.k1 + 1)))


def bm25(freqs: AnyArray, norms: F32, weights: F32 | np.float32) -> F32:
    """float32[postings]: the BM25 of postings. ``weights`` are the idfs of their terms, times K1 + 1."""
    scores = freqs.astype(np.float32)
    divisors = scores + norms
    scores *= weights
    scores /= divisors
    return scores


def _occurrences(docs: IntP, positions: AnyArray, counts: AnyArray) -> I64:
    found: I64 = np.repeat(docs.astype(np.int64) << 32, counts)
    found |= positions
    return found
