"""The Chinese words of a dictionary by their sound.

No table by sound is kept. The words are kept as arrays of characters, and a look-up compares them with the characters that have
the sounds. ``pinyin.py`` then decides whether a word is usually read so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.characters import HAN, fold
from indexer.analysis.dictionary import packaged_dictionary
from indexer.analysis.pinyin import can_sound, homophones

SHORTEST, LONGEST = 2, 8
"""The least and the most characters of a word that can be looked up."""

_WORD: Final = re.compile(rf"^([{HAN}]{{{SHORTEST},{LONGEST}}})(?: |$)", re.MULTILINE)
_UTF_16: Final = "utf-16-le"
_CODES: Final = np.dtype("<u2")
"""A code point in UTF-16. The characters of dictionaries take one each."""


class SpokenWords:
    """Some words, ready to be looked up by sound: two bytes for each character. Immutable."""

    def __init__(self, lines: str) -> None:
        """Keep the words at the beginnings of lines that are Chinese and neither too short nor too long. O(characters)."""
        by_size: dict[int, list[str]] = {}
        for word in _WORD.findall(lines):
            by_size.setdefault(len(word), []).append(word)
        self._by_size: dict[int, NDArray[np.uint16]] = {
            size: _codes(fold("".join(each))).reshape(-1, size) for size, each in by_size.items()
        }

    def of(self, sounds: Sequence[str]) -> list[str]:
        """The folded words that are usually read with these sounds, one for each character. O(words of that length)."""
        rows = self._by_size.get(len(sounds))
        if rows is None:
            return []
        for place, sound in enumerate(sounds):
            rows = rows[_having(sound)[rows[:, place]]]
        text = rows.tobytes().decode(_UTF_16)
        found = (text[at : at + len(sounds)] for at in range(0, len(text), len(sounds)))
        wanted = [(sound,) for sound in sounds]
        return [word for word in dict.fromkeys(found) if can_sound(word, wanted)]


@cache
def packaged_words() -> SpokenWords:
    """The words of jieba's dictionary: 0.2 s and 2 MB, once."""
    return SpokenWords(packaged_dictionary().text)


@lru_cache(maxsize=128)
def _having(sound: str) -> NDArray[np.bool_]:
    """Whether a character can have a sound, bool[0x10000]. At most 8 MB are cached."""
    having = np.zeros(0x10000, dtype=np.bool_)
    having[_codes(homophones().get(sound, ""))] = True
    return having


def _codes(text: str) -> NDArray[np.uint16]:
    return np.frombuffer(text.encode(_UTF_16), _CODES)
