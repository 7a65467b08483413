"""The answers of the API about queries and their log, as models. See ``payloads.py``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from search_service.live.decisions import EditorialState
from search_service.querylog.base import LogHealth, State
from search_service.querylog.lists import HotQuery, Window
from search_service.watching import Trouble
from search_service.web.payloads import Payload


class HotQueryPayload(Payload):
    """A query that many readers asked."""

    text: str
    visitors: int = Field(
        description="Readers who asked it, each counted once a day; 0 for a pinned one that nobody asked."
    )
    pinned: bool = Field(description="It stands here because an editor put it here.")


class HotQueriesPayload(Payload):
    """Hot queries (热门搜索), those of most readers first."""

    window: Window
    hits: list[HotQueryPayload]
    as_of: datetime | None = Field(
        description="When they were counted; null when they were not yet."
    )


class RelatedQueriesPayload(Payload):
    """Related queries (相关搜索), the closest first."""

    q: str
    hits: list[str]


class TroublePayload(Payload):
    """What fails, and is tried again."""

    since: datetime
    why: str


class QueryLogPayload(Payload):
    """Whether searches and clicks reach the query log's database."""

    state: State = Field(description="away: its database cannot be written at the moment.")
    waiting: int = Field(description="Entries in the memory of this process.")
    dropped: int = Field(
        description="Entries that this process lost, because too many were waiting."
    )
    trouble: TroublePayload | None = Field(description="Why it is away; null while it is not.")


class EditorialPayload(Payload):
    """Which of the editors' lists search goes by."""

    version: int = Field(
        description="How often the lists had been changed; 0 for the packaged ones."
    )
    current: bool = Field(
        description="False while the store cannot be read: search goes on with the lists that it has."
    )
    trouble: TroublePayload | None = Field(description="Why not; null while they are current.")


class HealthPayload(Payload):
    """The process answers."""

    status: str = Field(json_schema_extra={"example": "ok"})
    query_log: QueryLogPayload
    editorial: EditorialPayload


def hot_queries_payload(
    window: Window, items: Sequence[HotQuery], as_of: datetime | None, zone: ZoneInfo
) -> HotQueriesPayload:
    """The payload of hot queries."""
    return HotQueriesPayload(
        window=window,
        hits=[
            HotQueryPayload(text=item.text, visitors=item.visitors, pinned=item.pinned)
            for item in items
        ],
        as_of=as_of and as_of.astimezone(zone),
    )


def health_payload(log: LogHealth, editorial: EditorialState, zone: ZoneInfo) -> HealthPayload:
    """The payload of the process's health."""
    return HealthPayload(
        status="ok",
        query_log=QueryLogPayload(
            state=log.state,
            waiting=log.waiting,
            dropped=log.dropped,
            trouble=_trouble_payload(log.trouble, zone),
        ),
        editorial=EditorialPayload(
            version=editorial.version,
            current=editorial.trouble is None,
            trouble=_trouble_payload(editorial.trouble, zone),
        ),
    )


def _trouble_payload(trouble: Trouble | None, zone: ZoneInfo) -> TroublePayload | None:
    if trouble is None:
        return None
    return TroublePayload(since=trouble.since.astimezone(zone), why=trouble.why)
