"""Agreement: how similar each of the best documents is to the leaders, by the weightiest words of the forward index.

The best documents of a good ranking are mostly about one thing, and other documents about it are probably wanted too. This is
pseudo relevance feedback (Rocchio 1971; Lavrenko and Croft 2001). Here it only rescores documents and never adds any. Only
independent documents count: parts of one document, which share a title, resemble one another whatever was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import AnyArray, IntP
from indexer.columnar.files.fields import MISSING_INT
from indexer.columnar.files.inversion import rows_of
from indexer.columnar.files.segment import LONGEST
from indexer.columnar.files.terms import Terms
from indexer.columnar.search.impacts import F32, Impacts

LEADERS: Final = 20
"""The number of leaders, the best documents by score. All documents are compared with them."""
POWER: Final = 4
"""A leader counts by its score to this power."""
_TINY: Final = 1e-9
_HALF: Final = 1.2
"""The frequency at which a word has half of its weight, as in BM25."""


def agreement(
    impacts: Impacts,
    field: str,
    places: Sequence[tuple[int, IntP]],
    scores: F32,
    leaving_out: Sequence[bytes],
    parted_by: str,
) -> F32:
    """float32[documents], 0 to 1: how similar each document is to the leaders other than itself.

    Leaders with the document's number in the int64 column ``parted_by`` (its title) count no more than itself.

    The leaders are the LEADERS documents with the greatest ``scores``. ``places`` holds leaves, each with some of its documents,
    ascending. ``scores`` holds the scores of these documents in this order, 0 or above. A document is a vector of length 1 over
    its words in the forward index of ``field``. A word's weight is its frequency times its rarity. Its document frequency is
    summed over the given leaves. The words of the query, ``leaving_out``, do not count.
    O(documents * FORWARD_TERMS), and O(distinct words) for each two documents with one title.
    """
    vectors = _vectors(impacts, field, places, leaving_out)
    return likeness(*vectors, scores, _numbers(impacts, places, parted_by))


def likeness(
    owners: IntP, words: IntP, weights: NDArray[np.float64], scores: AnyArray, parts: IntP
) -> F32:
    """float32[documents], 0 to 1: how similar each document is to the leaders other than itself.

    A document is a vector of any length. ``owners``, ``words`` and ``weights`` are its document, its word and its weight for each
    element of all vectors; words are small numbers. ``scores`` holds the score of each document, 0 or above. Documents with the
    same number in ``parts`` are not compared. O(elements), and O(elements) for each two documents with one number.
    """
    count = len(scores)
    norms = np.sqrt(np.bincount(owners, weights * weights, count))
    weights = weights / np.maximum(norms, _TINY)[owners]
    leaders = np.argsort(-scores, kind="stable")[:LEADERS]
    shares = np.zeros(count)
    shares[leaders] = (scores[leaders] / max(float(scores[leaders[0]]), _TINY)) ** POWER
    centre = np.bincount(words, weights * shares[owners])
    alike = np.bincount(owners, weights * centre[words], count) - np.where(norms > 0, shares, 0.0)
    counting = shares.sum() - shares
    same = parts[:, np.newaxis] == parts[leaders]
    same[leaders, np.arange(len(leaders))] = False
    for doc, leader in zip(*np.nonzero(same), strict=True):  # rare: parts of one document
        own, other = (
            np.bincount(words[owners == each], weights[owners == each], len(centre))
            for each in (doc, leaders[leader])
        )
        alike[doc] -= shares[leaders[leader]] * (own * other).sum()
        counting[doc] -= shares[leaders[leader]]
    others: NDArray[np.float64] = np.clip(alike / np.maximum(counting, _TINY), 0, 1)
    return others.astype(np.float32)


def _numbers(impacts: Impacts, places: Sequence[tuple[int, IntP]], column: str) -> IntP:
    """The number of each document in a column. A document without one has a number of its own."""
    numbers = []
    for leaf, docs in places:
        segment = impacts.snapshot.leaves[leaf].segment
        known = column in segment.layout.columns
        numbers.append(segment.numbers(column)[docs] if known else np.full(len(docs), MISSING_INT))
    parts = np.concatenate(numbers)
    alone = np.arange(len(parts)) - len(parts)  # small numbers below 0, which no title has
    return np.where(parts == MISSING_INT, alone, parts)


def _vectors(
    impacts: Impacts,
    field: str,
    places: Sequence[tuple[int, IntP]],
    leaving_out: Sequence[bytes],
) -> tuple[IntP, IntP, NDArray[np.float64]]:
    """The words of documents as three arrays: the document's number in the sequence, the number of the word's text, its weight."""
    owners, words, frequencies, held = [], [], [], []
    terms_of: list[tuple[Terms, AnyArray]] = []
    documents = distinct = 0
    for leaf, docs in places:
        segment = impacts.snapshot.leaves[leaf].segment
        postings = segment.postings(field)
        starts, terms, freqs = segment.forward_arrays(field)
        rows, counts = rows_of(starts, docs, len(terms))
        numbers, which = np.unique(terms[rows], return_inverse=True)
        holding = postings.telling_frequencies[numbers]
        left_out = np.array([impacts.place(leaf, field, word).number for word in leaving_out])
        holding[(numbers == left_out[:, np.newaxis]).any(axis=0)] = 0
        owners.append(np.repeat(np.arange(documents, documents + len(docs)), counts))
        words.append(which + distinct)
        frequencies.append(freqs[rows])
        held.append(holding)
        terms_of.append((postings.terms, numbers))
        documents += len(docs)
        distinct += len(numbers)
    word_of, holding = np.concatenate(words), np.concatenate(held)
    if len(places) > 1:
        text_of, holding = _told_apart(terms_of, holding)
        word_of = text_of[word_of]
    rarity = np.log(max(impacts.snapshot.doc_count_all, 1) / (holding + 1.0))
    rarity[(holding == 0) | (rarity < 0)] = 0
    frequency = np.concatenate(frequencies).astype(np.float64)
    frequency /= frequency + _HALF
    return np.concatenate(owners), word_of, frequency * rarity[word_of]


def _told_apart(
    terms_of: Sequence[tuple[Terms, AnyArray]], holding: AnyArray
) -> tuple[IntP, AnyArray]:
    """The number of the text of each leaf's terms, and the document frequency of each text (0 if the word does not count)."""
    texts = np.concatenate([terms.texts(numbers, LONGEST) for terms, numbers in terms_of])
    texts[holding == 0] = b""
    words, text_of = np.unique(texts, return_inverse=True)
    return text_of, np.bincount(text_of, holding, len(words))
