"""Rescoring: scores the best documents again by measures that are too expensive for every document.

The measures are how close together words stand in a document, which of some terms it holds, and how similar it is to the other
best ones. Only ranked documents are rescored, all of a leaf's at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.search.agreement import agreement
from indexer.columnar.search.impacts import F32, I64, Impacts
from indexer.columnar.search.top import Ordering, Ranked, merged

_POSITION_BITS: Final = 32
"""An occurrence is ``document << 32 | position``, as in ``phrases.py``, here with the number of the word in the low bits."""
_NEVER: Final = np.iinfo(np.int64).min


class Rescore(NamedTuple):
    """What rescoring adds to the best ``depth`` documents. Weights are 0 or above.

    A document's score grows by the greatest sum of weights of different ``words`` in one window, which is ``window + 1``
    positions of one of ``fields``. It grows by the weight of each of ``terms`` that the document holds in the term's field.
    The sum is then multiplied by 1 + ``agree`` * :func:`agreement` in the field ``agree_in``, of documents that
    differ in the column ``parted_by``.
    """

    fields: tuple[str, ...]
    words: tuple[tuple[bytes, float], ...]
    window: int
    terms: tuple[tuple[str, bytes, float], ...]
    agree: float
    agree_in: str
    parted_by: str
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
    """The ranking after rescoring: the first ``depth`` documents have new scores and a new order, the others are unchanged.

    ``parts`` holds the number and the candidates of each leaf. ``docs`` and ``scores`` are the candidates' ranking in ``order``.
    ``scores`` already include ``factors``. What rescoring adds is multiplied by ``factors`` too.
    O(occurrences of the words in those documents * words + terms * documents).
    """
    head = np.sort(docs[: rescore.depth])
    chosen: list[Ranked] = []
    places: list[tuple[int, IntP]] = []
    for leaf, part in parts:
        place = impacts.snapshot.leaves[leaf]
        low, high = head.searchsorted((place.base, place.base + place.segment.doc_count))
        mine = head[low:high]
        if not len(mine):
            continue
        by_number = part.docs.argsort()
        at = by_number[part.docs.searchsorted(mine, sorter=by_number)]
        local = (mine - place.base).astype(np.intp)
        among = DocsByBlock(local)
        more = nearness(impacts, leaf, rescore, among) + shared(impacts, leaf, rescore, among)
        if factors is not None:
            more *= factors[leaf][local]
        keys, ranks, steps = part.keys[at], part.ranks[at], part.steps[at]
        chosen.append(Ranked(mine, part.scores[at] + more, keys, ranks, steps))
        places.append((leaf, local))
    if rescore.agree:
        found = np.concatenate([each.scores for each in chosen])
        words = [word for word, _ in rescore.words]
        alike = agreement(impacts, rescore.agree_in, places, found, words, rescore.parted_by)
        grown = np.split(
            found * (1 + np.float32(rescore.agree) * alike),
            np.cumsum([len(each.scores) for each in chosen[:-1]]),
        )
        chosen = [each._replace(scores=new) for each, new in zip(chosen, grown, strict=True)]
    best, better = merged(chosen, order, len(head), impacts.snapshot)
    rest = slice(len(head), None)
    return np.concatenate([best, docs[rest]]), np.concatenate([better, scores[rest]])


def nearness(impacts: Impacts, leaf: int, rescore: Rescore, among: DocsByBlock) -> F32:
    """float32[docs]: the score of each document's best window."""
    words = [word for word, _ in rescore.words]
    weights = np.array([weight for _, weight in rescore.words], dtype=np.float32)
    best = np.zeros(len(among.docs), dtype=np.float32)
    word_bits = len(words).bit_length()
    found = []
    for number, field in enumerate(rescore.fields):
        which, docs, at = impacts.located(leaf, field, words, among)
        np.maximum.at(best, docs, weights[which])
        several = np.bincount(docs, minlength=len(best))[docs] > 1
        postings = impacts.field(leaf, field)
        if postings is None or not several.any():
            continue
        positions, counts = postings.positions_at(at[several])
        rows = docs[several] + number * len(best)
        owned = np.repeat((rows << (_POSITION_BITS + word_bits)) | which[several], counts)
        found.append(owned | (positions.astype(np.int64) << word_bits))
    if not found:
        return best
    occurrences = np.concatenate(found)
    occurrences.sort()
    places = occurrences >> word_bits
    # One row a word: for each occurrence, the last place of that word up to and including it.
    last = np.full((len(words), len(places)), _NEVER)
    last[occurrences & ((1 << word_bits) - 1), np.arange(len(places))] = places
    np.maximum.accumulate(last, axis=1, out=last)
    owners = (places >> _POSITION_BITS) % len(best)
    np.maximum.at(best, owners, weights @ (last >= places - rescore.window))
    return best


def shared(impacts: Impacts, leaf: int, rescore: Rescore, among: DocsByBlock) -> F32:
    """float32[docs]: the sum of the weights of the terms that each document holds."""
    sums = np.zeros(len(among.docs))
    for field, of_field in groupby(rescore.terms, itemgetter(0)):
        _, terms, weights = zip(*of_field, strict=True)
        which, docs, _ = impacts.located(leaf, field, terms, among)
        sums += np.bincount(docs, np.array(weights)[which], len(sums))
    return sums.astype(np.float32)
