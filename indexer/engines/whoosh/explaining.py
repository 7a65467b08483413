"""Explains the scores of a few articles: it evaluates plans for their documents alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from indexer.columnar.errors import OutOfTime
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.search.evaluate import Evaluator
from indexer.columnar.search.impacts import F32, Impacts
from indexer.columnar.search.plan import Plan
from indexer.columnar.search.rescoring import Rescore, nearness, shared
from indexer.hits import Reasons


def reasons(
    impacts: Impacts,
    docs: Mapping[str, int],
    plans: Sequence[Plan],
    *,
    rescore: Rescore | None,
    factors: Sequence[F32] | None,
    deadline: float,
) -> dict[str, Reasons]:
    """The parts of the scores of articles, given with their documents in the snapshot. One probe for each plan and leaf.

    ``factors`` are float32[documents] of each leaf, as :meth:`Executor.search` takes them. The result is empty when the
    ``deadline``, a time of ``time.monotonic()``, passes first.
    """
    said: dict[str, Reasons] = {}
    by_number = {doc: article_id for article_id, doc in docs.items()}
    numbers = np.array(sorted(by_number), dtype=np.intp)
    for leaf, each in enumerate(impacts.snapshot.leaves):
        local = numbers - each.base
        local = local[(local >= 0) & (local < each.segment.doc_count)]
        if not len(local):
            continue
        parts = np.zeros((len(local), len(plans)), dtype=np.float32)
        evaluator = Evaluator(impacts, leaf, deadline=deadline)
        try:
            for place, plan in enumerate(plans):
                parts[:, place] = evaluator.probe(plan, local)[1]
        except OutOfTime:
            return {}
        recency = factors[leaf][local] if factors else np.ones(len(local))
        near: F32 = np.zeros(len(local), dtype=np.float32)
        pairs = near
        if rescore:
            among = DocsByBlock(local)
            near = nearness(impacts, leaf, rescore, among)
            pairs = shared(impacts, leaf, rescore, among)
        rows = zip(
            *(column.tolist() for column in (local, parts, recency, near, pairs)), strict=True
        )
        for doc, scores, *others in rows:
            said[by_number[doc + each.base]] = Reasons(tuple(scores), *others)
    return said
