"""Points in time as databases, feeds, pages and people spell them.

The spellings are a table of our own. A general parser fills what a text lacks (the day, the year, the zone) from today or from a
habit. An article would then carry a date that nobody wrote. Here a spelling that leaves something open is refused, with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from indexer.days import NO_DATE, form_of_marks, numerals_in_digits, read_day
from indexer.days import Order as Order  # Callers need only this module.
from indexer.invisible import drop_invisible
from indexer.said import Said, told

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

FIRST_EPOCH_YEAR: Final = 1980
"""The first year of a time in seconds or milliseconds since 1970. Every number of 12 digits that is a date (202311241005) would be
an earlier time in milliseconds, so no number has two readings."""
MAX_LENGTH: Final = 100
"""Characters. The longest usual spelling, JavaScript's with the zone in words, has about 60."""
MAX_SHOWN: Final = 40
"""Characters that a reason repeats of a wrong value."""


class Time(NamedTuple):
    """A point in time in UTC, in whole seconds, and the short name of its spelling, which reports count."""

    at: datetime
    form: str


def read_time(value: object, *, timezone: tzinfo, order: Order | None = None) -> Time | None:
    """The point in time that ``value`` spells, or None if it says that there is none.

    None is said by None, by an empty text, by the zero dates of databases (``0000-00-00 00:00:00``, ``0001-01-01``) and by the
    number 0. A time without an offset is local time in ``timezone``; a date without a time is midnight there. Fractions of a second
    are dropped. ``order`` says which number of 11/12/2023 is the month. 11/24/2023 is read without it, and against it.

    A weekday beside a date is redundant and is not compared with it. An offset wins over a comment behind it. ``CST`` is China's time
    and Chicago's. It is read only if ``timezone`` itself is called so at that time, and the form then says so.

    Raises:
        ValueError: with a reason that names what is missing or the setting that decides.

    ISO 8601 and 2023年10月19日 8:05 cost a few microseconds, other spellings ten times as much.
    """
    if isinstance(value, str):
        return _read_usual(value, timezone) or _read_text(value, timezone, order)
    if value is None:
        return None
    if isinstance(value, datetime):
        return Time(_in_utc(value, timezone), "datetime")
    if isinstance(value, date):
        return Time(_in_utc(datetime(value.year, value.month, value.day), timezone), "date")
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _read_number(value, timezone)
    raise ValueError(
        Said("must be a date as text or as a number, not {type}", type=type(value).__name__)
    )


_USUAL = re.compile(
    r"\s*(\d{4})([-/.年])(\d{1,2})([-/.月])(\d{1,2})日?"
    r"(?:(?:[Tt]|\s+|(?<=日))(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,]\d+)?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?\s*",
    re.ASCII,
)


def _read_usual(text: str, timezone: tzinfo) -> Time | None:
    """The spellings of nearly all articles, in one step. None: it is another one."""
    match = _USUAL.fullmatch(text)
    if match is None or match[1] < "0002":  # A zero date is no time; the other path says so.
        return None
    year, mark, month, second_mark, day, hour, minute, second, offset = match.groups()
    form = form_of_marks(mark + second_mark)
    if form is None:
        return None
    moment = (int(hour or 0), int(minute or 0), int(second or 0))
    zone = _zone(offset) if offset else timezone
    return Time(_at(text, int(year), int(month), int(day), moment, zone), form)


def _is_zero(year: int, month: int, day: int, moment: tuple[int, int, int]) -> bool:
    """True for the dates by which MySQL (0000-00-00), .NET and Go (0001-01-01) say that there is none."""
    return not any(moment) and (year, month, day) in ((0, 0, 0), (1, 1, 1))


def _at(
    text: str, year: int, month: int, day: int, moment: tuple[int, int, int], zone: tzinfo
) -> datetime:
    _check_year(year)
    try:
        return datetime(year, month, day, *moment, tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        why = _why_not(year, month, day, moment)
        raise ValueError(
            Said("{value} is no day and time that exists: {why}", value=_shown(text), why=why)
        ) from error


def _why_not(year: int, month: int, day: int, moment: tuple[int, int, int]) -> str:
    """Which number of a day and time is out of range, and what it may be."""
    if not 1 <= month <= 12:
        return Said("month {month}; write 1 to 12", month=month)
    days = monthrange(year, month)[1]
    if not 1 <= day <= days:
        return Said(
            "day {day}; {year}-{month:02} has the days 1 to {days}",
            day=day,
            year=year,
            month=month,
            days=days,
        )
    parts = zip(("hour", "minute", "second"), moment, (23, 59, 59), strict=True)
    name, value, last = next(each for each in parts if each[1] > each[2])
    return Said("{unit} {number}; write 0 to {last}", unit=name, number=value, last=last)


def _in_utc(value: datetime, timezone: tzinfo) -> datetime:
    _check_year(value.year)
    aware = value if value.tzinfo else value.replace(tzinfo=timezone)
    return aware.replace(microsecond=0).astimezone(UTC)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(
            Said(
                "year {year} is outside {first} to {last}",
                year=year,
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
        )


def _shown(text: str) -> str:
    return repr(text[:MAX_SHOWN])


# Numbers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND: Final = int((datetime(FIRST_EPOCH_YEAR, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_END_SECOND: Final = int((datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
_UNITS: Final = (
    (1, "epoch seconds"),
    (1_000, "epoch milliseconds"),
    (1_000_000, "epoch microseconds"),
    (1_000_000_000, "epoch nanoseconds"),
)

_COMPACT = re.compile(
    r"(\d{4})(\d\d)(\d\d)"
    r"(?:[t _-]?(\d\d)(\d\d)(?:(\d\d)(?:\d{3}|[.,]\d+)?)? ?(z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
"""20231124, 202311241005, 20231124100500, 20231124T100500Z."""
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_SHORT_NUMBER = re.compile(r"(?!0+(?:\.0+)?\Z)\d{1,4}(?:\.\d{1,4})?", re.ASCII)
"""2023, 2023.11, 11.24: parts of a date rather than a number."""
_DOT_NET = re.compile(r"/date\((\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
"""The JSON of .NET: milliseconds in UTC. Its offset says where they were written, and changes nothing."""


def _read_number(value: float | Decimal, timezone: tzinfo) -> Time | None:
    """A number: an epoch time, or a date in 8, 12, 14 or 17 digits."""
    if (isinstance(value, Decimal) and value.is_nan()) or not 0 <= value < 10**20:
        raise _no_number(value)
    if value == 0:
        return None
    whole = int(value)
    for unit, form in _UNITS:
        if _FIRST_SECOND * unit <= whole < _END_SECOND * unit:
            return Time(_EPOCH + timedelta(seconds=whole // unit), form)
    match = _COMPACT.fullmatch(str(whole))
    if match is None or whole != value:
        raise _no_number(value)
    return _of_compact(match, timezone)


def _no_number(value: float | Decimal) -> ValueError:
    return ValueError(
        Said(
            "{value} is neither a time since 1970, in {first} to {last}, nor a date such as 20231019;"
            " a day that a sheet counts must be written as a date",
            value=_shown(str(value)),
            first=FIRST_EPOCH_YEAR,
            last=LAST_YEAR,
        )
    )


def _of_compact(match: re.Match[str], timezone: tzinfo) -> Time | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    moment = (hour, minute, second)
    if _is_zero(year, month, day, moment):
        return None
    zone = _zone(match[7]) if match[7] else timezone
    return Time(_at(match[0], year, month, day, moment, zone), "compact")


# Zones

_HOURS: Final = {
    **dict.fromkeys(("z", "ut", "utc", "gmt"), 0),
    **{"est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
    **{"cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "sgt": 8, "hkt": 8, "jst": 9, "kst": 9},
}
"""The zones of RFC 822 but CST, and others whose name means one zone only. Hours to the east."""
_BEIJING: Final = ZoneInfo("Asia/Shanghai")
"""Not a fixed offset: China had summer time from 1986 to 1991."""


@lru_cache(maxsize=256)
def _zone(offset: str) -> tzinfo:
    """The zone of an offset such as +8, +08, +0800 or +08:00, or of Z. Raises ValueError for one that no place has."""
    if offset in "zZ":
        return UTC
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    east = (hours * 60 + minutes) * (-1 if offset[0] == "-" else 1)
    if not -12 * 60 <= east <= 14 * 60 or minutes % 15 or minutes >= 60:
        raise ValueError(Said("no place has the offset {offset}", offset=offset))
    return fixed_zone(timedelta(minutes=east))


# Texts

_MORNING: Final = {12: 0} | {hour: hour for hour in range(12)}
_NOON: Final = {11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14}
_AFTERNOON: Final = {12: 12} | {hour: hour % 12 + 12 for hour in range(1, 24) if hour != 12}
_EVENING: Final = {hour: hour % 12 + 12 for hour in range(5, 24) if not 12 <= hour < 17}
"""晚上12点 and 晚上1点 are left out: some mean the night before, some the night after."""
_PARTS_OF_DAY: Final = {
    **dict.fromkeys(("am", "a.m.", "上午", "凌晨", "清晨", "早上", "早晨"), _MORNING),
    **dict.fromkeys(("中午", "正午"), _NOON),
    **dict.fromkeys(("pm", "p.m.", "下午", "傍晚"), _AFTERNOON),
    **dict.fromkeys(("晚上", "晚间", "晚間"), _EVENING),
}
"""The hours that go with a word, and what they are in 24 hours."""
_PART: Final = "|".join(map(re.escape, _PARTS_OF_DAY))
_NAMES: Final = "|".join(("cst", *_HOURS))
_OFFSET: Final = r"[+-]\d{1,2}(?::?\d\d)?"
_TIME = re.compile(
    rf"(?<![\d:])(?:(?P<before>{_PART}) ?)?(?P<hour>\d{{1,2}})"
    r"(?: ?: ?(?P<minute>\d{1,2})(?: ?: ?(?P<second>\d{1,2})(?:[.,:]\d+)?)?"
    r"| ?[时時点點] ?(?:(?P<past>\d{1,2})(?!\d) ?分?(?: ?(?P<seconds>\d{1,2}) ?秒)?|(?P<half>半)|[整钟鐘]?)"
    r"|(?= ?[ap]\.?m\b(?!\.? ?\d{1,2} ?:)))"
    rf"(?!\d)(?: ?(?P<after>{_PART}))?"
    rf"(?: ?\(?(?:(?:gmt|utc)? ?(?P<offset>{_OFFSET})(?: (?:{_NAMES}))?|(?P<name>{_NAMES}))(?![\w:])\)?)?",
    re.ASCII,
)
_WEEKDAY = re.compile(
    r"\(?(?:星期|礼拜|禮拜|周|週)[一二三四五六日天]\)?|\([一二三四五六日天]\)"
    r"|\(?\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?\)?",
    re.ASCII,
)
_COMMENT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BEIJING_TIME = re.compile(
    r"\(?(?:北京时间|北京時間|中国标准时间|中國標準時間|china standard time|asia/shanghai)\)?"
)
_DAY_IN_ZONE = re.compile(r"(\d{4}-\d\d-\d\d)(z|\+\d\d:\d\d)", re.ASCII)
"""The date of XML Schema."""
_GLUED = re.compile(r"(\d{4}([-/.])\d\d\2\d\d)(?=\d\d:)", re.ASCII)
"""2023-11-2410:05, as texts come out of pages without their blanks."""
_BETWEEN = re.compile(r"\bat\b|(?<=\d)t\b|[ ,;|·-]+$|^[ ,;|·-]+", re.ASCII)
"""What may stand between a date and its time."""


_DASHES: Final = str.maketrans("−–—", "---")
"""The minus sign and the dashes of typography, which NFKC keeps."""


def _read_text(text: str, timezone: tzinfo, order: Order | None) -> Time | None:
    """Any other spelling, with every sign in its usual width."""
    if len(text) > MAX_LENGTH:
        raise _no_date(text)
    normal = unicodedata.normalize("NFKC", drop_invisible(text)).translate(_DASHES).lower()
    normal = _GLUED.sub(r"\1 ", " ".join(normal.split()))
    if not normal:
        return None
    if match := _DOT_NET.fullmatch(normal):
        return _read_number(int(match[1]), UTC)
    if _NUMBER.fullmatch(normal) and not _SHORT_NUMBER.fullmatch(normal):
        return _read_number(Decimal(normal), timezone)
    if match := _COMPACT.fullmatch(normal):
        return _of_compact(match, timezone)
    return _read_parts(text, normal, timezone, order)


def _read_parts(text: str, rest: str, timezone: tzinfo, order: Order | None) -> Time | None:
    """The weekday, the time and the zone are taken out. What is left must be a date and nothing else."""
    rest = numerals_in_digits(_WEEKDAY.sub(" ", rest, count=1))
    moment, zone, name = (0, 0, 0), None, None
    if match := _DAY_IN_ZONE.fullmatch(rest):
        rest, zone = match[1], _zone(match[2])
    elif match := _TIME.search(rest):
        moment = _moment(text, match)
        name = match["name"]
        if match["offset"]:
            zone = _zone(match["offset"])
        elif name in _HOURS:
            zone = fixed_zone(timedelta(hours=_HOURS[name]))
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    if zone is not None:
        rest = _COMMENT.sub(" ", rest, count=1)
    elif match := _BEIJING_TIME.search(rest):
        zone, rest = _BEIJING, f"{rest[: match.start()]} {rest[match.end() :]}"
    rest = _BETWEEN.sub("", " ".join(_BETWEEN.sub(" ", rest).split()))
    try:
        form, year, month, day = read_day(rest, order=order)
    except ValueError as error:
        raise ValueError(Said("{value} {fault}", value=_shown(text), fault=told(error))) from error
    if _is_zero(year, month, day, moment):
        return None
    at = _at(text, year, month, day, moment, zone or timezone)
    if name == "cst":
        if at.astimezone(timezone).tzname() != "CST":
            raise ValueError(
                Said(
                    "{value}: CST is the time of China and of Chicago; write +0800 or -0600",
                    value=_shown(text),
                )
            )
        form = f"{form}, CST as local time"
    elif form == "english" and zone is not None and rest[0].isdigit():
        form = "rfc 2822"
    return Time(at, form)


def _moment(text: str, match: re.Match[str]) -> tuple[int, int, int]:
    """Hour, minute and second of a time, the hour in 24."""
    hour = int(match["hour"])
    readings = {_PARTS_OF_DAY[part].get(hour) for part in match.group("before", "after") if part}
    if readings:
        hour_in_24 = readings.pop() if len(readings) == 1 else None
        if hour_in_24 is None:
            raise ValueError(
                Said(
                    "{value} has an hour that does not go with its part of the day; write 0:00 to 23:59",
                    value=_shown(text),
                )
            )
        hour = hour_in_24
    minute = 30 if match["half"] else int(match["minute"] or match["past"] or 0)
    return hour, minute, int(match["second"] or match["seconds"] or 0)


def _no_date(text: str) -> ValueError:
    return ValueError(Said("{value} {fault}", value=_shown(text), fault=NO_DATE))
