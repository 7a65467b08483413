"""What readers searched for on some days, as editors work through it, and what a decision about a query would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from indexer.analysis.characters import fold_literal
from indexer.editorial.entries import Entry, ListName
from indexer.store.editorial_lists import EditorialLists
from search_service.answering.search import Answer, Question
from search_service.desk.desk import Desk
from search_service.live.decisions import Decisions
from search_service.querylog.by_day import AskedQuery, Day
from search_service.services import Services

Which = Literal["nothing", "most", "unopened"]
"""Tables of queries: those that found nothing when they were last asked, all, and those that found something that nobody opened."""

LONGEST: Final = 92
"""Days that are counted at once at most."""

EARLIEST: Final = date(2000, 1, 1)
"""No query log has earlier days."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Searched:
    """What readers searched for in a span: its days, and the queries of one table, most visitors first."""

    days: Sequence[Day]
    queries: Sequence[AskedQuery]


def span(first: date | None, last: date | None, *, today: date) -> Span:
    """The days that were asked for, none of them later than today, and LONGEST at most. Without any, seven days up to today."""
    end = max(min(last or today, today), EARLIEST)
    start = min(first or end - timedelta(days=6), end)
    return Span(max(start, end - timedelta(days=LONGEST - 1)), end)


def searched(desk: Desk, days: Span, which: Which, *, now: datetime) -> Searched | None:
    """What readers searched for; None if the query log is off or cannot be read."""
    read = desk.of_days(
        lambda log: (
            log.between(days.first, days.last, now=now),
            log.queries(days.first, days.last, now=now),
        )
    )
    if read is None:
        return None
    counted, queries = read
    if which == "unopened":
        queries = [each for each in queries if each.count.found and not each.clicks]
    if which == "nothing":
        done = given_up(desk)
        queries = [
            each for each in queries if not each.count.found and each.count.query not in done
        ]
    return Searched(counted, queries)


def given_up(desk: Desk) -> frozenset[str]:
    """The normal forms of the queries for which there is nothing to find."""
    with desk.store.use() as store:
        return frozenset(each.key for each in store.editorial.read().entries["nothing"])


def decided(lists: EditorialLists, text: str) -> Mapping[ListName, int]:
    """How many entries of each list are about a query, as a whole."""
    query = fold_literal(text)
    counts = {
        name: sum(fold_literal(getattr(each, "query", "")) == query for each in entries)
        for name, entries in lists.entries.items()
    }
    return {name: count for name, count in counts.items() if count}


def first_page(services: Services, text: str, decisions: Decisions | None = None) -> Answer:
    """The first page of a query as a reader gets it, or would get it after these decisions. Not logged."""
    return services.search(Question(text=text), decisions=decisions)


def with_entry(lists: EditorialLists, name: ListName, entry: Entry) -> Decisions:
    """The editors' decisions as they would be with one more entry in a list."""
    entries = {each.key: each for each in lists.entries[name]} | {entry.key: entry}
    return Decisions(
        EditorialLists(lists.version, {**lists.entries, name: tuple(entries.values())})
    )
