"""Evaluates a plan in one leaf, an array at a time.

A small result is a list, a large one is dense arrays. An intersection whose rarest clause is much rarer than
the others probes the others (``probing.py``). No loop runs over documents or postings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from indexer.columnar.files.arrays import firsts
from indexer.columnar.search import plan as p
from indexer.columnar.search.found import (
    SCRATCH,
    Dense,
    Found,
    Mask,
    Part,
    listed,
    look_up_listed,
    mask_of,
)
from indexer.columnar.search.impacts import F32, NOTHING, Column, Listed
from indexer.columnar.search.joint import find_joint, joint_terms
from indexer.columnar.search.phrases import near_matches, phrase_matches
from indexer.columnar.search.probing import LeafProbe, inside

_SPARSE: Final = 32
"""A union stays a list while its postings are fewer than the leaf's documents divided by this."""


class Evaluator(LeafProbe):
    """Evaluates plans in one leaf of a snapshot. Cheap to make; used by one thread."""

    def release(self, found: Part) -> None:
        """Give back the accumulator of a result that is no longer needed."""
        if isinstance(found, Dense):
            SCRATCH.give_back(found.scores)

    def find(self, node: p.Plan) -> Part:
        """The documents that match, with their scores. Read-only."""
        self.keep_to_deadline()
        return _FIND[type(node)](self, node)

    def find_own(self, node: p.Plan) -> Found:
        """The result of :meth:`find` in arrays that the caller may change. A shared column is copied."""
        found = self.find(node)
        if not isinstance(found, Column):
            return found
        scores = SCRATCH.borrow(self.length)
        scores[:] = found.scores
        return Dense(scores, None)

    def find_listed(self, node: p.Plan) -> Listed:
        """The result of :meth:`find` as a list."""
        found = self.find(node)
        if isinstance(found, Listed):
            return found
        answer = listed(found)
        self.release(found)
        return answer

    def _find_term(self, node: p.Term) -> Part:
        column = self.impacts.column(self.leaf, node.field, node.term)
        if column is not None and node.boost >= p.LEAST_FACTOR:
            boosted = node.boost != 1.0
            return Column(column.scores * np.float32(node.boost)) if boosted else column
        found = self.impacts.listed(self.leaf, node.field, node.term)
        return _boosted(found, node.boost)

    def _find_word(self, node: p.Word) -> Part:
        return self.impacts.word(self.leaf, node, self.cost(node), self._common_word)

    def _common_word(self, node: p.Word) -> Column:
        column = Column(np.zeros(self.length, dtype=np.float32))
        for field, boost in node.fields:  # not cached: the cache holds the whole word
            part = self.impacts.fresh(self.leaf, field, node.term)
            _add(column.scores, _boosted(part, boost))
        return column

    def _find_terms_between(self, node: p.TermsBetween) -> Found:
        first, end = self.terms_of(node)
        postings = self.impacts.field(self.leaf, node.field)
        if postings is None or first == end:
            return NOTHING
        docs = postings.docs_of_range(first, end - 1)
        if len(docs) * _SPARSE < self.doc_count:
            docs = np.unique(docs)
            return Listed(docs, np.full(len(docs), node.score, dtype=np.float32))
        mask = np.zeros(self.length, dtype=bool)
        mask[docs] = True
        return self._uniform(mask, node.score)

    def _find_documents(self, node: p.Documents) -> Found:
        return Listed(*node.by_leaf[self.leaf]) if self.leaf in node.by_leaf else NOTHING

    def _find_between(self, node: p.Between) -> Found:
        mask = np.zeros(self.length, dtype=bool)
        mask[: self.doc_count] = inside(self.segment.numbers(node.column), node)
        return self._uniform(mask, 0.0)

    def _find_phrase(self, node: p.Phrase) -> Found:
        found = phrase_matches(self.impacts, self.leaf, node)
        return _boosted(found, node.boost)

    def _find_near(self, node: p.Near) -> Found:
        docs = near_matches(self.impacts, self.leaf, node)
        return Listed(docs, np.zeros(len(docs), dtype=np.float32))

    def _find_everything(self, node: p.Everything) -> Found:
        mask = np.zeros(self.length, dtype=bool)
        mask[: self.doc_count] = True
        return self._uniform(mask, node.score)

    def _find_union(self, node: p.Union) -> Part:
        clauses = self._matching(node)
        if len(clauses) < max(1, node.minimum):
            return NOTHING
        if len(clauses) == 1:
            return self.find(clauses[0])
        if self.cost(node) * _SPARSE < self.doc_count:
            return self._sparse_union(clauses, node.minimum)
        if node.minimum > 1:
            return self._at_least(clauses, node.minimum)
        return self._dense_union(clauses)

    def _matching(self, node: p.Union | p.Best) -> list[p.Plan]:
        """The clauses that can match a document of the leaf. In a small leaf most words are missing."""
        return [clause for clause in node.clauses if self.cost(clause)]

    def _sparse_union(self, clauses: list[p.Plan], minimum: int) -> Listed:
        joint, others = self._joint_parts(clauses)
        alone = [part for part in map(self.find_listed, others) if len(part.docs)]
        if not joint and len(alone) < max(2, minimum):
            return alone[0] if alone and minimum <= 1 else NOTHING
        return self._summed(joint + alone, minimum)

    def _joint_parts(self, clauses: list[p.Plan]) -> tuple[list[Listed], list[p.Plan]]:
        """The terms of a union that are evaluated together, a list for each field, and all other clauses."""
        terms = joint_terms(self.impacts, self.leaf, clauses)
        together = {id(each) for some in terms.values() for each in some}
        others = [clause for clause in clauses if id(clause) not in together]
        found = [find_joint(self.impacts, self.leaf, *each) for each in terms.items()]
        return found, others

    def _summed(self, parts: list[Listed], minimum: int) -> Listed:
        """The sum of lists, by a clean accumulator. Only the touched places are read and cleared."""
        docs = np.concatenate([part.docs for part in parts])
        docs.sort()
        fresh = firsts(docs)
        kept: Mask | None = None
        if minimum > 1:
            kept = np.diff(np.flatnonzero(fresh), append=len(docs)) >= minimum
        docs = docs[fresh]
        scores = SCRATCH.borrow(self.length)
        for part in parts:
            np.add.at(scores, part.docs, part.scores)
        totals = scores[docs]
        scores[docs] = 0.0
        SCRATCH.give_back_clean(scores)
        return Listed(docs, totals) if kept is None else Listed(docs[kept], totals[kept])

    def _dense_union(self, clauses: list[p.Plan]) -> Dense:
        scores = SCRATCH.borrow(self.length)
        mask: Mask | None = None
        joint, others = self._joint_parts(clauses)
        for part in joint:
            _add(scores, part)
        for clause in others:
            found = self.find(clause)
            if not _all_positive(clause):
                mask = self._marked(mask, scores, found)
            elif mask is not None:
                mask |= mask_of(found, self.length)
            _add(scores, found)
            self.release(found)
        return Dense(scores, mask)

    def _marked(self, mask: Mask | None, scores: F32, found: Part) -> Mask:
        """``mask`` with the documents of ``found`` added. Without a mask, the documents with ``scores`` above 0 count."""
        before = scores > 0 if mask is None else mask
        before |= mask_of(found, self.length)
        return before

    def _at_least(self, clauses: list[p.Plan], minimum: int) -> Dense:
        scores = SCRATCH.borrow(self.length)
        counts = np.zeros(self.length, dtype=np.uint16)
        for clause in clauses:
            found = self.find(clause)
            if isinstance(found, Listed):
                counts[found.docs] += 1
            else:
                counts += mask_of(found, self.length)
            _add(scores, found)
            self.release(found)
        mask = counts >= minimum
        scores *= mask
        return Dense(scores, mask)

    def _find_best(self, node: p.Best) -> Part:
        clauses = self._matching(node)
        if len(clauses) == 1:
            return self.find(clauses[0])
        scores = SCRATCH.borrow(self.length)
        mask = np.zeros(self.length, dtype=bool)
        for clause in clauses:
            found = self.find(clause)
            mask |= mask_of(found, self.length)
            if isinstance(found, Listed):
                scores[found.docs] = np.maximum(scores[found.docs], found.scores)
            else:
                np.maximum(scores, found.scores, out=scores)
            self.release(found)
        return Dense(scores, mask)

    def _find_otherwise(self, node: p.Otherwise) -> Found:
        first, second = self.find(node.first), self.find(node.second)
        if isinstance(first, Listed) and isinstance(second, Listed):
            hit, _ = look_up_listed(first, second.docs, self.length)
            docs = np.concatenate((first.docs, second.docs[~hit]))
            order = np.argsort(docs, kind="stable")
            return Listed(docs[order], np.concatenate((first.scores, second.scores[~hit]))[order])
        before = mask_of(first, self.length)
        mask = before | mask_of(second, self.length)
        scores = SCRATCH.borrow(self.length)
        _add(scores, second)
        scores[before] = 0.0
        _add(scores, first)
        self.release(first)
        self.release(second)
        return Dense(scores, mask)

    def _find_intersection(self, node: p.Intersection) -> Part:
        if not self.cost(node):
            return NOTHING
        clauses = sorted((self.cost(clause), place) for place, clause in enumerate(node.clauses))
        if not clauses:
            return self.find(p.Everything())
        ordered = [node.clauses[place] for _, place in clauses]
        if len(ordered) > 1 and self.impacts.is_common(self.leaf, clauses[0][0]):
            return self._dense_intersection(ordered)
        found = self.find_listed(ordered[0])
        for clause in ordered[1:]:
            if not len(found.docs):
                return NOTHING
            hit, scores = self.probe(clause, found.docs)
            if not hit.all():
                found, scores = Listed(found.docs[hit], found.scores[hit]), scores[hit]
            found = Listed(found.docs, found.scores + scores)
        return found

    def _dense_intersection(self, clauses: list[p.Plan]) -> Dense:
        scores = SCRATCH.borrow(self.length)
        mask: Mask | None = None
        for clause in clauses:
            found = self.find(clause)
            matched = mask_of(found, self.length)
            mask = matched if mask is None else mask & matched
            _add(scores, found)
            self.release(found)
        assert mask is not None, "an intersection has clauses"
        scores *= mask
        return Dense(scores, mask)

    def _find_without(self, node: p.Without) -> Found:
        found = self.find_own(node.plan)
        if isinstance(found, Listed):
            hit, _ = self.probe(node.excluded, found.docs)
            return Listed(found.docs[~hit], found.scores[~hit])
        excluded = self.find(node.excluded)
        mask = mask_of(found, self.length) & ~mask_of(excluded, self.length)
        self.release(excluded)
        found.scores[~mask] = 0.0
        return Dense(found.scores, mask)

    def _find_maybe(self, node: p.Maybe) -> Found:
        found = self.find_own(node.plan)
        if isinstance(found, Listed):
            _, scores = self.probe(node.optional, found.docs)
            return Listed(found.docs, found.scores + scores)
        optional = self.find(node.optional)
        mask = mask_of(found, self.length)
        _add(found.scores, optional)
        self.release(optional)
        np.multiply(found.scores, mask, out=found.scores)
        return Dense(found.scores, mask)

    def _find_scaled(self, node: p.Scaled) -> Found:
        found = self.find_own(node.plan)
        if isinstance(found, Listed):
            return Listed(found.docs, found.scores * np.float32(node.factor))
        mask = found.mask if node.factor >= p.LEAST_FACTOR else mask_of(found, self.length)
        np.multiply(found.scores, np.float32(node.factor), out=found.scores)
        return Dense(found.scores, mask)

    def _find_constant(self, node: p.Constant) -> Found:
        found = self.find_own(node.plan)
        if isinstance(found, Listed):
            return Listed(found.docs, np.full(len(found.docs), node.score, dtype=np.float32))
        mask = mask_of(found, self.length)
        np.multiply(mask, np.float32(node.score), out=found.scores)
        return Dense(found.scores, mask)

    def _uniform(self, mask: Mask, score: float) -> Dense:
        scores = SCRATCH.borrow(self.length)
        if score:
            np.multiply(mask, np.float32(score), out=scores)
        return Dense(scores, mask)


_FIND: Final[dict[type, Callable[[Evaluator, Any], Part]]] = {
    p.Term: Evaluator._find_term,
    p.Word: Evaluator._find_word,
    p.TermsBetween: Evaluator._find_terms_between,
    p.Documents: Evaluator._find_documents,
    p.Between: Evaluator._find_between,
    p.Phrase: Evaluator._find_phrase,
    p.Near: Evaluator._find_near,
    p.Everything: Evaluator._find_everything,
    p.Union: Evaluator._find_union,
    p.Best: Evaluator._find_best,
    p.Otherwise: Evaluator._find_otherwise,
    p.Intersection: Evaluator._find_intersection,
    p.Without: Evaluator._find_without,
    p.Maybe: Evaluator._find_maybe,
    p.Scaled: Evaluator._find_scaled,
    p.Constant: Evaluator._find_constant,
}


def _boosted(found: Listed, boost: float) -> Listed:
    """The list with its scores multiplied. A shared list does not change."""
    return found if boost == 1.0 else Listed(found.docs, found.scores * np.float32(boost))


def _add(scores: F32, found: Part) -> None:
    """Add a result's scores to an accumulator."""
    if isinstance(found, Listed):
        np.add.at(scores, found.docs, found.scores)
    else:
        np.add(scores, found.scores, out=scores)


def _all_positive(node: p.Plan) -> bool:
    """Whether every document that matches surely scores above 0. Then the scores say which documents match."""
    match node:
        case p.Word():
            return True
        case p.Term(boost=factor) | p.Phrase(boost=factor):
            return factor >= p.LEAST_FACTOR
        case p.Union(clauses=clauses) | p.Best(clauses=clauses):
            return all(_all_positive(clause) for clause in clauses)
        case p.Intersection(clauses=clauses):
            return any(_all_positive(clause) for clause in clauses)
        case p.Otherwise(first=first, second=second):
            return _all_positive(first) and _all_positive(second)
        case p.Without(plan=plan) | p.Maybe(plan=plan):
            return _all_positive(plan)
        case p.Scaled(plan=plan, factor=factor):
            return factor >= p.LEAST_FACTOR and _all_positive(plan)
        case p.Constant(score=score) | p.TermsBetween(score=score) | p.Everything(score=score):
            return score >= p.LEAST_FACTOR
        case _:
            return False
