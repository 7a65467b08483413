"""Recency: how age lowers the scores of a list that is ordered by relevance."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from indexer.query import Recency
from search_service.ranking.aging import Aging
from search_service.ranking.weights import FADED
from search_service.understanding.filters import start_of_day


def recency(aging: Aging, now: datetime, timezone: ZoneInfo) -> Recency | None:
    """How age lowers scores. Ages are measured at the start of today: all pages of a day agree. None if no article ages."""
    if aging.half_life is None and all(days is None for _, days in aging.channels):
        return None
    today = start_of_day(now.astimezone(timezone).date(), timezone)
    return Recency(today, aging.half_life, aging.channels, FADED)
