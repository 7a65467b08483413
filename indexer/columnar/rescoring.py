"""Rescoring: the best of what was found, looked at once more by what is too dear to ask of every document.

How close together words stand in a document, which of some terms it holds, and how much it is like the other best ones.
Only the documents that were ranked are looked at, all of a leaf's at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from indexer.columnar.agreement import agreement
from indexer.columnar.arrays import IntP
from indexer.columnar.impacts import F32, I64, Impacts
from indexer.columnar.segment import DocsByBlock
from indexer.columnar.top import Ordering, Ranked, merged

_POSITION_BITS: Final = 32
"""A word's occurrences are those of ``phrases.py``: ``document << 32 | position``."""
_POSITION: Final = (1 << _POSITION_BITS) - 1
_FAR: Final = np.iinfo(np.int64).max


class Rescore(NamedTuple):
    """What the best ``depth`` documents score more; weights are 0 or above.

    The greatest sum of weights of different ``words`` in one window, which is ``window + 1`` positions of one of
    ``fields``; then the weight of each of ``terms``, in its field, that a document holds. With that sum they agree, or do
    not: see :func:`agreement`, of whose result ``agree`` is the share that counts and ``agree_in`` the field.
    """

    fields: tuple[str, ...]
    words: tuple[tuple[bytes, float], ...]
    window: int
    terms: tuple[tuple[str, bytes, float], ...]
    agree: float
    agree_in: str
    depth: int


def rescored(
    impacts: Impacts,
    parts: Sequence[tuple[int, Ranked]],
    rescore: Rescore,
    order: Ordering,
    docs: I64,
    scores: F32,
    factors: Sequence[F32] | None = None,
) -> tuple[I64, F32]:
    """Of a ranking by score the first ``depth`` in their new order with their new scores, then the rest as it was.

    ``parts`` are the numbers and candidates of the leaves, ``docs`` and ``scores`` their ranking in this ``order``;
    ``factors`` have multiplied these scores, and multiply what is added.
    O(occurrences of the words in those documents * words + terms * documents).
    """
    head = docs[: rescore.depth]
    chosen: list[Ranked] = []
    places: list[tuple[int, IntP]] = []
    for leaf, part in parts:
        at = np.flatnonzero(np.isin(part.docs, head))
        at = at[np.argsort(part.docs[at])]
        local = (part.docs[at] - impacts.snapshot.leaves[leaf].base).astype(np.intp)
        among = DocsByBlock(local)
        more = nearness(impacts, leaf, rescore, among) + shared(impacts, leaf, rescore, among)
        if factors is not None:
            more *= factors[leaf][local]
        chosen.append(Ranked(part.docs[at], part.scores[at] + more, part.keys[at], part.ranks[at]))
        places.append((leaf, local))
    if rescore.agree:
        found = np.concatenate([each.scores for each in chosen])
        words = [word for word, _ in rescore.words]
        alike = agreement(impacts.snapshot, rescore.agree_in, places, found, words)
        grown = np.split(
            found * (1 + np.float32(rescore.agree) * alike),
            np.cumsum([len(each.scores) for each in chosen[:-1]]),
        )
        chosen = [each._replace(scores=new) for each, new in zip(chosen, grown, strict=True)]
    best, better = merged(chosen, order, len(head), impacts.snapshot)
    rest = slice(len(head), None)
    return np.concatenate([best, docs[rest]]), np.concatenate([better, scores[rest]])


def nearness(impacts: Impacts, leaf: int, rescore: Rescore, among: DocsByBlock) -> F32:
    """float32[docs]: what each of some documents of a leaf scores for its best window."""
    found = [
        (field, word, impacts.occurrences_in(leaf, name, term, among))
        for field, name in enumerate(rescore.fields)
        for word, (term, _) in enumerate(rescore.words)
        if impacts.estimate(leaf, name, term)
    ]
    docs = among.docs
    best = np.zeros(len(docs), dtype=np.float32)
    if not found:
        return best
    counts = [len(places) for _, _, places in found]
    places = np.concatenate([places for _, _, places in found])
    owners = np.searchsorted(docs, places >> _POSITION_BITS)
    rows = owners + len(docs) * np.repeat([field for field, _, _ in found], counts)
    starts = (rows << _POSITION_BITS) | (places & _POSITION)
    order = np.argsort(starts, kind="stable")
    starts, owners = starts[order], owners[order]
    # For each occurrence where each word stands next, itself included; one row a word.
    following = np.full((len(rescore.words), len(starts)), _FAR)
    following[np.repeat([word for _, word, _ in found], counts)[order], np.arange(len(starts))] = (
        starts
    )
    following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    weights = np.array([weight for _, weight in rescore.words], dtype=np.float32)
    np.maximum.at(best, owners, weights @ (following <= starts + rescore.window))
    return best


def shared(impacts: Impacts, leaf: int, rescore: Rescore, among: DocsByBlock) -> F32:
    """float32[docs]: the weights of the terms that each of some documents of a leaf holds."""
    sums = np.zeros(len(among.docs), dtype=np.float32)
    for field, term, weight in rescore.terms:
        sums[impacts.holding(leaf, field, term, among)] += np.float32(weight)
    return sums
