"""Events: which articles report on one event, so that a list need not show them all.

Two reports on one event come within a few days, and their headlines share most of their telling words; or they come within two days
and share most of their telling figures, for other headlines tell the same results, prices and dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Final

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.ranking import idf
from search_service.ranking.weights import (
    BODY_READ,
    EVENT_DAYS,
    FIGURE_DAYS,
    FIGURES,
    SAME_EVENT,
    SAME_FIGURES,
)

_FIGURE: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


class Report:
    """When an article was published, and with their weights (idf) the words of its title, and the figures of its text.

    The weights are looked up when they are first asked for: most articles are too far apart in time for one event.
    """

    def __init__(self, article: Article, reader: Reader, analyzer: Analyzer) -> None:
        self.published_at = article.published_at
        self._article, self._reader, self._analyzer = article, reader, analyzer

    @cached_property
    def words(self) -> Mapping[str, float]:
        """The weight of each word of the title. One look-up for each."""
        return self._weights("title", self._analyzer.counts(self._article.title))

    @cached_property
    def figures(self) -> Mapping[str, float]:
        """The weight of each figure of the title and in BODY_READ characters of the body. One look-up for each."""
        text = f"{self._article.title}\n{self._article.body[:BODY_READ]}"
        return self._weights("body", dict.fromkeys(_FIGURE.findall(text)))

    def _weights(self, field: str, terms: Iterable[str]) -> dict[str, float]:
        """The terms, each with its idf as a share of that of a term that one article holds."""
        wanted = [*terms]
        held = self._reader.document_frequencies(field, wanted)
        articles = self._reader.doc_count
        most = idf(articles, 1)
        return {
            term: idf(articles, max(count, 1)) / most
            for term, count in zip(wanted, held, strict=True)
        }


def same_event(one: Report, other: Report) -> bool:
    """Whether two articles report on one event. Articles without a date report on none."""
    if one.published_at is None or other.published_at is None:
        return False
    apart = abs(one.published_at - other.published_at)
    if apart <= timedelta(days=EVENT_DAYS):
        shared, least = _shared(one.words, other.words)
        if shared and shared >= SAME_EVENT * least:
            return True
    if apart <= timedelta(days=FIGURE_DAYS):
        shared, least = _shared(one.figures, other.figures)
        return shared >= max(FIGURES, SAME_FIGURES * least)
    return False


def _shared(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[float, float]:
    """The weight of what both hold, and the weight of all that the lighter one holds."""
    shared = sum(weight for term, weight in one.items() if term in other)
    return shared, min(sum(one.values()), sum(other.values()))
