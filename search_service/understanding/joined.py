"""Joined words: words of a typed text that form one thing and must follow one another.

Numbers and Latin words are joined if they are typed without a blank: H1N1, iPhone15. A number and the measure behind it are joined
(3公里, 9号线, 第20届), also inside a longer text. Other single Chinese characters belong to the stretch if no other character touches
it: 歼20. Each word alone occurs in many unrelated articles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from indexer.analysis.analyzers import Analyzer, Token
from indexer.analysis.characters import fold
from indexer.analysis.measures import counters, is_measure
from indexer.analysis.spellings import day_of
from search_service.understanding.borders import has_borders

_PARTS: Final = re.compile(r"[\s,，、;；。！!？?+＋]")
"""Characters that separate two things."""

MAX_JOINED: Final = 8
"""Maximum number of words of a stretch. Each word costs a look-up. Eight words of a long address identify the address."""

_NUMBER: Final = re.compile(r"[0-9]+(?:[-.~/][0-9]+)*%?|[一二三四五六七八九十百千两零]+")
_LARGE: Final = frozenset("万亿")
"""Words that begin with these belong to the number as a whole if they are in the dictionary, or a measure follows: 亿元, 万人."""
_PLACES: Final = frozenset(("号线", "号楼", "号院", "号店", "号机"))
"""Words that belong to the number as a whole, and that no dictionary holds."""
_CALENDAR: Final = frozenset("年月日")
"""Measures that stay with the number even where they begin a word of the dictionary: 年底, 月初."""
_JOINS: Final = re.compile(r"[0-9a-z\xb2-\u10ff]|[一二三四五六七八九十百千两零]{2}")
"""A text without any of these has no stretch, and need not be cut again."""
ORDINAL: Final = frozenset("第双")
"""Characters before a number that belong to it, whatever touches them."""


class _Part(NamedTuple):
    """A word of a stretch: its text, its start and end, and whether it belongs there even if other characters touch the stretch."""

    text: str
    start: int
    end: int
    stays: bool


def whole_words(analyzer: Analyzer, text: str) -> list[Token]:
    """The words of a text with stopwords, without the words inside others."""
    found: list[Token] = []
    for token in analyzer.index(text):
        first = not found or token.position != found[-1].position
        if first or (token.start, token.end) == (found[-1].start, found[-1].end):
            found.append(token)
    return found


def belongs_after(number: str, word: str, analyzer: Analyzer) -> str:
    """The beginning of ``word`` that belongs to a folded number before it: all of a measure, one character, or nothing."""
    if not word or _NUMBER.fullmatch(number) is None:
        return ""
    if is_measure(word):
        # 20大, but not 2023大
        return word if word != "大" or len(number) < 3 else ""
    held = analyzer.holds(word)
    if word in _PLACES or (word[0] in _LARGE and (held or is_measure(word[1:]))):
        return word
    return word[0] if word[0] in (_CALENDAR if held else counters()) else ""


def joined(text: str, searched: Collection[str], analyzer: Analyzer) -> dict[str, tuple[str, ...]]:
    """The stretches of ``text`` whose words must follow one another, with these words.

    ``searched`` are the words of ``text`` without stopwords. A stopword belongs to a stretch only as a measure: 3个月.
    """
    if not _JOINS.search(fold(text)):
        return {}
    tokens = whole_words(analyzer, text)
    places = Counter(token.position for token in tokens)
    runs: list[list[_Part]] = [[]]
    position = -1
    for token in tokens:
        run = runs[-1]
        # Words at the same position, such as those of a square metre sign, do not follow one another.
        if places[token.position] > 1 or token.position != position + 1:
            run = []
        position = token.position
        before = run[-1] if run else None
        part = _Part(token.text, token.start, token.end, has_borders(token.text))
        measure = _measure(before, part, analyzer) if before else ""
        if before and measure:
            run[-1] = before._replace(stays=True)
            run.append(_Part(measure, token.start, token.start + len(measure), True))
            if measure != token.text:
                runs.append([])
        elif token.text not in searched or day_of(token.text) or places[token.position] > 1:
            runs.append([])
        elif before and _belong(text, before, part):
            run.append(part)
        else:
            runs.append([part])
    stretches = [stretch[:MAX_JOINED] for run in runs if run for stretch in _stretches(text, run)]
    return {
        text[each[0].start : each[-1].end]: tuple(part.text for part in each)
        for each in stretches
        if len(each) > 1
    }


def _measure(before: _Part, after: _Part, analyzer: Analyzer) -> str:
    """What of a word belongs to the number before it. One Chinese character is no number here: 两 in 前两季度."""
    if before.end != after.start:
        return ""
    if before.stays and before.text in counters() and after.text in counters():
        return after.text  # 3个月
    if len(before.text) == 1 and not before.text.isdigit():
        return ""
    return belongs_after(before.text, after.text, analyzer)


def _belong(text: str, before: _Part, after: _Part) -> bool:
    bordered = [has_borders(part.text) for part in (before, after)]
    if before.stays and not bordered[0]:
        # 2023年10月, but not 2022年G20
        return after.text[0].isdigit() and before.end == after.start
    return (
        any(bordered)
        and (bordered[0] or len(before.text) == 1)
        and (bordered[1] or len(after.text) == 1)
        and not _PARTS.search(text, before.end, after.start)
    )


def _stretches(text: str, run: list[_Part]) -> Iterator[list[_Part]]:
    """The whole run. If other characters touch it, only its parts without Chinese characters that do not belong to a number."""
    if not (text[: run[0].start][-1:].isalnum() or text[run[-1].end :][:1].isalnum()):
        yield run
        return
    for stays, part in groupby(run, lambda part: part.stays or part.text in ORDINAL):
        if stays:
            yield list(part)
