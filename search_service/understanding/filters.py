"""Filters: what readers may see, and how they narrow a list. Filters never add to scores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from indexer.query import And, Not, Or, Query, Range, Term

_INSTANT: Final = timedelta(microseconds=1)
"""The smallest difference of two times. Adding it to both ends of ``[start, end)`` gives ``(start, end]``."""

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""The first and last day of articles (see ``parse_time``). Clipped days stay away from the ends of Python's calendar."""


def visible(now: datetime) -> Query:
    """The query for the articles that readers may see at ``now``. Matches the same articles as :meth:`Article.is_visible`."""
    after_now = now + _INSTANT
    return And(
        (
            Term("status", "published"),
            Not(Range("published_at", start=after_now)),
            Not(Range("expires_at", end=after_now)),
        )
    )


def without(article_ids: Iterable[str]) -> Query:
    """Everything but these articles."""
    return Not(Or(tuple(Term("id", each) for each in article_ids)))


def in_channel(path: str) -> Query:
    """The articles of a channel and its subchannels. Surplus blanks and slashes do not matter."""
    parts = (" ".join(part.split()) for part in path.split("/"))
    return Term("channel", "/".join(part for part in parts if part))


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
