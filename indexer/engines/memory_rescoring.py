"""Rescoring in the memory engine: a literal implementation of ``Rescore`` in ``indexer/query.py``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import fold_title
from indexer.article import Article
from indexer.engines.agreement import Vector, agreement, telling_vector
from indexer.engines.ranking import idf
from indexer.query import Rescore


class Held(Protocol):
    """The searchable data of an article."""

    @property
    def article(self) -> Article:
        """The article."""

    @property
    def tokens(self) -> Mapping[str, Counter[str]]:
        """How often each token occurs in each field."""

    @property
    def places(self) -> Mapping[str, Mapping[str, frozenset[int]]]:
        """The positions of each token in each field."""

    @property
    def folded(self) -> Mapping[str, str]:
        """The folded text of each field."""


def positions(tokens: Iterable[Token]) -> dict[str, frozenset[int]]:
    """The positions of each word."""
    found: dict[str, set[int]] = defaultdict(set)
    for token in tokens:
        found[token.text].add(token.position)
    return {word: frozenset(each) for word, each in found.items()}


class Rescorer:
    """Rescores articles of an index. ``everything`` is all articles of the index."""

    def __init__(self, everything: Iterable[Held], rescore: Rescore) -> None:
        self._everything, self._rescore = list(everything), rescore
        self._words = set(rescore.words)

    def scores(self, best: Sequence[tuple[Held, float, float]]) -> list[float]:
        """The new scores of the best articles.

        ``best`` holds each article with its old score and its recency factor, by which the additions are multiplied.
        O(articles of the index).
        """
        found = [
            score + fresh * (self.near(entry) + self.paired(entry)) for entry, score, fresh in best
        ]
        vectors = [self._vector(entry) for entry, _, _ in best]
        titles = [fold_title(entry.article.title) for entry, _, _ in best]
        alike = agreement(vectors, titles, found)
        return [
            score * (1 + self._rescore.agree * each)
            for score, each in zip(found, alike, strict=True)
        ]

    def near(self, entry: Held) -> float:
        """The score for the words that stand closest together."""
        fields, window = self._rescore.fields, self._rescore.window
        idfs = {
            word: min(self._idf(field, word) for field in fields) for word in self._words if fields
        }
        best = 0.0
        for field in fields:
            at = {word: entry.places[field].get(word, frozenset()) for word in idfs}
            for start in {place for places in at.values() for place in places}:
                reach = set(range(start, start + window + 1))
                best = max(best, sum(idfs[word] for word in idfs if at[word] & reach))
        return self._rescore.near * best

    def paired(self, entry: Held) -> float:
        """The score for the pairs of characters that the article holds."""
        total = 0.0
        for field in self._rescore.fields:
            for pair in self._rescore.grams:
                if pair in entry.folded[field]:
                    holding = sum(pair in other.folded[field] for other in self._everything)
                    total += idf(len(self._everything), holding)
        return self._rescore.pairs * total

    def _vector(self, entry: Held) -> Vector:
        return telling_vector(
            entry.tokens["body"],
            lambda word: self._holding("body", word),
            len(self._everything),
            without=self._words,
        )

    def _idf(self, field: str, word: str) -> float:
        return idf(len(self._everything), self._holding(field, word))

    def _holding(self, field: str, word: str) -> int:
        return sum(word in entry.tokens[field] for entry in self._everything)
