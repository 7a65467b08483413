"""Which parts of a typed text may be one misspelt word: stretches of Chinese characters from one word border to another."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from indexer.analysis.analyzers import Token
from indexer.analysis.characters import HAN

_LONGEST: Final = 8
"""Maximum number of characters of a misspelt word. The phrases that an index offers are no longer than this."""
_INNER: Final = 4
"""Maximum number of characters of a misspelt word inside a longer run. The dictionary holds few longer words."""
_READ: Final = 12
"""Maximum number of Chinese characters in a row that are corrected. A longer run is a headline or a question, where one wrong
character changes little."""
_SHORT: Final = 6
"""Maximum number of characters of a text in which two characters are taken for a misspelt word. In a longer text two unknown
characters are mostly a name, a new word, or the ends of two words."""

_CHINESE_RUN: Final = re.compile(f"[{HAN}]{{2,}}")


class Stretch(NamedTuple):
    """A stretch of a text: ``text[start:end]``, in the run of Chinese characters ``text[run_start:run_end]``.

    ``words``: how many words of several characters that a dictionary holds are in it. ``pieces``: how many words it is cut into.
    """

    start: int
    end: int
    run_start: int
    run_end: int
    words: int
    pieces: int

    @property
    def is_run(self) -> bool:
        """Whether it is a whole run: a text that was typed in one go."""
        return (self.start, self.end) == (self.run_start, self.run_end)

    def run_with(self, text: str, folded: str) -> str:
        """The run with ``text`` in place of the stretch."""
        return folded[self.run_start : self.start] + text + folded[self.end : self.run_end]


def stretches(
    folded: str, tokens: Sequence[Token], known: Collection[str], holds: Callable[[str], bool]
) -> list[Stretch]:
    """The stretches of folded text that may be one misspelt word, the longest first.

    ``tokens`` are the words of the text. ``known`` words are spelt correctly. ``holds`` tells whether a dictionary holds a word.
    """
    found: list[Stretch] = []
    short = len(folded.strip()) <= _SHORT
    for run in _CHINESE_RUN.finditer(folded):
        if run.end() - run.start() <= _READ:
            found += _of_run(folded, run.span(), tokens, holds)
    found = [
        each
        for each in found
        if each.end - each.start >= _least(each, short)
        and folded[each.start : each.end] not in known
    ]
    return sorted(found, key=lambda each: each.start - each.end)


def _of_run(
    folded: str, run: tuple[int, int], tokens: Sequence[Token], holds: Callable[[str], bool]
) -> Iterator[Stretch]:
    edges = {*run}
    for token in tokens:
        edges |= {edge for edge in (token.start, token.end) if run[0] <= edge <= run[1]}
    borders = sorted(edges)
    words = [right - left > 1 and holds(folded[left:right]) for left, right in pairwise(borders)]
    for first, start in enumerate(borders):
        for last, end in enumerate(borders[first + 1 :], first + 1):
            if end - start <= (_LONGEST if (start, end) == run else _INNER):
                yield Stretch(start, end, *run, sum(words[first:last]), last - first)


def _least(stretch: Stretch, short: bool) -> int:
    """The minimum number of characters: 2 if it holds no word and the text is short."""
    if not stretch.words and short:
        return 2
    return 3 if stretch.is_run or not stretch.words or stretch.pieces == 1 else 4
