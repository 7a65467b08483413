"""How well an article matches: the constants and rules of scoring for every engine.

The formula is BM25 in Whoosh's form. ``n`` of ``N`` articles hold the token in the field, this article ``tf`` times. This
article's field has ``length`` tokens; the mean over all N is ``average``::

    idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average))
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from math import ceil, log
from typing import Final

from indexer.query import Recency

DAY: Final = 86_400.0
"""Seconds in a day, the unit of ages."""

K1: Final = 1.2
B: Final = 0.75

SCORE_DECIMALS: Final = 6
"""Scores are rounded to this many decimals, so equal articles tie in whatever order their parts were added up."""


HEAT_LEVELS: Final = 1_000
"""Levels of heat from one heat to e times as much. Heats that differ by less than 0.1 % mostly tie."""
COLDEST: Final = 100 * HEAT_LEVELS
"""The levels below a heat of 1. What is colder than e ** -100 has the lowest level."""


def idf(articles: int, holding: int) -> float:
    """The inverse document frequency of a term that ``holding`` of ``articles`` hold; always above 0."""
    return log(articles / (holding + 1)) + 1


def half_life_of(channels: Collection[str], recency: Recency) -> float | None:
    """The half-life in days of an article in these channels, ancestors included; None if it does not age."""
    own = [(path.count("/"), life) for path, life in recency.channels if path in channels]
    if not own:
        return recency.half_life
    deepest = max(depth for depth, _ in own)
    lives = [life for depth, life in own if depth == deepest]
    return None if None in lives else max(life for life in lives if life is not None)


def freshness(channels: Collection[str], published: datetime | None, recency: Recency) -> float:
    """The recency factor of an article in these channels, ancestors included."""
    life = half_life_of(channels, recency)
    if life is None:
        return 1.0
    if published is None:
        return recency.floor
    days = max(0.0, (recency.at - published).total_seconds() / DAY)
    return recency.floor + (1 - recency.floor) * 2 ** (-days / life)


def heat_level(heat: float) -> int:
    """The level of a faded heat, by which hits are sorted: 0 without heat, else 1 or more.

    A level is a whole number, so a heat computed in another way or kept in another precision has the same level.
    """
    return max(1, round(HEAT_LEVELS * log(heat)) + COLDEST) if heat else 0


def words_needed(need: float, words: int) -> int:
    """How many of ``words`` (>= 1) distinct words an article must hold to match; see :class:`Match`."""
    # Round first: 0.07 * 100 is 7.000000000000001, but seven are meant.
    return max(1, ceil(round(need * words, 9)))
