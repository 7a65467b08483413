"""Makers of query log entries for tests: each call says only what the test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_hex

from search_service.answering.search import Answer, Question, Understood
from search_service.live.index import IndexState
from search_service.querylog.entries import Asked, Clicked, Viewed, normal_form
from search_service.querylog.store import QueryLogStore
from search_service.querylog.visitors import Visitor
from tests.factories import NOON

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"


def visitor(number: int = 1) -> Visitor:
    """One of many people, each in a network of his own."""
    return Visitor(f"198.18.{number}.2", BROWSER)


def asked(
    text: str = "山谷",
    *,
    by: int = 1,
    at: datetime = NOON,
    total: int = 3,
    page: int = 1,
    plain: bool = True,
    took_ms: int = 12,
    agent: str = BROWSER,
) -> Asked:
    """A search by visitor number ``by``."""
    return Asked(
        id=token_hex(8),
        asked_at=at,
        query=normal_form(text),
        text=text,
        rung="words",
        total=total,
        page=page,
        plain=plain,
        took_ms=took_ms,
        visitor=Visitor(visitor(by).address, agent),
    )


def clicked(
    article_id: str = "a-1",
    *,
    query_id: str | None = None,
    query: str | None = None,
    by: int = 1,
    at: datetime = NOON,
    position: int = 1,
    agent: str = BROWSER,
) -> Clicked:
    """A hit that visitor number ``by`` opened."""
    return Clicked(
        clicked_at=at,
        query_id=query_id,
        query=query,
        article_id=article_id,
        position=position,
        visitor=Visitor(visitor(by).address, agent),
    )


def viewed(
    article_id: str = "a-1",
    *,
    by: int = 1,
    at: datetime = NOON,
    address: str | None = None,
    agent: str = BROWSER,
) -> Viewed:
    """An article that visitor number ``by`` read, or somebody at ``address``."""
    return Viewed(
        viewed_at=at,
        article_id=article_id,
        visitor=Visitor(address or visitor(by).address, agent),
    )


def answer(question: Question, *, rung: str = "words", total: int = 3) -> Answer:
    """An answer without hits."""
    state = IndexState("000001", 1, NOON, 3, rebuilding=False, outdated=False)
    return Answer(
        question=question,
        understood=Understood(parsed=question.text, rung=rung),  # type: ignore[arg-type]
        sort=question.sort,
        total=total,
        groups=total,
        total_is_estimate=False,
        lack=None,
        hits=(),
        facets={},
        page=question.page,
        size=question.size,
        pages=1,
        index=state,
        took_ms=1.0,
    )


def fill(
    store: QueryLogStore, counts: dict[str, int], *, at: datetime = NOON, total: int = 3
) -> None:
    """Have each query asked by so many visitors."""
    for text, visitors in counts.items():
        entries = [asked(text, by=number, at=at, total=total) for number in range(visitors)]
        store.write(entries, now=at)


def days_ago(days: float) -> datetime:
    """So many days before noon."""
    return NOON - timedelta(days=days)
