"""The steps between the segmenter and the index: which words a piece of text gives, and which words a query drops.

Pieces are already folded, one character for one. The changes here may alter lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import normalize

from indexer.analysis.characters import fold

_STOPWORDS: Final = Path(__file__).parent / "data" / "stopwords.txt"


def expand(piece: str) -> str:
    """``piece`` with compatibility forms expanded (㎏ to kg, ﬁ to fi), and letters composed with their marks."""
    return piece if piece.isascii() else fold(normalize("NFKC", piece))


@cache
def read_stopwords() -> frozenset[str]:
    """The packaged stopwords, folded like tokens. Read once."""
    lines = _STOPWORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(fold(line) for line in lines if line and not line.startswith("#"))


def drop_stopwords(words: Iterable[str], stopwords: frozenset[str]) -> tuple[str, ...]:
    """The distinct stopwords to drop from ``words``, in order; none if there is no other word."""
    distinct = tuple(dict.fromkeys(words))
    dropped = tuple(word for word in distinct if word in stopwords)
    return dropped if len(dropped) < len(distinct) else ()
