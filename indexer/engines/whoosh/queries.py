"""Our queries as Whoosh's query objects, and the three nodes that Whoosh lacks.

Whoosh's own nodes keep their meaning; a node that scores nothing is wrapped in ``ConstantScoreQuery(..., 0.0)``. The
nodes of ours say themselves what they mean to the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import assert_never

import numpy as np
from whoosh import query as wq

from indexer.analysis.analyzers import Analyzer, is_one_word
from indexer.analysis.characters import fold_literal
from indexer.analysis.grams import LiteralPlan
from indexer.columnar import plan as p
from indexer.columnar.segment import IntP
from indexer.engines.ranking import words_needed
from indexer.engines.whoosh.fields import TITLE_KEY, TITLE_SOUND, grams_field, microseconds
from indexer.query import (
    TEXT_FIELDS,
    Adjacent,
    Alternative,
    And,
    Boost,
    Literal,
    Match,
    MatchAll,
    Not,
    Or,
    Query,
    Range,
    Term,
    TitlePrefix,
    TitleSound,
)

CompileQuery = Callable[[wq.Query], p.Plan]
FindLiteral = Callable[[str, tuple[str, ...], wq.Query | None], tuple[list[IntP], float, bool]]


class AtLeast(wq.compound.CompoundQuery):  # type: ignore[misc]
    """Documents that match at least ``need`` of the subqueries; scores add up. (Whoosh's own minmatch does nothing.)"""

    def __init__(self, subqueries: list[wq.Query], need: int) -> None:
        super().__init__(subqueries)
        self.need = need

    def plan(self, compile_query: CompileQuery) -> p.Plan:
        """The query as a plan."""
        return p.Union(tuple(map(compile_query, self.subqueries)), self.need)


class Otherwise(wq.Query):  # type: ignore[misc]
    """Documents that match either; where ``first`` matches its score counts, else that of ``second``."""

    def __init__(self, first: wq.Query, second: wq.Query) -> None:
        self.first, self.second = first, second

    def plan(self, compile_query: CompileQuery) -> p.Plan:
        """The query as a plan."""
        return p.Otherwise(compile_query(self.first), compile_query(self.second))


class DocSet(wq.Query):  # type: ignore[misc]
    """Given documents, each with the same score. ``docs`` holds, for each leaf in order, intp[n], ascending."""

    def __init__(self, docs: Sequence[IntP], score: float) -> None:
        self.docs, self.score = docs, score

    def plan(self, _compile_query: CompileQuery) -> p.Plan:
        """The query as a plan."""
        return p.Documents(
            {
                leaf: (docs, np.full(len(docs), self.score, dtype=np.float32))
                for leaf, docs in enumerate(self.docs)
                if len(docs)
            }
        )


class ColumnRange(wq.Query):  # type: ignore[misc]
    """Documents whose time lies in ``[start, end)``, in microseconds; scores nothing."""

    def __init__(self, fieldname: str, start: int | None, end: int | None) -> None:
        self.fieldname, self.start, self.end = fieldname, start, end

    def plan(self, _compile_query: CompileQuery) -> p.Plan:
        """The query as a plan."""
        return p.Between(self.fieldname, self.start, self.end)


class QueryBuilder:
    """Makes Whoosh's query objects of ours, for one snapshot: literals are looked up on the way.

    ``find_literal`` gives the documents that hold a folded literal in one of some fields, their score, and whether that
    is all of them (its third argument finds the same text as a word); ``idf`` gives that of a token in a field.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        find_literal: FindLiteral,
        idf: Callable[[str, str], float],
    ) -> None:
        self._analyzer = analyzer
        self._find_literal = find_literal
        self.complete = True
        """False once a literal had more candidates than may be verified."""
        self._idf = idf

    def build(self, query: Query, factor: float = 1.0) -> wq.Query:
        """The same query in Whoosh's objects, its scores multiplied by ``factor``."""
        match query:
            case Match():
                return self._match(query, factor)
            case Literal():
                return self._literal(fold_literal(query.text), query.fields, factor)
            case Adjacent():
                return _unscored(self._adjacent(query))
            case TitlePrefix():
                prefix = fold_literal(query.text)
                if not prefix:
                    return _nothing()
                match = (wq.Term if query.whole else wq.Prefix)(TITLE_KEY, prefix)
                return wq.ConstantScoreQuery(match, factor)
            case TitleSound(keys):
                return _unscored(wq.Or([wq.Prefix(TITLE_SOUND, key) for key in keys]))
            case Term():
                if query.field in TEXT_FIELDS:
                    return wq.Term(query.field, query.value, boost=factor)
                return _unscored(wq.Term(query.field, query.value))
            case Range():
                start = None if query.start is None else microseconds(query.start)
                end = None if query.end is None else microseconds(query.end)
                return ColumnRange(query.field, start, end)
            case And():
                if not query.clauses:
                    return _everything()
                return wq.And([self.build(clause, factor) for clause in query.clauses])
            case Or():
                return wq.Or([self.build(clause, factor) for clause in query.clauses])
            case Not():
                return _unscored(wq.Not(self.build(query.clause)))
            case Boost(clause, factor=0.0):
                return _unscored(self.build(clause))
            case Boost():
                return self.build(query.clause, factor * query.factor)
            case MatchAll():
                return _everything()
            case _:
                assert_never(query)

    def _adjacent(self, query: Adjacent) -> wq.Query:
        words = [token.text for token in self._analyzer.query(query.text)]
        if len(words) < 2:
            return wq.Or([wq.Term(field, word) for word in words for field in query.fields])
        return wq.Or([wq.Phrase(field, words) for field in query.fields])

    def _match(self, query: Match, factor: float) -> wq.Query:
        words = list(dict.fromkeys(token.text for token in self._analyzer.query(query.text)))
        if not words:
            return _nothing()
        clauses = [self._word(word, query, factor) for word in words]
        needed = words_needed(query.need, len(words))
        if needed == len(words):
            return wq.And(clauses)
        return wq.Or(clauses) if needed == 1 else AtLeast(clauses, needed)

    def _word(self, word: str, query: Match, factor: float) -> wq.Query:
        found = self._as_word(word, query, factor)
        if query.inside:
            fields = tuple(field for field, _ in query.fields)
            literal = self._literal(fold_literal(word), fields, factor, word=found)
            found = Otherwise(found, literal)
        others = [
            self._alternative(each, query, factor * each.factor)
            for each in query.alternatives
            if each.word == word
        ]
        return wq.DisjunctionMax([found, *others]) if others else found

    def _as_word(
        self, word: str, query: Match, factor: float, *, like: str | None = None
    ) -> wq.Query:
        """A word in the query's fields; with ``like``, scored as if it were no rarer than that word."""
        return wq.Or(
            [
                wq.Term(field, word, boost=factor * weight * self._damping(field, word, like))
                for field, weight in query.fields
            ]
        )

    def _damping(self, field: str, word: str, like: str | None) -> float:
        if like is None:
            return 1.0
        return min(1.0, self._idf(field, like) / self._idf(field, word))

    def _alternative(self, each: Alternative, query: Match, factor: float) -> wq.Query:
        text = fold_literal(each.text)
        if is_one_word(self._analyzer, text):
            return self._as_word(text, query, factor, like=each.word)
        fields = tuple(field for field, _ in query.fields)
        most = min((self._idf(field, each.word) for field in fields), default=0.0)
        return self._literal(text, fields, factor, most)

    def _literal(
        self,
        text: str,
        fields: tuple[str, ...],
        factor: float,
        most: float = inf,
        *,
        word: wq.Query | None = None,
    ) -> wq.Query:
        if not text:
            return _nothing()
        docs, score, complete = self._find_literal(text, fields, word)
        self.complete &= complete
        return DocSet(docs, min(score, most) * factor)


def literal_candidates(plan: LiteralPlan, fields: Iterable[str]) -> wq.Query:
    """Documents that may hold a literal in one of ``fields``: all that do, and, unless the plan is exact, some more."""
    if not plan.grams and not plan.prefixes:
        return _everything()
    return wq.Or(
        [
            wq.And(
                [wq.Term(grams_field(field), gram) for gram in plan.grams]
                + [_unscored(wq.Prefix(grams_field(field), prefix)) for prefix in plan.prefixes]
            )
            for field in fields
        ]
    )


def _unscored(query: wq.Query) -> wq.Query:
    return wq.ConstantScoreQuery(query, 0.0)


def _everything() -> wq.Query:
    return _unscored(wq.Every())


def _nothing() -> wq.Query:
    return wq.Or([])
