"""Impacts: what each posting of a term adds to its document's score, and a bounded cache of them.

BM25 as Whoosh's BM25F: idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average length)), with
idf = ln(N / (n + 1)) + 1, N and n over the whole snapshot. Average lengths change with every commit, so nothing of this
is stored: a snapshot derives it, and keeps what is asked for often.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.arrays import AnyArray
from indexer.columnar.cache import BoundedCache
from indexer.columnar.errors import Unsupported
from indexer.columnar.segment import IntP, PostingsField
from indexer.columnar.snapshot import Snapshot

F32 = NDArray[np.float32]

CACHE_BYTES: Final = 128 * 2**20
"""For all threads of a process together; a quarter of it for positions. A posting takes 12 bytes, so 8 million are kept."""


@dataclass(frozen=True, slots=True)
class Bm25:
    """The constants of BM25; Whoosh's defaults."""

    k1: float = 1.2
    b: float = 0.75


class Listed(NamedTuple):
    """A term's postings in one leaf: documents intp ascending, and what each scores, float32. Never write to them."""

    docs: IntP
    scores: F32


NOTHING: Final = Listed(np.empty(0, np.intp), np.empty(0, np.float32))


class Impacts:
    """The impacts of one snapshot. Shared by threads."""

    def __init__(
        self, snapshot: Snapshot, weighting: Bm25, *, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self.snapshot, self.weighting = snapshot, weighting
        self._fields = [dict[str, PostingsField | None]() for _ in snapshot.leaves]
        self._norms: dict[tuple[int, str], F32] = {}
        self._idf: dict[tuple[str, bytes], float] = {}
        self._listed: BoundedCache[Listed] = BoundedCache(cache_bytes - cache_bytes // 4)
        self._positions: BoundedCache[tuple[AnyArray, IntP]] = BoundedCache(cache_bytes // 4)

    def field(self, leaf: int, name: str) -> PostingsField | None:
        """A field's postings in a leaf, or None where its segment has no such field: it was made before there was one."""
        fields = self._fields[leaf]
        if name not in fields:
            segment = self.snapshot.leaves[leaf].segment
            fields[name] = segment.postings(name) if name in segment.layout.postings else None
        return fields[name]

    def idf(self, field: str, term: bytes) -> float:
        """The inverse document frequency of a term over the snapshot."""
        key = (field, term)
        value = self._idf.get(key)
        if value is None:
            n = self.snapshot.doc_frequency(field, term)
            value = log(self.snapshot.doc_count_all / (n + 1)) + 1
            if len(self._idf) >= 100_000:
                self._idf.clear()
            self._idf[key] = value
        return value

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
        """How many postings a term has in a leaf. O(log terms), O(1) for a cached one."""
        listed = self._listed.peek((leaf, field, term))
        if listed is not None:
            return len(listed.docs)
        postings = self.field(leaf, field)
        number = -1 if postings is None else postings.terms.find(term)
        return 0 if postings is None or number < 0 else postings.doc_frequency(number)

    def listed(self, leaf: int, field: str, term: bytes) -> Listed:
        """A term's documents and impacts in a leaf. O(postings) the first time, O(1) while it stays in the cache."""
        key = (leaf, field, term)
        listed = self._listed.get(key)
        if listed is None:
            postings = self.field(leaf, field)
            number = -1 if postings is None else postings.terms.find(term)
            listed = NOTHING
            if postings is not None and number >= 0:
                listed = self._computed(leaf, field, term, postings, number)
            self._listed.put(key, listed, len(term) + listed.docs.nbytes + listed.scores.nbytes)
        return listed

    def positions(self, leaf: int, field: str, term: bytes) -> tuple[AnyArray, IntP]:
        """The positions of a term that the leaf holds, and where those of each posting begin. Cached like `listed`.

        Raises:
            Unsupported: the field keeps no positions.
        """
        key = (leaf, field, term)
        known = self._positions.get(key)
        if known is None:
            postings = self.field(leaf, field)
            if postings is None or not postings.words:
                raise Unsupported(
                    f"field {field!r} keeps no positions: no phrase can be found in it"
                )
            known = postings.positions(postings.terms.find(term))
            self._positions.put(key, known, len(term) + known[1].nbytes)
        return known

    def _computed(
        self, leaf: int, field: str, term: bytes, postings: PostingsField, number: int
    ) -> Listed:
        docs = postings.docs(number)
        if not postings.words:
            return Listed(docs, np.ones(len(docs), dtype=np.float32))
        freqs = postings.freqs(number).astype(np.float32)
        divisors = freqs + self.norms(leaf, field, postings)[docs]
        freqs *= np.float32(self.idf(field, term) * (self.weighting.k1 + 1))
        freqs /= divisors
        return Listed(docs, freqs)
