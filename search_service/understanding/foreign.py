"""Operators of other search engines that this one does not have. The lexer sets them aside, so that the answer can say so.

Only what can hardly be ordinary text is an operator: ``海南^3`` has one, but not ``cm^2``, ``3~5岁``, ``*ST云溪``, ``IZ*ONE``,
``为什么?`` or ``A/B``. A ``~`` without a number is a reader's smile.
"""

from __future__ import annotations

import re
from typing import Final

from indexer.analysis.characters import HAN

TEXT_FIELDS: Final = frozenset(
    [
        "body",
        "text",
        "content",
        "lead",
        "intext",
        "url",
        "inurl",
        "id",
        "正文",
        "内容",
        "导语",
        "网址",
        "编号",
    ]
)
"""Folded names of fields. Their values are searched as text. A capital letter makes a Latin name ordinary text (ID: 5)."""
FILTERS: Final = frozenset(["site", "filetype", "站点"])
"""Folded names of fields whose values are not in texts (site:example.com). The value is set aside too."""

NEAR: Final = re.compile(r"NEAR(?:[/~:]?\d+)?")
"""The operator between words that are near one another."""

_WORD: Final = rf"(?:(?<=[{HAN}])|(?<=[A-Za-z]{{3}}))"
"""Behind a Chinese character or three Latin letters. Units and variables are shorter: km^2."""
_BOOST: Final = r"\^\d+(?:\.\d+)?(?![\w.])"
_FUZZY: Final = r"(?<![〇一二三四五六七八九十百千万亿])~(?:[0-2]|0?\.\d+)"
"""Lucene accepts 0 to 2 wrong letters, and accepted a similarity below 1 before."""
_SUFFIX: Final = re.compile(rf"{_WORD}(?:{_BOOST}|{_FUZZY})\Z")
_BOOSTED: Final = re.compile(_BOOST)
_ENDS_WITH_WORD: Final = re.compile(rf'{_WORD}["」』’)]*\Z')

_STARS: Final = rf"\*?(?:[{HAN}]+|[A-Za-z][a-z]+)(?:\*[{HAN}a-z]+)*\*?"
_MARKS: Final = r"[A-Za-z][a-z]+(?:[*?][a-z]+)+\*?"
"""A question mark is an operator only between Latin letters. Behind a Chinese character it asks."""
_WILD: Final = re.compile(rf"(?=.*[*?])(?:{_STARS}|{_MARKS})")
_SIGNS: Final = re.compile(r"[*?]")
_EXPRESSION: Final = re.compile(r"/(?=[^/\s]*[\\.*+?\[\](){}^$|])[^/\s]+/(?!\S)")


def in_word(typed: str, folded: str) -> list[tuple[int, int]]:
    """The operators in a word, as ``[start, end)``, in order: wildcards, or one boost or number of wrong letters at its end.

    ``folded`` is the word with folded signs, of equal length.
    """
    if _WILD.fullmatch(typed):
        return [sign.span() for sign in _SIGNS.finditer(typed)]
    suffix = _SUFFIX.search(folded)
    return [suffix.span()] if suffix else []


def boost_end(folded: str, at: int, *, quoted: bool) -> int:
    """Where a boost at ``at`` ends, behind a quote or else a group; 0 without one. A group must end with a word: (a+b)^2 has none."""
    boost = _BOOSTED.match(folded, at)
    return boost.end() if boost and (quoted or _ENDS_WITH_WORD.search(folded, 0, at)) else 0


def expression_end(folded: str, at: int) -> int:
    """Where a regular expression between slashes ends that begins at ``at``; 0 without one."""
    expression = _EXPRESSION.match(folded, at)
    return expression.end() if expression else 0
