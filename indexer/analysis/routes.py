"""The most probable way to cut a run of Chinese characters into words of a dictionary.

There are two implementations with the same results: plain Python, and rjieba's compiled code, which is several times as fast and
does not need the dictionary as Python objects. Both follow jieba's rule: the product of the words' relative frequencies.
They are relative to the total of jieba's own dictionary, whatever words are added or removed. In jieba each added word raises the
total, which moves the cut of texts that do not hold the word. Here a word changes nothing but texts that hold it.
Characters that stay alone may belong to words that no dictionary holds. ``model.py`` handles these.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final, Protocol

from indexer.analysis.dictionary import RAREST, PackagedDictionary, UserWord
from indexer.errors import SegmenterMismatch

RJIEBA: Final = "0.2.2"
"""The one release whose routes are proved to be jieba's."""

_NEVER: Final = -math.inf
_NO_PAIR: Final = (_NEVER, True)
_BALANCE: Final = "\ue000"


class Route(Protocol):
    """A dictionary, and the best route along its words. Safe to share between threads."""

    @property
    def longest(self) -> int:
        """The number of characters in the longest word."""

    def cut(self, text: str) -> list[str]:
        """The words of Chinese runs that are separated by line feeds. Each line feed is an item of its own. O(length)."""

    def holds(self, word: str) -> bool:
        """Whether the dictionary holds ``word``."""


def make_route(packaged: PackagedDictionary, user: Sequence[UserWord] = ()) -> Route:
    """The fastest implementation for these words (Chinese characters alone).

    rjieba cannot remove a word that begins with a character which is no word itself: then nothing else could begin there.

    Raises:
        SegmenterMismatch: another release of rjieba is installed.
    """
    words = weigh(packaged, user) if user else {}
    installed = find_spec("rjieba") is not None
    begins = {word[0] for word, count in words.items() if not count}
    if installed and len(packaged.frequencies_of(begins) if begins else ()) == len(begins):
        return RjiebaRoute(packaged, words)
    if not installed:
        logging.getLogger(__name__).warning(
            "rjieba is not installed, so cutting takes three times as long: pip install rjieba==%s",
            RJIEBA,
        )
    return DictionaryRoute.of(packaged, words)


class DictionaryRoute:
    """The route in plain Python: about 0.5 s and 100 MB for jieba's dictionary."""

    def __init__(self, frequencies: Mapping[str, int], *, total: int) -> None:
        log_total = math.log(total)
        weights = {
            count: math.log(count) - log_total for count in set(frequencies.values()) if count
        }
        known = {word: weights[count] for word, count in frequencies.items() if count}
        self._unknown = 0.0 - log_total
        self._alone = {word: weight for word, weight in known.items() if len(word) == 1}
        # Words and their beginnings. Most pairs of characters are neither. After such a pair nothing longer is looked up.
        self._longer = {word: weight for word, weight in known.items() if len(word) > 2}
        begins = {word[:2] for word in self._longer}
        for start in {word[:end] for word in self._longer for end in range(3, len(word))}:
            self._longer.setdefault(start, _NEVER)
        self._pairs = {
            word: (weight, word in begins) for word, weight in known.items() if len(word) == 2
        }
        for start in begins:
            self._pairs.setdefault(start, _NO_PAIR)
        self.longest = max(map(len, known), default=1)

    @classmethod
    def of(cls, packaged: PackagedDictionary, words: Mapping[str, int]) -> DictionaryRoute:
        """jieba's dictionary, with folded forms added for words that folding changes, and the user dictionary's words."""
        frequencies = packaged.frequencies()
        exchanges = _exchanges(packaged, frequencies.__contains__, frequencies.__getitem__)
        for folded, (count, word, before) in exchanges.items():
            frequencies |= {folded: count, word: before}
        return cls(frequencies | dict(words), total=packaged.total)

    def holds(self, word: str) -> bool:
        """See :meth:`Route.holds`."""
        if len(word) == 2:
            return self._pairs.get(word, _NO_PAIR)[0] > _NEVER
        return (self._longer if len(word) > 2 else self._alone).get(word, _NEVER) > _NEVER

    def cut(self, text: str) -> list[str]:
        """See :meth:`Route.cut`."""
        words: list[str] = []
        for run in text.split("\n"):
            self._cut_run(run, words)
            words.append("\n")
        words.pop()
        return words

    def _cut_run(self, run: str, words: list[str]) -> None:
        """Finds for each start, from the last to the first, the end of the best word; on a tie, the longest. Appends the words."""
        size = len(run)
        if not size:
            return
        pairs, longer, unknown, never = self._pairs.get, self._longer.get, self._unknown, _NEVER
        alone = list(map(self._alone.get, run))
        scores = [0.0] * (size + 1)
        ends = list(range(1, size + 1))
        second, following = 0.0, self._alone.get(run[-1], unknown)
        scores[-2] = following
        for start in range(size - 2, -1, -1):
            score = alone[start]
            best = never if score is None else score + following
            pair = pairs(run[start : start + 2])
            if pair is not None:
                score, begins = pair
                score += second
                if score >= best:
                    best, ends[start] = score, start + 2
                end = start + 3
                while begins and end <= size:
                    score = longer(run[start:end])
                    if score is None:
                        break
                    score += scores[end]
                    if score >= best:
                        best, ends[start] = score, end
                    end += 1
            if best == never:
                best, ends[start] = unknown + following, start + 1
            second = following
            scores[start] = following = best
        start = 0
        while start < size:
            end = ends[start]
            words.append(run[start:end])
            start = end


class RjiebaRoute:
    """The route by rjieba, whose compiled-in dictionary is jieba's: about 0.1 s and 60 MB.

    rjieba's model is not used: it works in single precision and differs from jieba's where two cuts are nearly equal.
    """

    def __init__(self, packaged: PackagedDictionary, words: Mapping[str, int]) -> None:
        if version("rjieba") != RJIEBA:
            raise SegmenterMismatch(f"rjieba {RJIEBA}", f"{version('rjieba')} is installed")
        import rjieba  # here: its import alone makes a dictionary, 0.1 s that most commands do not need

        self._words = rjieba.Jieba()
        self.longest = max(packaged.longest, *map(len, words), 0)
        self._removed = frozenset(word for word, count in words.items() if not count)
        exchanges = _exchanges(packaged, self._words.has_word, packaged.frequency_of)
        for folded, (count, word, before) in exchanges.items():
            self._words.add_word(folded, count, None)
            self._words.add_word(word, before, None)
        known = packaged.frequencies_of(set(words)) if words else {}
        known |= {folded: count for folded, (count, _, _) in exchanges.items()}
        known |= {word: before for _, word, before in exchanges.values()}
        added = 0
        for word, frequency in words.items():
            added += frequency - known.get(word, 0)
            self._words.add_word(word, frequency, None)
        if added:
            # Takes back what rjieba added to its total, which it counts modulo 2**64. No Chinese run holds this word.
            self._words.add_word(_BALANCE, -added % 2**64, None)

    def holds(self, word: str) -> bool:
        """See :meth:`Route.holds`."""
        held: bool = self._words.has_word(word)
        return held and word not in self._removed

    def cut(self, text: str) -> list[str]:
        """See :meth:`Route.cut`."""
        words: list[str] = self._words.cut(text, False)
        return words


def weigh(packaged: PackagedDictionary, user: Sequence[UserWord]) -> dict[str, int]:
    """The user dictionary's words with their frequencies. A word without one gets just enough to be cut as one word.

    The rule is jieba's suggest_freq: one more than the frequency at which the word is as probable as its parts.
    Each word affects those after it, so the order matters. About 0.1 s.
    """
    known = packaged.frequencies_of({part for word in user for part in _parts(word.text)})
    exchanges = _exchanges(packaged, known.__contains__, known.__getitem__)
    known |= {folded: count for folded, (count, _, _) in exchanges.items()}
    weighed: dict[str, int] = {}
    for word in user:
        given = word.frequency
        count = _suggested(word.text, known, total=packaged.total) if given is None else given
        known[word.text] = weighed[word.text] = count
    return weighed


def _exchanges(
    packaged: PackagedDictionary, holds: Callable[[str], bool], frequency_of: Callable[[str], int]
) -> dict[str, tuple[int, str, int]]:
    """For each folded form of a word that folding changes: its new frequency, the original word, and that word's new frequency.

    The two exchange frequencies, such as 干隆 and 乾隆. The sum of all frequencies stays the same, so every other text is cut as
    before. There is no exchange if the dictionary already has the folded form and its frequency is no lower, or if the original
    word's frequency is :data:`RAREST`. ``holds`` and ``frequency_of`` query the dictionary.
    """
    most: dict[str, tuple[int, str]] = {}
    for word, folded, count in packaged.folded_words():
        most[folded] = max((count, word), most.get(folded, (0, "")))
    exchanges: dict[str, tuple[int, str, int]] = {}
    for folded, (count, word) in most.items():
        if not holds(folded):
            exchanges[folded] = count, word, 0
        elif count > RAREST and (before := frequency_of(folded)) < count:
            exchanges[folded] = count, word, before
    return exchanges


def _suggested(word: str, known: Mapping[str, int], *, total: int) -> int:
    inside = {part: known[part] for part in _parts(word) if part in known}
    share = 1.0
    for part in DictionaryRoute(inside, total=total).cut(word):
        share *= inside.get(part, 1) / total
    return max(int(share * total) + 1, known.get(word, 1))


def _parts(word: str) -> Iterator[str]:
    size = len(word)
    return (word[start:end] for start in range(size) for end in range(start + 1, size + 1))
