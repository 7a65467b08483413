"""Guesses at what a misspelt text means. A guess is a set of words and completions to look up in an index.

Chinese is typed by its sound: wrong characters sound like the right ones, or nearly so. Words of letters have one wrong
letter at a time. Numbers are never guessed: 2024 is not 2025.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import islice, product
from string import ascii_lowercase
from typing import Final, NamedTuple

from indexer.analysis.pinyin import Unit, homophones, pronunciations, readings, syllables, units
from indexer.analysis.typed import AFTER_FIRST, KEY_UNITS, key_of, read_typed
from indexer.query import Alike, AnyOf

LETTERS_FROM: Final = 4
"""Minimum length of a word in which one letter may be wrong. Shorter words are too similar to one another."""
LETTERS_TO: Final = 20

MAX_DIVISIONS: Final = 4
"""The most ways to divide one run of letters into syllables. Each is looked up."""

_MAX_KEYS: Final = 600
_BLURS: Final = tuple(
    (re.compile(pattern), blurred)
    for pattern, blurred in (
        ("^([zcs])h", r"\1"),
        ("^n", "l"),
        ("^h(?=u)", "f"),
        ("^fu([in])$", r"fe\1"),
        ("^fu(?=[ao])", "f"),
        ("ng$", "n"),
    )
)


class Guess(NamedTuple):
    """Completions and words to look up.

    A completion fits if its key is one of ``keys``, and if its folded text is one of ``texts``. ``words`` are looked up as
    they are.
    """

    keys: tuple[str, ...]
    texts: Alike | AnyOf
    words: tuple[str, ...] = ()


def same_sound(text: str) -> Guess:
    """Words with the same sound as a Chinese text. They share half of its characters or more (rounded down, at least one)."""
    ways = pronunciations(text)
    size = len(text)
    sounds = tuple(frozenset(unit.sound for unit in place) for place in zip(*ways, strict=True))
    keys = tuple(dict.fromkeys(map(key_of, ways)))
    return Guess(keys, Alike(size, text, max(1, size // 2), sounds), _one_other(text))


def near_sound(text: str) -> Guess:
    """Completions that differ in one character of nearly the same sound: zh and z, n and l, ing and in, f and hu."""
    read = units(text)
    spoken = tuple(_near(unit.text) for unit in read)
    own = [frozenset(readings(unit.text)) for unit in read]
    keys: dict[str, None] = {}
    for place, near in enumerate(spoken):
        sounds = [*own[:place], near, *own[place + 1 :]]
        parts = product(_first_in_key(sounds[0]), *map(_initials, sounds[1:KEY_UNITS]))
        keys |= dict.fromkeys(map("".join, parts))
    size = len(text)
    return Guess(tuple(islice(keys, _MAX_KEYS)), Alike(size, text, size - 1, spoken))


def one_letter(word: str) -> Guess:
    """Words with one letter more, one less, one changed, or two neighbours swapped."""
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {before + after[1:] for before, after in parts if after}
    found |= {before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1}
    for letter in ascii_lowercase:
        found |= {before + letter + after for before, after in parts}
        found |= {before + letter + after[1:] for before, after in parts if after}
    found.discard(word)
    keys = sorted(each + AFTER_FIRST for each in found)
    return Guess(tuple(keys), AnyOf(frozenset(found)), tuple(sorted(found)))


def spelt_out(letters: str) -> list[tuple[str, ...]]:
    """The ways to divide pinyin typed in full into syllables, if there are at least two; empty for other letters.

    At most MAX_DIVISIONS, those of the fewest syllables first: fangan is fang an and fan gan.
    """
    if letters in syllables():
        return []
    ways = (tuple(part.sound for part in each) for each in read_typed(letters).patterns)
    found = (sounds for sounds in ways if len(sounds) > 1 and syllables().issuperset(sounds))
    return sorted(dict.fromkeys(found), key=len)[:MAX_DIVISIONS]


def of_sounds(sounds: Sequence[str], words: Sequence[str] = ()) -> Guess:
    """Chinese completions with these sounds, and ``words``."""
    key = key_of([Unit(sound, sound) for sound in sounds])
    alike = Alike(len(sounds), sounds=tuple(frozenset((each,)) for each in sounds))
    return Guess((key,), alike, tuple(words))


def _one_other(text: str) -> tuple[str, ...]:
    """The texts in which one character is replaced by a common character of the same sound: some dozens."""
    found: list[str] = []
    for place, (own, sound) in enumerate(units(text)):
        before, after = text[:place], text[place + 1 :]
        others = homophones().get(sound, "").replace(own, "")
        found += [before + other + after for other in others]
    return tuple(found)


@cache
def _first_in_key(sounds: frozenset[str]) -> tuple[str, ...]:
    return tuple(sound + AFTER_FIRST for sound in sorted(sounds))


@cache
def _initials(sounds: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({sound[0] for sound in sounds}))


@cache
def _near(character: str) -> frozenset[str]:
    """All sounds that are nearly equal to a reading of the character."""
    return frozenset(
        sound for each in readings(character) for sound in _by_blur().get(_blur(each), (each,))
    )


@cache
def _by_blur() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sound in sorted(syllables()):
        found.setdefault(_blur(sound), []).append(sound)
    return found


def _blur(sound: str) -> str:
    for pattern, blurred in _BLURS:
        sound = pattern.sub(blurred, sound)
    return sound
