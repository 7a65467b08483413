"""Key terms: the words that tell what one article is about, weighed against the index that it stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log
from operator import attrgetter

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

    token: str
    spelling: str
    count: float = 0.0
    fields: set[str] = field(default_factory=set)


_COUNT = attrgetter("count")


def key_terms(article: Article, reader: Reader, analyzer: Analyzer) -> tuple[KeyTerm, ...]:
    """At most KEY_TERMS terms, the weightiest first; none for an article of its own kind.

    Words of one character, numbers, and terms that no other article holds, or too many do, tell nothing.
    O(length of the article, up to BODY_READ), and two look-ups for each distinct word that counts often enough.
    """
    words = _words(article, analyzer)
    limit = max(COMMON * reader.doc_count, COMMON_AT_LEAST)
    rarest = idf(reader.doc_count, 1)
    best: list[KeyTerm] = []
    for count, alike in groupby(sorted(words, key=_COUNT, reverse=True), key=_COUNT):
        factor = 1.0 + log(count)
        if len(best) == KEY_TERMS and factor * rarest < best[-1].weight:
            break
        some = list(alike)
        in_titles, in_bodies = (_others(name, some, reader) for name in ("title", "body"))
        for word, holding in zip(some, map(max, in_titles, in_bodies), strict=True):
            if 0 < holding <= limit:
                weight = factor * idf(reader.doc_count, holding)
                best.append(KeyTerm(word.token, word.spelling, weight))
        best.sort(key=lambda term: (-term.weight, term.token))
        del best[KEY_TERMS:]
    return tuple(best)


def _words(article: Article, analyzer: Analyzer) -> Collection[_Word]:
    """The words that may tell something."""
    words: dict[str, _Word] = {}
    for name, text, times in (
        ("title", article.title, TITLE_COUNTS),
        *(("tag", tag, TITLE_COUNTS) for tag in article.tags),
        ("lead", article.lead, LEAD_COUNTS),
        ("body", article.body[:BODY_READ], 1.0),
    ):
        tokens = analyzer.query(text)
        firsts = {token.text: token for token in reversed(tokens)}
        for token, count in Counter(token.text for token in tokens).items():
            if len(token) > 1 and not token.isnumeric():
                word = words.get(token)
                if word is None:
                    spelling = text[firsts[token].start : firsts[token].end]
                    word = words[token] = _Word(token, spelling)
                word.count += count * times
                word.fields.add(name)
    return words.values()


def _others(name: str, words: Sequence[_Word], reader: Reader) -> Iterator[int]:
    """In how many other articles each word stands in one field."""
    frequencies = reader.document_frequencies(name, [word.token for word in words])
    for word, frequency in zip(words, frequencies, strict=True):
        yield frequency - (name in word.fields)
