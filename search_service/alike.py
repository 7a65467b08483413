"""What may have been meant by a misspelt text: guesses, each as words and completions to look for in an index.

Chinese is typed by its sound, so that wrong characters sound like the right ones, or nearly so. Letters go wrong one at
a time. Numbers are never guessed at: 2024 is not 2025.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice, product
from string import ascii_lowercase
from typing import Final, NamedTuple

from indexer.analysis.characters import HAN
from indexer.analysis.pinyin import Unit, homophones, readings, syllables, units
from indexer.analysis.typed import AFTER_FIRST, KEY_UNITS, key_of, read_typed

ONE_WRONG_FROM: Final = 4
"""Characters of a text of which any one may be wrong whatever it sounds like. Shorter ones are mostly names, and 王小明 is
not 王小平."""
LETTERS_FROM: Final = 4
"""Letters of a word of which one may be wrong: shorter ones are too close to one another."""
LETTERS_TO: Final = 20

_MAX_KEYS: Final = 600
_CHINESE: Final = re.compile(f"[{HAN}]+")
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
    """Completions whose key begins as one of ``keys``, and whose folded text ``begins`` so and is one that ``accepts`` takes, of ``length``
    characters, if that is given; and these ``words``."""

    keys: tuple[str, ...]
    accepts: Callable[[str], bool]
    words: tuple[str, ...] = ()
    begins: str = ""
    length: int | None = None


def is_chinese(text: str) -> bool:
    """Whether a folded text is nothing but Chinese characters."""
    return _CHINESE.fullmatch(text) is not None


def same_sound(text: str) -> Guess:
    """Words that sound as a Chinese text does, of which at most half the characters are others."""
    read = units(text)

    def accepts(other: str) -> bool:
        return _as_long(text, other) and (
            2 * shared(text, other) >= len(text) - 1
            and shared(text, other) > 0
            and [unit.sound for unit in units(other)] == [unit.sound for unit in read]
        )

    return Guess((key_of(read),), accepts, _one_other(text), length=len(text))


def near_sound(text: str) -> Guess:
    """Completions with one other character, that sounds nearly alike: zh and z, n and l, ing and in, f and hu."""
    spoken = [_near(unit) for unit in units(text)]

    def accepts(other: str) -> bool:
        return (
            _as_long(text, other)
            and shared(text, other) == len(text) - 1
            and all(
                unit.sound in sounds for unit, sounds in zip(units(other), spoken, strict=False)
            )
        )

    initials = [sorted({sound[0] for sound in sounds}) for sounds in spoken[1:KEY_UNITS]]
    keys = (
        first + AFTER_FIRST + "".join(rest)
        for rest in product(*initials)
        for first in sorted(spoken[0])
    )
    return Guess(tuple(islice(keys, _MAX_KEYS)), accepts, length=len(text))


def one_wrong(text: str) -> Guess:
    """Words of ONE_WRONG_FROM characters and more with any one other character, but not the first one."""

    def accepts(other: str) -> bool:
        return _as_long(text, other) and shared(text, other) == len(text) - 1

    return Guess((units(text)[0].sound + AFTER_FIRST,), accepts, begins=text[0], length=len(text))


def one_letter(word: str) -> Guess:
    """Words of letters with one more, one less, another one, or two neighbours the other way round."""
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {before + after[1:] for before, after in parts if after}
    found |= {before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1}
    for letter in ascii_lowercase:
        found |= {before + letter + after for before, after in parts}
        found |= {before + letter + after[1:] for before, after in parts if after}
    found.discard(word)
    keys = sorted(each + AFTER_FIRST for each in found)
    return Guess(tuple(keys), found.__contains__, tuple(sorted(found)))


def spelt_out(letters: str) -> Sequence[str]:
    """The syllables of pinyin that is typed in full, two or more of them; empty for other letters."""
    if letters in syllables():
        return []
    for pattern in read_typed(letters).patterns:
        sounds = [part.sound for part in pattern]
        # The last one counts as unfinished, if longer ones begin so.
        whole = all(part.whole for part in pattern[:-1])
        if len(sounds) > 1 and whole and syllables().issuperset(sounds):
            return sounds
    return []


def of_sounds(sounds: Sequence[str]) -> Guess:
    """Chinese words that are read so."""
    key = key_of([Unit(sound, sound) for sound in sounds])

    def accepts(other: str) -> bool:
        return is_chinese(other) and [unit.sound for unit in units(other)] == list(sounds)

    return Guess((key,), accepts)


def _one_other(text: str) -> tuple[str, ...]:
    """The texts with one other common character that sounds the same. Some dozens.

    None of a longer text: what so many characters mean stands in titles too.
    """
    if len(text) >= ONE_WRONG_FROM:
        return ()
    return tuple(
        text[:place] + other + text[place + 1 :]
        for place, unit in enumerate(units(text))
        for other in homophones().get(unit.sound, "")
        if other != text[place]
    )


def _as_long(text: str, other: str) -> bool:
    return len(other) == len(text) and other != text and is_chinese(other)


def shared(text: str, other: str) -> int:
    """How many characters stand at the same place in both."""
    return sum(a == b for a, b in zip(text, other, strict=False))


def _near(unit: Unit) -> frozenset[str]:
    """The sounds near those that a character can have."""
    return frozenset(
        sound for each in readings(unit.text) for sound in _by_blur().get(_blur(each), (each,))
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
