"""Filters: what readers may see, and how they narrow a list. Filters never add to scores."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from indexer.query import And, Not, NumberRange, Or, Query, Range, Term

INSTANT: Final = timedelta(microseconds=1)
"""The smallest difference of two times. Adding it to both ends of ``[start, end)`` gives ``(start, end]``."""

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""The first and last day of articles (see ``read_time``). Clipped days stay away from the ends of Python's calendar."""


_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AttributeFilter:
    """What the attribute ``name`` must be: one of ``values``, and a number from ``low`` to ``high``, both included.

    Without ``values``, and where an end is None, nothing is demanded.
    """

    name: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def visible(now: datetime) -> Query:
    """The query for the articles that readers may see at ``now``. Matches the same articles as :meth:`Article.is_visible`."""
    after_now = now + INSTANT
    return And(
        (
            Term("status", "published"),
            Not(Range("published_at", start=after_now)),
            Not(Range("expires_at", end=after_now)),
        )
    )


def visible_in(channel: str | None, now: datetime) -> Query:
    """The articles that readers may see at ``now``, of a channel and its subchannels, or without ``channel`` of all."""
    return visible(now) if channel is None else And((visible(now), in_channel(channel)))


def in_channel(path: str) -> Query:
    """The articles of a channel and its subchannels. Surplus blanks and slashes do not matter."""
    return Term("channel", tidy_channel(path))


def tidy_channel(path: str) -> str:
    """The path without surplus blanks and slashes."""
    parts = (" ".join(part.split()) for part in path.split("/"))
    return "/".join(part for part in parts if part)


def any_of(field: str, values: Iterable[str]) -> Query:
    """The articles whose keyword ``field`` holds one of ``values``."""
    return Or(tuple(Term(field, each) for each in values))


def with_attribute(wanted: AttributeFilter) -> Query:
    """The articles with such an attribute. A value that is written as a number also means the number: 3 finds 3 and 3.0."""
    clauses: list[Query] = []
    if wanted.values:
        texts = [Term("attribute", f"{wanted.name}={each}") for each in wanted.values]
        numbers = [each for each in map(number_of, wanted.values) if each is not None]
        equal = [NumberRange(wanted.name, each, each) for each in numbers]
        clauses.append(Or((*texts, *equal)))
    if wanted.low is not None or wanted.high is not None:
        clauses.append(NumberRange(wanted.name, wanted.low, wanted.high))
    return And(tuple(clauses))


def number_of(text: str) -> float | None:
    """The number that a text such as ``-1.5e3`` is; None if it is none, or too large for a 64-bit float."""
    number = float(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and isfinite(number) else None


def published_between(start: date | None, end: date | None, timezone: ZoneInfo) -> Query:
    """The articles published from day ``start`` to day ``end``, both included. Days begin at midnight in ``timezone``."""
    return Range(
        "published_at",
        start_of_day(_clip(start), timezone) if start else None,
        start_of_day(_clip(end) + timedelta(days=1), timezone) if end else None,
    )


def start_of_day(day: date, timezone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC. ``day`` is at most the day after LAST_DAY."""
    return datetime.combine(day, time(), timezone).astimezone(UTC)


def _clip(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)
