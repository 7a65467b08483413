"""Typed text as patterns of units: characters, full pinyin, initials, and mixtures of them.

``xiangcun``, ``xc``, ``xcun`` and ``乡cun`` all begin 乡村. Letters are ambiguous (``xian`` is 先, 西安 and the beginning of 乡),
so one text has several patterns. A candidate matches if its beginning fits one of the patterns.

Candidates are looked up by their *key*: the sound of the first unit, then the initials of the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from typing import Final

from indexer.analysis.characters import HAN, fold_literal
from indexer.analysis.pinyin import HAN_CHARACTER, Unit, pronunciations, readings, syllables
from indexer.analysis.readings import WITHOUT_TONES

AFTER_FIRST: Final = "\x01"
"""Follows the first unit in a key. It tells ``xian`` in full from the beginning of ``xiang``."""

KEY_UNITS: Final = 8
"""The most units in a key: four words of a title."""

MAX_PATTERNS: Final = 32
"""The most readings of one typed text to try, those of the fewest units first."""

_MAX_LETTERS: Final = 40
"""The most letters of a run that is read as pinyin: eight syllables of usual length."""
_MAX_WAYS: Final = 256

_MAX_MADE: Final = 1_024
"""Keys that are made at most to find MAX_KEYS different ones: patterns share many."""
MAX_KEYS: Final = 256
"""The most keys to look up. Each costs two searches in a dictionary. An initial needs one key for each first syllable that it can
stand for, at most 40.
"""

_NAME: Final = re.compile(r"[a-z]+[+#]+|[.*<]\S+")
"""Names that would mean something else without their symbols: c++, c#, .net, *st, <b>."""

_LONGEST_UNIT: Final = 32
_RUNS: Final = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+")
_TONE_DIGITS: Final = re.compile(r"(?:[a-z]{1,6}[1-5][ ']?)+[a-z]{1,6}[1-5]?")
_ALSO: Final = {"lue": "lve", "nue": "nve", "lyu": "lv", "nyu": "nv"}
"""Syllables with ü that are also written otherwise, lyu and nyu in passports (GB/T 28039)."""
_INITIALS: Final = frozenset(("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsywaeo"))
_LONGEST_SYLLABLE: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """What one unit must be. Its sound begins with ``sound``; with ``whole`` it equals ``sound``. ``character`` is the typed
    character, if one was typed.

    With ``spelt`` the letters are pinyin, so only the sound of a character may be longer than the letters. Any other unit must
    equal them.
    """

    sound: str = ""
    whole: bool = False
    character: str = ""
    spelt: bool = False

    def fits(self, unit: Unit) -> bool:
        """Whether a unit matches this part."""
        if self.character:
            return unit.text == self.character
        if self.whole or (self.spelt and unit.text == unit.sound):
            return unit.sound == self.sound
        return unit.sound.startswith(self.sound)


Pattern = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed text, ready for comparison with other texts: as typed, folded, and in all its readings.

    ``patterns`` is empty if there is nothing to compare. Folding drops the tones and the dots of ü.
    """

    typed: str
    text: str
    patterns: tuple[Pattern, ...]

    @property
    def in_characters(self) -> str:
        """The Chinese characters at its beginning."""
        match = re.match(f"[{HAN}]*", self.text)
        return match[0] if match else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The prefixes of the keys of all matching texts, at most MAX_KEYS. No key is a prefix of another.

        If there are more, the prefixes are shortened by as many units as necessary. Shorter prefixes find more texts to compare.
        """
        found: set[str] = set()
        for size in range(KEY_UNITS, 0, -1):
            every = (key for each in self.patterns for key in _keys(each[:size]))
            found = set(islice(every, _MAX_MADE))
            if len(found) <= MAX_KEYS and next(every, None) is None:
                break
        kept: list[str] = []
        for key in sorted(found):
            if not kept or not key.startswith(kept[-1]):
                kept.append(key)
        return tuple(kept[:MAX_KEYS])

    def begins(self, text: str) -> bool:
        """Whether a folded text, in one of its usual readings, begins with what was typed."""
        return self._fitting(text) is not None

    def extent(self, text: str) -> int:
        """The number of characters at the beginning of a folded text that stand for what was typed: 2 in 乡村振兴 for ``xc``.

        0 if the text does not begin with it.
        """
        if text.startswith(self.text):
            return len(self.text)
        found = self._fitting(text)
        end = 0
        for part, unit in found or ():
            start = text.index(unit.text, end)
            # A character is whole, of a word in letters or digits only the beginning may be typed.
            end = start + len(part.sound if unit.text == unit.sound else unit.text)
        return end

    def _fitting(self, text: str) -> list[tuple[Part, Unit]] | None:
        """The parts that were typed, each with the unit of a folded text that fits it; None if the text does not begin so."""
        name = _NAME.match(self.text)
        if name is not None and not text.startswith(name[0]):
            return None
        for read in pronunciations(text):
            for pattern in self.patterns:
                if len(read) >= len(pattern) and all(map(Part.fits, pattern, read)):
                    return list(zip(pattern, read, strict=False))
        return None


def read_typed(text: str) -> Typed:
    """The typed text in all sensible readings, up to MAX_PATTERNS. Never raises."""
    folded = fold_literal(text)
    patterns = chain.from_iterable(map(_patterns, dict.fromkeys((folded, plain_pinyin(text)))))
    return Typed(text, folded, tuple(islice(dict.fromkeys(patterns), MAX_PATTERNS)))


def plain_pinyin(text: str) -> str:
    """Folded text with pinyin as letters alone: zhōngguó, zhong1guo2 and nu:pai become zhongguo, zhong guo and nvpai."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(WITHOUT_TONES)
    plain = fold_literal(re.sub("(?<=[ln])u:", "v", plain))
    if _TONE_DIGITS.fullmatch(plain) and syllables().issuperset(
        re.findall("[a-z]+(?=[1-5])", plain)
    ):
        plain = " ".join(re.findall("[a-z]+", plain))
    return plain


def _patterns(folded: str) -> Iterator[Pattern]:
    """The patterns of a folded text in its likeliest readings, at most 2 * MAX_PATTERNS."""
    runs = _RUNS.findall(folded)
    ways = [_ways(run, last=n == len(runs) - 1) for n, run in enumerate(runs)]
    likeliest = islice(_best_first(ways), 2 * MAX_PATTERNS if runs else 0)
    return map(tuple, map(chain.from_iterable, likeliest))


def key_of(read: Sequence[Unit]) -> str:
    """The key of a text with these units; empty without units."""
    if not read:
        return ""
    first, *others = read[:KEY_UNITS]
    return first.sound[:_LONGEST_UNIT] + AFTER_FIRST + "".join(unit.sound[0] for unit in others)


def _best_first(ways: Sequence[Sequence[Pattern]]) -> Iterator[tuple[Pattern, ...]]:
    """Every combination of one way for each run, lowest sum of ranks first. Lazy, since there may be too many."""

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
    """The patterns of one run: syllables or one initial, the literal run, initials. The last run may be unfinished."""
    if HAN_CHARACTER.match(run):
        return [(Part(character=run),)]
    as_it_stands: Pattern = (Part(run, whole=not last),)
    if not (run.isascii() and run.isalpha()) or len(run) > _MAX_LETTERS:
        return [as_it_stands]
    ways = sorted(islice(_pinyin(run, last=last), _MAX_WAYS), key=len)
    if ways and all(part.whole for part in ways[0]):
        # Whole syllables are not read as initials too: zhongguo is not z-h-o-ng-guo.
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
        sound = _ALSO.get(letters[:size], letters[:size])
        if sound in syllables():
            for rest in _pinyin(letters[size:], last=last):
                yield (Part(sound, whole=True, spelt=True), *rest)
    for begun in dict.fromkeys((letters[:2], letters[:1])):
        if begun in _INITIALS:
            for rest in _pinyin(letters[len(begun) :], last=last):
                yield (Part(begun, spelt=True), *rest)


@cache
def _beginnings() -> frozenset[str]:
    """The proper prefixes of syllables."""
    return frozenset(each[:size] for each in syllables() for size in range(1, len(each)))


def _keys(pattern: Pattern) -> Iterator[str]:
    """The prefixes of the keys of texts that match a pattern."""
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
