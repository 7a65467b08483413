"""Key terms: the words that tell what one article is about, weighed against the index that it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import Reader
from indexer.engines.ranking import idf
from search_service.ranking import (
    BODY_READ,
    COMMON,
    COMMON_AT_LEAST,
    KEY_TERMS,
    LEAD_COUNTS,
    TITLE_COUNTS,
)


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """A term as the index holds it, how the article spells it, and how much it says about it (tf-idf)."""

    token: str
    spelling: str
    weight: float


@dataclass(slots=True)
class _Word:
    """A word of the article: its first spelling, how often it counts, the fields that it stands in."""

    spelling: str
    count: float = 0.0
    fields: set[str] = field(default_factory=set)


def key_terms(article: Article, reader: Reader, analyzer: Analyzer) -> tuple[KeyTerm, ...]:
    """At most KEY_TERMS terms, the weightiest first; none for an article of its own kind.

    Words of one character, numbers, and terms that no other article holds, or too many do, tell nothing.
    O(length of the article, up to BODY_READ), and two look-ups for each distinct word.
    """
    words = _words(article, analyzer)
    in_titles, in_bodies = (_others(name, words, reader) for name in ("title", "body"))
    limit = max(COMMON * reader.doc_count, COMMON_AT_LEAST)
    weighed = []
    for token, word in words.items():
        holding = max(in_titles[token], in_bodies[token])
        if 0 < holding <= limit:
            weight = (1.0 + log(word.count)) * idf(reader.doc_count, holding)
            weighed.append(KeyTerm(token, word.spelling, weight))
    weighed.sort(key=lambda term: (-term.weight, term.token))
    return tuple(weighed[:KEY_TERMS])


def _words(article: Article, analyzer: Analyzer) -> dict[str, _Word]:
    """The words that may tell something, by token."""
    words: dict[str, _Word] = {}
    for name, text, times in (
        ("title", article.title, TITLE_COUNTS),
        *(("tag", tag, TITLE_COUNTS) for tag in article.tags),
        ("lead", article.lead, LEAD_COUNTS),
        ("body", article.body[:BODY_READ], 1.0),
    ):
        for token in analyzer.query(text):
            if len(token.text) > 1 and not token.text.isnumeric():
                word = words.setdefault(token.text, _Word(text[token.start : token.end]))
                word.count += times
                word.fields.add(name)
    return words


def _others(name: str, words: Mapping[str, _Word], reader: Reader) -> dict[str, int]:
    """In how many other articles each word stands in one field."""
    frequencies = reader.document_frequencies(name, list(words))
    return {
        token: frequency - (name in word.fields)
        for (token, word), frequency in zip(words.items(), frequencies, strict=True)
    }
