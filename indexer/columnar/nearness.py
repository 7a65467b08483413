"""Nearness: the best of what was found, ordered once more by how close together some words stand in them.

A word's occurrences are those of ``phrases.py``: ``document << 32 | position``. Only the documents that were ranked are
looked at, all of a leaf's at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from indexer.columnar.impacts import F32, I64, Impacts
from indexer.columnar.segment import IntP
from indexer.columnar.top import Ordering, Ranked, merged

_POSITION_BITS: Final = 32


class Near(NamedTuple):
    """What the best ``depth`` documents score more: the greatest sum of weights of different words in one window.

    A window is ``window + 1`` positions of one of ``fields``; ``words`` are terms with their weights.
    """

    fields: tuple[str, ...]
    words: tuple[tuple[bytes, float], ...]
    window: int
    depth: int


def nearest_first(
    impacts: Impacts,
    parts: Sequence[tuple[int, Ranked]],
    near: Near,
    order: Ordering,
    docs: I64,
    scores: F32,
) -> tuple[I64, F32]:
    """Of a ranking by score the first ``depth`` in their new order with their new scores, then the rest as it was.

    ``parts`` are the numbers and candidates of the leaves, ``docs`` and ``scores`` their ranking in this ``order``.
    O(occurrences of the words in those documents * words).
    """
    head = docs[: near.depth]
    chosen = []
    for leaf, part in parts:
        taken = np.isin(part.docs, head)
        local = part.docs[taken] - impacts.snapshot.leaves[leaf].base
        ascending = np.argsort(local)
        more = np.empty(len(local), dtype=np.float32)
        more[ascending] = nearness(impacts, leaf, near, local[ascending].astype(np.intp))
        columns = part.docs[taken], part.scores[taken] + more, part.keys[taken], part.ranks[taken]
        chosen.append(Ranked(*columns))
    best, better = merged(chosen, order, len(head), impacts.snapshot)
    rest = slice(len(head), None)
    return np.concatenate([best, docs[rest]]), np.concatenate([better, scores[rest]])


def nearness(impacts: Impacts, leaf: int, near: Near, docs: IntP) -> F32:
    """float32[docs]: what each of some documents of a leaf, ascending, scores for its best window."""
    best = np.zeros(len(docs), dtype=np.float32)
    for field in near.fields:
        found = [
            (impacts.occurrences_in(leaf, field, term, docs), np.float32(weight))
            for term, weight in near.words
            if impacts.estimate(leaf, field, term)
        ]
        for starts, _ in found:
            if not len(starts):
                continue
            sums = np.zeros(len(starts), dtype=np.float32)
            for places, weight in found:
                if len(places):
                    after = np.searchsorted(places, starts)
                    inside = after < len(places)
                    inside &= places[np.minimum(after, len(places) - 1)] <= starts + near.window
                    sums += weight * inside
            at = np.searchsorted(docs, starts >> _POSITION_BITS)
            np.maximum.at(best, at, sums)
    return best
