"""Joint terms: many terms of a union, evaluated together. A plan of key terms has dozens, and most have few postings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from indexer.columnar.search import plan as p
from indexer.columnar.search.impacts import NOTHING, Impacts, Listed, bm25

MANY: Final = 8
"""From this many terms on, evaluating them together is faster than one by one from the cache of lists."""


def joint_terms(impacts: Impacts, leaf: int, clauses: Sequence[p.Plan]) -> dict[str, list[p.Term]]:
    """The clauses to evaluate together, by field: at least MANY terms of words. Those that are cached as columns are left out."""
    terms: dict[str, list[p.Term]] = {}
    for clause in clauses:
        if isinstance(clause, p.Term) and clause.boost >= p.LEAST_FACTOR:
            count = impacts.estimate(leaf, clause.field, clause.term)
            if not impacts.is_common(leaf, count):
                terms.setdefault(clause.field, []).append(clause)
    return {
        name: some
        for name, some in terms.items()
        if len(some) >= MANY and (field := impacts.field(leaf, name)) and field.words
    }


def find_joint(impacts: Impacts, leaf: int, field: str, terms: Sequence[p.Term]) -> Listed:
    """The documents and scores of terms of a words field, term by term: a document stands there once for each of its terms.

    Computed without the cache, in a few array operations for all terms together. O(postings).
    """
    postings = impacts.field(leaf, field)
    held = [(impacts.place(leaf, field, each.term).number, each) for each in terms]
    held = [(number, each) for number, each in held if number >= 0]
    if postings is None or not held:
        return NOTHING
    docs, freqs, counts = postings.postings_of(np.array([number for number, _ in held]))
    factor = impacts.weighting.k1 + 1
    weights = [impacts.idf(field, each.term) * factor * each.boost for _, each in held]
    norms = impacts.norms(leaf, field, postings)[docs]
    return Listed(docs, bm25(freqs, norms, np.repeat(np.array(weights, np.float32), counts)))
