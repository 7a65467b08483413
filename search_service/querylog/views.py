"""Views of articles: which of them count, and which articles are read most.

Views are counted in slots of time, without a trace of who viewed. Each window has slots of its own: a long window would have too
many short ones. The table ``viewers`` tells, until the day is over, which views repeat earlier ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp2
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from indexer.query import Popularity, Recency
from search_service.querylog.tables import viewers, views
from search_service.querylog.visitors import NETWORK_VISITORS, REFRESH
from search_service.ranking.weights import HOT_AGING, HOT_FADED, HOT_HALF_LIVES

ViewWindow = Literal["hour", "day", "week"]


class Span(NamedTuple):
    """A length of time that ends now, and the length of its slots: half of the half-life of its views, or less."""

    length: timedelta
    slot: timedelta

    @property
    def minutes(self) -> int:
        """The slot's length as the table holds it."""
        return self.slot // timedelta(minutes=1)


VIEW_WINDOWS: Final[Mapping[ViewWindow, Span]] = {
    "hour": Span(timedelta(hours=1), timedelta(minutes=10)),
    "day": Span(timedelta(days=1), timedelta(hours=1)),
    "week": Span(timedelta(days=7), timedelta(hours=6)),
}
"""Time windows of views."""

KEPT: Final = 2_000
"""Number of articles of each window that the lists hold: the ones with the most visitors. A search sorts by their heat, and may find
few of them. One lookup takes them all: every database accepts that many parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewCount:
    """How many visitors an article had in a window, and its heat: the sum of these visitors, each decayed by the age of the view.

    A visitor who comes back after REFRESH counts again; one network counts NETWORK_VISITORS times a day at most.
    """

    article_id: str
    visitors: int
    heat: float


def count_views(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Count the views that repeat no other.

    Each row has an article_id, the time viewed_at, and the hashes visitor and network. There may be as many rows as in
    a batch of the log. Counting a row twice changes nothing.
    """
    counted = _new(connection, rows) if rows else []
    if counted:
        connection.execute(insert(viewers), counted)
        _add(
            connection,
            Counter(
                (span.minutes, row["article_id"], _begin(row["viewed_at"], span.slot))
                for span in VIEW_WINDOWS.values()
                for row in counted
            ),
        )


def viewed_articles(connection: Connection, end: datetime) -> dict[ViewWindow, list[ViewCount]]:
    """The KEPT most viewed articles of each window before ``end``, the hottest first.

    A slot belongs to the window if its middle does. Reads all slots of all windows.
    """
    return {
        window: _viewed(connection, end, span, timedelta(hours=HOT_HALF_LIVES[window]))
        for window, span in VIEW_WINDOWS.items()
    }


def popularity_of(counts: Sequence[ViewCount], window: ViewWindow, at: datetime) -> Popularity:
    """The order of a search by heat: the views of ``window``, which were counted ``at`` this time, and the ages of the articles."""
    fading = Recency(at, half_life=HOT_AGING[window] / 24, floor=HOT_FADED)
    return Popularity(tuple((each.article_id, each.heat) for each in counts), fading)


def prune_views(connection: Connection, *, now: datetime, today: datetime) -> int:
    """Remove the counts that lie before their windows, and everything about who viewed what before ``today``.

    Returns the number of counts.
    """
    connection.execute(delete(viewers).where(viewers.c.viewed_at < today))
    return sum(
        connection.execute(
            delete(views).where(
                views.c.minutes == span.minutes, views.c.began_at < now - span.length - span.slot
            )
        ).rowcount
        for span in VIEW_WINDOWS.values()
    )


def _new(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that repeat no other and are within the limit of their network, in the order of their times."""
    found = connection.execute(
        select(
            viewers.c.network, viewers.c.article_id, viewers.c.visitor, viewers.c.viewed_at
        ).where(
            viewers.c.network.in_({row["network"] for row in rows}),
            viewers.c.article_id.in_({row["article_id"] for row in rows}),
        )
    )
    known: dict[tuple[str, str], list[tuple[str, datetime]]] = defaultdict(list)
    for network, article_id, visitor, viewed_at in found:
        known[network, article_id].append((visitor, viewed_at))
    counted = []
    for row in sorted(rows, key=lambda row: row["viewed_at"]):
        earlier = known[row["network"], row["article_id"]]
        repeats = any(
            visitor == row["visitor"] and row["viewed_at"] - at < REFRESH for visitor, at in earlier
        )
        if not repeats and len(earlier) < NETWORK_VISITORS:
            earlier.append((row["visitor"], row["viewed_at"]))
            counted.append(row)
    return counted


def _add(connection: Connection, counts: Counter[tuple[int, str, datetime]]) -> None:
    """Add visitors to slots. A slot is given by its minutes, its article and when it began."""
    slot = views.c.minutes, views.c.article_id, views.c.began_at
    found = connection.execute(
        select(*slot).where(
            views.c.article_id.in_({article_id for _, article_id, _ in counts}),
            views.c.began_at.in_({began_at for _, _, began_at in counts}),
        )
    )
    known = {tuple(row) for row in found}
    old = [(*each, more) for each, more in counts.items() if each in known]
    new = [(*each, more) for each, more in counts.items() if each not in known]
    if old:
        this = [column == bindparam(f"its_{column.name}") for column in slot]
        more = views.c.visitors + bindparam("more")
        names = [*(f"its_{column.name}" for column in slot), "more"]
        connection.execute(
            update(views).where(*this).values(visitors=more),
            [dict(zip(names, values, strict=True)) for values in old],
        )
    if new:
        names = [*(column.name for column in slot), "visitors"]
        connection.execute(insert(views), [dict(zip(names, values, strict=True)) for values in new])


def _begin(moment: datetime, slot: timedelta) -> datetime:
    """When the slot of a time began."""
    return moment - (moment - datetime.min) % slot


def _viewed(
    connection: Connection, end: datetime, span: Span, half_life: timedelta
) -> list[ViewCount]:
    half_slot = span.slot / 2
    inside = (
        views.c.minutes == span.minutes,
        views.c.began_at >= end - span.length - half_slot,
        views.c.began_at < end,
    )
    most = connection.execute(
        select(views.c.article_id)
        .where(*inside)
        .group_by(views.c.article_id)
        .order_by(func.sum(views.c.visitors).desc(), views.c.article_id)
        .limit(KEPT)
    )
    visitors: Counter[str] = Counter()
    heat: defaultdict[str, float] = defaultdict(float)
    slots = connection.execute(
        select(views.c.article_id, views.c.began_at, views.c.visitors).where(
            *inside, views.c.article_id.in_(most.scalars().all())
        )
    )
    for article_id, began_at, count in slots:
        age = max(end - began_at - half_slot, timedelta())
        visitors[article_id] += count
        heat[article_id] += count * exp2(-(age / half_life))
    counts = [
        ViewCount(article_id=each, visitors=visitors[each], heat=heat[each]) for each in visitors
    ]
    return sorted(counts, key=lambda each: (-each.heat, each.article_id))
