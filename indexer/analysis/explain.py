"""Everything an analyzer makes of a text, for the command that answers why something was or was not found."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.analysis.analyzers import Analyzer, Token
from indexer.analysis.characters import fold
from indexer.analysis.grams import grams


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text as the index sees it. Offsets of tokens refer to ``text``. Grams are in alphabetical order."""

    text: str
    folded: str
    analyzer: str
    fingerprint: str
    index: tuple[Token, ...]
    query: tuple[Token, ...]
    ignored: tuple[str, ...]
    grams: tuple[str, ...]


def explain(text: str, analyzer: Analyzer) -> Explanation:
    """Analyze ``text`` in both modes and as grams."""
    return Explanation(
        text=text,
        folded=fold(text),
        analyzer=analyzer.name,
        fingerprint=analyzer.fingerprint,
        index=tuple(analyzer.index(text)),
        query=tuple(analyzer.query(text)),
        ignored=analyzer.ignored(text),
        grams=tuple(sorted(grams(text))),
    )
