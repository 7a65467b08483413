"""Events: which articles report on one event, so that a list need not show them all.

Two reports on one event come within a few days, and their headlines share most of their telling words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.ranking import idf
from search_service.ranking.weights import EVENT_DAYS, SAME_EVENT


class Report:
    """When an article was published, and the words of its title with their weights (idf).

    The words are looked up when they are first asked for: most articles are too far apart in time for one event.
    """

    def __init__(self, article: Article, reader: Reader, analyzer: Analyzer) -> None:
        self.published_at = article.published_at
        self._title, self._reader, self._analyzer = article.title, reader, analyzer

    @cached_property
    def words(self) -> Mapping[str, float]:
        """The weight of each word of the title. One look-up for each."""
        words = [*self._analyzer.counts(self._title)]
        held = self._reader.document_frequencies("title", words)
        articles = self._reader.doc_count
        return {word: idf(articles, count) for word, count in zip(words, held, strict=True)}


def same_event(one: Report, other: Report) -> bool:
    """Whether two articles report on one event. Articles without a date, or without words in the title, report on none."""
    if one.published_at is None or other.published_at is None:
        return False
    if abs(one.published_at - other.published_at) > timedelta(days=EVENT_DAYS):
        return False
    least = min(sum(one.words.values()), sum(other.words.values()))
    shared = sum(weight for word, weight in one.words.items() if word in other.words)
    return least > 0 and shared >= SAME_EVENT * least
