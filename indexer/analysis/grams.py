"""The second view of a text: pairs of neighbouring characters, whatever the segmenter did.

Every piece of text between white space and punctuation leaves its bigrams here, so any literal can be looked for:
:func:`plan_literal` says which grams an article must have. Documents only, no positions: longer literals are verified
in the folded stored text, by whoever holds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import Final

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.dictionary import is_han

_RUN: Final = re.compile(r"[^\W_]+")
"""A longest run of characters for which str.isalnum() holds."""


@dataclass(frozen=True, slots=True)
class LiteralPlan:
    """Which grams a text must have to hold a literal.

    ``grams`` are all required; for each of ``prefixes``, one character, some gram that begins with it is required.
    ``exact``: a text that has them holds the literal; otherwise look into the folded text. A literal of nothing but
    punctuation has neither grams nor prefixes: every text is a candidate.
    """

    grams: tuple[str, ...]
    prefixes: tuple[str, ...]
    exact: bool


def grams(text: str) -> set[str]:
    """The grams of ``fold(text)``: the bigrams of each run of letters and digits, and its last character with a space.

    So every letter or digit of the text begins at least one gram. O(length).
    """
    folded = fold(text)
    return {
        pair if pair[1].isalnum() else pair[0] + " "
        for pair in set(map(add, folded, folded[1:] + " "))
        if pair[0].isalnum()
    }


def chinese_pairs(text: str, tokens: Sequence[Token]) -> list[str]:
    """The distinct pairs of neighbouring Chinese characters that lie in tokens of a text, or where two tokens meet."""
    folded = fold(text)
    covered = bytearray(len(folded))
    for token in tokens:
        covered[token.start : token.end] = b"\1" * (token.end - token.start)
    pairs = map(add, folded, folded[1:])
    whole = (pair for at, pair in enumerate(pairs) if covered[at] and covered[at + 1])
    return [pair for pair in dict.fromkeys(whole) if is_han(pair)]


def plan_literal(literal: str) -> LiteralPlan:
    """What a text's grams must hold for ``fold_literal(literal)`` to stand in ``fold_literal(text)``.

    A run that ends inside the literal ends in the text too, so its edge gram is required; the last run may go on.
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
    alone = folded.isalnum() and len(folded) <= 2
    return LiteralPlan(tuple(required), tuple(prefixes), exact=alone)
