"""Agreement: how much each of the best documents is like the best of them, by the weightiest words of the forward index.

The best documents of a good ranking are mostly about one thing, and what is about it too is probably meant: pseudo relevance
feedback (Rocchio 1971; Lavrenko and Croft 2001), here as a second look at what was found, so that nothing else is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.arrays import AnyArray, IntP
from indexer.columnar.found import Mask
from indexer.columnar.impacts import F32, Impacts
from indexer.columnar.inversion import rows_of
from indexer.columnar.terms import Terms

LEADERS: Final = 20
"""The documents that the others are compared with: the best by score."""
POWER: Final = 4
"""How much more a better leader counts: its score to this power."""
SHORTEST: Final = 4
"""Bytes of a word that counts: a single Chinese character says little of what a text is about."""

_WIDTH: Final = 32
"""Bytes of the longest word that counts, so that words of several leaves are compared as an array."""
_NONE: Final = np.empty(0, dtype=np.intp)
_TINY: Final = 1e-9
_HALF: Final = 1.2
"""The frequency at which a word has half of its weight, as in BM25."""


def agreement(
    impacts: Impacts,
    field: str,
    places: Sequence[tuple[int, IntP]],
    scores: F32,
    leaving_out: Sequence[bytes],
) -> F32:
    """float32[documents], 0 to 1: how much each document is like the LEADERS by ``scores``, itself left out.

    ``places`` are leaves and some documents of each, ascending, ``scores`` theirs in this order, 0 or above. A document is a
    vector of length 1 of its words in the forward index of ``field``, each weighing its frequency times its rarity among all,
    as far as those leaves know it; words ``leaving_out``, those of the question, do not count.
    O(documents * FORWARD_TERMS).
    """
    owners, words, weights = _vectors(impacts, field, places, leaving_out)
    count = len(scores)
    norms = np.sqrt(np.bincount(owners, weights * weights, count))
    weights = weights / np.maximum(norms, _TINY)[owners]
    leaders = np.argsort(-scores, kind="stable")[:LEADERS]
    counting = (scores[leaders] / max(float(scores[leaders[0]]), _TINY)).astype(np.float64) ** POWER
    shares = np.zeros(count)
    shares[leaders] = counting / max(float(counting.sum()), _TINY)
    centre = np.bincount(words, weights * shares[owners])
    alike = np.bincount(owners, weights * centre[words], count) - np.where(norms > 0, shares, 0.0)
    others: NDArray[np.float64] = np.clip(alike / np.maximum(1 - shares, _TINY), 0, 1)
    return others.astype(np.float32)


def _vectors(
    impacts: Impacts,
    field: str,
    places: Sequence[tuple[int, IntP]],
    leaving_out: Sequence[bytes],
) -> tuple[IntP, IntP, NDArray[np.float64]]:
    """The words of documents: each one's document, counted through, the number of its text, and its weight."""
    owners, places_of, frequencies = [_NONE], [_NONE], [_NONE]
    held, numbers_of = [_NONE], []
    documents = distinct = 0
    for leaf, docs in places:
        segment = impacts.snapshot.leaves[leaf].segment
        starts, terms, freqs = segment.forward_arrays(field)
        rows, counts = rows_of(starts, docs, len(terms))
        numbers, which = np.unique(terms[rows], return_inverse=True)
        postings = segment.postings(field)
        owners.append(np.repeat(np.arange(len(docs)), counts) + documents)
        places_of.append(which + distinct)
        frequencies.append(freqs[rows].astype(np.intp))
        held.append(postings.all_doc_frequencies[numbers].astype(np.intp))
        numbers_of.append((postings.terms, numbers))
        documents += len(docs)
        distinct += len(numbers)
    if len(places) == 1:  # whose terms are all different
        left_out = [impacts.place(places[0][0], field, word).number for word in leaving_out]
        word_of, counting = np.arange(distinct), _counting(*numbers_of[0], left_out)
    else:
        word_of, counting = _told_apart(numbers_of, leaving_out)
    holding = np.bincount(word_of, np.concatenate(held), len(counting))
    rarity = (
        np.maximum(np.log(max(impacts.snapshot.doc_count_all, 1) / (holding + 1)), 0.0) * counting
    )
    numbers = word_of[np.concatenate(places_of)]
    frequency = np.concatenate(frequencies)
    weights = frequency / (frequency + _HALF) * rarity[numbers]
    return np.concatenate(owners), numbers, weights


def _counting(terms: Terms, numbers: AnyArray, left_out: Sequence[int]) -> Mask:
    """Which of some terms count, by their length and but those left out."""
    sizes = terms.sizes(numbers)
    others = (numbers != np.array(left_out, dtype=np.intp)[:, np.newaxis]).all(axis=0)
    counting: Mask = others & (sizes >= SHORTEST) & (sizes <= _WIDTH)
    return counting


def _told_apart(
    numbers_of: Sequence[tuple[Terms, AnyArray]], leaving_out: Sequence[bytes]
) -> tuple[IntP, Mask]:
    """For each term of each leaf the number of its text, and of each text whether it counts."""
    texts = [np.empty(0, f"S{_WIDTH}")]
    for terms, numbers in numbers_of:
        text = terms.texts(numbers, _WIDTH)
        text[~_counting(terms, numbers, ())] = b""
        texts.append(text)
    words, word_of = np.unique(np.concatenate(texts), return_inverse=True)
    return word_of, ~np.isin(words, np.array([b"", *leaving_out], dtype=words.dtype))
