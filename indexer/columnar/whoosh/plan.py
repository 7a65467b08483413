"""Turns Whoosh's queries into plans for the executor.

A plan finds and scores what ``Searcher.search`` of Whoosh 2.7.4 does, oddities included. A ``Not`` scores 1.0. A compound
query of one clause ignores its boost. ``Or`` ignores ``minmatch``. ``DisjunctionMax`` ignores ``tiebreak``. ``Every`` of a field
matches the documents that have a term in the field.

Some queries have no plan. Whoosh's own matcher answers them, faults included, and its answer enters the plan as arrays. These
queries are spans except phrases, nested queries, ``Or`` with ``scale``, ``Otherwise``, and prefixes, wildcards, ranges and the
like. Whoosh's scores of prefixes, wildcards and ranges depend on how many terms and documents a segment has. These queries
have plans only where such scores do not matter: inside ``ConstantScoreQuery``, or as a filter.

Some of Whoosh's matchers contradict Whoosh's own documentation. Plans follow the documentation, and the tests pin each case:

* ``Require`` keeps the documents that match both queries. Whoosh excludes these documents, as ``AndNot`` does.
* ``AndNot`` excludes every document that its second query matches. Whoosh fails to exclude the first document of a segment
  that the first query matches, if the second query matches an earlier document.
* ``AndMaybe`` adds the optional score to every document that matches both queries. Inside an ``And``, Whoosh's matcher loses
  the optional score when it skips documents.
* ``DisjunctionMax`` scores a document by the best of the clauses that match this document. Whoosh compares the current scores
  of two clauses even while they are at different documents, so a document may get the score of a later one.
* ``Not`` and ``ColumnQuery`` never find a deleted document, and ``NestedChildren`` never finds a document twice. In Whoosh
  this can happen. A ``ColumnQuery`` scores 1.0. Whoosh raises AttributeError when it scores a ``ColumnQuery``.
* ``Or`` with ``scale`` counts the query's terms once for each segment. Whoosh sometimes counts again and omits exhausted terms.
* ``ConstantScoreQuery`` gives every document the same score. Whoosh gives the child query's scores when it records terms
  (``terms=True``).
* A boost or a score of 0 is 0, and documents that score 0 are found. In Whoosh a constant score of 0 counts as 1.0, and in
  segments of up to 5,000 documents an ``Or`` of three clauses or more loses documents that score 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Protocol, runtime_checkable

from whoosh import query as wq
from whoosh.fields import Schema
from whoosh.formats import Positions
from whoosh.query.qcore import QueryError, _NullQuery
from whoosh.reading import TermNotFound

from indexer.columnar.files.terms import after_prefix
from indexer.columnar.search import plan as p

NOTHING: Final = p.Union(())

Expand = Callable[[wq.Query], p.Plan]


@runtime_checkable
class Planned(Protocol):
    """A query class that defines its own plan."""

    def plan(self, compile_query: Callable[[wq.Query], p.Plan]) -> p.Plan:
        """The query as a plan. ``compile_query`` makes the plans of its parts."""


class Compiler:
    """Makes plans of the queries of one schema. Threads may share it if they may share ``ask_matcher``.

    ``ask_matcher`` answers queries without a plan, from Whoosh's own matchers.
    """

    def __init__(self, schema: Schema, ask_matcher: Expand) -> None:
        self._schema = schema
        self._ask_matcher = ask_matcher

    def compile(self, query: wq.Query, *, scored: bool = True) -> p.Plan:
        """The plan of a query. O(nodes of the query), unless Whoosh's matcher must answer a part.

        If ``scored`` is False, the plan says which documents match, and its scores mean nothing.

        Raises:
            QueryError: a phrase in a field that keeps no positions.
            TermNotFound: an ``Every`` of a field that the schema does not know.
        """
        method = _COMPILE.get(type(query))
        if method is not None:
            return method(self, query, scored)
        if isinstance(query, Planned):
            return query.plan(partial(self.compile, scored=scored))
        return self._asked(query, scored)

    def _asked(self, query: wq.Query, scored: bool) -> p.Plan:
        """The answer of Whoosh's matcher. Unless ``scored``, a constant score saves computing scores."""
        return self._ask_matcher(query if scored else wq.ConstantScoreQuery(query))

    def _null(self, query: _NullQuery, scored: bool) -> p.Plan:
        del query, scored
        return NOTHING

    def _term(self, query: wq.Term, scored: bool) -> p.Plan:
        term = self._bytes(query.fieldname, query.text)
        if term is None:
            return NOTHING
        if not scored:
            return p.Term(query.fieldname, term)
        field = self._schema[query.fieldname]
        if isinstance(field.format, Positions) and not field.scorable:
            return self._asked(query, scored)  # Whoosh scores such a field by frequency
        return p.Term(query.fieldname, term, query.boost)

    def _and(self, query: wq.And, scored: bool) -> p.Plan:
        return self._compound(query, scored, p.Intersection)

    def _or(self, query: wq.Or, scored: bool) -> p.Plan:
        if query.scale and scored:
            return self._asked(query, scored)
        return self._compound(query, scored, _union)

    def _disjunction_max(self, query: wq.DisjunctionMax, scored: bool) -> p.Plan:
        return self._compound(query, scored, p.Best)

    def _compound(
        self,
        query: wq.And | wq.Or | wq.DisjunctionMax,
        scored: bool,
        node: Callable[[tuple[p.Plan, ...]], p.Plan],
    ) -> p.Plan:
        clauses = tuple(self.compile(each, scored=scored) for each in query)
        if len(clauses) < 2:
            return clauses[0] if clauses else NOTHING
        plan = node(clauses)
        return p.Scaled(plan, query.boost) if scored and query.boost != 1.0 else plan

    def _not(self, query: wq.Not, scored: bool) -> p.Plan:
        return p.Without(p.Everything(float(scored)), self.compile(query.query, scored=False))

    def _and_not(self, query: wq.AndNot, scored: bool) -> p.Plan:
        excluded = self.compile(query.b, scored=False)
        return p.Without(self.compile(query.a, scored=scored), excluded)

    def _and_maybe(self, query: wq.AndMaybe, scored: bool) -> p.Plan:
        plan = self.compile(query.a, scored=scored)
        return p.Maybe(plan, self.compile(query.b)) if scored else plan

    def _require(self, query: wq.Require, scored: bool) -> p.Plan:
        required = p.Constant(self.compile(query.b, scored=False), 0.0)
        return p.Intersection((self.compile(query.a, scored=scored), required))

    def _every(self, query: wq.Every, scored: bool) -> p.Plan:
        return self._every_in(query.fieldname, query.boost if scored else 0.0)

    def _every_in(self, field: str | None, score: float) -> p.Plan:
        if field is None:
            return p.Everything(score)
        if field not in self._schema:
            raise TermNotFound(f"No field {field!r}")
        return p.TermsBetween(field, b"", b"", score)

    def _phrase(self, query: wq.Phrase, scored: bool) -> p.Plan:
        if query.fieldname not in self._schema:
            return NOTHING
        format_ = self._schema[query.fieldname].format
        if not format_ or not format_.supports("positions"):
            raise QueryError(f"Phrase search: {query.fieldname!r} field has no positions")
        terms = [self._bytes(query.fieldname, word) for word in query.words]
        known = tuple(term for term in terms if term is not None)
        if len(known) < len(terms):
            return NOTHING
        return p.Phrase(query.fieldname, known, query.slop, query.boost if scored else 1.0)

    def _numeric_range(self, query: wq.NumericRange, scored: bool) -> p.Plan:
        ranges = query._compile_query(SimpleNamespace(schema=self._schema))
        return self.compile(ranges, scored=scored)

    def _constant_score(self, query: wq.ConstantScoreQuery, scored: bool) -> p.Plan:
        plan = self.compile(query.child, scored=False)
        return p.Constant(plan, query.score) if scored else plan

    def _column(self, query: wq.ColumnQuery, scored: bool) -> p.Plan:
        del scored
        return self._asked(query, scored=False)

    def _pattern(self, query: wq.Prefix | wq.Wildcard | wq.Regex, scored: bool) -> p.Plan:
        if query.text == _ANY_TEXT[type(query)]:
            return self._every_in(query.fieldname, query.boost if scored else 0.0)
        if scored or type(query) is not wq.Prefix or query.fieldname not in self._schema:
            return self._asked(query, scored)
        prefix = self._bytes(query.fieldname, query.text)
        if prefix is None:
            return NOTHING
        return p.TermsBetween(query.fieldname, prefix, after_prefix(prefix))

    def _term_range(self, query: wq.TermRange, scored: bool) -> p.Plan:
        if scored or query.fieldname not in self._schema:
            return self._asked(query, scored)
        low = b"" if query.start is None else self._bytes(query.fieldname, query.start)
        high = b"" if query.end is None else self._bytes(query.fieldname, query.end)
        if low is None or high is None or (query.end is not None and not high):
            return NOTHING
        if query.startexcl or not low:
            low += b"\0"  # the least term after it; Whoosh leaves an empty term out
        if query.end is not None and not query.endexcl:
            high += b"\0"
        return p.TermsBetween(query.fieldname, low, high)

    def _bytes(self, field: str, text: object) -> bytes | None:
        """A term in the field's encoding; None if the field cannot have it."""
        if field not in self._schema or not self._schema[field].indexed:
            return None
        try:
            return bytes(self._schema[field].to_bytes(text))
        except ValueError:
            return None


def _union(clauses: tuple[p.Plan, ...]) -> p.Plan:
    """The union of the clauses: a Word if all clauses are the same term in different fields, else a Union."""
    terms = [clause for clause in clauses if isinstance(clause, p.Term)]
    one_word = len(terms) == len(clauses) and len({term.term for term in terms}) == 1
    if one_word and all(term.boost >= p.LEAST_FACTOR for term in terms):
        return p.Word(terms[0].term, tuple((term.field, term.boost) for term in terms))
    return p.Union(clauses)


_ANY_TEXT: Final = {wq.Prefix: "", wq.Wildcard: "*", wq.Regex: ".*"}
"""The pattern that Whoosh treats as Every of its field."""

# By exact type: a subclass may mean something else, so its matcher is asked.
_COMPILE: Final[dict[type, Callable[[Compiler, Any, bool], p.Plan]]] = {
    _NullQuery: Compiler._null,
    wq.Term: Compiler._term,
    wq.And: Compiler._and,
    wq.Or: Compiler._or,
    wq.DisjunctionMax: Compiler._disjunction_max,
    wq.Not: Compiler._not,
    wq.AndNot: Compiler._and_not,
    wq.AndMaybe: Compiler._and_maybe,
    wq.Require: Compiler._require,
    wq.Every: Compiler._every,
    wq.Phrase: Compiler._phrase,
    wq.NumericRange: Compiler._numeric_range,
    wq.DateRange: Compiler._numeric_range,
    wq.ConstantScoreQuery: Compiler._constant_score,
    wq.Prefix: Compiler._pattern,
    wq.Wildcard: Compiler._pattern,
    wq.Regex: Compiler._pattern,
    wq.TermRange: Compiler._term_range,
    wq.ColumnQuery: Compiler._column,
}
