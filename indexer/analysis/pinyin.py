"""How Chinese is read: texts as units of sound, and which characters share a sound.

A *unit* is what a person reads or types in one go: a Chinese character with its pinyin (no tone, ü as v), or a run of other
letters or of digits, which sounds as it is written. Blanks and punctuation have no sound. Works on folded text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice, product
from typing import Final, NamedTuple

from indexer.analysis.characters import HAN
from indexer.analysis.memo import Memo
from indexer.analysis.readings import Sounds, all_readings

HAN_CHARACTER: Final = re.compile(f"[{HAN}]")
_CHINESE: Final = re.compile(f"[{HAN}]+")
_UNITS: Final = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+")

_VOWELS: Final = frozenset("aeiouv")


class Unit(NamedTuple):
    """One unit of a text, and its sound."""

    text: str
    sound: str


MAX_READINGS: Final = 4
"""The most readings of one text. Two characters with two readings each have four."""


def is_chinese(text: str) -> bool:
    """Whether a folded text contains only Chinese characters."""
    return _CHINESE.fullmatch(text) is not None


def units(text: str) -> tuple[Unit, ...]:
    """The units of folded text in its most usual reading. Words decide how their characters are read: 银行 yin hang, 行走 xing zou.

    Cached for short texts. About 3 µs for a word, and a second the first time.
    """
    return _memo()[text][0]


def pronunciations(text: str) -> tuple[tuple[Unit, ...], ...]:
    """The units of folded text in each usual reading, the most usual first: 百色 is bai se and bo se. At most MAX_READINGS.

    A name that no word explains can be read in several ways: 曾 is zeng and ceng. Costs as much as :func:`units`.
    """
    return _memo()[text]


def can_sound(text: str, sounds: Sequence[Collection[str]]) -> bool:
    """Whether a usual reading of a folded text has, unit for unit, one of the ``sounds``."""
    return any(
        len(read) == len(sounds)
        and all(unit.sound in each for unit, each in zip(read, sounds, strict=True))
        for read in pronunciations(text)
    )


def readings(character: str) -> tuple[str, ...]:
    """Every sound of one Chinese character, the usual first; the character itself if it is unknown."""
    return all_readings().every.get(character, (character,))


@cache
def syllables() -> frozenset[str]:
    """The sounds of characters in common use: about 400."""
    return frozenset(homophones())


@cache
def homophones() -> Mapping[str, str]:
    """For each sound, the characters in common use (those of GB 2312) that can have it, in code point order."""
    found: dict[str, list[str]] = {}
    for character, sounds in sorted(all_readings().every.items()):
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
def _memo() -> Memo[str, tuple[tuple[Unit, ...], ...]]:
    return Memo(_read, most=_REMEMBERED)


def _read(text: str) -> tuple[tuple[Unit, ...], ...]:
    parts = list(_parts(text))
    ways = islice(product(*(ways for _, ways in parts)), MAX_READINGS)
    texts = [each for part, _ in parts for each in part]
    return tuple(tuple(map(Unit, texts, chain.from_iterable(way))) for way in ways)


def _parts(text: str) -> Iterator[tuple[Sequence[str], Sequence[Sounds]]]:
    """The words, single characters and other runs of a text, each as the texts of its units and their readings."""
    tables = all_readings()
    known_until = 0
    for match in _UNITS.finditer(text):
        at, unit = match.start(), match[0]
        if at < known_until:
            continue
        if len(unit) > 1 or not HAN_CHARACTER.match(unit):
            yield (unit,), ((unit,),)
            continue
        word = tables.word_at(text, at) or unit
        known_until = at + len(word)
        yield word, tables.of(word)
