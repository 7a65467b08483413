"""Turns queries of ``indexer/query.py`` into plans for the executor of one snapshot, and looks up literals on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final, Protocol, assert_never

import numpy as np

from indexer.analysis.characters import fold_literal, fold_title
from indexer.analysis.grams import LiteralPlan, plan_literal
from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.terms import after_prefix
from indexer.columnar.search import plan as p
from indexer.engines.documents import microseconds, number_prefix, number_term
from indexer.engines.ranking import words_needed
from indexer.engines.whoosh.fields import (
    GLUED,
    NUMBERS,
    TITLE_KEY,
    TITLE_SOUND,
    encoded,
    grams_field,
)
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

_EVERYTHING: Final = p.Everything(0.0)
NOTHING: Final = p.Union(())


class FindLiteral(Protocol):
    """Finds literals; see :meth:`LiteralFinder.find`."""

    def __call__(
        self, literal: str, fields: tuple[str, ...], *, is_word: bool, deadline: float
    ) -> tuple[list[IntP], float, bool, bool]:
        """The documents of each leaf, their score, whether they are complete, and whether the deadline passed first."""


class PlanBuilder:
    """Makes plans of queries, for one snapshot.

    ``find_literal`` returns the documents that hold a folded literal in one of some fields. Without it a plan finds all documents
    that may hold the literal, and its scores are wrong. ``idf`` returns the idf of a token in a field. ``deadline`` is a time of
    ``time.monotonic()``.
    """

    def __init__(
        self,
        find_literal: FindLiteral | None,
        idf: Callable[[str, str], float],
        deadline: float = inf,
    ) -> None:
        self._find_literal = find_literal
        self.complete = True
        """False once a literal had candidates that were not verified, because of their number or the deadline."""
        self.late = False
        """True once the deadline passed before all candidates were verified."""
        self._idf, self._deadline = idf, deadline

    def build(self, query: Query, factor: float = 1.0) -> p.Plan:
        """The plan of a query, its scores multiplied by ``factor``."""
        match query:
            case Match():
                return self._match(query, factor)
            case Literal():
                return self._literal(fold_literal(query.text), query.fields, factor)
            case Adjacent():
                return p.Constant(self._adjacent(query), 0.0)
            case Glued(text):
                return p.Constant(p.Term(GLUED, encoded(text)), factor)
            case Near(words, slop, fields):
                return _near(tuple(dict.fromkeys(words)), slop, fields)
            case TitlePrefix():
                return _title_begins(fold_title(query.text), factor, whole=query.whole)
            case TitleSound(keys):
                return _union([_prefixed(TITLE_SOUND, key) for key in keys])
            case Term():
                term = p.Term(query.field, encoded(query.value), factor)
                return term if query.field in TEXT_FIELDS else p.Constant(term, 0.0)
            case Range():
                start = None if query.start is None else microseconds(query.start)
                end = None if query.end is None else microseconds(query.end)
                return p.Between(query.field, start, end)
            case NumberRange():
                return _numbers(query)
            case And():
                return _intersection([self.build(clause, factor) for clause in query.clauses])
            case Or():
                return _union([self.build(clause, factor) for clause in query.clauses])
            case Not():
                return p.Without(_EVERYTHING, self.build(query.clause))
            case Boost(clause, factor=0.0):
                return p.Constant(self.build(clause), 0.0)
            case Boost():
                return self.build(query.clause, factor * query.factor)
            case MatchAll():
                return _EVERYTHING
            case _:
                assert_never(query)

    def filter(self, query: Query | None) -> p.Plan | None:
        """The plan of a filter; None without a filter."""
        return None if query is None else self.build(query)

    def _adjacent(self, query: Adjacent) -> p.Plan:
        words = tuple(map(encoded, query.words))
        if len(words) > 1:
            return _union([p.Phrase(field, words) for field in query.fields])
        weights = tuple((field, 1.0) for field in query.fields)
        return _union([_in_fields(word, weights) for word in words])

    def _match(self, query: Match, factor: float) -> p.Plan:
        words = list(dict.fromkeys(query.words))
        if not words:
            return NOTHING
        clauses = [self._word(word, query, factor) for word in words]
        needed = words_needed(query.need, len(words))
        if needed == len(words):
            return _intersection(clauses)
        return _union(clauses, needed)

    def _word(self, word: str, query: Match, factor: float) -> p.Plan:
        found = self._as_word(word, query, factor)
        if query.inside:
            fields = tuple(field for field, _ in query.fields)
            literal = self._literal(fold_literal(word), fields, factor, is_word=True)
            found = p.Otherwise(found, literal)
        others = [
            self._alternative(each, query, factor * each.factor)
            for each in query.alternatives
            if each.word == word
        ]
        return p.Best((found, *others)) if others else found

    def _as_word(
        self, word: str, query: Match, factor: float, *, like: str | None = None
    ) -> p.Plan:
        """The plan of a word in the query's fields; with ``like``, scored as if the word were no rarer than ``like``."""
        weights = tuple(
            (field, factor * weight * self._damping(field, word, like))
            for field, weight in query.fields
        )
        return _in_fields(encoded(word), weights)

    def _damping(self, field: str, word: str, like: str | None) -> float:
        if like is None:
            return 1.0
        return min(1.0, self._idf(field, like) / self._idf(field, word))

    def _alternative(self, each: Alternative, query: Match, factor: float) -> p.Plan:
        if each.is_word:
            return self._as_word(each.text, query, factor, like=each.word)
        fields = tuple(field for field, _ in query.fields)
        most = min((self._idf(field, each.word) for field in fields), default=0.0)
        if each.adjacent:
            return p.Constant(self._adjacent(Adjacent(each.words, fields)), most * factor)
        return self._literal(fold_literal(each.text), fields, factor, most)

    def _literal(
        self,
        text: str,
        fields: tuple[str, ...],
        factor: float,
        most: float = inf,
        *,
        is_word: bool = False,
    ) -> p.Plan:
        if not text:
            return NOTHING
        if self._find_literal is None:
            return literal_candidates(plan_literal(text), fields)
        docs, score, complete, late = self._find_literal(
            text, fields, is_word=is_word, deadline=self._deadline
        )
        self.complete &= complete
        self.late |= late
        score = min(score, most) * factor
        return p.Documents(
            {
                leaf: (found, np.full(len(found), score, dtype=np.float32))
                for leaf, found in enumerate(docs)
                if len(found)
            }
        )


def looks_inside(query: Query) -> bool:
    """Whether a query requires words that may stand inside others, and excludes nothing."""
    match query:
        case Match(inside=True, need=1.0):
            return True
        case And(clauses) | Or(clauses):
            return any(map(looks_inside, clauses)) and not any(
                isinstance(clause, Not) for clause in clauses
            )
        case _:
            return False


def literal_candidates(plan: LiteralPlan, fields: Iterable[str]) -> p.Plan:
    """A plan of the documents that may hold a literal in one of ``fields``. It finds all that do and, unless the literal's
    plan is exact, some more.
    """
    if not plan.grams and not plan.prefixes:
        return _EVERYTHING
    return _union(
        [
            _intersection(
                [p.Term(grams_field(field), encoded(gram)) for gram in plan.grams]
                + [_prefixed(grams_field(field), prefix) for prefix in plan.prefixes]
            )
            for field in fields
        ]
    )


def _near(words: tuple[str, ...], slop: int, fields: tuple[str, ...]) -> p.Plan:
    terms = tuple(map(encoded, words))
    return _union([p.Near(field, terms, len(terms) + slop) for field in fields])


def _in_fields(word: bytes, weights: tuple[tuple[str, float], ...]) -> p.Plan:
    if len(weights) > 1 and all(weight >= p.LEAST_FACTOR for _, weight in weights):
        return p.Word(word, weights)
    return _union([p.Term(field, word, weight) for field, weight in weights])


def _title_begins(folded: str, score: float, *, whole: bool) -> p.Plan:
    if not folded:
        return NOTHING
    if whole:
        return p.Constant(p.Term(TITLE_KEY, encoded(folded)), score)
    return _prefixed(TITLE_KEY, folded, score)


def _prefixed(field: str, prefix: str, score: float = 0.0) -> p.Plan:
    low = encoded(prefix)
    return p.TermsBetween(field, low, after_prefix(low), score)


def _numbers(query: NumberRange) -> p.Plan:
    if query.low is not None and query.high is not None and query.low > query.high:
        return NOTHING
    every = number_prefix(query.name)
    low = every if query.low is None else number_term(query.name, query.low)
    high = every if query.high is None else number_term(query.name, query.high)
    return p.TermsBetween(NUMBERS, encoded(low), after_prefix(encoded(high)))


def _union(clauses: list[p.Plan], needed: int = 1) -> p.Plan:
    return clauses[0] if len(clauses) == 1 else p.Union(tuple(clauses), needed)


def _intersection(clauses: list[p.Plan]) -> p.Plan:
    if not clauses:
        return _EVERYTHING
    return clauses[0] if len(clauses) == 1 else p.Intersection(tuple(clauses))
