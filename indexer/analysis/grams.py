"""The second view of a text: pairs of neighbouring characters, independent of the segmenter.

Every run of letters and digits adds its bigrams to the index, and every other sign is a gram of its own, so any literal can be
found. :func:`plan_literal` says which grams an article must have. For each gram the index keeps its documents, but no positions. The engine verifies longer
literals in the text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import add
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.dictionary import is_han
from indexer.analysis.scripts import is_sign

_RUN: Final = re.compile(r"[^\W_]+")
"""A maximal run of characters for which str.isalnum() holds."""


_BETWEEN: Final = "\0"
"""Stands between two texts. It is neither a letter nor a digit nor a sign, so it has no part in a gram."""


@dataclass(frozen=True, slots=True)
class LiteralPlan:
    """Which grams a text must have to hold a literal.

    All ``grams`` are required. For each of ``prefixes``, a single character, a gram that begins with it is required. If
    ``exact``, a text with these grams holds the literal; otherwise the folded text decides. A literal of combining marks alone
    has neither grams nor prefixes, and every text is a candidate.
    """

    grams: tuple[str, ...]
    prefixes: tuple[str, ...]
    exact: bool


def grams(text: str) -> set[str]:
    """The grams of ``fold(text)``: the bigrams of each run of letters and digits; its last character and each sign, with a space.

    Every letter, digit or sign of the text thus begins at least one gram. O(length).
    """
    codes, _ = gram_codes([fold(text)])
    points = np.stack((codes >> np.uint64(32), codes), axis=1).astype(np.uint32)
    return set(points.view("<U2").ravel().tolist())


def gram_codes(folded: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The :func:`grams` of some folded texts as numbers, at each of their places: the first code point times 2**32, plus the other.

    Returns uint64[grams], text by text, and uint32[texts], how many each text has. O(length), in C.
    """
    if not folded:
        return np.empty(0, np.uint64), np.empty(0, np.uint32)
    points = np.frombuffer(
        _BETWEEN.join([*folded, ""]).encode("utf-32-le", "surrogatepass"), np.uint32
    )
    joins, begins = _tables()
    second = np.append(points[1:], np.uint32(ord(_BETWEEN)))
    second[~(joins[points] & joins[second])] = ord(" ")
    kept = begins[points]
    ends = np.cumsum([len(text) + 1 for text in folded])
    counts = np.add.reduceat(kept, np.append(0, ends[:-1]), dtype=np.uint32)
    codes = points[kept].astype(np.uint64)
    codes <<= np.uint64(32)
    codes |= second[kept]
    return codes, counts


@cache
def _tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each code point, whether it is a letter or digit, and whether it begins a gram: 2 MB, made once in half a second."""
    joins = np.fromiter(map(str.isalnum, map(chr, range(sys.maxunicode + 1))), bool)
    signs = np.fromiter(map(is_sign, map(chr, range(sys.maxunicode + 1))), bool)
    return joins, joins | signs


def chinese_pairs(text: str, tokens: Sequence[Token]) -> list[str]:
    """The distinct pairs of neighbouring Chinese characters inside a text's tokens, or where two tokens meet."""
    folded = fold(text)
    covered = bytearray(len(folded))
    for token in tokens:
        covered[token.start : token.end] = b"\1" * (token.end - token.start)
    pairs = map(add, folded, folded[1:])
    whole = (pair for at, pair in enumerate(pairs) if covered[at] and covered[at + 1])
    return [pair for pair in dict.fromkeys(whole) if is_han(pair)]


def plan_literal(literal: str) -> LiteralPlan:
    """The grams that a text needs so that ``fold_literal(text)`` can contain ``fold_literal(literal)``.

    A run that ends inside the literal also ends in the text, so its edge gram is required. The last run may continue in the text.
    """
    folded = fold_literal(literal)
    required: dict[str, None] = {}
    prefixes: dict[str, None] = {}
    for match in _RUN.finditer(folded):
        run = match.group()
        required.update(dict.fromkeys(map(add, run, run[1:])))
        if match.end() < len(folded):
            required[run[-1] + " "] = None
        elif len(run) == 1:
            prefixes[run] = None
    signs = list(filter(is_sign, folded))
    required.update((sign + " ", None) for sign in signs)
    alone = (folded.isalnum() and len(folded) <= 2) or signs == [folded]
    return LiteralPlan(tuple(required), tuple(prefixes), exact=alone)
