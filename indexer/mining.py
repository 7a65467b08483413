"""Mines the articles for words that neither the dictionary nor the editors' list holds, for editors to accept or refuse.

A rebuild finds such words too and uses them until the next one. A word that an editor lists stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserWord
from indexer.engines.base import Reader
from indexer.query import Literal, SearchRequest

_BESIDE: Final = 10
"""The characters of an example on each side of the word."""


@dataclass(frozen=True, slots=True)
class MinedWord:
    """A word with the frequency that suits the articles, how many articles hold it, and a passage of the newest."""

    word: UserWord
    articles: int
    example: str


def mined_words(
    texts: Iterable[str], reader: Reader, analyzer: Analyzer, *, most: int
) -> list[MinedWord]:
    """The ``most`` frequent new words of ``texts``, those that most articles of the index hold first.

    ``analyzer`` knows the editors' words, accepted and refused, and no found ones. Costs what ``Analyzer.learning`` costs, and a
    search for each word.
    """
    found = analyzer.learning(texts).found_words.words
    frequent = sorted(found, key=lambda word: (-(word.frequency or 0), word.text))[:most]
    mined = [_mined(word, reader) for word in frequent]
    return sorted(
        (each for each in mined if each.articles), key=lambda each: (-each.articles, each.word.text)
    )


def _mined(word: UserWord, reader: Reader) -> MinedWord:
    page = reader.search(SearchRequest(Literal(word.text), sort="newest", size=1))
    example = ""
    for hit in page.hits:
        text = f"{hit.article.title}\n{hit.article.body}"
        at = fold(text).find(word.text)
        example = text[max(0, at - _BESIDE) : at + len(word.text) + _BESIDE]
    return MinedWord(word, page.total, " ".join(example.split()))
