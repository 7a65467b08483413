"""Events: which articles report on one event, so that a list need not show them all.

Two reports on one event come within a few days, and their headlines share most of their telling words; or they come within two days
and share most of their telling figures, for other headlines tell the same results, prices and dates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Report:
    """When an article was published, and with their weights (idf) the words of its title, and the figures of its text."""

    published_at: datetime | None
    words: Mapping[str, float]
    figures: Mapping[str, float]


def report_of(article: Article, reader: Reader, analyzer: Analyzer) -> Report:
    """What tells an article's event. One look-up for each word of the title, and for each figure in BODY_READ characters."""
    figures = _FIGURE.findall(f"{article.title}\n{article.body[:BODY_READ]}")
    return Report(
        article.published_at,
        _weights(reader, "title", dict.fromkeys(analyzer.counts(article.title))),
        _weights(reader, "body", dict.fromkeys(figures)),
    )


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


def _weights(reader: Reader, field: str, terms: Mapping[str, None]) -> dict[str, float]:
    """The terms, each with its idf as a share of that of a term that one article holds."""
    held = reader.document_frequencies(field, list(terms))
    most = idf(reader.doc_count, 1)
    return {
        term: idf(reader.doc_count, max(count, 1)) / most
        for term, count in zip(terms, held, strict=True)
    }


def _shared(one: Mapping[str, float], other: Mapping[str, float]) -> tuple[float, float]:
    """The weight of what both hold, and the weight of all that the lighter one holds."""
    shared = sum(weight for term, weight in one.items() if term in other)
    return shared, min(sum(one.values()), sum(other.values()))
