"""Costs in one leaf of a snapshot: how many of its documents a plan node can match. They decide how to evaluate a node."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any, Final

from indexer.columnar.errors import OutOfTime
from indexer.columnar.search import plan as p
from indexer.columnar.search.impacts import Impacts, padded


class LeafCosts:
    """A leaf of a snapshot for one thread. Cheap to make.

    ``doc_count`` counts its documents, deleted ones included. ``length`` is the length of a dense array for them. ``deadline``
    is a time of ``time.monotonic()``.
    """

    def __init__(self, impacts: Impacts, leaf: int, *, deadline: float = inf) -> None:
        self.impacts, self.leaf, self.deadline = impacts, leaf, deadline
        self.segment = impacts.snapshot.leaves[leaf].segment
        self.doc_count = self.segment.doc_count
        self.length = padded(self.doc_count)
        # Keyed by the id of a plan's node. The plan lives as long as this object.
        self._costs: dict[int, int] = {}
        self._ranges: dict[int, tuple[int, int]] = {}

    def keep_to_deadline(self) -> None:
        """Check the deadline. Called before each node.

        Raises:
            OutOfTime: the deadline has passed.
        """
        if monotonic() >= self.deadline:
            raise OutOfTime

    def cost(self, node: p.Plan) -> int:
        """An upper estimate of how many documents match. One look-up for each term. Cached, since the answer is needed again."""
        cost = self._costs.get(id(node))
        if cost is None:
            method = _COST.get(type(node))
            cost = self.doc_count if method is None else method(self, node)
            self._costs[id(node)] = cost
        return cost

    def _term(self, node: p.Term) -> int:
        return self.impacts.estimate(self.leaf, node.field, node.term)

    def _word(self, node: p.Word) -> int:
        return sum(self.impacts.estimate(self.leaf, field, node.term) for field, _ in node.fields)

    def terms_of(self, node: p.TermsBetween) -> tuple[int, int]:
        """The numbers of the terms in a range: the first, and the one after the last."""
        found = self._ranges.get(id(node))
        if found is None:
            postings = self.impacts.field(self.leaf, node.field)
            first = end = 0
            if postings is not None:
                terms = postings.terms
                first = terms.first_from(node.low)
                end = terms.first_from(node.high) if node.high else len(terms)
            found = self._ranges[id(node)] = first, max(first, end)
        return found

    def _terms_between(self, node: p.TermsBetween) -> int:
        first, end = self.terms_of(node)
        postings = self.impacts.field(self.leaf, node.field)
        if postings is None or first == end:
            return 0
        begin, stop = postings.extent(first, end - 1)
        return stop - begin

    def _documents(self, node: p.Documents) -> int:
        return len(node.by_leaf[self.leaf][0]) if self.leaf in node.by_leaf else 0

    def _phrase(self, node: p.Phrase | p.Near) -> int:
        least = self.doc_count if node.terms else 0
        for term in node.terms:
            least = min(least, self.impacts.estimate(self.leaf, node.field, term))
            if not least:
                break
        return least

    def _union(self, node: p.Union) -> int:
        costs = [self.cost(clause) for clause in node.clauses]
        # A document of too few clauses does not match. In a small leaf most words are missing.
        return sum(costs) if len(costs) - costs.count(0) >= node.minimum else 0

    def _best(self, node: p.Best) -> int:
        return sum(self.cost(clause) for clause in node.clauses)

    def _otherwise(self, node: p.Otherwise) -> int:
        return self.cost(node.first) + self.cost(node.second)

    def _intersection(self, node: p.Intersection) -> int:
        least = self.doc_count
        for clause in node.clauses:
            least = min(least, self.cost(clause))
            if not least:  # the other words need no look-up
                break
        return least

    def _inner(self, node: p.Without | p.Maybe | p.Scaled | p.Constant) -> int:
        return self.cost(node.plan)


# One dict look-up for each node. functools.singledispatchmethod takes four microseconds a call, as long as a short posting list.
_COST: Final[dict[type, Callable[[LeafCosts, Any], int]]] = {
    p.Term: LeafCosts._term,
    p.Word: LeafCosts._word,
    p.TermsBetween: LeafCosts._terms_between,
    p.Documents: LeafCosts._documents,
    p.Phrase: LeafCosts._phrase,
    p.Near: LeafCosts._phrase,
    p.Union: LeafCosts._union,
    p.Best: LeafCosts._best,
    p.Otherwise: LeafCosts._otherwise,
    p.Intersection: LeafCosts._intersection,
    p.Without: LeafCosts._inner,
    p.Maybe: LeafCosts._inner,
    p.Scaled: LeafCosts._inner,
    p.Constant: LeafCosts._inner,
}
