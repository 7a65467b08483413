"""Measures: the words that count or measure what the number before them says (7号, 3公里).

A number and its measure mean something only together, so a search keeps them together. A measure of one character may be the
beginning of a longer word (号 in 7号线). The analyzer indexes it beside such a word if the word follows a number.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_MEASURES: Final = Path(__file__).parent / "data" / "measures.txt"


def is_measure(word: str) -> bool:
    """Whether the list holds a word: 号, 公里."""
    return word in _measures()


@cache
def counters() -> frozenset[str]:
    """The measures of one character."""
    return frozenset(measure for measure in _measures() if len(measure) == 1)


@cache
def _measures() -> frozenset[str]:
    lines = _MEASURES.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
