"""Key terms: the words that tell what one article is about, weighed by tf-idf against the index that holds it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from math import log
from typing import Final

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

_LOOKED_UP: Final = KEY_TERMS * 4 // 3
"""Words that are looked up in titles at once: some more than are chosen, because no other article holds some of them."""


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
    O(length of the article, up to BODY_READ). One look-up for each distinct word, and two for the weightiest.
    """
    words = _words(article, analyzer, relating)
    articles = reader.doc_count
    limit = max(COMMON * articles, COMMON_AT_LEAST)
    best: list[KeyTerm] = []
    # A word that more titles than bodies hold weighs less than this bound. So titles are asked only for the weightiest.
    bounded = [
        (word.weight(articles, max(holding, 1)), word, holding)
        for word, holding in _others("body", words, reader)
        if holding <= limit
    ]
    bounded.sort(key=lambda each: each[0], reverse=True)
    for start in range(0, len(bounded), _LOOKED_UP):
        chunk = bounded[start : start + _LOOKED_UP]
        if len(best) == KEY_TERMS and chunk[0][0] < best[-1].weight:
            break
        in_titles = _others("title", [word for _, word, _ in chunk], reader)
        for (_, word, in_body), (_, in_title) in zip(chunk, in_titles, strict=True):
            holding = max(in_body, in_title)
            if 0 < holding <= limit:
                best.append(KeyTerm(word.token, word.spelling, word.weight(articles, holding)))
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


def _others(name: str, words: Collection[_Word], reader: Reader) -> list[tuple[_Word, int]]:
    """Each word with the number of other articles that hold it in the field ``name``."""
    frequencies = reader.document_frequencies(name, [word.token for word in words])
    return [
        (word, frequency - (name in word.fields))
        for word, frequency in zip(words, frequencies, strict=True)
    ]
