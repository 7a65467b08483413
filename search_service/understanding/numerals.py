"""Numerals: a number in digits and in Chinese words is one number (17号 and 十七号, 20大 and 二十大).

Only numbers that count or order something are rewritten: those before a measure, and those after 第 or 双. A numeral inside a longer
word is a name (十三陵, 三亚, 五一). Digits that are read one by one (十四五, 九一八) are names too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.analysis.analyzers import Analyzer, Token
from indexer.analysis.characters import fold
from search_service.understanding.joined import ORDINAL, belongs_after, whole_words

_DIGITS: Final = "零一二三四五六七八九"
_UNITS: Final = ("", "十", "百", "千")
MOST: Final = 9_999
"""The largest number that is rewritten. Larger ones are written with 万, in digits or in a mixture."""

_NUMERAL: Final = re.compile(f"[两十百千{_DIGITS}]+")
_NUMBER: Final = re.compile(r"(?<![0-9])(?<![0-9][^\w\s])[1-9][0-9]{0,3}(?![0-9]|[^\w\s][0-9])")
_VAGUE: Final = frozenset("一两")
"""Numerals that mean a number only in an order (第一届, 一号, 一月): 一起 and 一家 count nothing."""
_ORDERED: Final = frozenset("号届月日期")
_VERY: Final = "十分"
"""A word that only looks like ten points."""


@dataclass(frozen=True, slots=True)
class Respelt:
    """A stretch of a typed text with its ``words``, and the same with its numbers written the other way."""

    text: str
    words: tuple[str, ...]
    other: str
    other_words: tuple[str, ...]


def numeral(number: int) -> str:
    """A number from 1 to MOST in Chinese words: 17 is 十七, 205 is 二百零五."""
    figures = str(number)
    read = ""
    for place, figure in zip(range(len(figures) - 1, -1, -1), figures, strict=True):
        if figure != "0":
            read += _DIGITS[int(figure)] + _UNITS[place]
        elif not read.endswith("零"):
            read += "零"
    read = read.rstrip("零")
    return read[1:] if read.startswith("一十") else read


def value(text: str) -> int | None:
    """The number that Chinese words name; None if they name none from 1 to MOST in the usual way."""
    total = figure = 0
    for character in text:
        if character in _UNITS:
            total += (figure or 1) * 10 ** _UNITS.index(character)
            figure = 0
        else:
            figure = 2 if character == "两" else _DIGITS.index(character)
    total += figure
    return total if 0 < total <= MOST and numeral(total) == text.replace("两", "二") else None


def respelt(text: str, joined: Sequence[str], analyzer: Analyzer) -> Iterator[Respelt]:
    """The stretches of a text whose numbers can be written the other way. ``joined`` are its stretches in digits."""
    for stretch in joined:
        other = _NUMBER.sub(_in_words, fold(stretch))
        if not stretch.isascii() and other != fold(stretch):
            start = text.find(stretch)
            words = _cut(text, start, start + len(stretch), analyzer)
            yield Respelt(stretch, words, other, _replaced(text, start, stretch, other, analyzer))
    folded = fold(text)
    matches = list(_NUMERAL.finditer(folded))
    tokens = whole_words(analyzer, text) if matches else []
    for match in matches:
        number = value(match[0])
        span = _span(folded, match, tokens, analyzer) if number else None
        if span is None:
            continue
        start, end = span
        typed = text[start:end]
        other = text[start : match.start()] + str(number) + text[match.end() : end]
        words = _cut(text, start, end, analyzer)
        yield Respelt(typed, words, other, _replaced(text, start, typed, other, analyzer))


def _in_words(found: re.Match[str]) -> str:
    """The numeral of a number in digits. A year keeps its digits: the analyzer knows years in both forms."""
    digits, before, after = (
        found[0],
        found.string[: found.start()][-1:],
        found.string[found.end() :][:1],
    )
    if len(digits) == 4 and after == "年":
        return digits
    counts = before not in ORDINAL and after and after not in _ORDERED
    return "两" if digits == "2" and counts else numeral(int(digits))


def _span(
    folded: str, match: re.Match[str], tokens: Sequence[Token], analyzer: Analyzer
) -> tuple[int, int] | None:
    """Start and end of a numeral with what makes it a number; None for a name."""
    held = [
        n
        for n, token in enumerate(tokens)
        if token.start < match.end() and token.end > match.start()
    ]
    first, last = held[0], held[-1]
    start, end = tokens[first].start, tokens[last].end
    before = folded[start : match.start()]
    after = folded[match.end() : end]
    if (before and before not in ORDINAL) or folded[start:end] == _VERY:
        return None
    if not after and last + 1 < len(tokens) and tokens[last + 1].start == end:
        follower = belongs_after(match[0], tokens[last + 1].text, analyzer)
        end += len(follower)
        after = follower
    elif belongs_after(match[0], after, analyzer) != after:
        return None
    if not before and folded[: match.start()][-1:] in ORDINAL:
        start -= 1
    elif not before and not after:
        return None
    return None if match[0] in _VAGUE and after[:1] not in _ORDERED else (start, end)


def _replaced(text: str, start: int, typed: str, other: str, analyzer: Analyzer) -> tuple[str, ...]:
    changed = text[:start] + other + text[start + len(typed) :]
    return _cut(changed, start, start + len(other), analyzer)


def _cut(text: str, start: int, end: int, analyzer: Analyzer) -> tuple[str, ...]:
    """The words of ``text[start:end]``, cut with their neighbours if no word reaches beyond it."""
    inside = [
        token for token in whole_words(analyzer, text) if token.start < end and token.end > start
    ]
    if inside and (inside[0].start, inside[-1].end) == (start, end):
        return tuple(token.text for token in inside)
    return tuple(token.text for token in whole_words(analyzer, text[start:end]))
