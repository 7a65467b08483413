"""Agreement of the best articles, in plain Python: how similar each body is to those of the very best.

The engines that rescore a hundred articles at a time use it. ``Rescore`` in ``indexer/query.py`` says what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import log, sqrt
from typing import Final

from indexer.engines.ranking import K1

LEADERS: Final = 20
"""How many of the best articles the others are compared with."""
POWER: Final = 4
"""How much more the very best of them count."""
TELLING: Final = 32
"""How many of a body's most telling words are compared."""
BYTES: Final = range(4, 33)
"""The sizes of words that tell something, in UTF-8. A single character tells too little."""

Vector = Mapping[str, float]


def can_tell(word: str) -> bool:
    """Whether a word has the size of one that tells what an article is about."""
    return len(word.encode()) in BYTES


def telling_vector(
    counts: Mapping[str, int],
    holding: Callable[[str], int],
    articles: int,
    *,
    without: Collection[str] = (),
) -> Vector:
    """The weights of a body's most telling words, of length 1 together; empty if no word tells anything.

    ``counts`` says how often the body holds each word, ``holding`` how many of ``articles`` hold a word in the body.
    """
    telling = sorted(
        counts, key=lambda word: -counts[word] * log((articles + 1) / max(1, holding(word)))
    )
    vector = {
        word: counts[word] / (counts[word] + K1) * max(0.0, log(articles / (holding(word) + 1)))
        for word in telling[:TELLING]
        if can_tell(word) and word not in without
    }
    length = sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {word: weight / length for word, weight in vector.items()}


def agreement(
    vectors: Sequence[Vector], titles: Sequence[str], scores: Sequence[float]
) -> list[float]:
    """How similar each article is to the LEADERS with other titles, from 0 to 1. An empty title equals no other."""
    order = sorted(range(len(scores)), key=lambda at: -scores[at])[:LEADERS]
    highest = max(scores, default=0.0) or 1.0
    shares = {at: (scores[at] / highest) ** POWER for at in order}
    total = sum(shares.values()) or 1.0
    found = []
    for at, vector in enumerate(vectors):
        others = {
            leader: share / total
            for leader, share in shares.items()
            if leader != at and not (titles[at] and titles[leader] == titles[at])
        }
        like = sum(share * _product(vector, vectors[leader]) for leader, share in others.items())
        found.append(like / (sum(others.values()) or 1.0))
    return found


def _product(one: Vector, other: Vector) -> float:
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())
