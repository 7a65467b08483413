"""Rescores the best articles of a request by their words: ``Rescore`` in ``indexer/query.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from indexer.columnar.search.agreement import likeness
from indexer.columnar.search.impacts import F32
from indexer.columnar.search.rescoring import windows
from indexer.engines.opensearch.fields import (
    ONE,
    PUBLISHED,
    TITLE_KEY,
    forward_field,
)
from indexer.engines.opensearch.filters import EVERYTHING, Dsl, holds_literal, named
from indexer.engines.opensearch.forward import Forward
from indexer.engines.opensearch.statistics import Needed
from indexer.engines.opensearch.telling import Holding, telling_vectors
from indexer.query import Rescore

_BODY: Final = "body"
_ROW: Final = 32
"""An occurrence is ``row << _ROW | position``. A row is one field of one article."""

Hits = Sequence[Mapping[str, Any]]
Words = Mapping[str, Sequence[Forward]]
"""The words of some articles, by field."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What rescoring looks for in the best articles: words and pairs of characters with their scores.

    A pair comes with the query by which the cluster finds it.
    """

    rescore: Rescore
    near: Mapping[str, float]
    pairs: Sequence[tuple[Dsl, float]]

    @property
    def named(self) -> Dsl:
        """What matches every article, and has each hit say which of the pairs it holds."""
        clauses = [named(query, f"{number}") for number, (query, _) in enumerate(self.pairs)]
        return {"bool": {"must": [EVERYTHING], "should": clauses}}

    @property
    def values(self) -> list[str]:
        """The values of an article that rescoring needs beside its score."""
        return [ONE, "channel", PUBLISHED, TITLE_KEY, *map(forward_field, self._fields)]

    def words_of(self, hits: Hits) -> Words:
        """The words of the articles, by field, as far as rescoring reads them."""
        return {
            field: [Forward(hit["fields"][forward_field(field)][0]) for hit in hits]
            for field in self._fields
        }

    @property
    def _fields(self) -> list[str]:
        fields = {*self.rescore.fields} if self.near else set()
        return sorted(fields | {_BODY} if self.rescore.agree else fields)

    def added(self, hits: Hits, words: Words) -> tuple[F32, F32]:
        """float32[hits], float32[hits]: what each article scores more for words that stand together, and for pairs."""
        pairs = [
            sum(self.pairs[int(name)][1] for name in hit.get("matched_queries", ())) for hit in hits
        ]
        return self._nearness(words, len(hits)), np.array(pairs, np.float32)

    def _nearness(self, words: Words, count: int) -> F32:
        """float32[hits]: the greatest sum of the scores of different words in one window. O(occurrences x words)."""
        weights = np.array([*self.near.values()], np.float32)
        best = np.zeros(count, np.float32)
        places, which = [], []
        for number, field in enumerate(self.rescore.fields if self.near else ()):
            for at, held in enumerate(words[field]):
                found = [
                    (word, positions)
                    for word, positions in enumerate(held.positions([*self.near]))
                    if len(positions)
                ]
                if found:
                    best[at] = max(best[at], *(weights[word] for word, _ in found))
                if len(found) > 1:
                    row = (number * count + at) << _ROW
                    places += [positions + np.int64(row) for _, positions in found]
                    which += [np.full(len(positions), word) for word, positions in found]
        if places:
            found_at = np.concatenate(places)
            order = found_at.argsort(kind="stable")
            found_at = found_at[order]
            sums = windows(found_at, np.concatenate(which)[order], weights, self.rescore.window)
            np.maximum.at(best, (found_at >> _ROW) % count, sums)
        return best

    def agreeing(self, hits: Hits, words: Words, scores: F32, holding: Holding) -> F32:
        """float32[hits]: the factor of each article's score by which it is like the best ones. One round trip for unknown words."""
        if not self.rescore.agree or not hits:
            return np.ones(len(hits), np.float32)
        vectors = telling_vectors(words[_BODY], holding, {*self.rescore.words})
        alike = likeness(*vectors, scores, _titles(hits))
        return 1 + np.float32(self.rescore.agree) * alike


def looked_for(rescore: Rescore, needed: Needed) -> Looked:
    """What a rescoring looks for. A word scores the least of its idfs in the fields."""
    words = dict.fromkeys(rescore.words) if rescore.fields and rescore.near else ()
    near = {
        word: rescore.near * min(needed.idf(field, word) for field in rescore.fields)
        for word in words
    }
    pairs = [
        (holds_literal(pair, (field,)), rescore.pairs * needed.literal_idf(pair, (field,)))
        for field in rescore.fields
        for pair in rescore.grams
        if rescore.pairs
    ]
    return Looked(rescore, near, pairs)


def _titles(hits: Hits) -> Any:
    """int64[hits]: articles with the same title have the same number. An empty title equals no other."""
    numbers: dict[object, int] = {}
    titles = [hit["fields"].get(TITLE_KEY, (at,))[0] for at, hit in enumerate(hits)]
    return np.array([numbers.setdefault(title, len(numbers)) for title in titles])
