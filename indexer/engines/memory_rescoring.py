"""Rescoring and recency in the memory engine: a literal implementation of ``Rescore`` and ``Recency`` in ``indexer/query.py``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt
from typing import Final, Protocol

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import fold_title
from indexer.article import Article, all_channels
from indexer.engines.ranking import DAY, half_life_of, idf
from indexer.query import Recency, Rescore

LEADERS: Final = 20
POWER: Final = 4
TELLING: Final = 32
"""How many of a body's most telling words are compared."""


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


def freshness(article: Article, recency: Recency) -> float:
    """The recency factor of an article's score."""
    life = half_life_of(all_channels(article), recency)
    if life is None:
        return 1.0
    if article.published_at is None:
        return recency.floor
    days = max(0.0, (recency.at - article.published_at).total_seconds() / DAY)
    return recency.floor + (1 - recency.floor) * 2 ** (-days / life)


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
        alike = self._agreement([entry for entry, _, _ in best], found)
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

    def _agreement(self, best: Sequence[Held], scores: Sequence[float]) -> list[float]:
        """How similar each article is to the LEADERS with other titles."""
        vectors = [self._vector(entry) for entry in best]
        order = sorted(range(len(best)), key=lambda at: -scores[at])[:LEADERS]
        highest = max(scores, default=0.0) or 1.0
        shares = {at: (scores[at] / highest) ** POWER for at in order}
        total = sum(shares.values()) or 1.0
        found = []
        titles = [fold_title(entry.article.title) or at for at, entry in enumerate(best)]
        for at, vector in enumerate(vectors):
            others = {
                leader: share / total
                for leader, share in shares.items()
                if leader != at and titles[leader] != titles[at]
            }
            like = sum(
                share * _product(vector, vectors[leader]) for leader, share in others.items()
            )
            found.append(like / (sum(others.values()) or 1.0))
        return found

    def _vector(self, entry: Held) -> dict[str, float]:
        counts, articles = entry.tokens["body"], len(self._everything)
        holding = {word: self._holding("body", word) for word in counts}
        telling = sorted(
            counts, key=lambda word: -counts[word] * log((articles + 1) / holding[word])
        )
        vector = {
            word: counts[word]
            / (counts[word] + 1.2)
            * max(0.0, log(articles / (holding[word] + 1)))
            for word in telling[:TELLING]
            if 4 <= len(word.encode()) <= 32 and word not in self._words
        }
        length = sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        return {word: weight / length for word, weight in vector.items()}

    def _idf(self, field: str, word: str) -> float:
        return idf(len(self._everything), self._holding(field, word))

    def _holding(self, field: str, word: str) -> int:
        return sum(word in entry.tokens[field] for entry in self._everything)


def _product(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())
