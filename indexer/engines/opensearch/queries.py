"""Turns queries of ``indexer/query.py`` into requests to the cluster."""

from __future__ import annotations

from math import inf
from typing import assert_never

from indexer.analysis.characters import fold_literal, fold_title
from indexer.engines.documents import microseconds
from indexer.engines.opensearch.fields import GLUED, TITLE_KEY, TITLE_SOUND
from indexer.engines.opensearch.filters import (
    EVERYTHING,
    NOTHING,
    Dsl,
    all_of,
    any_of,
    begins,
    equals,
    holds_literal,
    holds_phrase,
    holds_word,
    near,
    none_of,
    numbers_between,
    scoring,
)
from indexer.engines.opensearch.statistics import Needed
from indexer.engines.ranking import words_needed
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
    Term,
    TitlePrefix,
    TitleSound,
)


class QueryBuilder:
    """Translates queries for one snapshot. ``needed`` knows the counts that scores depend on; None if scores do not count."""

    def __init__(self, needed: Needed | None) -> None:
        self._needed = needed

    def build(self, query: Query, factor: float = 1.0) -> Dsl:
        """A query, its scores multiplied by ``factor``."""
        match query:
            case Match():
                return self._match(query, factor)
            case Literal():
                return self._literal(fold_literal(query.text), query.fields, factor)
            case Adjacent():
                return scoring(holds_phrase(query.words, query.fields), 0.0)
            case Glued(text):
                return scoring(equals(GLUED, text), factor)
            case Near():
                return scoring(_near(query), 0.0)
            case TitlePrefix():
                return scoring(_title(query), factor)
            case TitleSound(keys):
                return scoring(any_of([begins(TITLE_SOUND, key) for key in keys]), 0.0)
            case Term():
                if query.field in TEXT_FIELDS:
                    return holds_word(query.field, query.value, factor)
                return scoring(equals(query.field, query.value), 0.0)
            case Range():
                return scoring(_range(query), 0.0)
            case NumberRange():
                return scoring(numbers_between(query), 0.0)
            case And():
                return all_of([self.build(clause, factor) for clause in query.clauses])
            case Or():
                return any_of([self.build(clause, factor) for clause in query.clauses])
            case Not():
                return scoring(none_of([QueryBuilder(None).build(query.clause)]), 0.0)
            case Boost():
                return self.build(query.clause, factor * query.factor)
            case MatchAll():
                return EVERYTHING
            case _:
                assert_never(query)

    def _match(self, query: Match, factor: float) -> Dsl:
        words = list(dict.fromkeys(query.words))
        if not words:
            return NOTHING
        clauses = [self._word(word, query, factor) for word in words]
        needed = words_needed(query.need, len(words))
        return all_of(clauses) if needed == len(words) else any_of(clauses, needed)

    def _word(self, word: str, query: Match, factor: float) -> Dsl:
        found = self._as_word(word, query, factor)
        if query.inside:
            fields = tuple(field for field, _ in query.fields)
            inside = self._literal(fold_literal(word), fields, factor)
            found = any_of([found, {"bool": {"must": [inside], "must_not": [found]}}])
        others = [
            self._alternative(each, query, factor * each.factor)
            for each in query.alternatives
            if each.word == word
        ]
        return {"dis_max": {"queries": [found, *others]}} if others else found

    def _as_word(self, word: str, query: Match, factor: float, *, like: str | None = None) -> Dsl:
        """A word in the query's fields; with ``like``, scored as if the word were no rarer than ``like``."""
        return any_of(
            [
                holds_word(field, word, factor * weight * self._damping(field, word, like))
                for field, weight in query.fields
            ]
        )

    def _damping(self, field: str, word: str, like: str | None) -> float:
        if like is None:
            return 1.0
        return min(1.0, self._idf(field, like) / self._idf(field, word))

    def _alternative(self, each: Alternative, query: Match, factor: float) -> Dsl:
        if each.is_word:
            return self._as_word(each.text, query, factor, like=each.word)
        fields = tuple(field for field, _ in query.fields)
        most = min((self._idf(field, each.word) for field in fields), default=0.0)
        if each.adjacent:
            return scoring(holds_phrase(each.words, fields), most * factor)
        return self._literal(fold_literal(each.text), fields, factor, most)

    def _literal(self, text: str, fields: tuple[str, ...], factor: float, most: float = inf) -> Dsl:
        score = self._needed.literal_idf(text, fields) if self._needed and factor else 1.0
        return scoring(holds_literal(text, fields), min(score, most) * factor)

    def _idf(self, field: str, word: str) -> float:
        return self._needed.idf(field, word) if self._needed else 1.0


def _near(query: Near) -> Dsl:
    words = tuple(dict.fromkeys(query.words))
    return any_of([near(field, words, query.slop) for field in query.fields]) if words else NOTHING


def _title(query: TitlePrefix) -> Dsl:
    folded = fold_title(query.text)
    if not folded:
        return NOTHING
    return equals(TITLE_KEY, folded) if query.whole else begins(TITLE_KEY, folded)


def _range(query: Range) -> Dsl:
    bounds = {
        bound: microseconds(time)
        for bound, time in (("gte", query.start), ("lt", query.end))
        if time is not None
    }
    return {"range": {query.field: bounds}} if bounds else {"exists": {"field": query.field}}
