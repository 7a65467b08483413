"""Which words tell what the best articles are about, and how much each tells: ``engines/agreement.py`` for many articles at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.engines.agreement import TELLING
from indexer.engines.opensearch.forward import Candidates, Hashes, hash_of
from indexer.engines.ranking import K1

_KEPT: Final = 200_000
"""Counts that are kept: some 3 MB."""
_UNKNOWN: Final = -1.0

F64 = NDArray[np.float64]
Places = NDArray[np.intp]


class Holding:
    """How many of ``articles`` hold words in the body. What was asked once is kept. Threads may share it.

    ``count`` counts the articles that hold each of some words, and leaves out words that none holds.
    """

    def __init__(self, articles: int, count: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        self.articles = articles
        self._count = count
        self._kept: tuple[Hashes, F64] = _NONE

    def known(self, hashes: Hashes) -> F64:
        """float64[hashes]: the counts that are known, and _UNKNOWN. O(hashes * log(counts that are kept))."""
        kept, held = self._kept
        if not len(kept):
            return np.full(len(hashes), _UNKNOWN)
        places = np.minimum(kept.searchsorted(hashes), len(kept) - 1)
        return np.where(kept[places] == hashes, held[places], _UNKNOWN)

    def fetch(self, words: Collection[str]) -> None:
        """Ask for some counts. One round trip."""
        asked = [*words]
        counted = self._count(asked)
        fetched = np.array([hash_of(word) for word in asked], np.uint32)
        held = np.array([counted.get(word, 0) for word in asked], np.float64)
        kept, before = self._kept if len(self._kept[0]) + len(asked) <= _KEPT else _NONE
        hashes, first = np.unique(np.concatenate([fetched, kept]), return_index=True)
        self._kept = hashes, np.concatenate([held, before])[first]


_NONE: Final[tuple[Hashes, F64]] = (np.zeros(0, np.uint32), np.zeros(0))


def telling_vectors(
    bodies: Sequence[Candidates], holding: Holding, without: Collection[str]
) -> tuple[Places, Places, F64]:
    """The most telling words of some bodies, except ``without``: the number of the body, the number of the word, its weight.

    One round trip, if words may be among the most telling ones whose counts are not known yet. O(words).
    """
    ends = [0, *np.cumsum([len(body.hashes) for body in bodies]).tolist()]
    owners = np.repeat(np.arange(len(bodies)), np.diff(ends))
    hashes = np.concatenate([body.hashes for body in bodies])
    times = np.concatenate([body.counts for body in bodies]).astype(np.float64)
    held = holding.known(hashes)
    unknown = held == _UNKNOWN
    if unknown.any():
        # What is unknown tells most if no other article holds it.
        told = _told(times, held, holding.articles)
        least = _least(np.where(unknown, 0.0, told), ends)
        wanted = np.flatnonzero(unknown & (told > least[owners]))
        if len(wanted):
            holding.fetch({*_words(bodies, wanted, owners, ends)})
            held[unknown] = holding.known(hashes[unknown])
    told = np.where(held == _UNKNOWN, 0.0, _told(times, held, holding.articles))
    chosen = np.concatenate(
        [
            start + (-told[start:end]).argsort(kind="stable")[:TELLING]
            for start, end in pairwise(ends)
        ]
    )
    held, times, hashes = held[chosen], times[chosen], hashes[chosen]
    rarity = np.log(np.maximum(1.0, holding.articles / (held + 1.0)))
    rarity[np.isin(hashes, np.array([hash_of(word) for word in without], np.uint32))] = 0.0
    _, which = np.unique(hashes, return_inverse=True)
    return owners[chosen], which, times / (times + K1) * rarity


def _told(times: F64, held: F64, articles: int) -> F64:
    """float64[words]: how much each word tells of its body."""
    told: F64 = times * np.log((articles + 1) / np.maximum(1.0, held))
    return told


def _least(told: F64, ends: Sequence[int]) -> F64:
    """float64[bodies]: how much the last of its TELLING most telling words tells; 0 if it has fewer."""
    return np.array(
        [
            np.partition(told[start:end], -TELLING)[-TELLING] if end - start >= TELLING else 0.0
            for start, end in pairwise(ends)
        ]
    )


def _words(
    bodies: Sequence[Candidates], places: Places, owners: Places, ends: Sequence[int]
) -> Iterator[str]:
    """The words at some places of all bodies."""
    for owner in np.unique(owners[places]).tolist():
        words = bodies[owner].words
        for place in places[owners[places] == owner].tolist():
            yield words[place - ends[owner]]
