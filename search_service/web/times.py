"""Points in time as a reader is told them: 5分钟前, 昨天 14:05, 11月24日."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOURS: Final = timedelta(hours=12)
"""Up to this age a time is told by hours, also across midnight. Later its day says more."""

DAYS: Final = ("今天", "昨天", "前天")
"""The names of today and of the days before it."""


def exact_time(time: datetime, zone: ZoneInfo) -> str:
    """The day and time, 2023-11-24 14:05. At midnight only the day: an article without a known time of day has midnight."""
    local = time.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M" if _has_clock(local) else "%Y-%m-%d")


def told_time(time: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time as people say it at ``now``; a time to come is exact.

    An answer that holds it goes out of date: after a minute in the first hour, after an hour in the first twelve, then at midnight.
    """
    local, today = time.astimezone(zone), now.astimezone(zone).date()
    age = now - time
    if age < timedelta():
        return exact_time(time, zone)
    if _has_clock(local):
        if age < timedelta(minutes=1):
            return "刚刚"
        if age < timedelta(hours=1):
            return f"{age // timedelta(minutes=1)}分钟前"
        if age < HOURS:
            return f"{age // timedelta(hours=1)}小时前"
    days = (today - local.date()).days
    if days < len(DAYS):
        return f"{DAYS[days]} {local:%H:%M}" if _has_clock(local) else DAYS[days]
    year = "" if local.year == today.year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日"


def _has_clock(local: datetime) -> bool:
    return bool(local.hour or local.minute)
