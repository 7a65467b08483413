"""Spellings: different ways to write one thing, which are indexed in one form.

These are numbers in groups (1,000), numbers with signs inside (4.5, 9·11, 2:1, 10-15), telephone numbers with their area
(010-12345678), days (2023/12/9), years in Chinese digits (二〇二四年), units that also have a sign (20°C and 20℃, 80m² and 80㎡), and
words that regions write differently (计画 and 计划). A number with its signs is one word, so a search for 100% does not find every
100, and 4.5 is neither 4 nor 5. Works on folded text. Literals are compared as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import normalize

from indexer.analysis.characters import BLOCKS_BESIDE_HAN, HAN, characters_of
from indexer.analysis.filters import expand

_VARIANTS: Final = Path(__file__).parent / "data" / "variants.txt"
_CHINESE: Final = "〇零○一二三四五六七八九"

_INSIDE_SIGNS: Final = {".": ".", ":": ":∶", "·": "·•・‧∙⋅"}
"""Signs that make one number of two, with the ways to write them."""
_BETWEEN_SIGNS: Final = {"-": "-–—‐‑‒−", "~": "~〜∼", "/": "/"}
"""Signs between two numbers that also stand for themselves, with the ways to write them. The hyphen comes first for re."""
SIGNS: Final = (*_INSIDE_SIGNS, *_BETWEEN_SIGNS)
"""The usual form of each sign inside a number."""

_DIGITS: Final = str.maketrans(_CHINESE, "000123456789", ",") | {
    ord(written): sign
    for signs in (_INSIDE_SIGNS, _BETWEEN_SIGNS)
    for sign, variants in signs.items()
    for written in variants
}
_INSIDE: Final = "".join(_INSIDE_SIGNS.values())
_BETWEEN: Final = "".join(_BETWEEN_SIGNS.values())

_LONGEST: Final = 20
"""The most digits between two signs. Longer runs of digits are noise, or numbers that nobody types with signs."""
_MOST: Final = 7
"""The most signs in a number. A longer chain is several numbers."""

_SOME: Final = f"[0-9]{{1,{_LONGEST}}}+"
_ANY: Final = f"[0-9]{{0,{_LONGEST - 1}}}+"
_NEXT: Final = f"(?:[{_BETWEEN}{_INSIDE}]{_SOME}%?)"
_SIGNED: Final = f"(?:%{_NEXT}{{0,{_MOST}}}|{_NEXT}{{1,{_MOST}}})(?![0-9])"
"""What follows the first digits of a number with signs. Possessive digits, so a search takes linear time."""
_GROUPS: Final = "(?:,[0-9]{3})+(?![0-9]|,[0-9])"
_FRACTION: Final = rf"(?:\.{_SOME}(?![0-9]))?%?"
_GROUPED: Final = f"[1-9][0-9]{{0,2}}{_GROUPS}{_FRACTION}"
_YEARS: Final = {"一": f"[八九][{_CHINESE}]{{2}}", "二": f"[〇零○][{_CHINESE}]{{2}}"}
"""What follows each first digit: years from 1800 to 2099."""
_NUMBER: Final = re.compile(
    "|".join((_GROUPED, _SOME + _SIGNED, *(first + rest for first, rest in _YEARS.items())))
)
_TELEPHONE: Final = re.compile(f"(0[1-9][0-9]{{1,2}})[{_BETWEEN_SIGNS['-']}]([0-9]{{7,8}})")
_DAY: Final = rf"((?:19|20)[0-9]{{2}})([{_BETWEEN}.])([0-9]{{1,2}})\2([0-9]{{1,2}})(?![0-9])"
_A_DAY: Final = re.compile(_DAY)
_PART: Final = re.compile(rf"{_DAY}|{_SOME}(?:[{_INSIDE}]{_SOME})*%?")


_UNITS: Final = {
    "°c": "℃",
    "°f": "℉",
    "mm2": "㎟",
    "cm2": "㎠",
    "m2": "㎡",
    "km2": "㎢",
    "mm3": "㎣",
    "cm3": "㎤",
    "m3": "㎥",
    "km3": "㎦",
}
"""Units written out and folded, each with its sign. The sign is indexed, because its parts alone mean something else."""

_TWO_HAN: Final = re.compile(f"[{HAN}]{{2}}")

_SPELT: Final = re.compile(f"[a-z0-9{''.join(_UNITS.values())}]")


def number_branches() -> list[str]:
    """Regular expressions that find numbers and units with several spellings in a text, each beginning with a different character.

    A search can thus skip to the possible first characters. The look-behind comes after the first character.
    """
    branches = [f"0(?<![0-9]0){_ANY}{_SIGNED}"]
    branches += [
        f"{n}(?:(?<![0-9.,]{n})[0-9]{{0,2}}{_GROUPS}{_FRACTION}|(?<![0-9]{n}){_ANY}{_SIGNED})"
        for n in range(1, 10)
    ]
    branches += [f"{n}(?<![{_CHINESE}]{n}){rest}(?=年)" for n, rest in _YEARS.items()]
    branches.append("°[cf](?![a-z0-9])")
    # M2 is also an amount of money. An area or a volume follows a number or a slash: 80m2, 80 m2, 元/m2.
    return branches + [
        f"{first}(?:(?<=[0-9/]{first})|(?<=[0-9/] {first})){rest}(?![a-z0-9])"
        for first, rest in {"c": "m[23]", "k": "m[23]", "m": "m?[23]"}.items()
    ]


def has_spellings(text: str) -> bool:
    """Whether :func:`spelt_as_indexed` can find a folded text that is written in another way: it has digits, letters or signs."""
    return _SPELT.search(text) is not None


def spelt_as_indexed(text: str) -> tuple[str, list[int] | None]:
    """A folded text in which numbers, units and signs are spelt as they are indexed (2,000 as 2000, Ⅲ as iii), and their places.

    ``places[n]`` is the place in ``text`` of character n of the result; one more entry stands for its end. All characters of
    one spelling have the place of its beginning. None if the spelt text equals ``text``. O(length).
    """
    changed = [(found, usual(found.group())) for found in _numbers().finditer(text)]
    if not text.isascii():
        changed += [(found, expand(found.group())) for found in _signs().finditer(text)]
    changed = [(found, spelt) for found, spelt in changed if spelt != found.group()]
    if not changed:
        return text, None
    spelt_text, places, at = "", list[int](), 0
    for found, spelt in sorted(changed, key=lambda each: each[0].start()):
        spelt_text += text[at : found.start()] + spelt
        places += range(at, found.start())
        places += [found.start()] * len(spelt)
        at = found.end()
    return spelt_text + text[at:], [*places, *range(at, len(text) + 1)]


@cache
def _numbers() -> re.Pattern[str]:
    return re.compile("|".join(number_branches()))


@cache
def _signs() -> re.Pattern[str]:
    """One character that stands for several, letters or digits among them, except the units that are indexed as signs.

    Without the few beyond U+FFFF: a class with them takes 30 times as long.
    """
    signs = (
        each
        for each in characters_of(BLOCKS_BESIDE_HAN)
        if len(expanded := normalize("NFKC", each)) > 1
        and any(map(str.isalnum, expanded))
        and each <= "\uffff"
    )
    return re.compile(f"[{''.join(each for each in signs if each not in _UNITS.values())}]")


def is_number(piece: str) -> bool:
    """Whether a piece is a number of the kinds that :func:`number_branches` finds."""
    return _NUMBER.fullmatch(piece) is not None


def number_parts(number: str) -> Iterator[tuple[str, int, int]]:
    """The numbers inside a number with signs that also stand for themselves: their usual spelling, start and end.

    A range has its two numbers (10 and 15 in 10-15), a day its year, month and day, and a percentage the number without the sign. A
    number in groups, and one number of two with a sign such as the point of 4.5, has no parts. By start, the longer first.
    """
    if "," in number:
        return
    for match in _PART.finditer(number):
        start, end = match.span()
        if match.group() != number and (match[1] is None or _day(match)):
            yield usual(match.group()), start, end
        if match[1] is not None:
            yield from ((match[n], match.start(n), match.end(n)) for n in (1, 3, 4))
        elif number[end - 1] == "%":
            yield usual(number[start : end - 1]), start, end - 1


def usual(piece: str) -> str:
    """The indexed spelling of a piece of text: the piece itself, or the usual one of several spellings."""
    if is_number(piece):
        if telephone := _TELEPHONE.fullmatch(piece):
            return telephone[1] + telephone[2]
        day = day_of(piece)
        return day.isoformat() if day else piece.translate(_DIGITS)
    if piece in _UNITS:
        return _UNITS[piece]
    words, pattern = _variants()
    return pattern.sub(lambda found: words[found.group()], piece)


def written_as(word: str) -> frozenset[str]:
    """The folded texts of which one stands wherever a Chinese word can come up when a folded text is analysed.

    These are the word itself, the word with a part of it in another regional spelling (企画 for 企划), and signs that are
    expanded to it (㍿ to 株式会社). A few of these texts lead to the word only beside certain neighbours.
    """
    found, left = {word}, [word]
    variants, _ = _variants()
    while left:
        text = left.pop()
        others = {
            text[: max(0, at)] + variant + text[max(0, at + len(usual_one)) :]
            for variant, usual_one in variants.items()
            for at in range(1 - len(usual_one), len(text))
            if all(
                text[place] == usual_one[place - at]
                for place in range(max(0, at), min(len(text), at + len(usual_one)))
            )
        }
        left += others - found
        found |= others
    return frozenset(found | {sign for sign, expanded in _expanded().items() if word in expanded})


@cache
def _expanded() -> dict[str, str]:
    """The signs that are expanded to Chinese words of several characters."""
    signs = ((each, expand(each)) for each in characters_of(BLOCKS_BESIDE_HAN))
    return {sign: expanded for sign, expanded in signs if _TWO_HAN.search(expanded)}


def day_of(number: str) -> date | None:
    """The day that a number such as 2023-12-9, 2023/12/09 or 2023.12.9 names; None if it names none."""
    match = _A_DAY.fullmatch(number)
    return _day(match) if match else None


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


@cache
def _variants() -> tuple[dict[str, str], re.Pattern[str]]:
    lines = _VARIANTS.read_text(encoding="utf-8").splitlines()
    words = dict(line.split(" ") for line in lines if line and not line.startswith("#"))
    return words, re.compile("|".join(words))
