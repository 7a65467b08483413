"""Whoosh's queries as plans for the executor.

A query means here what Whoosh 2.7.4 makes of it, oddities included: a ``Not`` scores 1.0, a compound query of one clause
ignores its boost, prefixes and ranges score the sum of their terms unless wrapped in ``ConstantScoreQuery``. What is
not known here is put to Whoosh's own matcher, whose answer enters the plan as arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod
from types import SimpleNamespace
from typing import Any, Protocol, runtime_checkable

from whoosh import query as wq
from whoosh.fields import Schema
from whoosh.query.qcore import _NullQuery

from indexer.columnar import plan as p
from indexer.columnar.segment import after_prefix

NOTHING = p.Union(())

Expand = Callable[[wq.Query], p.Plan]


@runtime_checkable
class Planned(Protocol):
    """A query class of one's own that says itself what it means."""

    def plan(self, compile_query: Callable[[wq.Query], p.Plan]) -> p.Plan:
        """The query as a plan; ``compile_query`` does the same for its parts."""


class Compiler:
    """Makes plans of the queries of one schema.

    ``ask_matcher`` answers for a query that is not known here, from Whoosh's own matchers.
    """

    def __init__(self, schema: Schema, ask_matcher: Expand) -> None:
        self._schema = schema
        self._ask_matcher = ask_matcher

    def compile(self, query: wq.Query) -> p.Plan:
        """The plan of a query. Costs nothing but the tree, unless a matcher has to be asked."""
        if isinstance(query, Planned):
            return query.plan(self.compile)
        return self._compile(query)

    @singledispatchmethod
    def _compile(self, query: Any) -> p.Plan:
        return self._ask_matcher(query)

    @_compile.register
    def _(self, query: _NullQuery) -> p.Plan:
        del query
        return NOTHING

    @_compile.register
    def _(self, query: wq.Term) -> p.Plan:
        term = self._bytes(query.fieldname, query.text)
        return NOTHING if term is None else p.Term(query.fieldname, term, query.boost)

    @_compile.register
    def _(self, query: wq.And) -> p.Plan:
        clauses = tuple(self.compile(each) for each in query)
        if len(clauses) < 2:
            return clauses[0] if clauses else NOTHING
        return _boosted(p.Intersection(clauses), query.boost)

    @_compile.register
    def _(self, query: wq.Or) -> p.Plan:
        if query.scale:
            return self._ask_matcher(query)
        clauses = tuple(self.compile(each) for each in query)
        if len(clauses) < 2:
            return clauses[0] if clauses else NOTHING
        return _boosted(p.Union(clauses), query.boost)

    @_compile.register
    def _(self, query: wq.DisjunctionMax) -> p.Plan:
        if query.tiebreak:
            return self._ask_matcher(query)
        clauses = tuple(self.compile(each) for each in query)
        if len(clauses) < 2:
            return clauses[0] if clauses else NOTHING
        return _boosted(p.Best(clauses), query.boost)

    @_compile.register
    def _(self, query: wq.Not) -> p.Plan:
        return p.Without(p.Everything(1.0), self.compile(query.query))

    @_compile.register
    def _(self, query: wq.AndNot) -> p.Plan:
        return p.Without(self.compile(query.a), self.compile(query.b))

    @_compile.register
    def _(self, query: wq.AndMaybe) -> p.Plan:
        return p.Maybe(self.compile(query.a), self.compile(query.b))

    @_compile.register
    def _(self, query: wq.Require) -> p.Plan:
        return p.Intersection((self.compile(query.a), p.Constant(self.compile(query.b), 0.0)))

    @_compile.register
    def _(self, query: wq.Every) -> p.Plan:
        if query.fieldname is None:
            return p.Everything(query.boost)
        return p.TermsBetween(query.fieldname, b"", b"", query.boost)

    @_compile.register
    def _(self, query: wq.Phrase) -> p.Plan:
        terms = [self._bytes(query.fieldname, word) for word in query.words]
        known = tuple(term for term in terms if term is not None)
        if len(known) < len(terms):
            return NOTHING
        return p.Phrase(query.fieldname, known, query.slop, query.boost)

    @_compile.register
    def _(self, query: wq.NumericRange) -> p.Plan:
        return self.compile(query._compile_query(SimpleNamespace(schema=self._schema)))

    @_compile.register
    def _(self, query: wq.ConstantScoreQuery) -> p.Plan:
        child = self._uniform(query.child, query.score)
        return p.Constant(self.compile(query.child), query.score) if child is None else child

    def _uniform(self, query: wq.Query, score: float) -> p.Plan | None:
        """A query whose terms are a range, each document scoring the same; None where the terms are no range."""
        if type(query) is wq.Prefix:
            prefix = self._bytes(query.fieldname, query.text)
            return (
                NOTHING
                if prefix is None
                else p.TermsBetween(query.fieldname, prefix, after_prefix(prefix), score)
            )
        if type(query) is wq.TermRange:
            low = b"" if query.start is None else self._bytes(query.fieldname, query.start)
            high = b"" if query.end is None else self._bytes(query.fieldname, query.end)
            if low is None or high is None:
                return NOTHING
            if query.startexcl and query.start is not None:
                low += b"\0"
            if query.end is not None and not query.endexcl:
                high += b"\0"
            return p.TermsBetween(query.fieldname, low, high, score)
        return None

    def _bytes(self, field: str, text: object) -> bytes | None:
        """A term as the field keeps it; None where it cannot be one."""
        if field not in self._schema:
            return None
        try:
            return bytes(self._schema[field].to_bytes(text))
        except ValueError:
            return None


def _boosted(plan: p.Plan, boost: float) -> p.Plan:
    return plan if boost == 1.0 else p.Scaled(plan, boost)
