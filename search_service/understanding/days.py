"""Days in figures: 2023-12-19, 2023/12/19 and 2023.12.19 in a query name a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer, Token, words_of
from indexer.analysis.spellings import day_of
from search_service.understanding.filters import FIRST_DAY, LAST_DAY, start_of_day
from search_service.understanding.tree import Day


def days_in(tokens: Iterable[Token], analyzer: Analyzer, timezone: ZoneInfo) -> dict[str, Day]:
    """The days that are tokens of a query, by the token. A day that no article can have is a number."""
    return {
        token.text: _day(day, token.text, analyzer, timezone)
        for token in tokens
        if (day := day_of(token.text)) and FIRST_DAY <= day <= LAST_DAY
    }


def _day(day: date, text: str, analyzer: Analyzer, timezone: ZoneInfo) -> Day:
    near = [
        f"{month}月{number}{sign}"
        for month, number in dict.fromkeys(
            [(f"{day.month}", f"{day.day}"), (f"{day:%m}", f"{day:%d}")]
        )
        for sign in "日号"
    ]
    return Day(
        text,
        start_of_day(day, timezone),
        start_of_day(day + timedelta(days=1), timezone),
        ((text,), *(words_of(analyzer, f"{day.year}年{each}") for each in near)),
        tuple(words_of(analyzer, each) for each in near),
    )
