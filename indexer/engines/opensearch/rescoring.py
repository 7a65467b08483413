"""Rescores the best articles of a request by their words: ``Rescore`` in ``indexer/query.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from indexer.columnar.search.agreement import likeness
from indexer.columnar.search.impacts import F32
from indexer.engines.opensearch.fields import CANDIDATES, ONE, PUBLISHED, TITLE_KEY
from indexer.engines.opensearch.filters import EVERYTHING, Dsl, holds_literal, named
from indexer.engines.opensearch.forward import Candidates
from indexer.engines.opensearch.scripts import nearness
from indexer.engines.opensearch.statistics import Needed
from indexer.engines.opensearch.telling import F64, Holding, telling_vectors
from indexer.query import Rescore

_NEAR: Final = "near"

Hits = Sequence[Mapping[str, Any]]


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

    def request(self) -> dict[str, Any]:
        """What to ask for beside an article's score."""
        asked: dict[str, Any] = {"docvalue_fields": [ONE, "channel", PUBLISHED]}
        if self.rescore.agree:
            asked["docvalue_fields"] += [TITLE_KEY, CANDIDATES]
        if self.near:
            script = nearness(self.near, self.rescore.fields, self.rescore.window)
            asked["script_fields"] = {_NEAR: {"script": script}}
        return asked

    def added(self, hit: Mapping[str, Any]) -> tuple[float, float]:
        """What an article scores more for words that stand together, and for pairs."""
        (near,) = hit["fields"].get(_NEAR, (0.0,))
        pairs = sum(self.pairs[int(name)][1] for name in hit.get("matched_queries", ()))
        return near, pairs

    def agreeing(self, hits: Hits, scores: F64, holding: Holding) -> F32:
        """float32[hits]: the factor of each article's score by which it is like the best ones. One round trip for unknown words."""
        if not self.rescore.agree or not hits:
            return np.ones(len(hits), np.float32)
        bodies = [Candidates(hit["fields"][CANDIDATES][0]) for hit in hits]
        vectors = telling_vectors(bodies, holding, {*self.rescore.words})
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
