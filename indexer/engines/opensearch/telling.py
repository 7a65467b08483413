"""Which words tell what the best articles are about, and how much each tells: ``engines/agreement.py`` for many articles at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.engines.agreement import TELLING
from indexer.engines.opensearch.forward import Numbers
from indexer.engines.ranking import K1

_KEPT: Final = 200_000
"""Counts that are kept: some 30 MB."""
_UNKNOWN: Final = -1

F64 = NDArray[np.float64]
Places = NDArray[np.intp]


class Holding:
    """How many of ``articles`` hold words in the body. What was asked once is kept. Threads may share it.

    ``count`` counts the articles that hold each of some words, and leaves out words that none holds.
    """

    def __init__(self, articles: int, count: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        self.articles = articles
        self._count = count
        self._known: dict[str, int] = {}

    def known(self, words: Iterable[str]) -> F64:
        """float64[words]: the counts that are known, and _UNKNOWN."""
        known = self._known
        return np.array([known.get(word, _UNKNOWN) for word in words], np.float64)

    def fetch(self, words: Collection[str]) -> None:
        """Ask for some counts. One round trip."""
        asked = [*words]
        counted = self._count(asked)
        if len(self._known) + len(asked) > _KEPT:
            self._known = {}
        self._known |= {word: counted.get(word, 0) for word in asked}


def telling_vectors(
    bodies: Sequence[tuple[Sequence[str], Numbers]], holding: Holding, without: Collection[str]
) -> tuple[Places, Places, F64]:
    """The most telling words of some bodies, except ``without``: the number of the body, the number of the word, its weight.

    A body is words, and how often it holds each. One round trip, if words may be among the most telling ones whose counts are not
    known yet. O(words).
    """
    ends = [0, *np.cumsum([len(words) for words, _ in bodies]).tolist()]
    words = [*chain.from_iterable(words for words, _ in bodies)]
    times = np.concatenate([counts for _, counts in bodies]).astype(np.float64)
    held = holding.known(words)
    unknown = held == _UNKNOWN
    if unknown.any():
        # A word that none of the others holds tells most.
        told = _told(times, held, holding.articles)
        least = _least(np.where(unknown, 0.0, told), ends)
        wanted = {words[at] for at in np.flatnonzero(unknown & (told > least))}
        if wanted:
            holding.fetch(wanted)
            held = np.where(unknown, holding.known(words), held)
    told = _told(times, held, holding.articles)
    told[held == _UNKNOWN] = 0.0
    chosen = np.concatenate(
        [
            start + np.argsort(-told[start:end], kind="stable")[:TELLING]
            for start, end in pairwise(ends)
        ]
    )
    held, times = held[chosen], times[chosen]
    rarity = np.log(np.maximum(1.0, holding.articles / (held + 1.0)))
    numbers: dict[str, int] = {}
    which = np.array([numbers.setdefault(words[at], len(numbers)) for at in chosen], np.intp)
    rarity[np.isin(which, [numbers[word] for word in without if word in numbers])] = 0.0
    owners = np.searchsorted(ends, chosen, side="right") - 1
    return owners, which, times / (times + K1) * rarity


def _told(times: F64, held: F64, articles: int) -> F64:
    """float64[words]: how much each word tells of its body."""
    return times * np.log((articles + 1) / np.maximum(1.0, held))


def _least(told: F64, ends: Sequence[int]) -> F64:
    """float64[words]: for each word, how much the last of the most telling words of its body tells; 0 if there are fewer."""
    least = np.zeros(len(told))
    for start, end in pairwise(ends):
        if end - start > TELLING:
            least[start:end] = np.partition(told[start:end], -TELLING)[-TELLING]
    return least
