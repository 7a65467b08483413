"""Matching in the memory engine: which articles match a query, and how much each part scores, one article at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import assert_never

from indexer.analysis.characters import fold_literal, fold_title
from indexer.article import Article
from indexer.engines.completions import Offers
from indexer.engines.documents import numbers
from indexer.engines.ranking import K1, B, freshness, idf, words_needed
from indexer.query import (
    TEXT_FIELDS,
    Adjacent,
    Alternative,
    And,
    Boost,
    Glued,
    Literal,
    Match,
    MatchAll,
    Near,
    Not,
    NumberRange,
    Or,
    Query,
    Range,
    Recency,
    Term,
    TitlePrefix,
    TitleSound,
)

Scores = dict[str, float]
"""The articles that match, by id, with their scores."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article and its searchable data by field: token counts, token positions, folded text. ``glued``: its glued names."""

    article: Article
    tokens: Mapping[str, Counter[str]]
    places: Mapping[str, Mapping[str, frozenset[int]]]
    folded: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    offers: Offers
    glued: frozenset[str]

    def time(self, field: str) -> datetime | None:
        """One of the article's times."""
        time: datetime | None = getattr(self.article, field)
        return time

    def freshness(self, recency: Recency) -> float:
        """The recency factor of the article's score."""
        return freshness(self.values["channel"], self.article.published_at, recency)


class Matcher:
    """Answers queries over some articles, given by id. O(articles) for each part of a query."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def found(self, query: Query) -> Scores:
        """The articles that match a query, with their scores."""
        match query:
            case Match():
                return self._match(query)
            case Literal():
                return self._literal(fold_literal(query.text), query.fields)
            case Adjacent():
                return self._adjacent(query)
            case Glued(text):
                return dict.fromkeys(self._where(lambda entry: text in entry.glued), 1.0)
            case Near():
                return self._near(query)
            case TitlePrefix():
                return dict.fromkeys(self._where(lambda entry: _titled(entry, query)), 1.0)
            case TitleSound():
                return self._where(
                    lambda entry: any(key.startswith(query.keys) for key in entry.offers.title_keys)
                )
            case Term():
                if query.field in TEXT_FIELDS:
                    return self._bm25(query.field, query.value)
                return self._where(lambda entry: query.value in entry.values[query.field])
            case Range():
                return self._where(lambda entry: _within(entry.time(query.field), query))
            case NumberRange():
                return self._where(lambda entry: _counts(numbers(entry.article), query))
            case And():
                return self._all([self.found(clause) for clause in query.clauses])
            case Or():
                return _sum([self.found(clause) for clause in query.clauses])
            case Not():
                excluded = self.found(query.clause)
                return self._where(lambda entry: entry.article.id not in excluded)
            case Boost():
                found = self.found(query.clause)
                return {article_id: score * query.factor for article_id, score in found.items()}
            case MatchAll():
                return self._where(lambda _: True)
            case _:
                assert_never(query)

    def _where(self, holds: Callable[[Entry], bool]) -> Scores:
        return {article_id: 0.0 for article_id, entry in self._entries.items() if holds(entry)}

    def _match(self, query: Match) -> Scores:
        words = list(dict.fromkeys(query.words))
        if not words:
            return {}
        found = [self._word(word, query) for word in words]
        held = Counter(article_id for scores in found for article_id in scores)
        needed = words_needed(query.need, len(words))
        return {
            article_id: score
            for article_id, score in _sum(found).items()
            if held[article_id] >= needed
        }

    def _word(self, word: str, query: Match) -> Scores:
        found = self._as_word(word, query)
        if query.inside:
            inside = self._literal(fold_literal(word), [field for field, _ in query.fields])
            found = inside | found
        for each in query.alternatives:
            if each.word == word:
                for article_id, score in self._alternative(each, query).items():
                    found[article_id] = max(found.get(article_id, 0.0), score * each.factor)
        return found

    def _as_word(self, word: str, query: Match, *, like: str | None = None) -> Scores:
        return _sum(
            {
                article_id: weight * score
                for article_id, score in self._bm25(field, word, like=like).items()
            }
            for field, weight in query.fields
        )

    def _alternative(self, each: Alternative, query: Match) -> Scores:
        if each.is_word:
            return self._as_word(each.text, query, like=each.word)
        fields = tuple(field for field, _ in query.fields)
        if each.adjacent:
            found = dict.fromkeys(self._adjacent(Adjacent(each.words, fields)), inf)
        else:
            found = self._literal(fold_literal(each.text), fields)
        if not found:
            return {}
        most = min(self._idf(field, each.word) for field in fields)
        return {article_id: min(score, most) for article_id, score in found.items()}

    def _literal(self, text: str, fields: Iterable[str]) -> Scores:
        names = list(fields)
        found = self._where(
            lambda entry: text != "" and any(text in entry.folded[field] for field in names)
        )
        return dict.fromkeys(found, idf(len(self._entries), len(found))) if found else {}

    def _idf(self, field: str, token: str) -> float:
        return idf(len(self._entries), len(self.holding(field, token)))

    def _adjacent(self, query: Adjacent) -> Scores:
        first, *rest = query.words or ("",)

        def holds(entry: Entry) -> bool:
            found = [entry.places[field] for field in query.fields]
            return any(
                all(start + n in places.get(word, ()) for n, word in enumerate(rest, 1))
                for places in found
                for start in places.get(first, ())
            )

        return self._where(holds)

    def _near(self, query: Near) -> Scores:
        words = set(query.words)
        window = len(words) + query.slop

        def holds(entry: Entry) -> bool:
            found = [
                [entry.places[field].get(word, frozenset()) for word in words]
                for field in query.fields
            ]
            return any(
                all(any(0 <= at - start < window for at in places) for places in of_words)
                for of_words in found
                for start in set().union(*of_words)
            )

        return self._where(holds)

    def holding(self, field: str, token: str) -> list[Entry]:
        """The articles that hold a token in a field."""
        return [entry for entry in self._entries.values() if token in entry.tokens[field]]

    def _bm25(self, field: str, token: str, *, like: str | None = None) -> Scores:
        """The BM25 scores of a token; with ``like``, as if the token were no rarer than ``like``."""
        holding = self.holding(field, token)
        if not holding:
            return {}
        articles = len(self._entries)
        average = sum(entry.tokens[field].total() for entry in self._entries.values()) / articles
        weight = idf(articles, len(holding))
        if like is not None:
            weight = min(weight, self._idf(field, like))
        scores = {}
        for entry in holding:
            tf, length = entry.tokens[field][token], entry.tokens[field].total()
            norm = K1 * (1 - B + B * length / average)
            scores[entry.article.id] = weight * tf * (K1 + 1) / (tf + norm)
        return scores

    def _all(self, found: Sequence[Scores]) -> Scores:
        everything = self._where(lambda _: True)
        return {
            article_id: score
            for article_id, score in _sum([everything, *found]).items()
            if all(article_id in scores for scores in found)
        }


def _titled(entry: Entry, query: TitlePrefix) -> bool:
    title, text = fold_title(entry.article.title), fold_title(query.text)
    return text != "" and (title == text if query.whole else title.startswith(text))


def _sum(found: Iterable[Scores]) -> Scores:
    total: Scores = {}
    for scores in found:
        for article_id, score in scores.items():
            total[article_id] = total.get(article_id, 0.0) + score
    return total


def _counts(numbers_: Mapping[str, float], wanted: NumberRange) -> bool:
    number = numbers_.get(wanted.name)
    return (
        number is not None
        and (wanted.low is None or wanted.low <= number)
        and (wanted.high is None or number <= wanted.high)
    )


def _within(time: datetime | None, wanted: Range) -> bool:
    return (
        time is not None
        and (wanted.start is None or wanted.start <= time)
        and (wanted.end is None or time < wanted.end)
    )
