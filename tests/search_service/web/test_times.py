"""Times as readers are told them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from search_service.web.times import exact_time, told_time

CHINA = ZoneInfo("Asia/Shanghai")
NOW = "2026-03-01T13:30:00+08:00"


def told(time: str, now: str = NOW) -> str:
    return told_time(datetime.fromisoformat(time), datetime.fromisoformat(now), CHINA)


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ("2026-03-01T13:30:00+08:00", "刚刚"),
        ("2026-03-01T13:29:01+08:00", "刚刚"),
        ("2026-03-01T13:29:00+08:00", "1分钟前"),
        ("2026-03-01T12:30:01+08:00", "59分钟前"),
        ("2026-03-01T12:30:00+08:00", "1小时前"),
        ("2026-03-01T01:30:01+08:00", "11小时前"),
        ("2026-03-01T01:30:00+08:00", "今天 01:30"),
        ("2026-02-28T23:59:00+08:00", "昨天 23:59"),
        ("2026-02-27T08:05:00+08:00", "前天 08:05"),
        ("2026-02-26T23:59:00+08:00", "2月26日"),
        ("2026-01-01T08:00:00+08:00", "1月1日"),
        ("2025-12-31T23:59:00+08:00", "2025年12月31日"),
    ],
)
def test_a_time_is_told_by_its_age_then_by_its_day(time: str, sentence: str) -> None:
    assert told(time) == sentence


def test_hours_are_told_across_midnight() -> None:
    assert told("2026-02-28T23:00:00+08:00", "2026-03-01T01:10:00+08:00") == "2小时前"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-03-01", "今天"),
        ("2026-02-28", "昨天"),
        ("2026-02-27", "前天"),
        ("2026-02-26", "2月26日"),
    ],
)
def test_an_article_without_a_time_of_day_has_none(day: str, name: str) -> None:
    assert told(f"{day}T00:00:00+08:00") == name
    assert told("2026-03-01T00:00:00+08:00", "2026-03-01T00:10:00+08:00") == "今天"


def test_days_are_those_of_the_services_zone() -> None:
    assert told("2026-02-28T16:30:00+00:00", "2026-03-01T06:00:00+00:00") == "今天 00:30"
    assert told("2025-12-31T20:00:00+00:00") == "1月1日"


def test_a_time_to_come_is_exact() -> None:
    assert told("2026-03-01T13:31:00+08:00") == "2026-03-01 13:31"
    assert told("2027-01-01T00:00:00+08:00") == "2027-01-01"


def test_the_exact_time_has_a_clock_only_if_one_is_known() -> None:
    assert (
        exact_time(datetime.fromisoformat("2026-02-01T06:05:00+00:00"), CHINA) == "2026-02-01 14:05"
    )
    assert exact_time(datetime.fromisoformat("2026-01-31T16:00:00+00:00"), CHINA) == "2026-02-01"
