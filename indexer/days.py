"""Days as people write them: which year, month and day a text names.

This module knows calendars and languages. ``times.py`` knows clocks and zones, and takes them out of a text first.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from indexer.said import Said

Order = Literal["day-month", "month-day"]
"""How 11/12/2023 is read: as the 11th of December, or as the 12th of November."""


class Day(NamedTuple):
    """A day that may not exist (2023-02-30), and the short name of its spelling."""

    form: str
    year: int
    month: int
    day: int


_YEAR_FIRST: Final = {"-": "iso", "/": "slashes", ".": "dots", " ": "blanks"}
"""The names of 2023-11-24, 2023/11/24, 2023.11.24 and 2023 11 24."""

_NUMERAL = re.compile(r"[〇○零一二三四五六七八九十廿卅]+(?=[年月日号號时時点點分秒])")
_TENS = re.compile(r"([二三四五六七八九]?十|廿|卅)([一二三四五六七八九]?)")
_TEN: Final = {"十": 1, "廿": 2, "卅": 3}
_DIGITS: Final = str.maketrans("〇○零一二三四五六七八九", "000123456789")

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NAME: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMBER: Final = r"\d{1,2}(?:st|nd|rd|th)?(?: of)?"
_GAP: Final = r"[ ,./-]{0,3}"
_APART: Final = r"[ ,./-]{1,3}"

_YEAR: Final = r"(?P<year>\d{4})"
_MONTH: Final = rf"(?P<name>{_NAME})"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)?"

_SPELLINGS: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_YEAR} ?(?P<mark>年) ?(?P<month>\d\d?) ?月 ?(?P<day>\d\d?) ?[日号號]?",
        rf"{_YEAR} ?(?P<mark>[-/. ]) ?(?P<month>\d\d?) ?(?P=mark) ?(?P<day>\d\d?)",
        rf"{_YEAR}(?P<mark>)(?P<month>\d\d)(?P<day>\d\d)",
        rf"(?P<one>\d\d?) ?(?P<mark>[-/.]) ?(?P<two>\d\d?) ?(?P=mark) ?{_YEAR}",
        rf"{_DAY}{_GAP}{_MONTH}{_GAP}{_YEAR}",
        rf"{_MONTH}{_GAP}{_DAY}{_APART}{_YEAR}",
        rf"{_YEAR}{_GAP}{_MONTH}{_GAP}{_DAY}",
    )
)
_FORMS: Final = _YEAR_FIRST | {"年": "chinese", "": "compact"}
_FORMS_OF_MARKS: Final = {mark * 2: form for mark, form in _YEAR_FIRST.items()} | {
    "年月": "chinese"
}

NO_DATE: Final = Said("is not a date such as 2023-10-19T08:05:00+08:00")
_TWO_DIGITS: Final = Said("is not a date: it has a year of two digits; write four")
_NO_YEAR: Final = Said("is not a date: it has no year; write one of four digits")
_NO_DAY: Final = Said("is not a date: it has no day of the month; write the whole date")
_LACKS: Final = tuple(
    (re.compile(pattern, re.ASCII), reason)
    for pattern, reason in (
        (r"", Said("is not a date: it has no day; write the whole date")),
        (r"\d{4}(?: ?[-/.年] ?(?:\d\d? ?月?)?)?", _NO_DAY),
        (rf"{_NAME}{_GAP}\d{{4}}|\d\d? ?[-/.] ?\d{{4}}", _NO_DAY),
        (rf"{_NUMBER}{_GAP}{_NAME}|{_NAME}{_GAP}{_NUMBER}", _NO_YEAR),
        (r"\d\d? ?[-/月.] ?\d\d? ?[日号號]?", _NO_YEAR),
        (r"\d\d? ?[-/.年] ?\d\d? ?[-/.月] ?\d\d? ?[日号號]?", _TWO_DIGITS),
        (rf"{_NUMBER}{_GAP}{_NAME}{_GAP}\d\d|{_NAME}{_GAP}{_NUMBER}{_APART}\d\d", _TWO_DIGITS),
        (
            r"\d.*\d ?\(?[a-z]{2,5}\)?",
            Said(
                "is not a date: it ends in a word that is not known; write a zone as an offset such as +08:00"
            ),
        ),
    )
)
_RELATIVE = re.compile(
    r"[昨今明前后後][天日]|刚刚|剛剛|[前后後]$|\bago\b|yesterday|today|tomorrow|\bnow\b|\blast\b|\bnext\b"
)


def numerals_in_digits(text: str) -> str:
    """``text`` with the Chinese numerals of dates and times as digits: 二〇二三年十一月廿四日 as 2023年11月24日."""
    return _NUMERAL.sub(_in_digits, text)


def _in_digits(match: re.Match[str]) -> str:
    if tens := _TENS.fullmatch(match[0]):
        first = _TEN.get(tens[1]) or tens[1][0].translate(_DIGITS)
        return f"{first}{tens[2].translate(_DIGITS) or 0}"
    return match[0].translate(
        _DIGITS
    )  # What is no numeral, such as 十百, keeps a sign that no date has.


def form_of_marks(marks: str) -> str | None:
    """The name of the spelling with the year first that has these two signs between its numbers: ``--`` is iso."""
    return _FORMS_OF_MARKS.get(marks)


def read_day(text: str, *, order: Order | None) -> Day:
    """The day that ``text`` names: lower case, one blank at a time, nothing but the date.

    Raises:
        ValueError: what is wrong, to be put behind the text.
    """
    for pattern in _SPELLINGS:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            year = int(parts["year"])
            if "one" in parts:
                return _in_order(year, int(parts["one"]), int(parts["two"]), order)
            if "name" in parts:
                month = _MONTHS.index(parts["name"][:3]) + 1
                return Day("english", year, month, int(parts["day"]))
            return Day(_FORMS[parts["mark"]], year, int(parts["month"]), int(parts["day"]))
    if _RELATIVE.search(text):
        raise ValueError(
            Said("is not a date: it depends on when it was written; write the day itself")
        )
    for pattern, reason in _LACKS:
        if pattern.fullmatch(text):
            raise ValueError(reason)
    raise ValueError(NO_DATE)


def _in_order(year: int, one: int, two: int, order: Order | None) -> Day:
    if one > 12 or (two <= 12 and order == "day-month"):
        return Day("day first", year, two, one)
    if two > 12 or order == "month-day":
        return Day("month first", year, one, two)
    if one == two:
        return Day("day and month equal", year, one, two)
    raise ValueError(
        Said(
            "is not a clear date: it may begin with the day or with the month; set SEARCH_DATE_ORDER to day-month or month-day"
        )
    )
