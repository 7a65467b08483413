"""How well an article matches: the constants and rules of scoring that every engine keeps to.

The formula is BM25 in Whoosh's form: for a token that ``n`` of ``N`` articles hold in a field, ``tf`` times in this
one, in a field of ``length`` tokens, ``average`` in the mean over all N::

    idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average))
"""

from __future__ import annotations

from math import ceil, log
from typing import Final

K1: Final = 1.2
B: Final = 0.75

SCORE_DECIMALS: Final = 6
"""Scores are rounded to this, so that equal articles tie in whatever order their parts were added up."""


def idf(articles: int, holding: int) -> float:
    """How much it says that an article is one of the ``holding`` among ``articles``; always above 0."""
    return log(articles / (holding + 1)) + 1


def words_needed(need: float, words: int) -> int:
    """How many of ``words`` (>= 1) distinct words an article must hold to match; see :class:`Match`."""
    # Rounded first: 0.07 * 100 is 7.000000000000001, and seven are meant.
    return max(1, ceil(round(need * words, 9)))
