"""Cuts a text into pieces without changing it: the joined pieces are the text.

Words that mix Chinese with letters or digits (t恤, 4s店) are found first, unless they begin or end inside a longer run of letters
and digits. Numbers with several spellings (``spellings.py``) are found at the same time. Chinese runs are then cut word by word
as jieba 0.42.1 cuts them. Everything else is separated by script (``scripts.py``). Works on folded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from indexer.analysis.dictionary import (
    PackagedDictionary,
    UserWord,
    is_han,
    mixed_words,
    symbol_words,
)
from indexer.analysis.memo import Memo
from indexer.analysis.model import cut_unknown
from indexer.analysis.routes import Route, make_route
from indexer.analysis.scripts import HAN_RUN, LETTER_OR_DIGIT, split_scripts
from indexer.analysis.spellings import number_branches

Gap = str | tuple[str, ...]
"""What stands between two Chinese runs: a text; or texts and words that mix scripts, in turns, a text first and last."""

_NUMERAL: Final = frozenset("零〇一二三四五六七八九十百千万亿两")
"""Characters of numbers in Chinese words."""


class ChineseSegmenter:
    """Cuts folded text. Immutable for its users, and safe to share between threads."""

    def __init__(self, packaged: PackagedDictionary, user: Sequence[UserWord] = ()) -> None:
        """Prepare to cut: about 0.15 s, or 0.8 s in plain Python.

        Raises:
            SegmenterMismatch: an installed package is not the required release.
        """
        chinese = [word for word in user if is_han(word.text)]
        self._route: Route = make_route(packaged, chinese)
        self._removed = frozenset(word.text for word in chinese if word.frequency == 0)
        mixed = dict.fromkeys((*mixed_words(), *symbol_words()), 1) | {
            word.text: word.frequency for word in user if not is_han(word.text)
        }
        self._mixed_words = frozenset(word for word, frequency in mixed.items() if frequency != 0)
        self._mixed = _mixed_pattern(self._mixed_words)
        self._alone = Memo(self._join_alone)
        self._between = Memo(split_scripts)

    def is_mixed(self, piece: str) -> bool:
        """Whether a piece is one of the words that mix scripts."""
        return piece in self._mixed_words

    def holds(self, word: str) -> bool:
        """Whether a dictionary holds ``word``, Chinese or mixed."""
        return self._route.holds(word) or word in self._mixed_words

    def cut(self, text: str) -> list[str]:
        """The pieces of ``text``. O(length)."""
        return self._pieces(*self.items(text))

    def items(self, text: str) -> tuple[list[str], list[Gap]]:
        """The words of the Chinese runs of ``text``, with a line feed before, between and behind the runs; and what stands there.

        :meth:`between` has the pieces of a gap. Characters that stand alone, one after another, have the pieces of :meth:`alone`.
        """
        return self._items(self._mixed.split(text))

    def between(self, gap: Gap) -> list[str]:
        """The pieces of what stands between two Chinese runs."""
        if isinstance(gap, str):
            return self._between[gap]
        pieces: list[str] = []
        for index, part in enumerate(gap):
            pieces += (part,) if index % 2 else self._between[part]
        return pieces

    def alone(self, run: str) -> list[str]:
        """The pieces of characters that the route left alone, one after another."""
        return self._alone[run]

    def divide(self, runs: str) -> list[str]:
        """Chinese runs that are separated by line feeds as words of the dictionaries. Joins no unknown characters.

        Each line feed is an item of its own. O(length).
        """
        return self._route.cut(runs)

    def cut_parts(self, text: str) -> list[str]:
        """The pieces of ``text``, cut as if no word mixed scripts."""
        return self._pieces(*self._items([text]))

    def inner_words(self, word: str) -> list[tuple[str, int, int]]:
        """The dictionary's words of two or more characters inside a Chinese ``word``: word, start, end.

        By start, the longer first. None begins or ends inside a numeral: 七号 is not in 十七号, as 15 is not in 2015.
        O(length x longest word).
        """
        size, holds = len(word), self._route.holds
        spans: Iterable[tuple[int, int]] = _spans(size, self._route.longest)
        if not _NUMERAL.isdisjoint(word):
            within = {at for at in range(1, size) if {word[at - 1], word[at]} <= _NUMERAL}
            spans = [span for span in spans if within.isdisjoint(span)]
        return [(word[start:end], start, end) for start, end in spans if holds(word[start:end])]

    def _items(self, parts: Sequence[str]) -> tuple[list[str], list[Gap]]:
        """The items of texts with a word that mixes scripts between every two of them."""
        runs: list[str] = []
        gaps: list[Gap] = []
        gap: list[str] = []
        for index, part in enumerate(parts):
            if index % 2:
                gap.append(part)
                continue
            first, *rest = HAN_RUN.split(part)
            gap.append(first)
            if rest:
                gaps.append(gap[0] if len(gap) == 1 else tuple(gap))
                runs += rest[::2]
                gaps += rest[1:-1:2]
                gap = rest[-1:]
        gaps.append(gap[0] if len(gap) == 1 else tuple(gap))
        return self._route.cut("\n".join(["", *runs, ""])), gaps

    def _pieces(self, words: Iterable[str], gaps: Iterable[Gap]) -> list[str]:
        pieces: list[str] = []
        append = pieces.append
        left = iter(gaps)
        alone = ""  # characters that the route left alone, until a longer word or a gap
        for word in words:
            if len(word) == 1 and word != "\n":
                alone += word
                continue
            if alone:
                pieces += self._alone[alone]
                alone = ""
            if word == "\n":
                pieces += self.between(next(left))
            else:
                append(word)
        return pieces

    def _join_alone(self, run: str) -> list[str]:
        """The words among characters that the route left alone, by the model of unknown words."""
        if len(run) < 2 or self._route.holds(run):
            # A word of the dictionary is left alone if its single characters are more probable.
            return list(run)
        words: list[str] = []
        for word in cut_unknown(run):
            words += word if word in self._removed else (word,)
        return words


@lru_cache(maxsize=64)
def _spans(size: int, longest: int) -> list[tuple[int, int]]:
    """Starts and ends of the parts of a word of ``size`` characters that are shorter than it and have 2 to ``longest``."""
    return [
        (start, end)
        for start in range(size - 1)
        for end in range(min(size, start + longest), start + 1, -1)
        if end - start < size
    ]


def _mixed_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds these words, the longest of those that begin alike, and numbers in groups or in words.

    It has one capturing group, so ``split`` also returns the matches. Each branch begins with its first character, before the
    look-behind, so a search skips from one such character to the next.
    """
    by_first: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        last = f"(?!{LETTER_OR_DIGIT})" if re.match(LETTER_OR_DIGIT, word[-1]) else ""
        by_first.setdefault(word[0], []).append(re.escape(word[1:]) + last)
    branches: list[str] = []
    for character, rests in sorted(by_first.items()):
        first = re.escape(character)
        if re.match(LETTER_OR_DIGIT, character):
            first += f"(?<!{LETTER_OR_DIGIT}{first})"
        branches.append(f"{first}(?:{'|'.join(rests)})")
    branches += number_branches()
    return re.compile(f"({'|'.join(branches)})")
