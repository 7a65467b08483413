"""Points in time as articles spell them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?[分秒]?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?"
)


def parse_time(text: str, *, timezone: tzinfo) -> datetime:
    """A point in time in UTC, read from ISO 8601, ``2023/10/19 8:05`` or ``2023年10月19日 8:05``.

    A time without an offset is read as local time in ``timezone``. A date without a time means midnight there.

    Raises:
        ValueError: with a reason.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a date such as 2023-10-19T08:05:00+08:00")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year {year} is outside {FIRST_YEAR} to {LAST_YEAR}")
    try:
        zone = _zone(match[7]) if match[7] else timezone
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is no day and time that exists") from error


@lru_cache(maxsize=256)
def _zone(offset: str) -> tzinfo | None:
    """The zone of an offset. A source repeats one or two; the standard library takes as long to read one as a whole date."""
    return datetime.strptime(offset, "%z").tzinfo
