"""The lists for readers: hot, frequent and related queries, from a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from indexer.query import Recency
from search_service.querylog.counts import ClickCount, QueryCount, merged
from search_service.querylog.lists import LISTED, WINDOWS, Lists, Window
from search_service.querylog.reading import ListReader
from search_service.querylog.store import QueryLogStore
from search_service.querylog.views import ViewCount
from search_service.ranking.weights import HOT_AGING, HOT_FADED
from tests.databases import DATABASES
from tests.factories import NOON
from tests.search_service.querylog.factory import asked, clicked, days_ago, fill, viewed
from tests.typed_queries import analyzer


def read(store: QueryLogStore) -> Lists:
    store.close_days(now=NOON)
    return ListReader(analyzer).read(store, now=NOON)


def hot(lists: Lists, window: Window = "day", *, size: int = 10) -> list[str]:
    return [item.text for item in lists.hot(window, size=size)]


def count(text: str, visitors: int = 2) -> QueryCount:
    return QueryCount(
        query=text.lower(),
        text=text,
        searches=visitors,
        visitors=visitors,
        most=visitors,
        found=True,
    )


def lists_of(*counts: QueryCount, clicks: Sequence[ClickCount] = ()) -> Lists:
    """Lists of counts, of queries whose words are parted by blanks."""
    ranked = merged(counts, ())
    return Lists({"day": ranked, "all": ranked}, clicks)


class Editors:
    """Editors who pinned and blocked some queries."""

    def __init__(self, pinned: Sequence[str] = (), blocked: str = "-") -> None:
        self._pinned, self._blocked = pinned, blocked

    def blocked(self, text: str) -> bool:
        return self._blocked in text

    def pinned(self) -> Sequence[str]:
        return self._pinned


@pytest.mark.databases(*DATABASES)
def test_hot_queries_are_those_of_most_visitors_in_their_window(store: QueryLogStore) -> None:
    fill(store, {"旧闻": 9}, at=days_ago(30))
    fill(store, {"上周": 5}, at=days_ago(5))
    fill(store, {"昨夜": 4}, at=days_ago(0.9))
    fill(store, {"今天": 3, "山谷": 2}, at=days_ago(0.1))
    lists = read(store)
    assert {window: hot(lists, window) for window in WINDOWS} == {
        "day": ["昨夜", "今天", "山谷"],
        "week": ["上周", "昨夜", "今天", "山谷"],
        "all": ["旧闻", "上周", "昨夜", "今天", "山谷"],
    }
    assert lists.as_of == NOON


def test_the_counts_of_closed_days_and_of_today_add_up(store: QueryLogStore) -> None:
    fill(store, {"iphone": 2}, at=days_ago(3))
    fill(store, {"iPhone": 3}, at=days_ago(2))
    fill(store, {"IPHONE": 2}, at=days_ago(0.1))
    lists = read(store)
    assert [(item.text, item.visitors) for item in lists.hot("week", size=1)] == [("iPhone", 7)]
    assert [(item.text, item.visitors) for item in lists.hot("day", size=1)] == [("IPHONE", 2)]


def test_what_was_closed_is_not_read_again_before_another_day_is(store: QueryLogStore) -> None:
    reader = ListReader(analyzer)
    for days, expected in ((3, 2), (2, 4)):
        fill(store, {"山谷": 2}, at=days_ago(days))
        store.close_days(now=NOON)
        for _ in range(2):
            (item,) = reader.read(store, now=NOON).hot("all", size=5)
            assert item.visitors == expected


def test_one_visitor_makes_no_query_hot_however_often_he_asks(store: QueryLogStore) -> None:
    for hour in range(3 * 24):
        at = days_ago(2.9) + timedelta(hours=hour)
        store.write([asked("我家的门牌", at=at)], now=at)
    lists = read(store)
    assert [hot(lists, window) for window in WINDOWS] == [[], [], []]
    assert lists.frequent("我", size=5) == []
    assert lists.related("门牌", size=5) == ()


def test_a_query_that_finds_nothing_any_more_is_in_no_list(store: QueryLogStore) -> None:
    fill(store, {"撤下的报道": 3}, at=days_ago(4), total=2)
    fill(store, {"撤下的报道": 2, "云溪报道": 2}, at=days_ago(0.1), total=0)
    fill(store, {"云溪报道": 4}, at=days_ago(0.05), total=1)
    lists = read(store)
    for window in WINDOWS:
        assert "撤下的报道" not in hot(lists, window)[:1]
        assert hot(lists, window)[0] == "云溪报道"
    assert lists.related("报道 云溪茶会", size=5) == ("云溪报道",)


def test_pins_come_first_and_what_is_blocked_does_not_come() -> None:
    lists = lists_of(count("甲报", 9), count("乙报", 5), count("丙报", 3))
    editors = Editors(pinned=["两会", "丙报"], blocked="乙")
    items = lists.hot("day", size=3, editorial=editors)
    assert [(item.text, item.visitors, item.pinned) for item in items] == [
        ("两会", 0, True),
        ("丙报", 3, True),
        ("甲报", 9, False),
    ]
    assert hot(lists, size=2) == ["甲报", "乙报"]
    (first, *_) = lists.hot("day", size=3, editorial=Editors(pinned=["乙报"], blocked="乙"))
    assert first.text == "甲报"


def test_frequent_queries_are_found_by_how_they_begin() -> None:
    lists = lists_of(count("乡村振兴", 5), count("乡村", 3), count("乡愁", 9), count("GDP", 2))
    assert lists.frequent("乡村", size=5) == [("乡村振兴", 5), ("乡村", 3)]
    assert lists.frequent("鄉", size=2) == [("乡愁", 9), ("乡村振兴", 5)]
    assert lists.frequent("gd", size=5) == [("GDP", 2)]
    assert lists.frequent("市", size=5) == []
    assert len(lists.frequent("", size=9)) == 4


def test_related_queries_share_words_the_rare_ones_above_all() -> None:
    common = [count(f"新闻 话题{number}") for number in range(20)]
    lists = lists_of(*common, count("茶会 云溪"), count("茶会 新闻"), count("水库"))
    assert lists.related("云溪 茶会 新闻", size=2) == ("茶会 云溪", "茶会 新闻")
    assert lists.related("茶会", size=5)[0] in ("茶会 云溪", "茶会 新闻")
    assert "水库" not in lists.related("茶会 新闻", size=50)


def test_a_query_is_not_related_to_itself_nor_twice() -> None:
    lists = lists_of(count("茶会 云溪", 3), count("云溪 茶会", 2), count("云溪 水库"))
    assert lists.related("茶会 云溪", size=5) == ("云溪 水库",)
    assert lists.related("云溪 水库", size=5) == ("茶会 云溪",)
    assert lists.related("", size=5) == ()
    assert lists.related("云溪 水库", size=5, editorial=Editors(blocked="茶")) == ()


def test_queries_after_which_the_same_is_opened_are_related() -> None:
    clicks = [
        ClickCount(query=query, article_id=article_id, visitors=visitors, position=1.0)
        for query, article_id, visitors in [
            ("板凳会", "a-1", 3),
            ("云溪小学", "a-1", 2),
            ("云溪小学", "a-2", 2),
            ("水库", "a-3", 5),
        ]
    ]
    lists = lists_of(count("板凳会"), count("云溪小学"), count("水库"), clicks=clicks)
    assert lists.related("板凳会", size=5) == ("云溪小学",)
    assert lists.related("水库", size=5) == ()


def test_words_and_clicks_come_from_the_log(store: QueryLogStore) -> None:
    fill(store, {"云溪茶会": 2, "云溪水库": 2, "板凳": 2, "新闻": 2}, at=days_ago(0.2))
    same = [clicked("a-1", query=query, at=days_ago(0.1)) for query in ("板凳", "云溪茶会")]
    store.write(same, now=NOON)
    lists = read(store)
    assert lists.related("板凳", size=5) == ("云溪茶会",)
    assert set(lists.related("云溪", size=5)) == {"云溪茶会", "云溪水库"}


def test_lists_that_were_not_read_yet_are_empty() -> None:
    lists = Lists()
    assert lists.hot("day", size=5) == ()
    assert lists.frequent("", size=5) == []
    assert lists.related("山谷", size=5) == ()
    assert lists.as_of is None
    assert lists.popularity is None


def test_the_popularity_is_that_of_the_week_and_made_once() -> None:
    views = [ViewCount(article_id=f"a-{n}", visitors=9, heat=9 - n / 1000) for n in range(1_200)]
    lists = Lists(views={"week": views, "hour": views[:2]}, as_of=NOON)
    popularity = lists.popularity
    assert popularity is not None
    assert popularity.heats == tuple((each.article_id, each.heat) for each in views)
    assert popularity.fading == Recency(NOON, HOT_AGING["week"] / 24, floor=HOT_FADED)
    assert lists.popularity is popularity
    assert lists.viewed("week") == views[:LISTED]
    assert Lists(views={"day": views}, as_of=NOON).popularity is None


def test_a_view_makes_a_popularity(store: QueryLogStore) -> None:
    assert read(store).popularity is None
    store.write([viewed("a-1", at=days_ago(1))], now=NOON)
    popularity = read(store).popularity
    assert popularity is not None
    assert [article_id for article_id, _ in popularity.heats] == ["a-1"]
