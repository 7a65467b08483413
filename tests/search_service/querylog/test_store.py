"""The query log's database: what is written, counted, closed and forgotten."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, event, func, insert, select

from indexer.errors import QueryLogUnavailable
from indexer.store.database import open_store
from search_service.querylog.counts import clicked_articles, counted_queries
from search_service.querylog.entries import Asked, Entry
from search_service.querylog.store import GRACE, QueryLogStore, open_query_log, stored
from search_service.querylog.tables import (
    CHAIN,
    clicks,
    metadata,
    queries,
    query_days,
    salts,
    views,
)
from search_service.querylog.visitors import REFRESH, Visitor
from tests.databases import DATABASES, PATIENCE, Second
from tests.factories import NOON
from tests.migrating import differences, released, table_of, upgrade
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import BROWSER, asked, clicked, days_ago, fill, viewed

pytestmark = pytest.mark.databases(*DATABASES)

EVER = datetime(2000, 1, 1), datetime(2100, 1, 1)


def rows(store: QueryLogStore, table: Table) -> list[dict[str, Any]]:
    with store.reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def write(store: QueryLogStore, *entries: Asked) -> list[bool]:
    """Write each entry at its own time; which of them are counted."""
    for entry in entries:
        store.write([entry], now=entry.asked_at)
    counted = {row["id"]: row["counted"] for row in rows(store, queries)}
    return [counted[entry.id] for entry in entries]


def test_the_database_is_what_the_tables_say(store: QueryLogStore, url: str) -> None:
    engine = create_engine(url)
    assert differences(engine, CHAIN, metadata) == []
    engine.dispose()
    assert rows(store, queries) == []


def test_it_may_share_a_database_with_the_articles(store: QueryLogStore, url: str) -> None:
    articles = open_store(url)
    assert articles.count() == 0
    articles.close()
    assert store.write([asked()], now=NOON) == 1


def test_a_search_and_its_click_are_written_whole(store: QueryLogStore) -> None:
    search = asked("臺灣 GDP", total=7)
    click = clicked("a-7", query_id=search.id, position=4)
    assert store.write([search, click], now=NOON) == 2
    (query,), (opened,) = rows(store, queries), rows(store, clicks)
    assert query["visitor"] == opened["visitor"]
    assert query["network"] == opened["network"] != query["visitor"]
    assert query | {"visitor": "", "network": ""} == {
        "id": search.id, "asked_at": datetime(2026, 3, 1, 12), "query": "台湾 gdp", "text": "臺灣 GDP",
        "rung": "words", "total": 7, "page": 1, "visitor": "", "network": "", "plain": True,
        "counted": True, "took_ms": 12,
    }  # fmt: skip
    assert (opened["query_id"], opened["article_id"], opened["position"]) == (search.id, "a-7", 4)


@pytest.mark.databases("sqlite")
def test_nothing_of_a_visitor_is_stored_but_a_hash(store: QueryLogStore, url: str) -> None:
    store.write([asked(), clicked(query="山谷")], now=NOON)
    store.close()
    for path in Path(url.removeprefix("sqlite:///")).parent.iterdir():
        assert b"198.18" not in path.read_bytes()
        assert BROWSER.encode() not in path.read_bytes()


def test_programs_are_not_written(store: QueryLogStore) -> None:
    bot = "Mozilla/5.0 (compatible; Baiduspider/2.0)"
    assert store.write([asked(agent=bot), clicked(query="山谷", agent=bot)], now=NOON) == 0
    assert store.write([asked(agent=bot), asked()], now=NOON) == 1


def from_networks(addresses: list[str], *, agents: int = 1) -> list[Asked]:
    """The same search from each address by so many browsers."""
    return [
        replace(asked(), id=token_hex(8), visitor=Visitor(address, f"{BROWSER} {number}"))
        for address in addresses
        for number in range(agents)
    ]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("addresses", "agents", "visitors"),
    [
        (["198.18.0.7"], 40, 3),
        ([f"198.18.0.{number}" for number in range(40)], 1, 3),
        ([f"198.18.{number}.7" for number in range(40)], 1, 40),
        ([f"2001:db8::{number:x}" for number in range(40)], 1, 3),
        ([f"2001:db8:0:{number:x}::1" for number in range(40)], 1, 40),
        (["::ffff:198.18.0.1", "198.18.0.2"], 20, 3),
        (["", "nonsense", "fe80::1%eth0"], 2, 6),
    ],
)
def test_a_network_is_three_visitors_at_most(
    store: QueryLogStore, addresses: list[str], agents: int, visitors: int
) -> None:
    entries = from_networks(addresses, agents=agents)
    assert store.write(entries[:25], now=NOON) + store.write(entries[25:], now=NOON) == visitors
    with store.reading() as connection:
        (count,) = counted_queries(connection, *EVER)
    assert count.visitors == visitors


def test_a_network_may_ask_other_things_and_again_on_another_day(store: QueryLogStore) -> None:
    entries = from_networks(["198.18.0.7"], agents=5)
    assert store.write(entries, now=NOON) == 3
    others = [replace(each, id=token_hex(8), query="茶会") for each in entries]
    assert store.write(others, now=NOON) == 3
    again = [replace(each, id=token_hex(8)) for each in entries]
    assert store.write(again, now=NOON) == 3, "those who were logged are recognised"
    tomorrow = [replace(each, id=token_hex(8)) for each in entries]
    assert store.write(tomorrow, now=NOON + timedelta(days=1)) == 3


def test_the_clicks_of_a_network_are_those_of_three_visitors(store: QueryLogStore) -> None:
    opened = [
        replace(clicked(query="山谷"), visitor=Visitor("198.18.0.7", f"{BROWSER} {number}"))
        for number in range(40)
    ]
    assert store.write(opened, now=NOON) == 3
    with store.reading() as connection:
        (count,) = clicked_articles(connection, *EVER)
    assert count.visitors == 3


@pytest.mark.databases(*DATABASES)
@pytest.mark.parametrize("version", released(CHAIN))
def test_a_log_of_any_release_is_brought_up_to_date(new_url: str, version: str) -> None:
    # Those releases made tables without a character set if the URL began with mariadb: no Chinese fitted in.
    engine = create_engine(new_url.replace("mariadb+", "mysql+"))
    upgrade(engine, CHAIN, version)
    row = {
        "id": "a", "asked_at": datetime(2026, 3, 1, 11), "query": "山谷", "text": "山谷", "rung": "words",
        "total": 3, "page": 1, "visitor": "hash", "plain": True, "counted": True,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(table_of(engine, "queries")).values(row))
    with closing(open_query_log(new_url, SHANGHAI)) as store:
        assert store.write([asked()], now=NOON) == 1
        (before, after) = sorted(rows(store, queries), key=lambda row: row["id"] != "a")
        assert (before["visitor"], before["network"]) == ("hash", None)
        assert after["network"]
        with store.reading() as connection:
            assert [each.visitors for each in counted_queries(connection, *EVER)] == [2]
    assert differences(engine, CHAIN, metadata) == []
    engine.dispose()


def test_a_batch_that_is_written_twice_is_there_once(store: QueryLogStore) -> None:
    batch = [asked("山谷"), asked("茶会")]
    assert [store.write(batch, now=NOON), store.write(batch, now=NOON)] == [2, 0]
    assert len(rows(store, queries)) == 2


def test_a_refresh_is_not_counted_until_some_time_has_passed(store: QueryLogStore) -> None:
    moments = [timedelta(0), timedelta(seconds=1), REFRESH - timedelta(seconds=1), REFRESH]
    counted = write(store, *(asked(at=NOON + each) for each in moments))
    assert counted == [True, False, False, True]


def test_a_refresh_in_one_batch_is_not_counted(store: QueryLogStore) -> None:
    store.write([asked(at=NOON + timedelta(seconds=1)), asked(at=NOON)], now=NOON)
    assert sorted((row["asked_at"].second, row["counted"]) for row in rows(store, queries)) == [
        (0, True),
        (1, False),
    ]


def test_another_visitor_query_or_kind_of_search_is_no_refresh(store: QueryLogStore) -> None:
    others = [asked(), asked(by=2), asked("茶会"), asked(plain=False)]
    assert write(store, *others) == [True] * 4
    assert write(store, asked()) == [False]


def test_a_later_page_is_written_for_its_clicks_but_not_counted(store: QueryLogStore) -> None:
    assert write(store, asked(page=2), asked(page=1)) == [False, True]


def test_the_salt_lives_for_one_day(store: QueryLogStore) -> None:
    store.write([asked()], now=NOON)
    (first,) = rows(store, salts)
    store.write([asked("茶会")], now=NOON + timedelta(hours=1))
    assert rows(store, salts) == [first]
    assert len({row["visitor"] for row in rows(store, queries)}) == 1
    store.write([asked("水库")], now=NOON + timedelta(days=1))
    (second,) = rows(store, salts)
    assert second["day"] - first["day"] == timedelta(days=1)
    assert second["salt"] != first["salt"]
    assert len({row["visitor"] for row in rows(store, queries)}) == 2


def test_the_salt_goes_after_the_day_even_if_nobody_searches(store: QueryLogStore) -> None:
    store.write([asked()], now=NOON)
    store.prune(now=NOON + timedelta(hours=3), keep_days=8)
    assert len(rows(store, salts)) == 1
    store.prune(now=NOON + timedelta(hours=5), keep_days=8)  # a day of Shanghai ends at 16:00 UTC
    assert rows(store, salts) == []


def test_a_day_that_is_over_is_closed_once_with_its_counts(store: QueryLogStore) -> None:
    searches = [asked("iPhone 15", by=1), asked("iphone 15", by=2), asked("iPhone 15", by=3)]
    store.write([*searches, clicked("a-1", query_id=searches[0].id)], now=NOON)
    store.write([asked("iPhone 15", by=1, at=NOON + REFRESH)], now=NOON)
    store.write([clicked("a-1", query="iphone 15", by=2), asked(plain=False)], now=NOON)
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert store.close_days(now=midnight + GRACE - timedelta(seconds=1)) == 0
    assert store.close_days(now=midnight + GRACE) == 1
    assert store.close_days(now=midnight + timedelta(days=3)) == 0
    (day,) = rows(store, query_days)
    assert day == {
        "day": NOON.date(), "query": "iphone 15", "text": "iPhone 15",
        "searches": 4, "visitors": 3, "clicks": 2, "found": True,
    }  # fmt: skip


def test_days_that_were_missed_are_closed_later(store: QueryLogStore) -> None:
    for days in (5, 3, 2):
        fill(store, {"山谷": 2}, at=days_ago(days))
    assert store.close_days(now=NOON) == 3
    assert [row["day"].day for row in rows(store, query_days)] == [24, 26, 27]


def test_old_entries_go_and_counts_stay_but_those_of_one_visitor(store: QueryLogStore) -> None:
    fill(store, {"山谷": 2, "我家的门牌": 1}, at=days_ago(9))
    store.write([clicked(query="山谷", at=days_ago(9))], now=days_ago(9))
    fill(store, {"茶会": 1}, at=days_ago(7))
    store.close_days(now=NOON)
    pruned = store.prune(now=NOON, keep_days=8)
    assert (pruned.queries, pruned.clicks, pruned.rare_counts) == (3, 1, 1)
    assert {row["query"] for row in rows(store, queries)} == {"茶会"}
    assert {row["query"] for row in rows(store, query_days)} == {"山谷", "茶会"}


def test_what_found_nothing_when_it_was_last_asked_is_told(store: QueryLogStore) -> None:
    later = NOON + timedelta(hours=1)
    write(
        store,
        asked("茶会", total=0, by=1),
        asked("茶会", total=3, by=2, at=later),
        asked("水库", total=3, by=1),
        asked("水库", total=0, by=2, at=later),
        asked("古塔", total=0, plain=False),
        asked("轮渡", total=0, by=1),
        asked("轮渡", total=2, by=1, at=NOON + timedelta(minutes=1)),  # not counted again
    )
    with store.reading() as connection:
        counted = counted_queries(connection, *EVER)
    assert {each.query: (each.found, each.searches, each.visitors) for each in counted} == {
        "茶会": (True, 2, 2),
        "水库": (False, 2, 2),
        "轮渡": (True, 1, 1),
    }


def _write_many(url: str, process: int) -> int:
    store = open_query_log(url, SHANGHAI)
    written = 0
    for number in range(20):
        batch = [asked(f"共同 {number}", by=9), asked(f"各自 {process} {number}", by=process)]
        views_of = [viewed("a-1", by=9), viewed(f"b-{number}", by=process)]
        written += store.write([*batch, *views_of], now=NOON)
    store.close()
    return written


@pytest.mark.databases("sqlite")
def test_processes_share_a_new_database_its_salt_its_refreshes_and_its_views(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_write_many, [url] * 3, range(3))) == [40] * 3
    store = open_query_log(url, SHANGHAI)
    counted = [row["query"] for row in rows(store, queries) if row["counted"]]
    assert len(rows(store, queries)) == 120
    assert len(rows(store, salts)) == 1
    assert sorted(counted) == sorted(set(counted))
    assert len(counted) == 20 + 60
    for minutes in (10, 60, 360):
        slots = [row for row in rows(store, views) if row["minutes"] == minutes]
        assert {row["article_id"]: row["visitors"] for row in slots} == {
            "a-1": 1,
            **{f"b-{number}": 3 for number in range(20)},
        }
    store.close()


def test_who_writes_while_another_does_sees_what_the_other_wrote(
    store: QueryLogStore, url: str, second: Second
) -> None:
    search, view = asked(), viewed("a-1")
    with closing(open_query_log(url, SHANGHAI)) as other:
        refresh = replace(asked(), id=token_hex(8))
        later: list[Future[int]] = []
        again: list[Entry] = [refresh, search, view]

        @event.listens_for(store._engine, "commit")
        def let_the_other_begin(_connection: Connection) -> None:
            if not later:
                later.append(second(other._engine, lambda: other.write(again, now=NOON)))

        assert store.write([search, view], now=NOON) == 1
        assert later[0].result(PATIENCE) == 1
    assert {row["id"]: row["counted"] for row in rows(store, queries)} == {
        search.id: True,
        refresh.id: False,
    }
    assert len(rows(store, salts)) == 1
    assert {row["visitors"] for row in rows(store, views)} == {1}


def test_the_lists_are_read_in_one_state(store: QueryLogStore, url: str) -> None:
    store.write([asked()], now=NOON)
    with closing(open_query_log(url, SHANGHAI)) as other, store.reading() as connection:
        count = select(func.count()).select_from(queries)
        assert connection.execute(count).scalar() == 1
        other.write([asked("另一次", by=2)], now=NOON)
        assert connection.execute(count).scalar() == 1
    assert len(rows(store, queries)) == 2


def test_two_processes_do_not_close_a_day_twice(store: QueryLogStore, url: str) -> None:
    fill(store, {"山谷": 2}, at=days_ago(2))
    other = open_query_log(url, SHANGHAI)
    assert [store.close_days(now=NOON), other.close_days(now=NOON)] == [1, 0]
    other.close()


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "querylog.sqlite3"
    path.write_text("不是数据库。" * 100, encoding="utf-8")
    with pytest.raises(QueryLogUnavailable, match=r"query log sqlite:.* move it away"):
        open_query_log(f"sqlite:///{path}", SHANGHAI)


@pytest.mark.databases("sqlite")
def test_a_database_of_a_newer_release_is_left_alone(store: QueryLogStore, url: str) -> None:
    store.close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE query_log_version SET version_num = '9999'")
    with pytest.raises(QueryLogUnavailable, match="run the newer release"):
        open_query_log(url, SHANGHAI)


@pytest.mark.databases("sqlite")
def test_a_database_that_fails_while_it_is_used_says_so(store: QueryLogStore, url: str) -> None:
    store.write([asked()], now=NOON)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("DROP TABLE queries")
    for failing in (
        lambda: store.write([asked()], now=NOON),
        lambda: store.close_days(now=NOON),
        lambda: store.prune(now=NOON, keep_days=8),
    ):
        with pytest.raises(QueryLogUnavailable, match="no such table"):
            failing()


def test_times_are_stored_in_utc() -> None:
    assert stored(NOON.astimezone(SHANGHAI)) == datetime(2026, 3, 1, 12)
