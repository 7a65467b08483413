"""What somebody is typing, as patterns of units: characters, pinyin in full, initials, and mixtures of them.

``xiangcun``, ``xc``, ``xcun`` and ``乡cun`` all begin 乡村. What letters mean is ambiguous (``xian`` is 先, 西安 and the
beginning of 乡), so there are several patterns of one text, and a text is accepted when it begins as one of them says.

Texts are looked for by their *key*: the sound of the first unit, then the initials of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from typing import Final

from indexer.analysis.characters import HAN, fold_literal
from indexer.analysis.pinyin import HAN_CHARACTER, Unit, readings, syllables, units

AFTER_FIRST: Final = "\x01"
"""Stands in a key behind the first unit, so that ``xian`` in full is told from the beginning of ``xiang``."""

KEY_UNITS: Final = 8
"""Units of a text that its key speaks of: four words of a title."""

MAX_PATTERNS: Final = 32
"""Ways to read one typed text that are tried, those of the fewest units first."""

_MAX_LETTERS: Final = 40
"""Of a run that is read as pinyin: eight syllables of usual length."""
_MAX_WAYS: Final = 256

MAX_KEYS: Final = 256
"""Keys that are looked up at most: each costs two searches in a dictionary. Initials need one for each first syllable
that they can stand for, at most 40."""

_NAME: Final = re.compile(r"[a-z]+[+#]+|[.*<]\S+")
"""What would be something else without its symbols: c++, c#, .net, *st, <b>."""

_LONGEST_UNIT: Final = 32
_RUNS: Final = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+")
_INITIALS: Final = frozenset(("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsywaeo"))
_LONGEST_SYLLABLE: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """What one unit must be: begin with ``sound``, or be it where ``whole``; ``character`` is what was typed, if one was.

    Letters that are ``spelt`` are pinyin: only how a character sounds begins with them.
    """

    sound: str = ""
    whole: bool = False
    character: str = ""
    spelt: bool = False

    def fits(self, unit: Unit) -> bool:
        """Whether a unit is what this part says."""
        if self.character:
            return unit.text == self.character
        if self.whole or (self.spelt and unit.text == unit.sound):
            return unit.sound == self.sound
        return unit.sound.startswith(self.sound)


Pattern = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed text, ready to be compared with other texts. ``patterns`` is empty where there is nothing to compare."""

    text: str
    patterns: tuple[Pattern, ...]

    @property
    def in_characters(self) -> str:
        """The Chinese characters that it begins with."""
        match = re.match(f"[{HAN}]*", self.text)
        return match[0] if match else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """What the keys of all texts that begin so begin with; none begins with another one. At most MAX_KEYS.

        Where there would be more, they are as many units shorter as it takes, and find more texts to compare.
        """
        found: set[str] = set()
        for size in range(KEY_UNITS, 0, -1):
            every = (key for each in self.patterns for key in _keys(each[:size]))
            found = set(islice(every, MAX_KEYS + 1))
            if len(found) <= MAX_KEYS and next(every, None) is None:
                break
        kept: list[str] = []
        for key in sorted(found):
            if not kept or not key.startswith(kept[-1]):
                kept.append(key)
        return tuple(kept[:MAX_KEYS])

    def begins(self, text: str) -> bool:
        """Whether a folded text begins as was typed."""
        name = _NAME.match(self.text)
        if name is not None and not text.startswith(name[0]):
            return False
        read = units(text)
        return any(
            len(read) >= len(pattern)
            and all(part.fits(unit) for part, unit in zip(pattern, read, strict=False))
            for pattern in self.patterns
        )


def read_typed(text: str) -> Typed:
    """What was typed, read in every way that makes sense, up to MAX_PATTERNS. Never raises."""
    folded = fold_literal(text)
    runs = _RUNS.findall(folded)
    ways = [_ways(run, last=n == len(runs) - 1) for n, run in enumerate(runs)]
    patterns = map(tuple, map(chain.from_iterable, islice(_best_first(ways), 2 * MAX_PATTERNS)))
    return Typed(folded, tuple(islice(dict.fromkeys(patterns), MAX_PATTERNS)) if runs else ())


def key_of(read: Sequence[Unit]) -> str:
    """The key of a text that is read so; empty for one that is not read at all."""
    if not read:
        return ""
    first, *others = read[:KEY_UNITS]
    return first.sound[:_LONGEST_UNIT] + AFTER_FIRST + "".join(unit.sound[0] for unit in others)


def _best_first(ways: Sequence[Sequence[Pattern]]) -> Iterator[tuple[Pattern, ...]]:
    """Every choice of one way for each run, those whose ranks add up to least first: there may be too many."""

    def choices(run: int, rank: int) -> Iterator[tuple[Pattern, ...]]:
        if run == len(ways):
            yield from () if rank else ((),)
            return
        for own in range(min(rank, len(ways[run]) - 1) + 1):
            for others in choices(run + 1, rank - own):
                yield ways[run][own], *others

    for rank in range(sum(len(each) - 1 for each in ways) + 1):
        yield from choices(0, rank)


def _ways(run: str, *, last: bool) -> list[Pattern]:
    """The patterns of one run, the likely first: syllables or one initial, the run as it stands, initials. What is typed last may be unfinished."""
    if HAN_CHARACTER.match(run):
        return [(Part(character=run),)]
    as_it_stands: Pattern = (Part(run, whole=not last),)
    if not (run.isascii() and run.isalpha()) or len(run) > _MAX_LETTERS:
        return [as_it_stands]
    ways = sorted(islice(_pinyin(run, last=last), _MAX_WAYS), key=len)
    if ways and all(part.whole for part in ways[0]):
        # Whoever spells syllables out does not mean initials: zhongguo is not z-h-o-ng-guo.
        ways = [way for way in ways if len(way) <= len(ways[0]) + 1]
    elif len(run) > 1:
        return [as_it_stands, *ways]
    return [*ways[:1], as_it_stands, *ways[1:]]


def _pinyin(letters: str, *, last: bool) -> Iterator[Pattern]:
    """Letters as syllables and initials, longer syllables first."""
    if not letters:
        yield ()
        return
    if last and len(letters) > 1 and letters in _beginnings():
        yield (Part(letters, spelt=True),)
    for size in range(min(_LONGEST_SYLLABLE, len(letters)), 1, -1):
        if letters[:size] in syllables():
            for rest in _pinyin(letters[size:], last=last):
                yield (Part(letters[:size], whole=True, spelt=True), *rest)
    for begun in dict.fromkeys((letters[:2], letters[:1])):
        if begun in _INITIALS:
            for rest in _pinyin(letters[len(begun) :], last=last):
                yield (Part(begun, spelt=True), *rest)


@cache
def _beginnings() -> frozenset[str]:
    """What syllables begin with, themselves left out where no longer one begins so."""
    return frozenset(each[:size] for each in syllables() for size in range(1, len(each)))


def _keys(pattern: Pattern) -> Iterator[str]:
    """The beginnings of the keys of texts that fit a pattern."""
    first, *others = pattern
    initials = map("".join, product(*map(_initials, others)))
    if not others and not first.character and not first.whole:
        yield first.sound[:_LONGEST_UNIT]
        return
    for rest in initials:
        for sound in _first_sounds(first):
            yield sound + AFTER_FIRST + rest


def _first_sounds(part: Part) -> Sequence[str]:
    if part.character:
        return readings(part.character)
    if part.whole:
        return (part.sound[:_LONGEST_UNIT],)
    return (part.sound, *(each for each in sorted(syllables()) if each.startswith(part.sound)))


def _initials(part: Part) -> tuple[str, ...]:
    sounds = readings(part.character) if part.character else (part.sound,)
    return tuple(dict.fromkeys(sound[0] for sound in sounds))
