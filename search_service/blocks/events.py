"""Events: which articles report on one event, so that a list need not show them all.

Two reports on one event come within a few days, and their headlines share most of their telling words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.ranking import idf
from search_service.ranking.weights import EVENT_DAYS, SAME_EVENT


@dataclass(frozen=True, slots=True)
class Report:
    """When an article was published, and the words of its title with their weights (idf)."""

    published_at: datetime | None
    words: Mapping[str, float]


def report_of(article: Article, reader: Reader, analyzer: Analyzer) -> Report:
    """What tells an article's event. One look-up for each word of the title."""
    words = [*analyzer.counts(article.title)]
    held = reader.document_frequencies("title", words)
    weights = {word: idf(reader.doc_count, count) for word, count in zip(words, held, strict=True)}
    return Report(article.published_at, weights)


def same_event(one: Report, other: Report) -> bool:
    """Whether two articles report on one event. Articles without a date, or without words in the title, report on none."""
    if one.published_at is None or other.published_at is None:
        return False
    if abs(one.published_at - other.published_at) > timedelta(days=EVENT_DAYS):
        return False
    least = min(sum(one.words.values()), sum(other.words.values()))
    shared = sum(weight for word, weight in one.words.items() if word in other.words)
    return least > 0 and shared >= SAME_EVENT * least
