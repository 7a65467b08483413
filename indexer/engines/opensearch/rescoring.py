"""Rescores the best articles of a request by their words: ``Rescore`` in ``indexer/query.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from indexer.analysis.characters import fold_title
from indexer.engines.agreement import agreement, can_tell, telling_vector
from indexer.engines.opensearch.cluster import NAMED_SCORES
from indexer.engines.opensearch.documents import article_of
from indexer.engines.opensearch.fields import (
    ARTICLE,
    ONE,
    PUBLISHED,
    pairs_field,
    words_of_stream,
)
from indexer.engines.opensearch.filters import Dsl, all_of, any_of, holds_word, named
from indexer.engines.opensearch.statistics import Needed
from indexer.query import Rescore

PAIRS: Final = "pairs"
_BODY: Final = "body"


@dataclass(frozen=True, slots=True)
class Looked:
    """What rescoring looks for in the best articles. ``near`` are words with their scores, ``pairs`` scores pairs of characters."""

    rescore: Rescore
    near: Mapping[str, float]
    pairs: Dsl | None

    def request(self) -> dict[str, Any]:
        """What to ask beside the articles: their words, and the scores of their pairs."""
        kept = {*self.rescore.fields} if self.near else set()
        if self.rescore.agree:
            kept |= {_BODY, ARTICLE}
        asked: dict[str, Any] = {
            "_source": sorted(kept) or False,
            "docvalue_fields": [ONE, "channel", PUBLISHED],
        }
        if self.pairs:
            asked |= scores_of({PAIRS: self.pairs})
        return asked

    def added(self, hit: Mapping[str, Any]) -> tuple[float, float]:
        """What an article scores more for words that stand together, and for pairs. O(words of the article)."""
        streams = (
            [hit["_source"].get(field, "") for field in self.rescore.fields] if self.near else []
        )
        near = max(
            (_nearest(each, self.near, self.rescore.window) for each in streams), default=0.0
        )
        return near, scores_in(hit).get(PAIRS, 0.0)

    def agreeing(
        self,
        hits: Sequence[Mapping[str, Any]],
        scores: Sequence[float],
        articles: int,
        holding: Callable[[Sequence[str]], Mapping[str, int]],
    ) -> list[float]:
        """The factor of each article's score by which it is like the best ones.

        ``holding`` says how many of ``articles`` hold each word of some; words that it leaves out none holds.
        """
        if not self.rescore.agree:
            return [1.0] * len(hits)
        counts = [
            Counter(word for _, word in words_of_stream(hit["_source"][_BODY]) if can_tell(word))
            for hit in hits
        ]
        held = holding(list({word for each in counts for word in each}))
        without = set(self.rescore.words)
        vectors = [
            telling_vector(each, lambda word: held.get(word, 0), articles, without=without)
            for each in counts
        ]
        titles = [fold_title(article_of(hit["_source"]).title) for hit in hits]
        alike = agreement(vectors, titles, scores)
        return [1 + self.rescore.agree * each for each in alike]


def looked_for(rescore: Rescore, needed: Needed) -> Looked:
    """What a rescoring looks for. A word scores the least of its idfs in the fields."""
    words = dict.fromkeys(rescore.words) if rescore.fields and rescore.near else ()
    pairs = [
        holds_word(pairs_field(field), pair, rescore.pairs)
        for field in rescore.fields
        for pair in rescore.grams
        if rescore.pairs
    ]
    near = {
        word: rescore.near * min(needed.idf(field, word) for field in rescore.fields)
        for word in words
    }
    return Looked(rescore, near, any_of(pairs) if pairs else None)


def scores_of(queries: Mapping[str, Dsl]) -> dict[str, Any]:
    """What to ask so that each hit says which of some queries it matches, with the scores. It changes no hit."""
    clauses = [named(query, name) for name, query in queries.items()]
    return {
        "post_filter": {"bool": {"must": [all_of([])], "should": clauses}},
        NAMED_SCORES: True,
    }


def scores_in(hit: Mapping[str, Any]) -> Mapping[str, float]:
    """The scores of the queries that a hit matches, of those that :func:`scores_of` asked for."""
    found: Mapping[str, float] = hit.get("matched_queries", {})
    return found


def _nearest(stream: str, words: Mapping[str, float], window: int) -> float:
    """The greatest sum of the scores of different words within ``window`` positions of one another. O(words)."""
    places = [(position, word) for position, word in words_of_stream(stream) if word in words]
    inside: Counter[str] = Counter()
    best = total = 0.0
    first = 0
    for position, word in places:
        total += 0.0 if inside[word] else words[word]
        inside[word] += 1
        while places[first][0] < position - window:
            gone = places[first][1]
            inside[gone] -= 1
            total -= 0.0 if inside[gone] else words[gone]
            first += 1
        best = max(best, total)
    return best
