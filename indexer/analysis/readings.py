"""The readings of Chinese characters and words: pypinyin's dictionaries, corrected and completed by our own list.

``data/readings.txt`` is that list. This module only makes tables; ``pinyin.py`` reads texts with them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain, product
from pathlib import Path
from typing import Final

from indexer.analysis.characters import fold
from indexer.analysis.dictionary import is_han, packaged_dictionary

PYPINYIN: Final = "pypinyin 0.55.0"

Sounds = tuple[str, ...]
"""The sounds of a word: one for each character, without a tone, ü as v."""

_OWN: Final = Path(__file__).parent / "data" / "readings.txt"
_TOO: Final = "="
"""Stands in our list between a reading of a character and another one that people use for it in any word."""

_TONES: Final = {
    "a": "āáǎà",
    "e": "ēéěèếềê",
    "i": "īíǐì",
    "m": "ḿ",
    "n": "ńňǹ",
    "o": "ōóǒò",
    "u": "ūúǔù",
    "v": "ǖǘǚǜü",
}
WITHOUT_TONES: Final = str.maketrans(
    {mark: plain for plain, marks in _TONES.items() for mark in marks}
    | {"\u0304": "", "\u030c": "", "\u0300": "", "\u0301": ""}
)
"""Turns pinyin with tone marks into plain letters."""


@dataclass(frozen=True)
class Readings:
    """The tables of all readings.

    ``every`` has every reading of a character, the most usual first. ``usual`` has its readings where no word decides: several
    for characters of names, such as 曾. ``words`` has the readings of the words that decide. ``too`` has, for a character and a
    sound, the sound that people use instead: 血 xue is also xie.
    """

    every: Mapping[str, Sounds]
    usual: Mapping[str, Sounds]
    words: Mapping[str, tuple[Sounds, ...]]
    too: Mapping[str, Mapping[str, str]]

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The first two characters of each word. One look-up tells whether a word can begin."""
        return frozenset(word[:2] for word in self.words)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.words))

    def word_at(self, text: str, at: int) -> str:
        """The longest word that begins at ``at``; empty if none does."""
        if text[at : at + 2] in self._heads:
            for size in range(min(self._longest, len(text) - at), 1, -1):
                if text[at : at + size] in self.words:
                    return text[at : at + size]
        return ""

    def of(self, text: str) -> tuple[Sounds, ...]:
        """The usual readings of one of ``words`` or of one character, the most usual first."""
        ways = self.words.get(text) or tuple((each,) for each in self.usual.get(text, (text,)))
        if self.too.keys().isdisjoint(text):
            return ways
        every = (product(*map(self._choices, text, way)) for way in ways)
        return tuple(dict.fromkeys(chain.from_iterable(every)))

    def _choices(self, character: str, sound: str) -> Sounds:
        other = self.too.get(character, {}).get(sound)
        return (sound,) if other is None else (sound, other)


def readings_fingerprint() -> str:
    """Names pypinyin's release and the contents of our list. Indexes hold keys made with both. Cheap: loads no dictionary."""
    return f"{PYPINYIN} {hashlib.sha256(_OWN.read_bytes()).hexdigest()[:16]}"


@cache
def all_readings() -> Readings:
    """The tables: about 1 s and 70 MB, once, at the first reading."""
    # Imported here: loading these dictionaries takes most of the time, and many commands never need pinyin.
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    singles, own_words, too = _own_readings()
    every: dict[str, Sounds] = {}
    for code, listed in pinyin_dict.items():
        corrected = singles.get(chr(code), ())
        first = corrected if len(corrected) == 1 else ()
        others = listed.translate(WITHOUT_TONES).split(",")
        every[chr(code)] = tuple(dict.fromkeys((*first, *others, *corrected)))
    several = {each: sounds for each, sounds in singles.items() if len(sounds) > 1}
    words: dict[str, tuple[Sounds, ...]] = {}
    for phrase, choices in phrases_dict.items():
        read = tuple(choice[0].translate(WITHOUT_TONES) for choice in choices)
        folded = fold(phrase)
        if len(read) != len(phrase) or (folded != phrase and folded in phrases_dict):
            continue
        if read != _first(folded, every) or not several.keys().isdisjoint(folded):
            words[folded] = (read,)
    words |= own_words
    for word, ways in words.items():
        for character, *sounds in zip(word, *ways, strict=True):
            if not set(sounds).issubset(known := every.get(character, ())):
                every[character] = tuple(dict.fromkeys((*known, *sounds)))
    usual = {each: sounds[:1] for each, sounds in every.items()} | several
    decided = Readings(every, usual, words, too)
    ordinary = {word: (_plainly(word, decided),) for word in _ordinary_words("".join(several))}
    return replace(decided, words=ordinary | words)


def _first(word: str, every: Mapping[str, Sounds]) -> Sounds:
    return tuple(every.get(character, ("",))[0] for character in word)


def _plainly(word: str, tables: Readings) -> Sounds:
    """The reading of an ordinary word: that of the words in it, and the first one of its other characters."""
    sounds: list[str] = []
    while (at := len(sounds)) < len(word):
        inside = tables.word_at(word, at)
        sounds += tables.words[inside][0] if inside else tables.every.get(word[at], ("",))[:1]
    return tuple(sounds)


def _own_readings() -> tuple[
    dict[str, Sounds], dict[str, tuple[Sounds, ...]], dict[str, dict[str, str]]
]:
    """Our list: the readings of characters, the readings of words, the readings that people use for another."""
    singles: dict[str, Sounds] = {}
    words: dict[str, tuple[Sounds, ...]] = {}
    too: dict[str, dict[str, str]] = {}
    for line in _OWN.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        text, _, spelt = line.partition(" ")
        if _TOO in spelt:
            sound, other = spelt.split(_TOO)
            too.setdefault(text, {})[sound] = other
        elif len(text) == 1:
            singles[text] = tuple(spelt.split(", "))
        else:
            words[text] = tuple(tuple(way.split(" ")) for way in spelt.split(", "))
    return singles, words, too


def _ordinary_words(characters: str) -> Iterator[str]:
    """The words of jieba's dictionary with one of ``characters`` that are no names. About 0.1 s.

    jieba tags names as nr, ns, nt, nz. Among words rarer than 10 there are names with other tags, so these do not count.
    """
    pattern = rf"^(?=\S*[{characters}])(\S{{2,}}) \d{{2,}} (?!n[rstz])"
    found = re.finditer(pattern, packaged_dictionary().text, re.MULTILINE)
    return (word for match in found if is_han(word := fold(match[1])))
