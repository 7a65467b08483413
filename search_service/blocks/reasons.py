"""Why an article is related to another one, in Chinese, for readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.dictionary import function_words
from indexer.article import Article

_WORDS: Final = 3


def reasons(
    article: Article, other: Article, shared: Sequence[str], *, timezone: ZoneInfo, now: datetime
) -> Iterator[str]:
    """Yield what ``other`` has in common with ``article``: the words ``shared``, tags, the channel; and how old it is.

    Words such as 这些 may count for the score, but tell a reader nothing.
    """
    if telling := [word for word in shared if word not in function_words()]:
        yield f"共同关键词：{'、'.join(telling[:_WORDS])}"
    if tags := [tag for tag in article.tags if tag in other.tags]:
        yield f"同标签：{'、'.join(tags[:_WORDS])}"
    if article.channel and article.channel == other.channel:
        yield "同频道"
    if other.published_at:
        yield _age(other.published_at, now, timezone)


def _age(then: datetime, now: datetime, timezone: ZoneInfo) -> str:
    """The age in Chinese, counted in days of the zone."""
    days = (now.astimezone(timezone).date() - then.astimezone(timezone).date()).days
    if days < 2:
        return "昨天" if days == 1 else "今天"
    if days < 30:
        return f"{days}天前"
    return f"{days // 30}个月前" if days < 365 else f"{days // 365}年前"
