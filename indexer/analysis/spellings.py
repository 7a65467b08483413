"""Spellings: different ways to write one thing, which are indexed in one form.

These are numbers in groups (1,000), telephone numbers with their area (010-12345678), years in Chinese digits (二〇二四年), and
words that regions write differently (计画 and 计划). A percentage is one word, so a search for 100% does not find every 100. Works
on folded text. Literals are compared as they were written.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

_VARIANTS: Final = Path(__file__).parent / "data" / "variants.txt"
_CHINESE: Final = "〇零○一二三四五六七八九"
_DIGITS: Final = str.maketrans(_CHINESE, "000123456789", ",-")

_GROUPED: Final = "[1-9][0-9]{0,2}(?:,[0-9]{3})+"
_TELEPHONE: Final = "0[1-9][0-9]{1,2}-[0-9]{7,8}"
_YEARS: Final = {"一": f"[八九][{_CHINESE}]{{2}}", "二": f"[〇零○][{_CHINESE}]{{2}}"}
"""What follows each first digit: years from 1800 to 2099."""
_PERCENTAGE: Final = "[0-9]{1,20}%"
_NUMBER: Final = re.compile(
    "|".join((_GROUPED, _TELEPHONE, _PERCENTAGE, *(first + rest for first, rest in _YEARS.items())))
)


def number_branches() -> list[str]:
    """Regular expressions that find numbers with several spellings in a text, each beginning with a different character.

    A search can thus skip to the possible first characters. The look-behind comes after the first character.
    """
    after = "(?![0-9]|,[0-9])"
    branches = [f"0(?:(?<![0-9.,-]0){_TELEPHONE[1:]}{after}|(?<![0-9]0)[0-9]{{0,19}}%)"]
    branches += [
        f"{n}(?:(?<![0-9.,]{n}){_GROUPED[5:]}{after}|(?<![0-9]{n})[0-9]{{0,19}}%)"
        for n in range(1, 10)
    ]
    return branches + [f"{n}(?<![{_CHINESE}]{n}){rest}(?=年)" for n, rest in _YEARS.items()]


def is_number(piece: str) -> bool:
    """Whether a piece is a number of the kinds that :func:`number_branches` finds."""
    return _NUMBER.fullmatch(piece) is not None


def usual(piece: str) -> str:
    """The indexed spelling of a piece of text: the piece itself, or the usual one of several spellings."""
    if is_number(piece):
        return piece.translate(_DIGITS)
    words, pattern = _variants()
    return pattern.sub(lambda found: words[found.group()], piece)


@cache
def _variants() -> tuple[dict[str, str], re.Pattern[str]]:
    lines = _VARIANTS.read_text(encoding="utf-8").splitlines()
    words = dict(line.split(" ") for line in lines if line and not line.startswith("#"))
    return words, re.compile("|".join(words))
