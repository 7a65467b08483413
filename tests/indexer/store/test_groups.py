"""Duplicate groups in the store: who is in one, which revisions that takes, and what becomes of them later."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import orjson
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, create_engine

from indexer.article import Article, article_to_record, content_hash
from indexer.store import groups
from indexer.store.articles import ArticleStore, Regrouped
from indexer.store.database import open_store
from indexer.store.dialects import insert_plain
from tests.databases import DATABASES
from tests.factories import article
from tests.indexer.store.test_duplicates import REPORT, SHORT

PARAGRAPHS = REPORT.split("\n")


def _report(article_id: str, *, without: int | None = None, body: str = REPORT) -> Article:
    """The report, or one that lacks a paragraph."""
    kept = [each for place, each in enumerate(PARAGRAPHS) if place != without]
    return article(
        article_id, title=f"标题 {article_id}", body=body if without is None else "\n".join(kept)
    )


def _groups(store: ArticleStore) -> dict[str, int]:
    """The number of each article's group, as the stream of changes tells it."""
    return {
        change.article_id: change.article.duplicate_group
        for change in store.changes()
        if change.article is not None
    }


def _changed(store: ArticleStore, *, after: int) -> list[str]:
    return [change.article_id for change in store.changes(after=after)]


def test_an_article_that_is_alone_has_no_group(store: ArticleStore) -> None:
    store.put([_report("a"), article("b", body=SHORT)])
    assert _groups(store) == {"a": 0, "b": 0}


@pytest.mark.databases(*DATABASES)
def test_a_reprint_joins_its_original_which_takes_a_revision(store: ArticleStore) -> None:
    store.put([_report("a"), article("other", body=SHORT)])
    before = store.revision()
    (stored,) = store.put([_report("b", body=f"【转载】{REPORT}（完）")])
    assert (stored.article_id, stored.result) == ("b", "created")
    found = _groups(store)
    assert found["a"] == found["b"] == before + 1
    assert found["other"] == 0
    assert _changed(store, after=before) == ["b", "a"]
    assert store.revision() == before + 2
    got = store.get("a")
    assert got is not None
    assert got.duplicate_group == found["a"]


@pytest.mark.databases(*DATABASES)
def test_reprints_of_one_batch_need_no_further_revision(store: ArticleStore) -> None:
    store.put([_report(each) for each in "abc"])
    assert set(_groups(store).values()) == {2}
    assert store.revision() == 3


@pytest.mark.databases(*DATABASES)
def test_a_number_is_kept_whatever_becomes_of_the_first_article(store: ArticleStore) -> None:
    store.put([_report("a"), _report("b"), _report("c")])
    (number,) = set(_groups(store).values())
    store.delete(["a"])
    store.put([_report("b", body=SHORT)])
    assert _groups(store) == {"b": 0, "c": number}
    store.put([_report("d"), _report("a")])
    assert _groups(store) == {"a": number, "b": 0, "c": number, "d": number}


@pytest.mark.databases(*DATABASES)
def test_an_article_whose_text_hardly_changed_keeps_its_number(store: ArticleStore) -> None:
    store.put([_report("a"), _report("b")])
    (number,) = set(_groups(store).values())
    before = store.revision()
    store.put([_report("b", body=REPORT.replace("今年", "这一年", 1))])
    assert _groups(store) == {"a": number, "b": number}
    assert _changed(store, after=before) == ["b"]


def test_what_an_article_says_of_its_group_is_not_looked_at(store: ArticleStore) -> None:
    store.put([_report("a"), _report("b")])
    before = store.revision()
    stored = store.get("a")
    assert stored is not None
    done = store.put([stored, article("c", body=SHORT, duplicate_group=999)])
    assert [each.result for each in done] == ["unchanged", "created"]
    assert store.revision() == before + 1
    assert _groups(store)["c"] == 0


def _halves() -> tuple[Article, Article, Article]:
    """Two texts that are not the same, and one that is the same as either."""
    words = [f"第{number}户人家在河边的第{number * 7}块地里种了菜" for number in range(40)]
    one, other = words[:34], words[6:]
    return tuple(  # type: ignore[return-value]
        article(article_id, title=article_id, body="。".join(each))
        for article_id, each in (("one", one), ("other", other), ("both", words))
    )


def test_groups_that_turn_out_to_be_one_are_merged_by_alias(store: ArticleStore) -> None:
    one, other, both = _halves()
    copies = [article(f"{each.id}-2", title="抄", body=each.body) for each in (one, other)]
    store.put([one, copies[0]])
    store.put([other, copies[1]])
    found = _groups(store)
    older, younger = found["one"], found["other"]
    assert older == found["one-2"] != younger == found["other-2"]
    before = store.revision()
    store.put([both])
    assert set(_groups(store).values()) == {older}
    # The older group's articles stand as they did; the younger one's have another number to be indexed with.
    assert sorted(_changed(store, after=before)) == ["both", "other", "other-2"]
    with closing(sqlite3.connect(store._engine.url.database or "")) as raw:
        kept = raw.execute("SELECT duplicate_group FROM articles WHERE id = 'other'").fetchone()
        assert kept == (younger,)
        assert raw.execute("SELECT * FROM duplicate_aliases").fetchall() == [(younger, older)]
    store.put([article("other-3", title="再抄", body=other.body)])
    assert _groups(store)["other-3"] == older


@pytest.mark.databases(*DATABASES)
def test_a_merge_within_one_batch_leaves_one_number(store: ArticleStore) -> None:
    one, other, both = _halves()
    copies = [article(f"{each.id}-2", title="抄", body=each.body) for each in (one, other)]
    store.put([one, other, *copies, both])
    assert set(_groups(store).values()) == {3}


@pytest.mark.databases(*DATABASES)
def test_aliases_of_a_group_that_is_merged_again_follow_it(store: ArticleStore) -> None:
    words = [f"第{number}户人家在河边的第{number * 7}块地里种了菜" for number in range(80)]
    parts = {
        name: "。".join(words[begin : begin + 34])
        for name, begin in (("a", 0), ("b", 6), ("c", 12))
    }
    bridges = {"bc": "。".join(words[6:46]), "ab": "。".join(words[:40])}
    for name, body in parts.items():
        store.put([article(f"{name}-{n}", title=f"{name}{n}", body=body) for n in (1, 2)])
    oldest = _groups(store)["a-1"]
    for name, body in bridges.items():
        store.put([article(name, title=name, body=body)])
    assert set(_groups(store).values()) == {oldest}


def test_a_text_that_is_there_very_often_still_finds_its_group(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "ARTICLES_OF_KEY", 3)
    for turn in range(4):
        store.put([_report(f"a-{turn}-{number}") for number in range(3)])
    assert len(set(_groups(store).values())) == 1
    with closing(sqlite3.connect(store._engine.url.database or "")) as raw:
        counts = raw.execute("SELECT count(*) FROM duplicate_keys GROUP BY hash").fetchall()
    assert {count for (count,) in counts} == {3}


def test_deleted_and_replaced_articles_leave_no_keys(store: ArticleStore) -> None:
    store.put([_report("a"), _report("b"), article("c", body=SHORT)])
    store.put([_report("b", body=SHORT)])
    store.delete(["a", "b", "c"])
    with closing(sqlite3.connect(store._engine.url.database or "")) as raw:
        assert raw.execute("SELECT * FROM duplicate_keys").fetchall() == []
    store.put([_report("d")])
    assert _groups(store) == {"d": 0}


def _raw(store: ArticleStore, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store._engine.url.database or "")) as raw:
        return raw.execute(query).fetchall()


def _keys_in(store: ArticleStore) -> list[tuple[int, str]]:
    return sorted(_raw(store, "SELECT hash, article_id FROM duplicate_keys"))


def _keys_of_articles(store: ArticleStore) -> list[tuple[int, str]]:
    """What the table of keys must hold, as long as no key has too many articles."""
    rows = _raw(store, "SELECT id, duplicate_keys FROM articles WHERE NOT deleted")
    return [(key, article_id) for article_id, packed in rows for key in groups.unpack(packed)]


def test_a_correction_leaves_the_keys_of_the_text_that_stays(
    store: ArticleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put([_report("a"), _report("b"), article("c", body=SHORT)])
    written: list[tuple[int, str]] = []

    def insert(connection: Connection, table: Table, rows: Sequence[tuple[int, str]]) -> None:
        written.extend(rows)
        insert_plain(connection, table, rows)

    monkeypatch.setattr(groups, "insert_plain", insert)
    before = _keys_in(store)
    store.put([replace(_report("a"), title="更正"), article("c", body=SHORT, tags=["集市"])])
    assert (written, _keys_in(store)) == ([], before)
    store.put([_report("a", without=1)])
    assert _keys_in(store) == sorted(_keys_of_articles(store)) != before
    assert {each for _, each in written} == {"a"}


TEXTS = (REPORT, SHORT, "请看图。", "\n".join(PARAGRAPHS[:4]))
_step = st.one_of(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(TEXTS)), min_size=1, max_size=4),
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=2),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(_step, max_size=8))
def test_after_any_history_articles_share_a_number_exactly_when_they_share_a_text(
    store: ArticleStore, steps: list[list[tuple[str, str]] | list[str]]
) -> None:
    store.delete("abcdef")
    held: dict[str, str] = {}
    followed: dict[str, int] = {}
    seen = store.revision()
    for step in steps:
        puts = [each for each in step if isinstance(each, tuple)]
        if puts:
            store.put([article(article_id, body=body) for article_id, body in puts])
            held |= dict(puts)
        else:
            gone = [each for each in step if isinstance(each, str)]
            store.delete(gone)
            held = {each: held[each] for each in held if each not in gone}
        for change in store.changes(after=seen):
            seen = change.revision
            followed.pop(change.article_id, None)
            if change.article is not None:
                followed[change.article_id] = change.article.duplicate_group
        by_text: dict[str, set[int]] = defaultdict(set)
        by_number: dict[int, set[str]] = defaultdict(set)
        for article_id, body in held.items():
            by_text[body].add(followed[article_id])
            if followed[article_id]:
                by_number[followed[article_id]].add(body)
        assert _keys_in(store) == sorted(_keys_of_articles(store))
        assert all(len(numbers) == 1 for numbers in by_text.values())
        assert all(len(bodies) == 1 for bodies in by_number.values())
        assert all(
            by_text[body] != {0} for body in held.values() if [*held.values()].count(body) > 1
        )


class TestRegroup:
    @pytest.fixture
    def old_url(self, store_url: str, store: ArticleStore) -> str:
        """A database as the first release left it, with six articles, of which "b", "d" and "f" are one text."""
        store.close()
        path = store_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                raw.execute(f"DROP TABLE {name}")
        config = Config()
        config.set_main_option("script_location", "indexer.store:migrations")
        engine = create_engine(store_url)
        with engine.begin() as connection:
            config.attributes |= {"connection": connection, "version_table": "alembic_version"}
            command.upgrade(config, "0001")
        engine.dispose()
        bodies = {"a": SHORT, "b": REPORT, "c": PARAGRAPHS[3], "d": REPORT, "e": "无", "f": REPORT}
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            for revision, (article_id, body) in enumerate(bodies.items(), 1):
                each = article(article_id, title=article_id, body=body)
                document = orjson.dumps(article_to_record(each)).decode()
                row = (
                    each.id,
                    revision,
                    False,
                    content_hash(each),
                    "published",
                    "",
                    None,
                    document,
                )
                raw.execute("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            raw.execute("UPDATE revisions SET last = 6")
        return store_url

    def test_the_articles_of_an_older_release_get_their_groups(self, old_url: str) -> None:
        with closing(open_store(old_url)) as store:
            assert set(_groups(store).values()) == {0}
            assert store.ungrouped() == 6
            assert [*store.regroup(batch=4)] == [Regrouped(4, 2), Regrouped(2, 1)]
            found = _groups(store)
            assert found["b"] == found["d"] == found["f"] > 6
            assert [found[each] for each in "ace"] == [0, 0, 0]
            assert sorted(_changed(store, after=6)) == ["b", "d", "f"]
            assert store.revision() == max(change.revision for change in store.changes(after=6))
            before = store.revision()
            assert store.ungrouped() == 0
            assert [*store.regroup()] == []
            assert store.revision() == before

    def test_what_came_in_before_it_was_run_is_joined(self, old_url: str) -> None:
        with closing(open_store(old_url)) as store:
            store.put([_report("new")])
            assert _groups(store)["new"] == 0
            assert sum(each.changed for each in store.regroup()) == 4
            found = _groups(store)
            assert found["b"] == found["d"] == found["f"] == found["new"] > 0
