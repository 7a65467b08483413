"""Views of articles: which of them count, for how long, and which articles are read most."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from search_service.querylog.entries import Clicked, Viewed
from search_service.querylog.store import QueryLogStore
from search_service.querylog.tables import clicks, viewers, views
from search_service.querylog.views import VIEW_WINDOWS, ViewCount, ViewWindow, viewed_articles
from search_service.querylog.visitors import NETWORK_VISITORS, REFRESH
from tests.databases import DATABASES
from tests.factories import NOON
from tests.search_service.querylog.factory import BROWSER, clicked, days_ago, viewed

pytestmark = pytest.mark.databases(*DATABASES)

A_MINUTE = timedelta(minutes=1)


def write(store: QueryLogStore, *entries: Viewed | Clicked) -> None:
    """Write each entry at its own time."""
    for entry in entries:
        at = entry.viewed_at if isinstance(entry, Viewed) else entry.clicked_at
        store.write([entry], now=at)


def counts(store: QueryLogStore) -> Counter[str]:
    """The visitors of each article, ever. Each window has counted the same."""
    found: Counter[tuple[str, int]] = Counter()
    with store.reading() as connection:
        for row in connection.execute(select(views)):
            found[row.article_id, row.minutes] += row.visitors
    assert len(found) == len(VIEW_WINDOWS) * len({article_id for article_id, _ in found})
    by_article = {(article_id, visitors) for (article_id, _), visitors in found.items()}
    assert len(found) == len(VIEW_WINDOWS) * len(by_article)
    return Counter(dict(by_article))


def hottest(store: QueryLogStore, window: ViewWindow) -> list[ViewCount]:
    with store.reading() as connection:
        return viewed_articles(connection, NOON.replace(tzinfo=None))[window]


def ids(counted: list[ViewCount]) -> list[str]:
    return [each.article_id for each in counted]


def crowd(article_id: str, visitors: int, minutes: float, *, first: int = 0) -> list[Viewed]:
    """So many visitors, each in a network of his own, so many minutes before noon."""
    at = NOON - minutes * A_MINUTE
    return [viewed(article_id, by=first + number, at=at) for number in range(visitors)]


def test_each_visitor_and_each_article_counts(store: QueryLogStore) -> None:
    write(store, viewed(), viewed(by=2), viewed("新闻/4 b"), viewed("新闻/4 b", at=NOON + A_MINUTE))
    assert counts(store) == {"a-1": 2, "新闻/4 b": 1}


def test_a_repeat_counts_only_after_half_an_hour(store: QueryLogStore) -> None:
    moments = [timedelta(0), A_MINUTE, REFRESH - A_MINUTE / 60, REFRESH]
    write(store, *(viewed(at=NOON + each) for each in moments))
    assert counts(store) == {"a-1": 2}


def test_repeats_in_one_batch_and_a_batch_that_is_written_twice_count_once(
    store: QueryLogStore,
) -> None:
    batch = [viewed(at=NOON + A_MINUTE), viewed(), viewed(by=2)]
    store.write(batch, now=NOON)
    store.write(batch, now=NOON)
    assert counts(store) == {"a-1": 2}


def test_views_that_other_processes_wrote_earlier_may_be_older(store: QueryLogStore) -> None:
    write(store, viewed(at=NOON + A_MINUTE), viewed())
    assert counts(store) == {"a-1": 1}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "agent", ["", " ", "curl/8.1.2", "Mozilla/5.0 (compatible; Baiduspider/2.0)"]
)
def test_programs_do_not_count(store: QueryLogStore, agent: str) -> None:
    write(store, viewed(agent=agent), clicked(query="山谷", agent=agent))
    assert counts(store) == {}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("batch", [1, 7, 40])
@pytest.mark.parametrize(
    "addresses", [["198.18.0.7"], [f"198.18.0.{number}" for number in range(20)], ["2001:db8::7"]]
)
def test_one_address_is_three_visitors_of_an_article_a_day(
    store: QueryLogStore, addresses: list[str], batch: int
) -> None:
    seed = Random(7)
    entries = [
        viewed(
            address=seed.choice(addresses),
            agent=f"{BROWSER} {seed.randrange(9)}",
            at=NOON - timedelta(hours=10) * seed.random(),
        )
        for _ in range(80)
    ]
    for start in range(0, len(entries), batch):
        store.write(entries[start : start + batch], now=NOON)
    assert counts(store) == {"a-1": NETWORK_VISITORS}
    store.write([viewed("a-2", address=addresses[0]), viewed(address="203.0.113.9")], now=NOON)
    assert counts(store) == {"a-1": NETWORK_VISITORS + 1, "a-2": 1}
    tomorrow = NOON + timedelta(days=1)
    store.write([viewed(address=addresses[0], at=tomorrow)], now=tomorrow)
    assert counts(store)["a-1"] == NETWORK_VISITORS + 2


def test_a_click_is_a_view_and_the_page_that_it_opens_repeats_it(store: QueryLogStore) -> None:
    write(store, clicked(query="山谷"), viewed(at=NOON + A_MINUTE), clicked(query="茶会", by=2))
    assert counts(store) == {"a-1": 2}
    with store.reading() as connection:
        assert len(connection.execute(select(clicks)).all()) == 2


def test_who_viewed_is_forgotten_after_the_day_and_counts_after_the_week(
    store: QueryLogStore,
) -> None:
    write(store, viewed("old", at=days_ago(8)), viewed("kept", at=days_ago(6)))
    store.write([viewed("today", at=NOON - A_MINUTE)], now=NOON)
    pruned = store.prune(now=NOON, keep_days=8)
    assert pruned.views == 3 + 2
    with store.reading() as connection:
        kept = connection.execute(select(views.c.minutes).where(views.c.article_id == "kept"))
        assert kept.scalars().all() == [VIEW_WINDOWS["week"].minutes]
    with store.reading() as connection:
        assert connection.execute(select(viewers.c.article_id)).scalars().all() == ["today"]
    store.write([viewed("today", at=NOON)], now=NOON)
    assert [(each.article_id, each.visitors) for each in hottest(store, "day")] == [("today", 1)]


@pytest.mark.databases("sqlite")
def test_nothing_of_a_reader_is_stored_but_a_hash(store: QueryLogStore, url: str) -> None:
    store.write([viewed()], now=NOON)
    store.close()
    for path in Path(url.removeprefix("sqlite:///")).parent.iterdir():
        assert b"198.18" not in path.read_bytes()
        assert BROWSER.encode() not in path.read_bytes()


def test_each_window_holds_what_was_read_in_it(store: QueryLogStore) -> None:
    for article_id, minutes in (("now", 1), ("noon", 300), ("monday", 8000), ("before", 10_200)):
        store.write(crowd(article_id, 2, minutes), now=NOON - minutes * A_MINUTE)
    found = {window: set(ids(hottest(store, window))) for window in VIEW_WINDOWS}
    assert found == {
        "hour": {"now"},
        "day": {"now", "noon"},
        "week": {"now", "noon", "monday"},
    }


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("window", "half_life"), [("hour", 20), ("day", 6 * 60), ("week", 36 * 60)]
)
def test_a_view_counts_half_after_the_half_life(
    store: QueryLogStore, window: ViewWindow, half_life: int
) -> None:
    store.write([*crowd("new", 4, 5), *crowd("old", 4, 5 + half_life)], now=NOON)
    new, old = hottest(store, window)
    assert (new.article_id, new.visitors, old.article_id, old.visitors) == ("new", 4, "old", 4)
    assert old.heat == pytest.approx(new.heat / 2)


def test_what_is_read_now_is_hotter_than_what_more_readers_read_before(
    store: QueryLogStore,
) -> None:
    store.write([*crowd("rising", 3, 10), *crowd("gone", 5, 50)], now=NOON)
    assert ids(hottest(store, "hour")) == ["rising", "gone"]
    assert ids(hottest(store, "week")) == ["gone", "rising"]


def test_the_visitors_of_a_window_are_those_of_its_slots(store: QueryLogStore) -> None:
    for minutes in (5, 25, 45):
        store.write(crowd("a-1", 3, minutes, first=int(minutes)), now=NOON)
    (count,) = hottest(store, "hour")
    assert count.visitors == 9
    assert 3 < count.heat < 9
