"""Key terms: the words that tell what one article is about, weighed by tf-idf against the index that holds it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import log

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.ranking import idf
from search_service.excerpts.datelines import without_dateline
from search_service.ranking.relating import Relating
from search_service.ranking.weights import (
    BODY_READ,
    COMMON,
    COMMON_AT_LEAST,
    KEY_TERMS,
    LEAD_COUNTS,
)


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """A term as the index holds it, its spelling in the article, and its weight (tf-idf)."""

    token: str
    spelling: str
    weight: float


@dataclass(slots=True)
class _Word:
    """A word of the article: its first spelling, its weighted count, and the fields that it occurs in."""

    token: str
    spelling: str
    count: float = 0.0
    fields: set[str] = field(default_factory=set)

    def weight(self, articles: int, holding: int) -> float:
        """The word's tf-idf, if ``holding`` of ``articles`` articles hold the word."""
        return (1.0 + log(self.count)) * idf(articles, holding)


def key_terms(
    article: Article, reader: Reader, analyzer: Analyzer, relating: Relating
) -> tuple[KeyTerm, ...]:
    """At most KEY_TERMS terms, the weightiest first. Empty if the article shares no telling word with another one.

    Skipped: words of one character, the dateline, and terms that no other article or too many other articles hold. Numbers count:
    two reports of one event share its figures.
    O(length of the article, up to BODY_READ), and two look-ups for each distinct word that counts often enough.
    """
    words = _words(article, analyzer, relating)
    limit = max(COMMON * reader.doc_count, COMMON_AT_LEAST)
    best: list[KeyTerm] = []
    # Words that count several times come first. Most words count once, and these weigh the least.
    for some in (
        [each for each in words if each.count > 1],
        [each for each in words if each.count == 1],
    ):
        least = best[-1].weight if len(best) == KEY_TERMS else 0.0
        if idf(reader.doc_count, 1) < least:
            break
        in_bodies = [
            (word, holding)
            for word, holding in _others("body", some, reader)
            if holding <= limit and word.weight(reader.doc_count, max(holding, 1)) >= least
        ]
        in_titles = _others("title", [word for word, _ in in_bodies], reader)
        for (word, in_body), (_, in_title) in zip(in_bodies, in_titles, strict=True):
            holding = max(in_body, in_title)
            if 0 < holding <= limit:
                weight = word.weight(reader.doc_count, holding)
                best.append(KeyTerm(word.token, word.spelling, weight))
        best.sort(key=lambda term: (-term.weight, term.token))
        del best[KEY_TERMS:]
    return tuple(best)


def _words(article: Article, analyzer: Analyzer, relating: Relating) -> Collection[_Word]:
    """The candidate words of the article."""
    words: dict[str, _Word] = {}
    for name, text, times in (
        ("title", article.title, relating.title),
        *(("tag", tag, relating.tags) for tag in article.tags),
        ("lead", article.lead, LEAD_COUNTS),
        ("body", without_dateline(article.body[:BODY_READ]), 1.0),
    ):
        for token, (count, start, end) in analyzer.counts(text).items():
            if len(token) > 1:
                word = words.get(token)
                if word is None:
                    word = words[token] = _Word(token, text[start:end])
                word.count += count * times
                word.fields.add(name)
    return words.values()


def _others(name: str, words: Sequence[_Word], reader: Reader) -> list[tuple[_Word, int]]:
    """Each word with the number of other articles that hold it in the field ``name``."""
    frequencies = reader.document_frequencies(name, [word.token for word in words])
    return [
        (word, frequency - (name in word.fields))
        for word, frequency in zip(words, frequencies, strict=True)
    ]
