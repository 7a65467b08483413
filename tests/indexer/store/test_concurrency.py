"""The store under several threads and several processes at once."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Timer

import pytest

from indexer.store.articles import ArticleStore, Moment
from indexer.store.database import open_store
from tests.databases import DATABASES
from tests.factories import article

pytestmark = pytest.mark.databases(*DATABASES)

WRITERS = 3
ROUNDS = 12
EACH = 25


def _write(url: str, writer: int) -> int:
    """Put articles of one's own and articles that all writers fight over. Returns how many changed."""
    store = open_store(url)
    changed = 0
    for turn in range(ROUNDS):
        names = [f"own-{writer}-{turn}-{number}" for number in range(EACH)]
        own = [article(name, title=name) for name in names]
        shared = [article(f"shared-{number}", title=f"{writer} {turn}") for number in range(EACH)]
        done = store.put(own + shared) + store.delete([f"own-{writer}-{turn}-0"])
        changed += sum(each.result != "unchanged" for each in done)
    store.close()
    return changed


def _follow(url: str, own: int) -> tuple[list[int], list[str]]:
    """Follow the changes until ``own`` tombstones were seen; the revisions met, and the ids that are left."""
    store = open_store(url)
    revisions: list[int] = []
    live: set[str] = set()
    dead: set[str] = set()
    give_up = time.monotonic() + 60
    while len(dead) < own and time.monotonic() < give_up:
        for change in store.changes(after=revisions[-1] if revisions else 0, batch=40):
            revisions.append(change.revision)
            if change.article is None:
                live.discard(change.article_id)
                dead.add(change.article_id)
            else:
                live.add(change.article_id)
    # The last writer's last transaction is a delete, so nothing comes after it.
    store.close()
    return revisions, sorted(live)


def _open_and_put(url: str, number: int) -> int:
    store = open_store(url)
    done = store.put([article(f"a-{number}", title=f"第 {number} 篇")])
    store.close()
    return sum(each.result == "created" for each in done)


def _processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


@pytest.mark.databases("sqlite")
def test_processes_that_write_at_once_lose_nothing_and_share_no_revision(store_url: str) -> None:
    with _processes(WRITERS) as pool:
        changed = sum(pool.map(_write, [store_url] * WRITERS, range(WRITERS)))
    store = open_store(store_url)
    changes = list(store.changes())
    assert store.revision() == changed
    assert len({each.revision for each in changes}) == len(changes)
    assert len(changes) == WRITERS * ROUNDS * EACH + EACH
    assert store.count() == WRITERS * ROUNDS * (EACH - 1) + EACH
    store.close()


@pytest.mark.databases("sqlite")
def test_a_process_that_follows_the_changes_misses_none(
    store: ArticleStore, store_url: str
) -> None:
    with _processes(WRITERS) as pool:
        follower = pool.submit(_follow, store_url, (WRITERS - 1) * ROUNDS)
        writers = [pool.submit(_write, store_url, writer) for writer in range(WRITERS - 1)]
        for each in writers:
            each.result()
        revisions, live = follower.result()
    assert revisions == sorted(set(revisions))
    assert live == sorted(each.article_id for each in store.changes() if each.article)


def test_a_moment_shows_no_half_of_a_change(store: ArticleStore) -> None:
    """One article comes and goes without a pause, so the revision tells whether it is there."""
    ended = Event()

    def write() -> None:
        while not ended.is_set():
            store.put([article("a")])
            store.delete(["a"])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            moments: dict[int, Moment] = {}
            while len(moments) < 20 and not writing.done():
                moment = store.moment(after=0, at_most=9, counted=True)
                moments[moment.revision] = moment
        finally:
            ended.set()
        writing.result()
    for revision, moment in moments.items():
        assert [each.revision for each in moment.changes] == [revision][:revision]
        assert moment.articles == revision % 2


@pytest.mark.databases("sqlite")
def test_processes_may_open_a_new_store_at_once(store_url: str) -> None:
    with _processes(6) as pool:
        assert list(pool.map(_open_and_put, [store_url] * 6, range(6))) == [1] * 6
    store = open_store(store_url)
    assert store.revision() == store.count() == 6
    store.close()


@pytest.mark.databases("sqlite")
def test_a_new_file_that_another_process_writes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "articles.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ending = Timer(0.2, other.execute, ["COMMIT"])
        ending.start()
        open_store(f"sqlite:///{path}").close()
        ending.join()
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_threads_share_one_store(store: ArticleStore) -> None:
    def work(thread: int) -> int:
        for number in range(20):
            store.put([article(f"a-{thread}-{number}", title=f"{thread} 之 {number}")])
            assert store.get(f"a-{thread}-{number}") is not None
            assert store.count() > 0
        return 20

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(work, range(8))) == {20: 8}
    assert store.count() == store.revision() == 160
