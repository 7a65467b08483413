"""Counts of the query log, read from its database: of open entries, of closed days, and of clicks.

Every statement reads all rows of its time range. No request waits for a statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, select, true

from search_service.querylog.tables import clicks, queries, query_days

FEW_VISITORS: Final = 2
"""A query is listed only if this many visitors asked it on one day. A rarer query may reveal its visitor. No list shows it,
and its counts are pruned with its entries."""

READ_FOR_EACH: Final = 100
"""How many searches are read for each of the last different queries. In a log where each is repeated more often, fewer are found."""

_COUNTED: Final = and_(queries.c.counted, queries.c.plain)
_LOOKUP: Final = 500
"""Maximum number of values in one lookup. Every database accepts that many parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryCount:
    """How often a query was asked in a time range.

    ``text`` is its most frequent spelling. ``visitors`` counts each visitor once a day. ``most`` is the largest number
    of visitors on one day. ``found`` says whether the last search for it found anything.
    """

    query: str
    text: str
    searches: int
    visitors: int
    most: int
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickCount:
    """How often an article was opened from the hits of a query, and its average position there."""

    query: str
    article_id: str
    visitors: int
    position: float


def counted_queries(connection: Connection, start: datetime, end: datetime) -> list[QueryCount]:
    """The plain queries of ``[start, end)``, most visitors first. The range must lie within one day."""
    spellings = _spellings(
        connection.execute(
            select(queries.c.query, queries.c.text, func.count())
            .where(_COUNTED, *_between(start, end))
            .group_by(queries.c.query, queries.c.text)
        )
    )
    searches = func.count(case((queries.c.counted, 1)))
    # A search that is not counted, such as an editor's second one, tells as well what a query finds now.
    found_at = func.max(case((queries.c.total > 0, queries.c.asked_at)))
    nothing_at = func.max(case((queries.c.total == 0, queries.c.asked_at)))
    rows = connection.execute(
        select(
            queries.c.query,
            searches,
            func.count(case((queries.c.counted, queries.c.visitor)).distinct()),
            found_at,
            nothing_at,
        )
        .where(queries.c.plain, *_between(start, end))
        .group_by(queries.c.query)
        .having(searches > 0)
    )
    return _ranked(
        QueryCount(
            query=query,
            text=spellings[query],
            searches=count,
            visitors=visitors,
            most=visitors,
            found=_is_later(found, nothing),
        )
        for query, count, visitors, found, nothing in rows
    )


def closed_queries(
    connection: Connection, *, since: date | None = None, size: int
) -> list[QueryCount]:
    """The ``size`` queries with the most visitors on all closed days, or on the closed days from ``since`` on."""
    days = query_days
    visitors = func.sum(days.c.visitors)
    found_on = func.max(case((days.c.found == true(), days.c.day)))
    nothing_on = func.max(case((days.c.found == false(), days.c.day)))
    wanted = (
        select(
            days.c.query,
            func.sum(days.c.searches),
            visitors,
            func.max(days.c.visitors),
            found_on,
            nothing_on,
        )
        .group_by(days.c.query)
        .order_by(visitors.desc(), days.c.query)
        .limit(size)
    )
    if since is not None:
        wanted = wanted.where(days.c.day >= since)
    rows = connection.execute(wanted).all()
    spellings: dict[str, str] = {}
    for some in _chunks([row[0] for row in rows]):
        spellings |= _spellings(
            connection.execute(
                select(days.c.query, days.c.text, func.sum(days.c.searches))
                .where(days.c.query.in_(some))
                .group_by(days.c.query, days.c.text)
            )
        )
    return [
        QueryCount(
            query=query,
            text=spellings[query],
            searches=int(searches),
            visitors=int(visitors),
            most=most,
            found=_is_later(found, nothing),
        )
        for query, searches, visitors, most, found, nothing in rows
    ]


def last_queries(connection: Connection, most: int) -> list[str]:
    """The last ``most`` different plain queries, as they were last typed, the newest first.

    Reads at most READ_FOR_EACH searches for each query, by the index on their times. A log of fewer different queries gives fewer.
    """
    rows = connection.execute(
        select(queries.c.query, queries.c.text)
        .where(_COUNTED)
        .order_by(queries.c.asked_at.desc(), queries.c.id)
        .limit(most * READ_FOR_EACH)
    )
    found: dict[str, str] = {}
    for query, text in rows:
        found.setdefault(query, text)
    return list(found.values())[:most]


def first_entry(connection: Connection) -> datetime | None:
    """When the oldest kept search was made."""
    first: datetime | None = connection.execute(select(func.min(queries.c.asked_at))).scalar()
    return first


def last_closed_day(connection: Connection) -> date | None:
    """The last day that has counts."""
    last: date | None = connection.execute(select(func.max(query_days.c.day))).scalar()
    return last


def merged(earlier: Iterable[QueryCount], later: Iterable[QueryCount]) -> list[QueryCount]:
    """Add the counts of two time ranges; ``later`` follows ``earlier``. Most visitors first."""
    counts = {each.query: each for each in earlier}
    for each in later:
        before = counts.get(each.query)
        counts[each.query] = (
            each
            if before is None
            else replace(
                each,
                text=before.text if before.searches > each.searches else each.text,
                searches=before.searches + each.searches,
                visitors=before.visitors + each.visitors,
                most=max(before.most, each.most),
            )
        )
    return _ranked(counts.values())


def clicks_of_queries(connection: Connection, start: datetime, end: datetime) -> Counter[str]:
    """How many hits were opened in ``[start, end)``, by query. A visitor who opens a hit twice counts once."""
    opened: Counter[str] = Counter()
    for each in clicked_articles(connection, start, end):
        opened[each.query] += each.visitors
    return opened


def clicked_articles(
    connection: Connection, start: datetime, end: datetime, *, query: str | None = None
) -> list[ClickCount]:
    """Which articles were opened in ``[start, end)``, from each query or from ``query`` only. Most visitors first."""
    name: ColumnElement[Any] = func.coalesce(clicks.c.query, queries.c.query).label("name")
    visitors = func.count(clicks.c.visitor.distinct())
    wanted = (
        select(name, clicks.c.article_id, visitors, func.avg(clicks.c.position))
        .select_from(clicks.outerjoin(queries, clicks.c.query_id == queries.c.id))
        .where(clicks.c.clicked_at >= start, clicks.c.clicked_at < end)
        .group_by(name, clicks.c.article_id)
        .order_by(visitors.desc(), name, clicks.c.article_id)
    )
    if query is not None:
        wanted = wanted.where(name == query)
    return [
        ClickCount(query=asked, article_id=article_id, visitors=opened, position=float(position))
        for asked, article_id, opened, position in connection.execute(wanted)
        if asked is not None  # None: its search was never logged
    ]


def _between(start: datetime, end: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return queries.c.asked_at >= start, queries.c.asked_at < end


def _spellings(rows: Iterable[Any]) -> dict[str, str]:
    """The most frequent spelling of each query. Each row has a query, a spelling and a count."""
    best: dict[str, tuple[int, str]] = {}
    for query, text, count in rows:
        best[query] = max(best.get(query, (0, "")), (int(count), text))
    return {query: text for query, (_, text) in best.items()}


def _is_later(found: datetime | date | None, nothing: datetime | date | None) -> bool:
    return found is not None and (nothing is None or found >= nothing)


def _ranked(counts: Iterable[QueryCount]) -> list[QueryCount]:
    return sorted(counts, key=lambda each: (-each.visitors, -each.searches, each.query))


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[at : at + _LOOKUP] for at in range(0, len(values), _LOOKUP))
