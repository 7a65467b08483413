"""How Chinese is read: texts as units of sound, and which characters share a sound.

A *unit* is what a person reads or types in one go: a Chinese character with its pinyin (no tone, ü as v), or a run of other
letters or of digits, which sounds as it is written. Blanks and punctuation have no sound. Works on folded text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from indexer.analysis.characters import HAN
from indexer.analysis.memo import Memo

DICTIONARY: Final = "pypinyin 0.55.0"
"""The pinyin dictionary. Indexes hold keys made with it."""

HAN_CHARACTER: Final = re.compile(f"[{HAN}]")
_CHINESE: Final = re.compile(f"[{HAN}]+")
_UNITS: Final = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+")

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
_PLAIN: Final = str.maketrans(
    {mark: plain for plain, marks in _TONES.items() for mark in marks}
    | {"\u0304": "", "\u030c": "", "\u0300": "", "\u0301": ""}
)


_VOWELS: Final = frozenset("aeiouv")


class Unit(NamedTuple):
    """One unit of a text, and its sound."""

    text: str
    sound: str


@dataclass(frozen=True, slots=True)
class _Tables:
    """``readings``: every reading of a character, the usual first. ``phrases``: words that change the reading of a character."""

    readings: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    heads: frozenset[str]
    """The first two characters of each phrase. One look-up tells whether a phrase can begin."""
    longest: int


def is_chinese(text: str) -> bool:
    """Whether a folded text contains only Chinese characters."""
    return _CHINESE.fullmatch(text) is not None


def units(text: str) -> tuple[Unit, ...]:
    """The units of folded text. Words decide how their characters are read: 银行 yin hang, 行走 xing zou.

    Cached for short texts. About 3 µs for a word, and 0.6 s the first time.
    """
    return _memo()[text]


def readings(character: str) -> tuple[str, ...]:
    """Every sound of one Chinese character, the usual first; the character itself if it is unknown."""
    return _tables().readings.get(character, (character,))


@cache
def syllables() -> frozenset[str]:
    """The sounds of characters in common use: about 400."""
    return frozenset(homophones())


@cache
def homophones() -> Mapping[str, str]:
    """For each sound, the characters in common use (those of GB 2312) that can have it, in code point order."""
    found: dict[str, list[str]] = {}
    for character, sounds in sorted(_tables().readings.items()):
        if _is_common(character):
            for sound in sounds:
                found.setdefault(sound, []).append(character)
    return {
        sound: "".join(characters)
        for sound, characters in found.items()
        if not _VOWELS.isdisjoint(sound)  # the dictionary reads 嗯 as n and ng
    }


def _is_common(character: str) -> bool:
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


_REMEMBERED: Final = 16_384
"""Texts whose units are cached, 700 bytes each."""


@cache
def _memo() -> Memo[tuple[Unit, ...]]:
    return Memo(_read, most=_REMEMBERED)


def _read(text: str) -> tuple[Unit, ...]:
    tables = _tables()
    found: list[Unit] = []
    known_until = 0
    for match in _UNITS.finditer(text):
        at = match.start()
        if at < known_until:
            continue
        unit = match[0]
        if len(unit) > 1 or not HAN_CHARACTER.match(unit):
            found.append(Unit(unit, unit))
        elif phrase := _phrase_at(text, at, tables):
            known_until = at + len(phrase)
            found.extend(map(Unit, phrase, tables.phrases[phrase]))
        else:
            found.append(Unit(unit, tables.readings.get(unit, (unit,))[0]))
    return tuple(found)


def _phrase_at(text: str, at: int, tables: _Tables) -> str:
    """The longest phrase that begins at ``at``; empty if none does."""
    if text[at : at + 2] in tables.heads:
        for size in range(min(tables.longest, len(text) - at), 1, -1):
            if text[at : at + size] in tables.phrases:
                return text[at : at + size]
    return ""


@cache
def _tables() -> _Tables:
    """Tables made of pypinyin's dictionaries: about 0.6 s and 60 MB, once, at the first reading."""
    # Imported here: loading these dictionaries takes most of the time, and many commands never need pinyin.
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    read: dict[str, tuple[str, ...]] = {}
    for code, sounds in pinyin_dict.items():
        read[chr(code)] = tuple(dict.fromkeys(sounds.translate(_PLAIN).split(",")))
    phrases: dict[str, tuple[str, ...]] = {}
    for phrase, choices in phrases_dict.items():
        spelt = tuple(choice[0].translate(_PLAIN) for choice in choices)
        usual = tuple(read.get(character, ("",))[0] for character in phrase)
        if len(spelt) == len(phrase) and spelt != usual:
            phrases[phrase] = spelt
    heads = frozenset(phrase[:2] for phrase in phrases)
    return _Tables(read, phrases, heads, max(map(len, phrases)))
