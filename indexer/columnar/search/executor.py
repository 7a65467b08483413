"""The executor: takes a plan, a filter and an order; returns the best documents, the exact total and the facets.

It searches all leaves of one snapshot, an array at a time. Threads share it; each thread has its own accumulators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import OutOfTime
from indexer.columnar.files.arrays import AnyArray, IntP
from indexer.columnar.files.inversion import rows_of
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Leaf, Snapshot
from indexer.columnar.search.cache import BoundedCache
from indexer.columnar.search.collapse import I64, SPARE, Grouping, Tally, next_reach
from indexer.columnar.search.evaluate import Evaluator
from indexer.columnar.search.found import Dense, Found, Mask, documents_of, mask_of
from indexer.columnar.search.impacts import CACHE_BYTES, COMMON, F32, NOTHING, Bm25, Impacts, Listed
from indexer.columnar.search.intervals import told_by_values
from indexer.columnar.search.plan import Plan
from indexer.columnar.search.rescoring import Rescore, rescored
from indexer.columnar.search.top import Ordering, Ranked, best_of_leaf, merged

Masks = dict[int, Mask] | None
"""The masks of a filter known so far, by leaf. None for a filter that holds given documents, since those differ each time."""

MASK_BYTES: Final = 32 * 2**20
"""The size of the cache of filters' masks, a byte a document: 160 filters of an index of 200,000 documents."""


class Facet(NamedTuple):
    """A facet in a leaf: the number of each document's value, or the count of values if it has none; and the values.

    If documents have any number of values, ``ordinals`` holds the numbers of all documents in a row, and ``starts``,
    uint32[documents + 1], the place of each document's first number.
    """

    ordinals: AnyArray
    values: Sequence[bytes]
    starts: NDArray[np.uint32] | None = None


Derived = Callable[[Segment], Facet]
"""Computes a facet from a segment."""


@dataclass(frozen=True, slots=True)
class Top:
    """The result of a search: the best documents' numbers in the snapshot and scores, in order; the total; facets.

    ``groups`` counts the documents that remain after collapsing, and ``sizes`` the found documents of each hit's group. Without
    collapsing, ``groups`` is the total and each size is 1. ``complete`` is False if the deadline passed before all leaves were
    searched and the best documents rescored.
    """

    docs: I64
    scores: F32
    sizes: I64
    total: int
    groups: int
    facets: Mapping[str, Mapping[bytes, int]] = field(default_factory=dict)
    complete: bool = True


class Executor:
    """Searches one snapshot.

    ``derived`` names facets that are not columns. Each is computed once for a segment and kept. ``reuse`` is the executor of an
    earlier snapshot with the same ``derived``. Cached data of segments in both snapshots is shared, the rest is dropped.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        weighting: Bm25 | None = None,
        derived: Mapping[str, Derived] | None = None,
        cache_bytes: int = CACHE_BYTES,
        reuse: Executor | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.impacts: Impacts = Impacts(
            snapshot,
            weighting or Bm25(),
            cache_bytes=cache_bytes,
            reuse=reuse.impacts if reuse else None,
        )
        self._derived = dict(derived or {})
        self._facets: dict[tuple[str, str], Facet] = {}
        self._masks: BoundedCache[Mask] = reuse._masks if reuse else BoundedCache(MASK_BYTES)
        if reuse:
            self._masks.keep_only(snapshot.segment_names)
            kept = reuse._facets.copy().items()
            self._facets = {key: facet for key, facet in kept if key[0] in snapshot.segment_names}
        self._last_masks: tuple[Plan | None, dict[int, Mask]] = (None, {})
        self._groupings: dict[str, Grouping] = {}

    def search(
        self,
        plan: Plan,
        *,
        limit: int,
        filter: Plan | None = None,  # noqa: A002 (the field's own word)
        first: Sequence[Plan] = (),
        ordering: Ordering | None = None,
        facets: Sequence[str] = (),
        factors: Sequence[F32] | None = None,
        instead: Sequence[F32] | None = None,
        deadline: float = inf,
        collapse: str | None = None,
        rescore: Rescore | None = None,
    ) -> Top:
        """The best ``limit`` documents with the exact total. A limit of 0 only counts.

        Documents that match an earlier plan of ``first`` come before all others, whatever their scores. It needs an order by score.

        ``facets`` are columns of values or derived facets, counted over all documents found. A document without a value is not
        counted. A document with several values counts for each, and twice for a value that it has twice. ``factors`` are
        float32[documents] for each leaf; they multiply scores (recency). ``instead``, of the same shape, holds scores of 0 or more
        that count instead of the plan's own (popularity). ``deadline`` is a time of ``time.monotonic()``,
        checked before each node of the plan. O(postings of the plan + documents / 256).

        ``collapse`` is an int64 column of group numbers. Only the best ranked document of each group is a hit. Collapsing looks
        at each document that has a group. It rarely needs a second search: only if the best documents are mostly copies of one
        another.

        ``rescore`` rescores the best documents; see :class:`Rescore`.

        Raises:
            ValueError: the limit is below 0.
        """
        if limit < 0:
            raise ValueError(f"limit {limit} is below 0")
        order = ordering or Ordering()
        if collapse is None:
            return self._search(
                plan, limit, filter, first, order, facets, factors, instead, deadline, rescore
            )
        grouping = self._grouping(collapse)
        reach = limit + SPARE if limit else 0
        while True:
            tally = Tally(grouping)
            top = self._search(
                plan,
                reach,
                filter,
                first,
                order,
                facets,
                factors,
                instead,
                deadline,
                rescore,
                tally,
            )
            left = tally.collapse(top.docs, top.scores, limit)
            groups = top.total - tally.hidden
            if len(left.docs) == min(limit, groups) or not top.complete:
                return Top(*left, top.total, groups, top.facets, top.complete)
            reach = next_reach(reach, limit, tally.hidden)

    def _search(
        self,
        plan: Plan,
        limit: int,
        filter_: Plan | None,
        first: Sequence[Plan],
        order: Ordering,
        facets: Sequence[str],
        factors: Sequence[F32] | None,
        instead: Sequence[F32] | None,
        deadline: float,
        rescore: Rescore | None,
        tally: Tally | None = None,
    ) -> Top:
        """The search without collapsing. ``tally`` counts the found documents of each group."""
        total, complete = 0, True
        parts: list[tuple[int, Ranked]] = []
        reach = max(limit, rescore.depth) if rescore and limit else limit
        counts: dict[str, Counter[bytes]] = {name: Counter() for name in facets}
        masks = self._masks_of(filter_)
        for number, leaf in enumerate(self.snapshot.leaves):
            evaluator = Evaluator(self.impacts, number, deadline=deadline)
            try:
                evaluator.keep_to_deadline()
                if not evaluator.cost(plan):
                    continue
                found = self._narrowed(evaluator, evaluator.find_own(plan), filter_, leaf, masks)
                preferred = [self._documents(evaluator, each) for each in first if limit]
            except OutOfTime:
                complete = False
                break
            if instead is not None:
                found = _with_scores(found, instead[number])
            if factors is not None:
                found = _multiplied(found, factors[number])
            best, count = best_of_leaf(found, leaf, order, reach, preferred)
            total += count
            if count:
                parts.append((number, best))
                docs = documents_of(found) if facets else NOTHING.docs
                for name in facets:
                    self._count(number, name, docs, counts[name])
                if tally:
                    tally.add(number, found)
            evaluator.release(found)
        best_docs, scores = merged([part for _, part in parts], order, reach, self.snapshot)
        if rescore and monotonic() >= deadline:
            complete = False
        elif rescore and len(best_docs):
            best_docs, scores = rescored(
                self.impacts, parts, rescore, order, best_docs, scores, factors
            )
        best_docs, scores = best_docs[:limit], scores[:limit]
        ones = np.ones(len(best_docs), dtype=np.int64)
        return Top(best_docs, scores, ones, total, total, counts, complete)

    def _grouping(self, column: str) -> Grouping:
        """The groups by a column; computed once."""
        if column not in self._groupings:
            self._groupings[column] = Grouping(self.snapshot, column)
        return self._groupings[column]

    def documents(self, leaf: int, plan: Plan, *, deadline: float = inf) -> IntP:
        """intp, ascending: the documents of a leaf that match, deleted ones included.

        Raises:
            OutOfTime: the deadline, a time of ``time.monotonic()``, passed first.
        """
        return self._documents(Evaluator(self.impacts, leaf, deadline=deadline), plan)

    def _documents(self, evaluator: Evaluator, plan: Plan) -> IntP:
        found = evaluator.find(plan) if evaluator.cost(plan) else NOTHING
        docs = documents_of(found)
        evaluator.release(found)
        return docs

    def let_through(self, leaf: int, docs: IntP, filter: Plan | None) -> Mask:  # noqa: A002
        """Which of some documents of a leaf, ascending, live and match a filter. O(docs) for the usual filters."""
        evaluator = Evaluator(self.impacts, leaf)
        masks = self._masks_of(filter)
        return self._allowed_among(evaluator, docs, filter, self.snapshot.leaves[leaf], masks)

    def _narrowed(
        self, evaluator: Evaluator, found: Found, filter_: Plan | None, leaf: Leaf, masks: Masks
    ) -> Found:
        """The result without deleted documents, and without documents that the filter excludes."""
        if filter_ is None and leaf.live is None:
            return found
        if isinstance(found, Listed):
            keep = self._allowed_among(evaluator, found.docs, filter_, leaf, masks)
            return Listed(found.docs[keep], found.scores[keep])
        allowed = mask_of(found, evaluator.length)
        if filter_ is None:
            allowed = allowed.copy()
        else:
            allowed = allowed & self._allowed(evaluator, filter_, masks)
        if leaf.live is not None:
            allowed[: len(leaf.live)] &= leaf.live
        if np.count_nonzero(allowed) * COMMON <= len(allowed):
            docs = np.flatnonzero(allowed)
            scores = found.scores[docs]
            evaluator.release(found)
            return Listed(docs, scores)
        np.multiply(found.scores, allowed, out=found.scores)
        return Dense(found.scores, None if found.mask is None else allowed)

    def _allowed(self, evaluator: Evaluator, filter_: Plan, masks: Masks) -> Mask:
        """bool, padded: the documents of a leaf that pass a filter, deleted ones included. Cached, since filters recur."""
        allowed = self._kept_mask(evaluator, filter_, masks)
        if allowed is None:
            found = evaluator.find(filter_)
            allowed = mask_of(found, evaluator.length).copy()
            evaluator.release(found)
            if masks is not None:
                masks[evaluator.leaf] = allowed
                key = evaluator.segment.name, told_by_values(filter_, evaluator.segment)
                self._masks.put(key, allowed, allowed.nbytes)
        return allowed

    def _allowed_among(
        self, evaluator: Evaluator, docs: IntP, filter_: Plan | None, leaf: Leaf, masks: Masks
    ) -> Mask:
        """Which of ``docs`` live and pass the filter. Without a cached mask only ``docs`` are looked up."""
        keep = np.ones(len(docs), dtype=bool) if leaf.live is None else leaf.live[docs]
        if filter_ is not None and len(docs):
            known = self._kept_mask(evaluator, filter_, masks)
            keep &= evaluator.probe(filter_, docs)[0] if known is None else known[docs]
        return keep

    def _kept_mask(self, evaluator: Evaluator, filter_: Plan, masks: Masks) -> Mask | None:
        """The cached mask of a filter in a leaf, or None."""
        if masks is None:
            return None
        known = masks.get(evaluator.leaf)
        if known is None:
            segment = evaluator.segment
            known = self._masks.get((segment.name, told_by_values(filter_, segment)))
            if known is not None:
                masks[evaluator.leaf] = known
        return known

    def _masks_of(self, filter_: Plan | None) -> Masks:
        """The cached masks of a filter. The last filter's masks are kept at hand, since all rungs of a search use one filter."""
        try:
            hash(filter_)
        except TypeError:
            return None
        if self._last_masks[0] != filter_:
            self._last_masks = filter_, {}
        return self._last_masks[1]

    def _facet(self, leaf: int, name: str) -> Facet:
        """A facet in a leaf; computed or looked up once."""
        segment = self.snapshot.leaves[leaf].segment
        key = (segment.name, name)
        if key not in self._facets:
            if name in self._derived:
                self._facets[key] = self._derived[name](segment)
            else:
                column = segment.ordinals(name)
                self._facets[key] = Facet(column.ordinals, column.values(), column.starts)
        return self._facets[key]

    def _count(self, leaf: int, name: str, docs: IntP, counts: Counter[bytes]) -> None:
        """Add the facet counts of some documents of a leaf. O(docs + values)."""
        facet = self._facet(leaf, name)
        if not facet.values:
            return
        rows = docs
        if facet.starts is not None:
            rows, _ = rows_of(facet.starts, docs, len(facet.ordinals))
        tally = np.bincount(facet.ordinals[rows], minlength=len(facet.values))[: len(facet.values)]
        held = np.flatnonzero(tally)
        values = map(facet.values.__getitem__, held.tolist())
        counts.update(dict(zip(values, tally[held].tolist(), strict=True)))


def _multiplied(found: Found, factors: F32) -> Found:
    if isinstance(found, Listed):
        return Listed(found.docs, found.scores * factors[found.docs])
    mask = found.scores > 0 if found.mask is None else found.mask
    np.multiply(found.scores[: len(factors)], factors, out=found.scores[: len(factors)])
    return Dense(found.scores, mask)


def _with_scores(found: Found, scores: F32) -> Found:
    """The same documents with other scores. One gather of a list, or one multiplication of dense arrays."""
    if isinstance(found, Listed):
        return Listed(found.docs, scores[found.docs])
    mask = found.scores > 0 if found.mask is None else found.mask
    np.multiply(mask[: len(scores)], scores, out=found.scores[: len(scores)])
    return Dense(found.scores, mask)
