"""The article store: what is put, deleted and read back, and which revisions that takes."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from indexer.article import Article, content_hash
from indexer.fields import make_article
from indexer.store.articles import ArticleStore, Change, Moment, Pending
from indexer.store.changing import Stored
from indexer.store.database import open_store
from indexer.store.tables import articles as table
from tests.databases import DATABASES
from tests.factories import article

pytestmark = pytest.mark.databases(*DATABASES)


def _seen(store: ArticleStore, after: int = 0) -> list[tuple[int, str, bool]]:
    return [
        (each.revision, each.article_id, each.article is not None)
        for each in store.changes(after=after)
    ]


def _counts(done: tuple[Stored, ...]) -> tuple[int, int, int]:
    found = Counter(each.result for each in done)
    assert set(found) <= {"created", "updated", "unchanged"}
    return found["created"], found["updated"], found["unchanged"]


def _deleted(done: tuple[Stored, ...]) -> int:
    return sum(each.result == "deleted" for each in done)


def test_a_new_store_is_empty(store: ArticleStore) -> None:
    assert store.count() == 0
    assert store.revision() == 0
    assert list(store.changes()) == []
    assert store.get("a-1") is None


def test_an_article_comes_back_as_it_was_put(store: ArticleStore) -> None:
    full = make_article(
        {
            "id": "A.1_~-",
            "url": "https://portal.example/1.html",
            "title": "溪口鎮的“花鼓” 𠀀 🌾",
            "body": "头一段。\n第二段。",
            "lead": "导语",
            "channel": "地方/集市",
            "channels": ["文化", "生活/节令"],
            "source": "溪口报",
            "author": "何一苇",
            "editor": "陆半夏",
            "tags": ["花鼓", "集市"],
            "site": "portal",
            "image_url": "/i/1.jpg",
            "published_at": "2025-05-06T07:08:09",
            "updated_at": "2025-05-07",
            "expires_at": "2035-01-01",
            "status": "withdrawn",
            "attributes": {"reads": 12, "weight": 0.5, "desk": "夜班"},
        },
        timezone=ZoneInfo("Asia/Shanghai"),
    )
    store.put([full])
    assert store.get("A.1_~-") == full
    assert [each.article for each in store.changes()] == [full]


def test_ids_that_differ_in_case_are_two_articles(store: ArticleStore) -> None:
    store.put([article("a"), article("A")])
    assert store.count() == 2


def test_each_new_article_takes_the_next_revision_in_the_order_given(store: ArticleStore) -> None:
    assert _counts(store.put([article("c"), article("a")])) == (2, 0, 0)
    assert _counts(store.put([article("b")])) == (1, 0, 0)
    assert _seen(store) == [(1, "c", True), (2, "a", True), (3, "b", True)]
    assert store.revision() == 3


def test_an_unchanged_article_takes_no_revision(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    assert _counts(store.put([article("a"), article("b")])) == (0, 0, 2)
    assert store.revision() == 2


def test_a_changed_article_takes_a_new_revision_and_loses_its_old_one(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    assert _counts(store.put([article("a", title="新题"), article("b")])) == (0, 1, 1)
    assert _seen(store) == [(2, "b", True), (3, "a", True)]
    found = store.get("a")
    assert found is not None
    assert found.title == "新题"


def test_of_repeated_ids_the_last_wins_with_one_revision(store: ArticleStore) -> None:
    versions = [article("a", title=title) for title in ("一", "二", "二", "三")]
    assert _counts(store.put(versions)) == (1, 2, 1)
    assert store.get("a") == versions[-1]
    assert store.revision() == 1


def test_an_article_that_ends_as_it_is_stored_takes_no_revision(store: ArticleStore) -> None:
    store.put([article("a")])
    assert _counts(store.put([article("a", title="另题"), article("a")])) == (0, 2, 0)
    assert store.revision() == 1


def test_putting_nothing_is_no_change(store: ArticleStore) -> None:
    assert _counts(store.put([])) == (0, 0, 0)
    assert _deleted(store.delete([])) == 0
    assert store.revision() == 0


@pytest.mark.databases("sqlite")
def test_more_articles_than_a_database_takes_parameters_fit_in_one_put(
    store: ArticleStore,
) -> None:
    many = [article(f"a-{number}") for number in range(2_300)]
    assert _counts(store.put(iter(many))) == (2_300, 0, 0)
    assert _counts(store.put(many)) == (0, 0, 2_300)
    assert _deleted(store.delete(each.id for each in many)) == 2_300
    assert store.revision() == 4_600


def test_a_put_that_fails_leaves_nothing_behind(store: ArticleStore) -> None:
    def broken() -> list[Article]:
        return [article("a"), article("b", title="x" * 10), None]  # type: ignore[list-item]

    with pytest.raises(AttributeError):
        store.put(broken())
    assert store.count() == 0
    assert _counts(store.put([article("a")])) == (1, 0, 0)
    assert store.revision() == 1


def test_a_deleted_article_leaves_a_tombstone_with_a_new_revision(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    assert _deleted(store.delete(["a"])) == 1
    assert store.get("a") is None
    assert store.count() == 1
    assert list(store.changes(after=2)) == [Change(3, "a", None)]
    assert _seen(store) == [(2, "b", True), (3, "a", False)]


def test_only_what_is_there_can_be_deleted(store: ArticleStore) -> None:
    store.put([article("a")])
    assert _deleted(store.delete(["nobody", "a", "a"])) == 1
    assert _deleted(store.delete(["nobody", "a"])) == 0
    assert store.revision() == 2


def test_a_put_after_a_delete_brings_the_article_back(store: ArticleStore) -> None:
    store.put([article("a")])
    store.delete(["a"])
    assert _counts(store.put([article("a")])) == (1, 0, 0)
    assert store.get("a") == article("a")
    assert _seen(store) == [(3, "a", True)]
    assert store.count() == 1


def test_articles_of_every_status_are_counted(store: ArticleStore) -> None:
    store.put([article(each, status=each) for each in ("published", "draft", "withdrawn")])
    assert store.count() == 3


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 7])
def test_changes_are_whole_and_ordered_whatever_the_batch(store: ArticleStore, batch: int) -> None:
    store.put([article(f"a-{number}") for number in range(6)])
    store.put([article("a-2", title="新题")])
    store.delete(["a-4"])
    found = [(each.revision, each.article_id) for each in store.changes(batch=batch)]
    assert found == [(1, "a-0"), (2, "a-1"), (4, "a-3"), (6, "a-5"), (7, "a-2"), (8, "a-4")]


def test_a_moment_is_whole_if_no_more_changes_follow(store: ArticleStore) -> None:
    store.put([article(f"a-{number}") for number in range(4)])
    store.delete(["a-1"])
    part = store.moment(after=1, at_most=2, counted=True)
    assert [each.revision for each in part.changes] == [3, 4]
    assert (part.revision, part.articles) == (4, None)
    whole = store.moment(after=1, at_most=4, counted=True)
    assert whole.changes == [*store.changes(after=1)]
    assert (whole.revision, whole.articles) == (5, 3)
    assert store.moment(after=5, at_most=4) == Moment([], 5, None)


def test_changes_after_a_revision_are_those_above_it(store: ArticleStore) -> None:
    store.put([article(f"a-{number}") for number in range(4)])
    assert [each.revision for each in store.changes(after=2)] == [3, 4]
    assert list(store.changes(after=4)) == []
    assert list(store.changes(after=99)) == []
    assert [each.revision for each in store.changes(after=1, upto=3, batch=1)] == [2, 3]
    assert list(store.changes(upto=0)) == []


def test_a_stream_of_changes_sees_what_changes_meanwhile(store: ArticleStore) -> None:
    store.put([article(f"a-{number}") for number in range(4)])
    stream = store.changes(batch=2)
    assert [each.article_id for each in islice(stream, 2)] == ["a-0", "a-1"]
    store.put([article("a-0", title="又改"), article("a-3", title="先改")])
    store.delete(["a-2"])
    rest = [
        (each.revision, each.article_id, each.article and each.article.title) for each in stream
    ]
    assert rest == [(5, "a-0", "又改"), (6, "a-3", "先改"), (7, "a-2", None)]


def test_what_moves_beyond_the_last_revision_of_a_stream_is_not_in_it(store: ArticleStore) -> None:
    store.put([article(f"a-{number}") for number in range(4)])
    stream = store.changes(upto=4, batch=1)
    next(stream)
    store.put([article("a-2", title="改过")])
    store.delete(["a-3"])
    assert [each.article_id for each in stream] == ["a-1"]


def test_an_open_stream_of_changes_holds_nobody_up(store: ArticleStore, store_url: str) -> None:
    store.put([article(f"a-{number}") for number in range(4)])
    stream = store.changes(batch=2)
    next(stream)
    other = open_store(store_url)
    other.put([article("b")])
    other.close()
    assert store.revision() == 5


@pytest.mark.databases("sqlite")
def test_memory_of_changes_is_one_batch(store: ArticleStore) -> None:
    peaks = []
    for first in (0, 500):
        store.put(
            [article(f"a-{number}", body="正文" * 2_000) for number in range(first, first + 500)]
        )
        tracemalloc.start()
        try:
            for _ in store.changes(batch=50):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_what_is_stored_outlives_the_process_that_stored_it(
    store: ArticleStore, store_url: str
) -> None:
    store.put([article("a")])
    store.delete(["a"])
    store.put([article("b")])
    store.close()
    again = open_store(store_url)
    assert _seen(again) == [(2, "a", False), (3, "b", True)]
    assert again.revision() == 3
    again.close()


def test_the_columns_repeat_what_the_article_says(store: ArticleStore, store_url: str) -> None:
    given = article(
        "a", channel="地方/集市", status="draft", published_at="2025-05-06T07:08:09+08:00"
    )
    store.put([given, article("b", published_at=None)])
    store.delete(["b"])
    engine = create_engine(store_url)
    with engine.connect() as connection:
        live, gone = connection.execute(select(table).order_by(table.c.id)).mappings()
    engine.dispose()
    assert (live["status"], live["channel"], live["deleted"]) == ("draft", "地方/集市", False)
    assert str(live["published_at"]) == "2025-05-05 23:08:09"
    assert live["content_hash"] == content_hash(given)
    assert (gone["deleted"], gone["content_hash"], gone["document"]) == (True, "", "")


_step = st.one_of(
    st.tuples(
        st.just("put"),
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("甲乙")), max_size=4),
    ),
    st.tuples(st.just("delete"), st.lists(st.sampled_from("abcd"), max_size=3)),
)


@pytest.mark.databases("sqlite")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(_step, max_size=8))
def test_any_history_ends_as_a_plain_dictionary_would(
    store: ArticleStore, steps: list[tuple[str, list[Any]]]
) -> None:
    store.delete(list("abcd"))
    begin = store.revision()
    expected: dict[str, Article] = {}
    followed: dict[str, Article] = {}
    seen = begin
    for kind, values in steps:
        if kind == "put":
            given_articles = [article(each[0], title=each[1]) for each in values]
            assert sum(_counts(store.put(given_articles))) == len(given_articles)
            expected |= {each.id: each for each in given_articles}
        else:
            there = {each for each in values if each in expected}
            assert _deleted(store.delete(values)) == len(there)
            for each in there:
                expected.pop(each)
        for change in store.changes(after=seen, batch=2):
            seen = change.revision
            if change.article is None:
                followed.pop(change.article_id, None)
            else:
                followed[change.article_id] = change.article
        assert {each: replace(followed[each], duplicate_group=0) for each in followed} == expected
        assert followed == {each: store.get(each) for each in expected}
    assert store.count() == len(expected)
    assert seen == store.revision()


@pytest.mark.databases("sqlite")
def test_what_is_pending_above_a_revision_is_counted_and_dated(
    store: ArticleStore, store_url: str
) -> None:
    assert store.pending(0) == Pending(0, None)
    store.put([article("a"), article("b"), article("c")])
    store.delete(["b"])
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE articles SET changed_at = revision * 1000 WHERE id <> 'a'")
        raw.execute("UPDATE articles SET changed_at = NULL WHERE id = 'a'")
    assert store.pending(0) == Pending(4, None), "an older release kept no time of a"
    assert store.pending(1) == Pending(3, datetime.fromtimestamp(3, UTC))
    assert store.pending(3) == Pending(1, datetime.fromtimestamp(4, UTC))
    assert store.pending(4) == store.pending(99) == Pending(0, None)


def test_how_far_a_source_was_read_is_kept_for_each(store: ArticleStore, store_url: str) -> None:
    assert store.reached("a" * 64) is None
    before = store.revision()
    for reached in ('["number", 5]', '["text", "二"]'):
        store.note_reached("a" * 64, reached)
        store.note_reached("b" * 64, "x")
        with closing(open_store(store_url)) as again:
            assert again.reached("a" * 64) == reached
    assert store.revision() == before


def test_articles_are_found_by_their_url(store: ArticleStore) -> None:
    odd = 'https://portal.example/100%_"a"?q=水库&x=1'
    store.put(
        [
            article("a-1", url="https://portal.example/1.html"),
            article("a-2", url=odd, status="withdrawn"),
            article("a-3", url=odd),
            article("a-4", url="https://portal.example/10.html", body=odd),
        ]
    )
    store.delete(["a-3"])
    assert [each.id for each in store.with_url(odd)] == ["a-2"]
    assert [each.id for each in store.with_url("https://portal.example/1.html")] == ["a-1"]
    assert store.with_url("https://portal.example/") == []
