"""Probing: which of some given documents match a plan node. Used for the other clauses when one clause is much rarer.

A node that cannot be probed is evaluated whole, and the documents are looked up in the result.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from indexer.columnar.files.arrays import AnyArray, IntP
from indexer.columnar.files.fields import MISSING_INT
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.search import plan as p
from indexer.columnar.search.costs import LeafCosts
from indexer.columnar.search.found import Mask, Part, look_up, look_up_listed
from indexer.columnar.search.impacts import F32

Probed = tuple[Mask, F32]

_FEW: Final = 16
"""Postings more than this many times the documents are searched undecoded if they do not fit the cache."""


class LeafProbe(LeafCosts):
    """Probes one leaf of a snapshot. Used by one thread."""

    @abstractmethod
    def find(self, node: p.Plan) -> Part:
        """The documents that match, with their scores."""

    @abstractmethod
    def release(self, found: Part) -> None:
        """Give back the accumulator of a result that is no longer needed."""

    def probe(self, node: p.Plan, docs: IntP) -> Probed:
        """For each of ``docs`` (ascending) whether it matches, and its score (0 if not)."""
        self.keep_to_deadline()
        method = _PROBE.get(type(node))
        if method is not None:
            return method(self, node, docs)
        found = self.find(node)
        answer = look_up(found, docs, self.length)
        self.release(found)
        return answer

    def _probe_term(self, node: p.Term, docs: IntP) -> Probed:
        column = self.impacts.column(self.leaf, node.field, node.term)
        if column is not None:
            hit, scores = look_up(column, docs, self.length)
        else:
            listed = self.impacts.listed(self.leaf, node.field, node.term)
            hit, scores = look_up_listed(listed, docs, self.length)
        return hit, scores if node.boost == 1.0 else scores * np.float32(node.boost)

    def _probe_word(self, node: p.Word, docs: IntP) -> Probed:
        postings = self.cost(node)
        few = len(docs) * _FEW < postings
        if not few or self.impacts.keeps_word(self.leaf, node, postings):
            return look_up(self.find(node), docs, self.length)
        totals = np.zeros(len(docs), dtype=np.float32)
        among = DocsByBlock(docs)
        for field, boost in node.fields:
            totals += self.impacts.scores(self.leaf, field, node.term, among) * np.float32(boost)
        return totals > 0, totals

    def _probe_union(self, node: p.Union, docs: IntP) -> Probed:
        counts = np.zeros(len(docs), dtype=np.intp)
        totals = np.zeros(len(docs), dtype=np.float32)
        for clause in node.clauses:
            hit, scores = self.probe(clause, docs)
            counts += hit
            totals += scores
        matched = counts >= max(1, node.minimum)
        return matched, totals * matched

    def _probe_otherwise(self, node: p.Otherwise, docs: IntP) -> Probed:
        hit, scores = self.probe(node.first, docs)
        other, other_scores = self.probe(node.second, docs)
        return hit | other, np.where(hit, scores, other_scores)

    def _probe_intersection(self, node: p.Intersection, docs: IntP) -> Probed:
        matched = np.ones(len(docs), dtype=bool)
        totals = np.zeros(len(docs), dtype=np.float32)
        for clause in node.clauses:
            hit, scores = self.probe(clause, docs)
            matched &= hit
            totals += scores
        return matched, totals * matched

    def _probe_between(self, node: p.Between, docs: IntP) -> Probed:
        matched = inside(self.segment.numbers(node.column)[docs], node)
        return matched, np.zeros(len(docs), dtype=np.float32)

    def _probe_without(self, node: p.Without, docs: IntP) -> Probed:
        hit, scores = self.probe(node.plan, docs)
        excluded, _ = self.probe(node.excluded, docs)
        hit = hit & ~excluded
        return hit, scores * hit

    def _probe_everything(self, node: p.Everything, docs: IntP) -> Probed:
        return np.ones(len(docs), dtype=bool), np.full(len(docs), node.score, dtype=np.float32)

    def _probe_scaled(self, node: p.Scaled, docs: IntP) -> Probed:
        hit, scores = self.probe(node.plan, docs)
        return hit, scores * np.float32(node.factor)

    def _probe_constant(self, node: p.Constant, docs: IntP) -> Probed:
        hit, _ = self.probe(node.plan, docs)
        return hit, hit * np.float32(node.score)


def inside(values: AnyArray, node: p.Between) -> Mask:
    """Which values, int64 or float32, lie in the range; missing values never do. A fresh array."""
    low, high = node.low, node.high
    if values.dtype == np.int64:
        low = MISSING_INT + 1 if low is None else max(low, MISSING_INT + 1)
    if low is None and high is None:
        return ~np.isnan(values)
    matched: Mask = values < high if low is None else values >= low  # False for NaN
    if low is not None and high is not None:
        matched &= values < high
    return matched


_PROBE: Final[dict[type, Callable[[LeafProbe, Any, IntP], Probed]]] = {
    p.Term: LeafProbe._probe_term,
    p.Word: LeafProbe._probe_word,
    p.Union: LeafProbe._probe_union,
    p.Otherwise: LeafProbe._probe_otherwise,
    p.Intersection: LeafProbe._probe_intersection,
    p.Between: LeafProbe._probe_between,
    p.Without: LeafProbe._probe_without,
    p.Everything: LeafProbe._probe_everything,
    p.Scaled: LeafProbe._probe_scaled,
    p.Constant: LeafProbe._probe_constant,
}
