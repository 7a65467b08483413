"""Follow: the live index becomes what the store is, whatever happens to the index, the store and the other writers."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from indexer.article import Article
from indexer.engines.base import Engine
from indexer.errors import FolderNotWritable, StoreUnavailable, WriterBusy
from indexer.fingerprint import SCHEMA_VERSION
from indexer.ingest import accept
from indexer.reading import Reading
from indexer.rebuilding import catch_up, follow
from indexer.rebuilding.catch_up import Batch, apply_batch
from indexer.records import Record
from indexer.store import changing, groups
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from indexer.store.tables import revisions
from tests.factories import give_format
from tests.indexer.rebuilding.following import Following, following, wait
from tests.indexer.site import SHANGHAI, Site, at


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses."""
    monkeypatch.setattr(follow, "PAUSE", 0.02)
    monkeypatch.setattr(follow, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(follow, "COMMIT_EVERY", 0.02)
    monkeypatch.setattr(catch_up, "LOOK_EVERY", 0.01)


def give_out_a_revision(site: Site) -> None:
    """Take a revision that no article gets, as ``regroup`` can."""
    with closing(sqlite3.connect(site.root / "articles.sqlite3")) as database, database:
        database.execute(f"UPDATE {revisions.name} SET last = last + 1")


def before_batches(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[int]:
    """Call ``act`` before each batch of the follower. Returns the list of the revisions that it commits."""
    made: list[int] = []

    def apply(store: ArticleStore, engine: Engine, *, after: int) -> Batch:
        act()
        batch = apply_batch(store, engine, after=after)
        made.append(batch.revision)
        return batch

    monkeypatch.setattr(follow, "apply_batch", apply)
    return made


def small_batches(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let a commit have ``size`` changes."""
    for module in (catch_up, follow):
        monkeypatch.setattr(module, "BATCH", size)


def revision_of(site: Site) -> int:
    """The revision of the live index."""
    with site.engine().reader() as reader:
        return reader.revision


# What it applies


def test_changes_appear_as_they_come(site: Site) -> None:
    site.fill("a", "b", "c")
    site.rebuild()
    with following(site) as follower:
        site.fill("d")
        follower.wait_until_current()
        site.store.delete(["a"])
        site.store.withdraw(["b"])
        site.fill("c", title="新标题")
        follower.wait_until_current()
        site.store.delete(["d"])
        site.fill("a", title="又回来了")
        follower.wait_until_current()
    assert set(site.indexed()) == {"a", "b", "c"}
    assert site.indexed()["b"].status == "withdrawn"
    assert follower.told == ["following the store with generation 000001 from revision 3"]
    assert site.look().need == "nothing"
    assert site.check().faults == ()


def test_what_changed_before_it_began_is_applied_first(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    site.store.delete(["a"])
    site.fill("c")
    with following(site) as follower:
        follower.wait_until_current()
    assert set(site.indexed()) == {"b", "c"}


def test_each_commit_has_the_revision_of_its_last_change(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch, 3)
    site.fill("a")
    site.rebuild()
    site.fill(*(f"b-{number}" for number in range(7)))
    site.store.delete(["b-2"])
    seen: list[int] = []
    made = before_batches(monkeypatch, lambda: seen.append(revision_of(site)))
    with following(site) as follower:
        follower.wait_until_current()
    assert made == [5, 8, 9]
    assert seen == [1, 5, 8]


def test_a_revision_that_no_article_has_is_followed_too(site: Site) -> None:
    """Else the index would look as if it stayed behind, and ``rebuild --changes`` would wait for it."""
    site.fill("a")
    site.rebuild()
    with following(site) as follower:
        give_out_a_revision(site)
        assert site.apply_changes().revision == 2
        follower.wait_until_current()
    assert site.look().need == "nothing"


def test_many_threads_change_the_store_and_nothing_is_missed(site: Site) -> None:
    site.rebuild()

    def disturb(name: str) -> None:
        for number in range(12):
            site.fill(f"{name}-{number % 5}", title=f"第{number}版")
            if number % 4 == 3:
                site.store.delete([f"{name}-{number % 3}"])

    with following(site) as follower:
        threads = [threading.Thread(target=disturb, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        follower.wait_until_current()
    assert len(site.indexed()) == site.store.count()


@pytest.mark.parametrize("site", ["whoosh"], indirect=True)  # the other one holds all in memory
def test_it_keeps_no_article_of_the_batches_before(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch, 10)
    site.rebuild()
    site.fill(*(f"a-{number}" for number in range(100)))
    held: list[int] = []

    def count() -> None:
        held.append(sum(type(each) is Article for each in gc.get_objects()))

    made = before_batches(monkeypatch, count)
    with following(site) as follower:
        wait(lambda: follower.error or (made and made[-1] == 100))
    assert len(made) == 10
    assert max(held) <= min(held) + 10


def test_it_stops_between_two_batches(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    small_batches(monkeypatch, 2)
    site.rebuild()
    site.fill(*(f"a-{number}" for number in range(9)))
    follower = Following(site)

    def stop() -> None:
        follower.stop.asked = bool(made)

    made = before_batches(monkeypatch, stop)
    follower.run()
    assert made == [2, 4]
    assert (revision_of(site), len(site.indexed())) == (4, 4)
    assert site.apply_changes().put == 5  # the lock is free
    assert site.indexed() == site.stored()


def test_a_clock_that_is_set_back_stops_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.fill("a")
    site.rebuild()
    with following(site) as follower:
        site.fill("b")
        follower.wait_until_current()
        hours_ago = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
        for module in (changing, groups):
            monkeypatch.setattr(module, "now_ms", lambda: hours_ago)
        site.fill("c")
        site.store.delete(["a"])
        follower.wait_until_current()
    assert set(site.indexed()) == {"b", "c"}


# Who else writes


def test_a_second_follower_waits_says_who_follows_and_takes_over(site: Site) -> None:
    site.rebuild()
    with following(site) as first:
        first.wait_until_told("following")
        with following(site) as second:
            second.wait_until_told(f"process {os.getpid()} (follow) is writing to")
            site.fill("a")
            first.wait_until_current()
            assert len(second.told) == 1
            first.stop.asked = True
            second.wait_until_told("following the store with generation 000001 from revision 1")
            site.fill("b")
            second.wait_until_current()
    # It may also say that it waits for another process, in the moment when the first has let go of its name but not of the lock.
    assert sum(each.startswith("following the store") for each in second.told) == 1


@pytest.mark.parametrize("phase", ["index", "check"])
def test_a_rebuild_beside_it_is_not_stopped_and_its_generation_is_followed(
    site: Site, phase: str
) -> None:
    site.fill("a", "b")
    site.rebuild()
    with following(site) as follower:
        follower.wait_until_told("000001")

        def change() -> None:
            site.fill("c")
            site.store.delete(["a"])
            follower.wait_until_current()

        assert site.rebuild(progress=at(phase, change)).generation == "000002"
        follower.wait_until_told("000002")
        site.fill("d")
        follower.wait_until_current()
    assert set(site.indexed()) == {"b", "c", "d"}
    # It may also say that the rebuild is still writing, in the moment after the promotion.
    assert sum(each.startswith("following the store") for each in follower.told) == 2


def test_a_generation_that_is_rolled_back_to_is_brought_up_to_date(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    site.store.delete(["a"])
    site.fill("c")
    site.rebuild()
    site.fill("b", title="新标题")
    with following(site) as follower:
        follower.wait_until_current()
        with site.generations.lock():
            assert site.generations.rollback().name == "000001"
        follower.wait_until_told("000001 from revision 2")
        follower.wait_until_current()
        with site.generations.lock():
            site.generations.promote("000002")
        site.store.delete(["c"])
        follower.wait_until_told("000002 from revision 5")
        follower.wait_until_current()
    assert set(site.indexed()) == {"b"}
    assert set(site.indexed("000001")) == {"b", "c"}


def test_rebuilds_of_changes_wait_for_it(site: Site) -> None:
    site.rebuild()
    with following(site) as follower:
        follower.wait_until_told("following")
        site.fill("a", "b")
        applied = site.apply_changes()
        assert (applied.follower, applied.revision, applied.doc_count) == (str(os.getpid()), 2, 2)
        assert (applied.put, applied.deleted, applied.store_articles) == (0, 0, 2)
        site.store.delete(["a"])
        outcome = site.rebuild_if_needed()
        assert outcome.rebuilt is None
        assert site.indexed() == site.stored()
        assert site.rebuild_if_needed().did == "nothing"


def test_a_rebuild_of_changes_takes_over_from_a_follower_that_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it held the lock and was killed, or followed a generation that is no longer live."""
    site.rebuild()
    site.fill("a")
    with site.generations.writing("000001", purpose="follow"):
        site.rebuild()
        site.fill("b")
        assert site.apply_changes().generation == "000002"
        with site.generations.lock():
            site.generations.promote("000001")
        waiting, rest = threading.Event(), time.sleep

        def sleep(_: float) -> None:
            waiting.set()
            rest(0.001)

        monkeypatch.setattr(time, "sleep", sleep)
        reports: list[Any] = []
        thread = threading.Thread(target=lambda: reports.append(site.apply_changes()))
        thread.start()
        waiting.wait(60)
    thread.join(60)
    (report,) = reports
    assert (report.generation, report.put, report.follower) == ("000001", 2, "")
    assert site.indexed("000001") == site.stored()


def test_a_follower_that_does_nothing_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "FOLLOWER_PATIENCE", 0.05)
    site.rebuild()
    site.fill("a")
    with (
        site.generations.writing("000001", purpose="follow"),
        pytest.raises(WriterBusy, match=rf"process {os.getpid()} \(follow\)"),
    ):
        site.apply_changes()


# What is missing or damaged


def cut_short(site: Site) -> None:
    """Leave only the beginning of each file of the live index."""
    for path in site.generations.live().index.iterdir():
        path.write_bytes(path.read_bytes()[:7])


def give_old_format(site: Site) -> None:
    """Make the live index one of an older release."""
    give_format(site.generations.live().folder, SCHEMA_VERSION - 1)


def remove_generation(site: Site) -> None:
    """Remove the live generation."""
    shutil.rmtree(site.generations.live().folder)


def remove_all(site: Site) -> None:
    """Take the whole folder of the index away."""
    site.generations.root.rename(site.root / "old")


BREAKS = [
    (cut_short, "is damaged"),
    (give_old_format, "has an older format"),
    (remove_generation, "is not in"),
    (remove_all, "there is no index in"),
]


def test_without_an_index_it_waits_until_there_is_one(site: Site) -> None:
    site.fill("a")
    with following(site) as follower:
        follower.wait_until_told("there is no index in")
        site.rebuild()
        follower.wait_until_told("following the store with generation 000001")
        site.fill("b")
        follower.wait_until_current()
    assert len(follower.told) == 2


@pytest.mark.parametrize(("harm", "told"), BREAKS)
def test_an_index_that_cannot_be_followed_is_told_once_and_waited_for(
    site: Site, harm: Callable[[Site], None], told: str
) -> None:
    site.fill("a", "b")
    site.rebuild()
    harm(site)
    with following(site) as follower:
        follower.wait_until_told(told)
        follower.wait_for_tries()
        assert len(follower.told) == 1
        site.rebuild()
        follower.wait_until_told("following")
        site.store.delete(["a"])
        follower.wait_until_current()
    assert len(follower.told) == 2


@pytest.mark.parametrize("harm", [remove_generation, remove_all])
def test_an_index_that_is_removed_while_it_is_followed_is_waited_for(
    site: Site, harm: Callable[[Site], None]
) -> None:
    site.fill("a", "b")
    site.rebuild()
    with following(site) as follower:
        follower.wait_until_told("following")
        harm(site)
        site.fill("c")
        wait(lambda: len(follower.told) > 1)
        follower.wait_for_tries()
        site.rebuild()
        site.store.delete(["a"])
        wait(lambda: "following" in follower.told[-1])
        follower.wait_until_current()
    assert len(follower.told) <= 4


def test_an_index_of_another_store_is_left_alone(site: Site) -> None:
    site.fill("a", "b")
    site.rebuild()
    before = site.indexed()
    own, site.store = site.store, open_store(f"sqlite:///{site.root}/other.sqlite3")
    with closing(own):
        site.fill("x", "y", "z")
        with following(site) as follower:
            follower.wait_until_told("does not match the store")
            follower.wait_for_tries()
            assert len(follower.told) == 1
            assert site.indexed() == before
            site.rebuild()
            follower.wait_until_told("following the store with generation 000002")


def test_a_store_that_goes_back_to_an_older_state_is_told(site: Site) -> None:
    """A backup that is restored into the same file."""
    site.fill("a")
    site.rebuild()
    path = site.root / "articles.sqlite3"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as backup:
        source.backup(backup)
        with following(site) as follower:
            site.fill("b")
            follower.wait_until_current()
            backup.backup(source)
            follower.wait_until_told("does not match the store")
            assert set(site.indexed()) == {"a", "b"}
            site.rebuild()
            follower.wait_until_told("following the store with generation 000002")


# The store, and the disk


def test_a_store_that_is_moved_away_is_told_once_and_comes_back(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    path, away = site.root / "articles.sqlite3", site.root / "away"
    with following(site) as follower:
        follower.wait_until_told("following")
        away.mkdir()
        # The database goes first and comes last: without its log it would be another one.
        files = sorted(site.root.glob("articles.sqlite3*"))
        for each in files:
            each.rename(away / each.name)
        follower.wait_until_told("articles.sqlite3")
        follower.wait_for_tries()
        assert not path.exists(), "nothing is put in its place"
        for each in reversed(files):
            (away / each.name).rename(each)
        wait(lambda: "following" in follower.told[-1])
        site.fill("b")
        follower.wait_until_current()
    assert set(site.indexed()) == {"a", "b"}
    assert len(follower.told) <= 4


def test_a_commit_that_fails_is_told_once_and_repeated(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.fill("a")
    site.rebuild()
    full, tries = [True], []

    def fail() -> None:
        if full:
            tries.append(1)
            raise FolderNotWritable(site.generations.root, os.strerror(errno.ENOSPC))

    before_batches(monkeypatch, fail)
    with following(site) as follower:
        follower.wait_until_told("following")
        site.fill("b")
        site.store.delete(["a"])
        wait(lambda: len(tries) > 5)
        assert [part for part in follower.told if "make room" in part] == follower.told[1:]
        assert len(follower.told) == 2
        full.clear()
        follower.wait_until_current()
    assert set(site.indexed()) == {"b"}
    assert len(follower.told) == 3
    assert "from revision 1" in follower.told[2]


def test_a_merge_that_fails_is_told_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.rebuild()

    def apply(store: ArticleStore, engine: Engine, *, after: int) -> Batch:
        batch = apply_batch(store, engine, after=after)
        return batch if after == 3 else replace(batch, merge_failure="the disk is full")

    monkeypatch.setattr(follow, "apply_batch", apply)
    with following(site) as follower:
        for each in "abc":
            site.fill(each)
            follower.wait_until_current()
        follower.wait_until_told("segments could not be merged (the disk is full)")
        assert len(follower.told) == 2
        for each in "de":
            site.fill(each)
            follower.wait_until_current()
        wait(lambda: len(follower.told) == 3)
    assert follower.told[2] == follower.told[1]


def test_a_store_that_stays_locked_is_told_once_and_waited_for(site: Site) -> None:
    site.fill("a")
    site.rebuild()
    site.fill("b")
    site.store.close()
    path = site.root / "articles.sqlite3"
    site.store = open_store(f"sqlite:///{path}", patience=0.02)
    site.store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        with following(site) as follower:
            follower.wait_until_told("another process kept it locked for too long")
            follower.wait_for_tries()
            assert len(follower.told) == 1
            other.close()
            follower.wait_until_current()
    assert len(follower.told) == 2


def test_changes_that_meet_a_locked_store_are_refused_and_followed_when_repeated(
    site: Site,
) -> None:
    site.rebuild()
    path = site.root / "articles.sqlite3"
    records = [Record("news:1", {"id": "a", "title": "渡口", "body": "船来了。"}, "")]
    with (
        closing(open_store(f"sqlite:///{path}", patience=0.02)) as impatient,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        following(site) as follower,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="kept it locked for too long: try again"):
            accept(records, impatient, Reading(timezone=SHANGHAI))
        assert impatient.count() == 0
        other.execute("ROLLBACK")
        assert accept(records, impatient, Reading(timezone=SHANGHAI)).created == 1
        follower.wait_until_current()
    assert set(site.indexed()) == {"a"}
