"""What happens to a piece of text between the segmenter and the index: which words it gives, and which a query drops.

A piece is folded already, one character for one; here follows what changes lengths.
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
    """The compatibility forms of ``piece`` written out (㎏ as kg, ﬁ as fi), letters and their marks composed."""
    return piece if piece.isascii() else fold(normalize("NFKC", piece))


@cache
def read_stopwords() -> frozenset[str]:
    """The packaged words that a query is searched without, folded as tokens are. Read once."""
    lines = _STOPWORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(fold(line) for line in lines if line and not line.startswith("#"))


def drop_stopwords(words: Iterable[str], stopwords: frozenset[str]) -> tuple[str, ...]:
    """The distinct stopwords among ``words``, in order; none when there is no other word."""
    distinct = tuple(dict.fromkeys(words))
    dropped = tuple(word for word in distinct if word in stopwords)
    return dropped if len(dropped) < len(distinct) else ()
