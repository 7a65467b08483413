"""Jobs as rows: their order, their states, who gets them, and what becomes of them when clocks and texts are odd."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from indexer.errors import JobWaiting, StoreUnavailable
from indexer.store import jobs as jobs_module
from indexer.store.database import find_jobs, open_jobs
from indexer.store.jobs import KINDS, MAX_ID, Job, JobStore, Rejected, State
from indexer.store.outcomes import MAX_OUTCOME
from tests.databases import DATABASES

pytestmark = pytest.mark.databases(*DATABASES)


@pytest.fixture
def jobs(store_url: str) -> Iterator[JobStore]:
    opened = open_jobs(store_url)
    yield opened
    opened.close()


def take(jobs: JobStore) -> Job:
    job = jobs.take()
    assert job is not None
    return job


def state(jobs: JobStore, job: Job) -> str:
    found = jobs.get(job.id)
    assert found is not None
    return found.state


def beat(jobs: JobStore, job: Job, *, done: int = 0, total: int = 0, seconds: float = 0) -> bool:
    return jobs.beat(job.id, phase="index", done=done, total=total, seconds=seconds)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_job_is_queued_with_its_arguments_and_has_done_nothing(
    jobs: JobStore, kind: jobs_module.Kind
) -> None:
    arguments = {"file": "/数据/新闻\udcff.jsonl", "mapping": {"栏目": "channel"}}
    job = jobs.add(kind, arguments)
    assert jobs.get(job.id) == job
    assert (job.kind, job.arguments, job.state) == (kind, arguments, "queued")
    assert (job.attempts, job.phase, job.done, job.total, job.rate) == (0, "", 0, 0, 0.0)
    assert (job.started_at, job.finished_at, job.seconds_left, job.outcome) == (None,) * 3 + ("",)
    assert job.created_at.tzinfo is UTC


def test_an_unknown_job_is_none(jobs: JobStore) -> None:
    for unknown in (1, MAX_ID, MAX_ID + 1, 10**30):
        assert jobs.get(unknown) is None
        assert jobs.ask_to_cancel(unknown) is None
    assert jobs.take() is None
    assert jobs.list() == jobs.running() == ()


def test_the_oldest_is_taken_first_and_the_newest_is_listed_first(jobs: JobStore) -> None:
    added = [jobs.add("check", {}) for _ in range(3)]
    assert [take(jobs).id for _ in added] == [each.id for each in added]
    assert jobs.take() is None
    assert [each.id for each in jobs.list(size=2)] == [added[2].id, added[1].id]
    assert [each.id for each in jobs.running()] == [each.id for each in added]


def test_no_job_is_given_to_two(jobs: JobStore, store_url: str) -> None:
    added = {jobs.add("check", {}).id for _ in range(20)}
    others = [open_jobs(store_url) for _ in range(4)]

    def take_all(store: JobStore) -> list[int]:
        return [job.id for job in iter(store.take, None)]

    with ThreadPoolExecutor(len(others)) as pool:
        taken = [each for ids in pool.map(take_all, others) for each in ids]
    for other in others:
        other.close()
    assert sorted(taken) == sorted(added)


def test_the_jobs_of_one_state_are_listed(jobs: JobStore) -> None:
    first, second, third = (jobs.add("check", {}) for _ in range(3))
    take(jobs)
    jobs.ask_to_cancel(second.id)
    fourth = jobs.add("rebuild", {})
    listed = {name: [job.id for job in jobs.list(state=name)] for name in get_args(State)}
    assert listed == {
        "queued": [fourth.id, third.id],
        "running": [first.id],
        "succeeded": [],
        "failed": [],
        "cancelled": [second.id],
    }
    assert jobs.counts() == {name: len(found) for name, found in listed.items()}
    assert [job.id for job in jobs.list(size=1, state="queued")] == [fourth.id]


def test_a_running_job_that_has_read_the_words_does_not_stand_for_a_later_one(
    jobs: JobStore,
) -> None:
    first = jobs.add_if_none_waits("words", {})
    assert jobs.add_if_none_waits("words", {}) == first
    take(jobs)
    second = jobs.add_if_none_waits("words", {})
    assert second.id > first.id
    assert jobs.add_if_none_waits("words", {}) == second


def test_the_same_job_is_not_added_twice_and_another_of_its_kind_is_refused(
    jobs: JobStore,
) -> None:
    job = jobs.add_if_none_waits("promote", {"generation": "000002"})
    assert (job.kind, job.arguments, job.state) == ("promote", {"generation": "000002"}, "queued")
    other = jobs.add_if_none_waits("check", {})
    assert jobs.add_if_none_waits("promote", {"generation": "000002"}) == job
    with pytest.raises(JobWaiting) as refused:
        jobs.add_if_none_waits("promote", {"generation": "000003"})
    assert (refused.value.job_id, refused.value.kind) == (job.id, "promote")
    take(jobs)
    again = jobs.add_if_none_waits("promote", {"generation": "000002"})
    assert (again.id, again.state) == (job.id, "running")
    assert len(jobs.list()) == 2
    jobs.ask_to_cancel(job.id)
    again = jobs.add_if_none_waits("promote", {"generation": "000003"})
    assert again.id > other.id
    with pytest.raises(JobWaiting) as refused:
        jobs.add_if_none_waits("promote", {"generation": "000002"})
    assert refused.value.job_id == again.id
    jobs.ask_to_cancel(again.id)
    jobs.finish(job.id, "failed", "no")
    assert jobs.add_if_none_waits("promote", {"generation": "000002"}).state == "queued"


def test_a_job_for_the_same_thing_is_added_once_until_it_has_ended(
    jobs: JobStore, store_url: str
) -> None:
    others = [open_jobs(store_url) for _ in range(4)]
    with ThreadPoolExecutor(len(others)) as pool:
        answered = list(
            pool.map(
                lambda store: store.add_unless_same("import", {"file": "a", "n": 1}, same="file"),
                others * 3,
            )
        )
    for other in others:
        other.close()
    (job,) = jobs.list()
    assert sorted(added for _, added in answered) == [False] * 11 + [True]
    assert {found.id for found, _ in answered} == {job.id}
    take(jobs)
    found, added = jobs.add_unless_same("import", {"file": "a", "n": 2}, same="file")
    assert (found.id, found.state, added) == (job.id, "running", False)
    assert jobs.add_unless_same("import", {"file": "b", "n": 1}, same="file")[1]
    jobs.finish(job.id, "failed", "no")
    assert jobs.add_unless_same("import", {"file": "a", "n": 1}, same="file")[1]


def test_of_several_that_add_at_the_same_moment_one_does(jobs: JobStore, store_url: str) -> None:
    others = [open_jobs(store_url) for _ in range(4)]
    with ThreadPoolExecutor(len(others)) as pool:
        answered = list(
            pool.map(lambda store: store.add_if_none_waits("rebuild", {}).id, others * 3)
        )
    for other in others:
        other.close()
    (job,) = jobs.list()
    assert answered == [job.id] * 12


@pytest.mark.databases("sqlite")
def test_jobs_are_read_without_writing_anything(store_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        find_jobs(store_url)
    assert not list(tmp_path.iterdir())
    with closing(open_jobs(store_url)) as writing, closing(find_jobs(store_url)) as reading:
        job = writing.add("check", {})
        assert reading.list() == (job,)
        with pytest.raises(StoreUnavailable):
            reading.add("check", {})


def test_a_taken_job_runs_until_it_is_finished_and_then_changes_no_more(jobs: JobStore) -> None:
    job = jobs.add("import", {})
    assert take(jobs).state == "running"
    assert beat(jobs, job, done=5, total=10, seconds=2) is False
    jobs.finish(job.id, "failed", "no such\n  file", rejections=[Rejected("a:1", "title: 空")])
    ended = jobs.get(job.id)
    assert ended is not None
    assert (ended.state, ended.outcome, ended.done) == ("failed", "no such file", 5)
    assert ended.rejections == (Rejected("a:1", "title: 空"),)
    assert ended.finished_at is not None
    assert ended.seconds_left is None
    jobs.finish(job.id, "succeeded", "all is well")
    jobs.queue_again(job.id, uncounted=False)
    assert jobs.ask_to_cancel(job.id) == jobs.get(job.id) == ended
    assert beat(jobs, job, done=9) is True, "a row that does not run tells its runner to stop"
    assert jobs.get(job.id) == ended


def test_a_queued_job_is_not_finished_without_being_taken(jobs: JobStore) -> None:
    job = jobs.add("rebuild", {})
    jobs.finish(job.id, "succeeded", "done")
    assert state(jobs, job) == "queued"


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked(jobs: JobStore) -> None:
    first, second = jobs.add("rebuild", {}), jobs.add("import", {})
    take(jobs)
    asked, cancelled = jobs.ask_to_cancel(first.id), jobs.ask_to_cancel(second.id)
    assert asked is not None
    assert cancelled is not None
    assert (asked.state, asked.cancel, cancelled.state) == ("running", True, "cancelled")
    assert cancelled.finished_at is not None
    assert cancelled.outcome
    assert jobs.take() is None
    assert beat(jobs, first) is True


def test_a_job_that_is_queued_again_keeps_its_place_and_its_attempts(jobs: JobStore) -> None:
    job, later = jobs.add("import", {}), jobs.add("check", {})
    take(jobs)
    jobs.queue_again(job.id, uncounted=True)
    again = take(jobs)
    assert (again.id, again.attempts) == (job.id, 1)
    jobs.queue_again(job.id, uncounted=False)
    assert take(jobs).attempts == 2
    assert take(jobs).id == later.id


def test_the_rate_and_the_time_left_are_those_of_the_phase(jobs: JobStore) -> None:
    job = jobs.add("rebuild", {})
    take(jobs)
    beat(jobs, job, done=20, total=100, seconds=10)
    (running,) = jobs.running()
    assert running.rate == pytest.approx(2.0)
    assert running.seconds_left == pytest.approx(40.0)
    beat(jobs, job, done=20, total=0, seconds=10)
    assert jobs.running()[0].seconds_left is None


def test_a_clock_that_is_set_back_makes_nothing_negative(
    jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, later = jobs.add("rebuild", {}), jobs.add("check", {})
    past = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=400)
    took = take(jobs)
    monkeypatch.setattr(jobs_module, "_now", lambda: past)
    third = jobs.add("check", {})
    assert took.rate == 0.0
    beat(jobs, job, done=20, total=100, seconds=10)
    (running,) = jobs.running()
    assert running.rate == pytest.approx(2.0)
    assert running.seconds_left == pytest.approx(40.0)
    jobs.finish(job.id, "succeeded", "done")
    assert [take(jobs).id, take(jobs).id] == [later.id, third.id]
    ended = jobs.get(job.id)
    assert ended is not None
    assert ended.rate == pytest.approx(2.0)


@pytest.mark.databases("sqlite")
def test_a_row_whose_times_run_backwards_has_no_rate(jobs: JobStore, store_url: str) -> None:
    job = jobs.add("rebuild", {})
    take(jobs)
    beat(jobs, job, done=20, total=100, seconds=10)
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("UPDATE jobs SET heartbeat_at = '2001-01-01 00:00:00.000000'")
    (running,) = jobs.running()
    assert (running.rate, running.seconds_left) == (0.0, None)


def test_an_outcome_is_one_line_that_any_database_can_hold(jobs: JobStore) -> None:
    job = jobs.add("import", {})
    take(jobs)
    jobs.finish(
        job.id,
        "failed",
        "x" * 9_999,
        rejections=[Rejected("bad\udcff.jsonl:1", "a\nb" + "长" * 9_999)],
    )
    ended = jobs.get(job.id)
    assert ended is not None
    assert len(ended.outcome) == len(ended.rejections[0].why) == MAX_OUTCOME
    assert ended.rejections[0].where == "bad\\udcff.jsonl:1"
    assert ended.rejections[0].why.startswith("a b长")


ARGUMENTS = {"file": "/数据/新闻.jsonl", "mapping": {"栏目": "channel"}}


def test_a_repeated_job_waits_after_each_run_and_says_how_it_ended(jobs: JobStore) -> None:
    job = jobs.repeat("import", ARGUMENTS, every_seconds=600)
    assert (job.state, job.every_seconds, job.due_at, job.last_end) == ("queued", 600, None, None)
    assert take(jobs).id == job.id
    jobs.finish(job.id, "failed", "the file is gone", rejections=[Rejected("1", "no id")])
    waiting = jobs.get(job.id)
    assert waiting is not None
    assert (waiting.state, waiting.last_end, waiting.outcome) == (
        "queued",
        "failed",
        "the file is gone",
    )
    assert (waiting.attempts, waiting.rejections) == (0, (Rejected("1", "no id"),))
    assert waiting.due_at is not None
    assert waiting.finished_at is not None
    assert waiting.due_at - waiting.finished_at == timedelta(minutes=10)
    assert jobs.take() is None, "it is not due"


def test_a_repeated_job_with_an_option_that_json_writes_otherwise_is_not_added_twice(
    jobs: JobStore,
) -> None:
    arguments = {**ARGUMENTS, "markup": ("body",)}  # as the command line gives it
    job = jobs.repeat("import", arguments, every_seconds=600)
    again = jobs.repeat("import", arguments, every_seconds=60)
    assert (again.id, again.every_seconds) == (job.id, 60)


def test_a_repeated_job_is_taken_when_it_is_due_and_after_those_that_run_once(
    jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 1, 12)
    monkeypatch.setattr(jobs_module, "_now", lambda: now)
    slow = jobs.repeat("import", ARGUMENTS, every_seconds=60)
    fast = jobs.repeat("reconcile", ARGUMENTS, every_seconds=10)
    for each in (slow, fast):
        assert take(jobs).id == each.id
        jobs.finish(each.id, "succeeded", "")
    now += timedelta(seconds=10)
    assert take(jobs).id == fast.id
    now += timedelta(seconds=70)
    jobs.finish(fast.id, "succeeded", "")
    now += timedelta(seconds=10)
    once = jobs.add("check", {})
    assert [take(jobs).id for _ in range(3)] == [once.id, slow.id, fast.id]


def test_a_clock_that_is_set_back_does_not_keep_a_repeated_job_waiting(
    jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.repeat("import", ARGUMENTS, every_seconds=60)
    take(jobs)
    jobs.finish(job.id, "succeeded", "")
    past = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=400)
    monkeypatch.setattr(jobs_module, "_now", lambda: past)
    assert take(jobs).id == job.id


def test_a_repeated_job_ends_when_it_is_cancelled(jobs: JobStore) -> None:
    waiting = jobs.repeat("import", ARGUMENTS, every_seconds=1)
    jobs.ask_to_cancel(waiting.id)
    assert state(jobs, waiting) == "cancelled"
    running = jobs.repeat("import", ARGUMENTS, every_seconds=1)
    assert running.id != waiting.id
    take(jobs)
    jobs.ask_to_cancel(running.id)
    assert beat(jobs, running)
    jobs.finish(running.id, "cancelled", "cancelled: read 3")
    assert state(jobs, running) == "cancelled"
    assert jobs.take() is None


def test_the_same_repeated_job_is_there_once_with_the_last_interval(jobs: JobStore) -> None:
    job = jobs.repeat("import", ARGUMENTS, every_seconds=60)
    once = jobs.add("import", ARGUMENTS)
    take(jobs)
    again = jobs.repeat("import", dict(reversed(ARGUMENTS.items())), every_seconds=5)
    assert (again.id, again.every_seconds) == (job.id, 5)
    other = jobs.repeat("import", {**ARGUMENTS, "file": "/数据/旧闻.jsonl"}, every_seconds=60)
    assert len({job.id, once.id, other.id}) == 3
    assert [each.id for each in jobs.list()] == [other.id, once.id, job.id]
