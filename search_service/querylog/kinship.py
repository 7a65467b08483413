"""Related queries: they share words, or readers opened the same articles from their hits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log, log10
from typing import Final

from search_service.querylog.counts import ClickCount, QueryCount

CANDIDATES: Final = 5_000
"""Number of queries that can be offered as related: the ones with the most visitors."""

LEAST: Final = 0.2
"""Minimum closeness of related queries. Below it, two queries share only a common word. Equal words add 1;
equal opened articles add 1."""


class Kinship:
    """The words and the opened articles of the most frequent queries. Immutable."""

    def __init__(
        self,
        counts: Sequence[QueryCount],
        clicks: Iterable[ClickCount],
        *,
        words: Callable[[str], Iterable[str]],
    ) -> None:
        """``counts`` has the most visitors first. ``words`` cuts a query into its words."""
        self._cut = words
        self._counts = {each.query: each for each in counts[:CANDIDATES]}
        self._words = {query: self._words_of(query) for query in self._counts}
        self._queries_of_word: dict[str, list[str]] = defaultdict(list)
        for query, own in self._words.items():
            for word in own:
                self._queries_of_word[word].append(query)
        opened: dict[str, Counter[str]] = defaultdict(Counter)
        for click in clicks:
            opened[click.query][click.article_id] += click.visitors
        self._opened = {query: _shares(articles) for query, articles in opened.items()}
        self._queries_of_article: dict[str, list[str]] = defaultdict(list)
        for query in self._counts:
            for article_id in self._opened.get(query, ()):
                self._queries_of_article[article_id].append(query)

    def of(self, query: str) -> list[str]:
        """The queries related to ``query`` (in normal form), in their original spelling, the closest first.

        Left out: the query itself, the same words in another order, and repeats of another result's words. Each closeness
        is multiplied by 1 + log10(visitors). O(queries that share a word or an article).
        """
        own = self._words.get(query) or self._words_of(query)
        opened = self._opened.get(query, {})
        near = {each for word in own for each in self._queries_of_word.get(word, ())}
        near |= {each for one in opened for each in self._queries_of_article.get(one, ())}
        scored = [(self._closeness(own, opened, other), other) for other in near]
        ranked = sorted(
            (
                (closeness * (1 + log10(self._counts[other].visitors)), other)
                for closeness, other in scored
                if closeness >= LEAST
            ),
            reverse=True,
        )
        best = {own: query}
        for _, other in ranked:
            best.setdefault(self._words[other], other)
        return [self._counts[other].text for other in best.values() if other != query]

    def _words_of(self, query: str) -> frozenset[str]:
        return frozenset(self._cut(query))

    def _closeness(self, own: frozenset[str], opened: Mapping[str, float], other: str) -> float:
        """The weight of the shared words, as a share of the weight of all words; plus the overlap of the opened articles."""
        theirs = self._words[other]
        shared = sum(map(self._weight, own & theirs))
        everything = sum(map(self._weight, own | theirs))
        clicked = self._opened.get(other, {})
        return shared / everything + sum(
            min(share, clicked.get(article_id, 0.0)) for article_id, share in opened.items()
        )

    def _weight(self, word: str) -> float:
        """The weight of a word. Rare words weigh more."""
        holders = len(self._queries_of_word.get(word, ()))
        return log(1 + (len(self._counts) + 1) / (holders + 0.5))


def _shares(articles: Counter[str]) -> dict[str, float]:
    total = articles.total()
    return {article_id: count / total for article_id, count in articles.items()}
