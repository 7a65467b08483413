"""Rebuilds by several processes: the index is the one that a single process makes, and no failure goes unnoticed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzers import ChineseAnalyzer, Token
from indexer.analysis.dictionary import UserDictionary
from indexer.build_progress import BuildProgress, Report
from indexer.engines.base import Reader
from indexer.errors import RebuildFailed
from indexer.hits import SearchPage
from indexer.query import Literal, MatchAll, SearchRequest
from indexer.rebuilding import parallel
from indexer.rebuilding.parallel import LEAST, MOST, ranges_of
from tests.indexer.site import Site, at
from tests.typed_queries import match


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of few articles, so that a small store has many."""
    monkeypatch.setattr(parallel, "LEAST", 10)


def fill(site: Site) -> None:
    """Sixty articles of which some are the same text, some have changed, some are deleted or withdrawn."""
    for number in range(60):
        site.fill(
            f"a-{number}",
            title=f"第{number}号渡口重新开航",
            body=f"两岸的居民又坐上了船。今天开往{number % 7}号码头。" * 3
            + "船票和从前一样便宜，孩子不用买票。" * (number % 5),
            channel=f"频道{number % 3}",
            tags=["渡口", f"码头{number % 4}"],
        )
    site.fill("reprint-1", title="转载：渡口开航", body="船工们清晨就起来检修缆绳。" * 10)
    site.fill("reprint-2", title="渡口又开航了", body="船工们清晨就起来检修缆绳。" * 10)
    site.fill("a-3", "a-44", title="改过的标题")
    site.fill("a-5", status="withdrawn")
    site.store.delete(["a-0", "a-20", "a-59"])


def once_working(act: Callable[[], object]) -> Report:
    """Progress that acts once, as soon as articles are done: most parts are still to be given out then."""
    acted: list[int] = []

    def report(progress: BuildProgress) -> None:
        if progress.phase == "index" and progress.done and not acted:
            acted.append(progress.done)
            act()

    return report


def answers(reader: Reader) -> list[SearchPage]:
    """Whole pages, scores and order included, of different kinds of questions."""
    requests = [
        SearchRequest(query, size=100, facets=("channel", "month"), collapse=collapse)
        for query in (MatchAll(), match("渡口 码头"), match("船票"), Literal("检修缆绳"))
        for collapse in ("none", "duplicates")
    ]
    return [reader.search(each) for each in requests]


# How the store is split


@given(revision=st.integers(0, 10**7), processes=st.integers(1, 256))
def test_ranges_follow_one_another_up_to_the_last_revision(revision: int, processes: int) -> None:
    ranges = ranges_of(revision, processes)
    assert (ranges[0][0], ranges[-1][1]) == (0, revision)
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    assert len(ranges) == 1 or all(after < upto <= after + MOST for after, upto in ranges)


def test_a_process_is_only_started_for_enough_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LEAST", LEAST)
    assert ranges_of(LEAST, 8) == [(0, LEAST)]
    assert len(ranges_of(LEAST + 1, 8)) == 2
    assert len(ranges_of(10**6, 1)) == 1


# What is built


def test_several_processes_make_the_index_that_one_makes(site: Site) -> None:
    fill(site)
    site.rebuild()
    report = site.rebuild(processes=3)
    assert (report.articles, report.revision) == (59, site.store.revision())
    assert site.indexed("000002") == site.indexed("000001") == site.stored()
    assert site.check().faults == ()
    with site.engine("000001").reader() as one, site.engine("000002").reader() as several:
        assert answers(several) == answers(one)
        assert several.get("reprint-1") == site.store.get("reprint-1")
    groups = {site.stored()[each].duplicate_group for each in ("reprint-1", "reprint-2")}
    assert len(groups) == 1
    assert groups != {0}


def test_a_store_of_nothing_but_tombstones_is_built_by_several_processes(site: Site) -> None:
    site.fill(*(f"a-{number}" for number in range(30)))
    site.store.delete([f"a-{number}" for number in range(30)])
    assert site.rebuild(processes=2).articles == 0
    assert site.check().faults == ()


def test_what_changes_while_processes_build_is_in_the_new_generation(site: Site) -> None:
    fill(site)

    def change() -> None:
        site.fill("a-1", "a-58", title="又改过的标题")
        site.fill("new")
        site.store.delete(["a-2", "a-57"])

    site.rebuild(processes=2, progress=once_working(change))
    assert site.indexed() == site.stored()
    assert site.look().need == "nothing"


@pytest.mark.thorough
def test_progress_counts_what_all_processes_have_done(site: Site) -> None:
    fill(site)
    told: list[BuildProgress] = []
    site.rebuild(processes=2, progress=told.append)
    index = [(each.done, each.total) for each in told if each.phase == "index"]
    assert (index[0], index[-1]) == ((0, 59), (59, 59))


# What fails


class Failing(ChineseAnalyzer):
    """Fails where it should never fail."""

    def index(self, text: str) -> list[Token]:
        if "第33号" in text:
            raise ZeroDivisionError("not even here")
        return super().index(text)


def assert_untouched(site: Site) -> None:
    """What was live is live, nothing was left beside it, no process goes on, and the next rebuild does well."""
    assert multiprocessing.active_children() == []
    assert site.generations.live_name() == "000001"
    assert site.folders() == ["000001"]
    site.rebuild()
    assert site.indexed() == site.stored()


def test_processes_that_are_killed_end_the_rebuild(site: Site) -> None:
    fill(site)
    site.rebuild()

    def kill() -> None:
        for process in multiprocessing.active_children():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(RebuildFailed, match=r"killed by signal 9: the live index is untouched"):
        site.rebuild(processes=2, progress=once_working(kill))
    assert_untouched(site)


@pytest.mark.thorough
@pytest.mark.parametrize("site", ["whoosh"], indirect=True)
def test_a_process_that_fails_ends_the_rebuild_and_its_traceback_is_shown(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(site)
    site.rebuild()
    with pytest.raises(RebuildFailed, match=r"ended with exit code 1: the live index is untouched"):
        site.rebuild(processes=2, analyzer=Failing(UserDictionary()))
    assert "ZeroDivisionError: not even here" in capfd.readouterr().err
    assert_untouched(site)


def test_a_store_that_cannot_be_read_is_named(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(site)
    site.rebuild()

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(site.root / "articles.sqlite3")) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    lose = once_working(lambda: rename("articles", "away"))
    with pytest.raises(RebuildFailed, match=r"process of the rebuild failed: .*articles\.sqlite3"):
        site.rebuild(processes=2, progress=lose)
    assert "Traceback" not in capfd.readouterr().err
    rename("away", "articles")
    assert_untouched(site)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("before any work", marks=pytest.mark.thorough),
        "at work",
        pytest.param("when all is built", marks=pytest.mark.thorough),
    ],
)
def test_a_stopped_rebuild_ends_its_processes(site: Site, moment: str) -> None:
    fill(site)
    site.rebuild()

    def stop() -> None:
        raise KeyboardInterrupt

    when = {"before any work": at("index", stop), "at work": once_working(stop)}
    with pytest.raises(KeyboardInterrupt):
        site.rebuild(processes=2, progress=when.get(moment, at("catch up", stop)))
    assert_untouched(site)
