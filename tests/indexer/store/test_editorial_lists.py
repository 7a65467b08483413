"""The editors' lists in the store: their order, their version, and what becomes of them in an older database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexer.analysis.dictionary import NO_WORDS, UserWord
from indexer.editorial.entries import LISTS, Entry, HotQuery, ListName, spell_entries
from indexer.editorial.lines import read_entry
from indexer.errors import InvalidEntry, StoreUnavailable
from indexer.store.database import find_editorial, open_editorial, open_store, read_words
from indexer.store.editorial_lists import EditorialStore, ListChange
from tests.databases import DATABASES
from tests.factories import article

pytestmark = pytest.mark.databases(*DATABASES)


@pytest.fixture
def lists(store_url: str) -> Iterator[EditorialStore]:
    """Empty lists."""
    opened = open_editorial(store_url)
    yield opened
    opened.close()


def entries(name: ListName, *lines: str) -> list[Entry]:
    return [read_entry(name, line) for line in lines]


def lines(lists: EditorialStore, name: ListName) -> list[str]:
    return spell_entries(lists.read().entries[name]).splitlines()


def test_new_lists_are_empty(lists: EditorialStore) -> None:
    assert lists.version() == 0
    assert lists.read().version == 0
    assert lists.read().entries == dict.fromkeys(LISTS, ())


def test_entries_come_back_in_the_order_in_which_they_were_put(lists: EditorialStore) -> None:
    assert lists.put("hot", entries("hot", "春运", "茶会")) == ListChange(added=2)
    assert lists.put("hot", entries("hot", "板凳会")) == ListChange(added=1)
    assert lists.put("blocked", entries("blocked", "某词")) == ListChange(added=1)
    assert lists.read().entries["hot"] == (HotQuery("春运"), HotQuery("茶会"), HotQuery("板凳会"))
    assert lists.version() == lists.read().version == 3


def test_the_words_are_read_alone(lists: EditorialStore, store_url: str) -> None:
    assert read_words(store_url) == NO_WORDS
    lists.put("words", entries("words", "晴川谷", "-科技"))
    lists.put("blocked", entries("blocked", "某词"))
    assert lists.words() == read_words(store_url)
    assert lists.words().words == (UserWord("科技", 0), UserWord("晴川谷"))


def test_an_entry_that_is_there_takes_over_what_the_new_one_says(lists: EditorialStore) -> None:
    lists.put("pins", entries("pins", "春运 => a-1 1", "茶会 => a-1 1"))
    change = lists.put("pins", entries("pins", "春運 => a-1 2 off", "茶会 => a-1 1"))
    assert change == ListChange(changed=1, unchanged=1)
    assert lines(lists, "pins") == ["春運 => a-1 2 off", "茶会 => a-1 1"]


def test_where_nothing_changes_the_version_stays(lists: EditorialStore) -> None:
    lists.put("hot", entries("hot", "春运"))
    assert lists.put("hot", entries("hot", "春运")) == ListChange(unchanged=1)
    assert lists.put("hot", entries("hot", "春运"), replace=True) == ListChange(unchanged=1)
    assert lists.put("hot", []) == ListChange()
    assert lists.remove("hot", ["茶会"]) == ["茶会"]
    assert lists.version() == 1


def test_a_list_is_replaced_whole(lists: EditorialStore) -> None:
    lists.put("hot", entries("hot", "春运", "茶会", "板凳会"))
    lists.put("blocked", entries("blocked", "某词"))
    change = lists.put("hot", entries("hot", "石渠", "茶会"), replace=True)
    assert change == ListChange(added=1, removed=2, unchanged=1)
    assert lines(lists, "hot") == ["石渠", "茶会"]
    assert lines(lists, "blocked") == ["某词"]
    assert lists.put("hot", [], replace=True) == ListChange(removed=2)
    assert lines(lists, "hot") == []


def test_an_entry_is_exchanged_only_as_it_was_seen(lists: EditorialStore) -> None:
    lists.put("pins", entries("pins", "春运 => a-1 1", "茶会 => a-2 1"))
    seen, moved, off = entries("pins", "春运 => a-1 1", "春运 => a-1 3", "春运 => a-1 3 off")
    lists.put("pins", [moved])
    version = lists.version()
    assert not lists.exchange("pins", seen, off)
    assert not lists.exchange("pins", seen, None)
    assert lists.version() == version
    assert lists.exchange("pins", moved, off)
    assert lines(lists, "pins") == ["春运 => a-1 3 off", "茶会 => a-2 1"]
    assert lists.exchange("pins", off, None)
    assert not lists.exchange("pins", off, None)
    assert lines(lists, "pins") == ["茶会 => a-2 1"]


def test_entries_are_removed_by_their_keys(lists: EditorialStore) -> None:
    lists.put("hot", entries("hot", "春运 2026-01-20..", "茶会"))
    assert lists.remove("hot", ["春运", "板凳会"]) == ["板凳会"]
    assert lines(lists, "hot") == ["茶会"]
    assert lists.version() == 2


def test_changes_of_several_threads_all_last(lists: EditorialStore, store_url: str) -> None:
    def put(number: int) -> None:
        with closing(open_editorial(store_url)) as other:
            for each in range(5):
                other.put("hot", entries("hot", f"热搜 {number}-{each}"))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(lists, "hot")) == 20
    assert lists.version() == 20


@pytest.mark.databases("sqlite")
def test_an_entry_of_a_newer_release_is_named(lists: EditorialStore, store_url: str) -> None:
    lists.put("hot", entries("hot", "春运"))
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE editorial_entries SET line = '# 春运'")
    with pytest.raises(InvalidEntry, match="hot, # 春运"):
        lists.read()


@pytest.mark.databases("sqlite")
def test_finding_the_lists_makes_nothing(tmp_path: Path, store_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="there is no such file: run"):
        find_editorial(store_url)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_lists_says_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "older.sqlite3"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE articles (id TEXT)")
    with pytest.raises(StoreUnavailable, match="no editorial lists yet: run"):
        find_editorial(f"sqlite:///{path}")


def test_the_lists_live_beside_the_articles(lists: EditorialStore, store_url: str) -> None:
    lists.put("hot", entries("hot", "春运"))
    with closing(open_store(store_url)) as articles:
        articles.put([article("a-1")])
        assert articles.revision() == 1
    with closing(find_editorial(store_url)) as found:
        assert lines(found, "hot") == ["春运"]
