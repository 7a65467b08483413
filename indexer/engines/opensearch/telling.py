"""Which words tell what the best articles are about, and how much each tells: ``engines/agreement.py`` for many articles at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from indexer.engines.agreement import TELLING
from indexer.engines.opensearch.forward import Forward
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


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of several bodies: for each the number of its body, how often that holds it, and how many articles hold it."""

    texts: list[str]
    owners: Places
    times: F64
    held: F64

    def __add__(self, other: _Words) -> _Words:
        return _Words(
            self.texts + other.texts,
            np.concatenate([self.owners, other.owners]),
            np.concatenate([self.times, other.times]),
            np.concatenate([self.held, other.held]),
        )


def telling_vectors(
    bodies: Sequence[Forward], holding: Holding, without: Collection[str]
) -> tuple[Places, Places, F64]:
    """The most telling words of some bodies, except ``without``: the number of the body, the number of the word, its weight.

    One round trip, if words may be among the most telling ones whose counts are not known yet. O(words).
    """
    often = [body.often for body in bodies]
    words = _words([each for each, _ in often], [counts for _, counts in often], holding)
    # Most bodies have so many words that occur often that none that occurs once can be among the most telling ones.
    least = _least(_told(words, holding.articles, unknown=0.0), words.owners, len(bodies))
    once = [
        body.once if needed else []
        for body, needed in zip(bodies, least < log(holding.articles + 1), strict=True)
    ]
    words += _words(once, [np.ones(len(each)) for each in once], holding)
    unknown = words.held == _UNKNOWN
    if unknown.any():
        least = _least(_told(words, holding.articles, unknown=0.0), words.owners, len(bodies))
        likely = _told(words, holding.articles, unknown=1.0) > least[words.owners]
        if wanted := {words.texts[at] for at in np.flatnonzero(unknown & likely)}:
            holding.fetch(wanted)
            words.held[unknown] = holding.known(words.texts[at] for at in np.flatnonzero(unknown))
    chosen = _best(_told(words, holding.articles, unknown=0.0), words.owners)
    held, times = words.held[chosen], words.times[chosen]
    rarity = np.log(np.maximum(1.0, holding.articles / (held + 1.0)))
    numbers: dict[str, int] = {}
    which = np.array([numbers.setdefault(words.texts[at], len(numbers)) for at in chosen], np.intp)
    rarity[np.isin(which, [numbers[word] for word in without if word in numbers])] = 0.0
    return words.owners[chosen], which, times / (times + K1) * rarity


def _words(texts: Sequence[list[str]], counts: Sequence[NDArray[Any]], holding: Holding) -> _Words:
    owners = np.repeat(np.arange(len(texts)), [len(each) for each in texts])
    found = [*chain.from_iterable(texts)]
    times = np.concatenate(counts).astype(np.float64)
    return _Words(found, owners, times, holding.known(found))


def _told(words: _Words, articles: int, *, unknown: float) -> F64:
    """float64[words]: how much each word tells of its body. An ``unknown`` one tells that share of what it may tell at most."""
    told: F64 = words.times * np.log((articles + 1) / np.maximum(1.0, words.held))
    told[words.held == _UNKNOWN] *= unknown
    return told


def _ranks(told: F64, owners: Places) -> tuple[Places, Places]:
    """The words body by body, the most telling first, and the rank of each in its body, from 0."""
    order = np.lexsort((-told, owners))
    sorted_owners = owners[order]
    return order, np.arange(len(order)) - sorted_owners.searchsorted(sorted_owners)


def _best(told: F64, owners: Places) -> Places:
    """The TELLING most telling words of each body."""
    order, ranks = _ranks(told, owners)
    return order[ranks < TELLING]


def _least(told: F64, owners: Places, bodies: int) -> F64:
    """float64[bodies]: how much the last of its TELLING most telling words tells; 0 if it has fewer."""
    order, ranks = _ranks(told, owners)
    last = order[ranks == TELLING - 1]
    least = np.zeros(bodies)
    least[owners[last]] = told[last]
    return least
