"""The runner, in this process: what comes of each kind of job, of jobs that fail, and of those that a dead runner left."""

from __future__ import annotations

import gzip
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.command_line import Stop, Stopped
from indexer.editorial.lines import read_entry
from indexer.errors import StoreUnavailable
from indexer.generations import Generations
from indexer.ingest import BATCH
from indexer.jobs import work as work_module
from indexer.jobs.kinds import Means, Outcome, source_arguments
from indexer.jobs.seat import this_process
from indexer.jobs.work import Runner
from indexer.reading import Options
from indexer.store.articles import ArticleStore
from indexer.store.chain import open_database
from indexer.store.changing import Condition, Stored
from indexer.store.database import CHAIN, open_editorial, open_jobs
from indexer.store.jobs import Job, JobStore, Kind
from indexer.store.prepared import Prepared
from indexer.store.runners import RunnerReplaced
from indexer.words_preview import read_preview
from tests.indexer.site import SHANGHAI, asking_as_readers
from tests.typed_queries import analyzer

ENDED = ("succeeded", "failed", "cancelled")


class Watched(ArticleStore):
    """The real store, which calls back after each batch that it has stored."""

    after_put: Callable[[], None] = staticmethod(lambda: None)

    def put_prepared(
        self, articles: Sequence[Prepared], *, when: Condition | None = None
    ) -> tuple[Stored, ...]:
        result = super().put_prepared(articles, when=when)
        self.after_put()
        return result


@dataclass
class Site:
    """A store, its jobs, and a runner that works until all of them have ended."""

    root: Path
    store: Watched
    jobs: JobStore
    told: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        self.means = Means(
            store=self.store,
            generations=Generations(self.root / "index_data"),
            engine_name="memory",
            analyzer=analyzer,
            timezone=SHANGHAI,
            date_order=None,
            keep=2,
            processes=1,
        )

    def add(self, kind: Kind, **arguments: Any) -> Job:
        return self.jobs.add(kind, arguments)

    def add_import(
        self,
        content: bytes | list[object],
        name: str = "news.jsonl",
        *,
        options: Options = Options(),  # noqa: B008 - it is a value
    ) -> Job:
        path = self.root / name
        lines = content if isinstance(content, bytes) else to_lines(content)
        path.write_bytes(lines)
        rejects = self.root / "rejects-news.jsonl"
        arguments = source_arguments(str(path), source="json", options=options, rejects=rejects)
        return self.jobs.add("import", arguments)

    def run(self) -> None:
        """Run the jobs until all have ended, or until the runner was stopped."""

        def tell(event: str, detail: str, **facts: object) -> None:
            self.told.append((event, detail, facts))

        runner = Runner(self.jobs, self.means, stop=self.stop, tell=tell)
        running = threading.Thread(target=runner.run)
        running.start()
        while running.is_alive() and any(each.state not in ENDED for each in self.jobs.list()):
            time.sleep(0.01)
        self.stop.asked = True
        running.join()
        self.stop = Stop()

    def get(self, job: Job) -> Job:
        found = self.jobs.get(job.id)
        assert found is not None
        return found

    def run_until_queued_again(self, job: Job) -> None:
        """Run the jobs, as soon as they are due, until a repeated one has ended once more."""
        before = self.get(job).finished_at
        stop = self.stop
        watching = threading.Thread(target=lambda: self._wait_for_end(job, before, stop))
        watching.start()
        self.run()
        watching.join()

    def _wait_for_end(self, job: Job, before: datetime | None, stop: Stop) -> None:
        while self.get(job).finished_at in (before, None):
            time.sleep(0.01)
        stop.asked = True

    def run_one(self, job: Job) -> Job:
        self.run()
        return self.get(job)

    def cancel(self, job: Job) -> None:
        """Ask to cancel a running job, and wait until its heartbeat has heard of it."""
        self.jobs.ask_to_cancel(job.id)
        before = self.get(job).heartbeat_at
        for _ in range(2):
            while (heard := self.get(job).heartbeat_at) == before:
                time.sleep(0.005)
            before = heard


def to_lines(records: Iterable[object]) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in records)


def records(count: int) -> list[object]:
    return [{"id": f"a-{n}", "title": f"第{n}号渡口", "body": "船来了。"} for n in range(count)]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(work_module, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(work_module, "BEAT_EVERY", 0.01)
    url = f"sqlite:///{tmp_path}/articles.sqlite3"
    with closing(Watched(open_database(url, CHAIN))) as store, closing(open_jobs(url)) as jobs:
        yield Site(tmp_path, store, jobs)


def test_an_import_stores_what_is_right_and_names_what_is_not(site: Site) -> None:
    bad: list[object] = [{"id": f"b-{n}"} for n in range(25)]
    job = site.run_one(site.add_import(records(30) + bad))
    assert (job.state, job.attempts, job.phase) == ("succeeded", 1, "import")
    assert (job.done, job.total) == (55, 55)
    assert job.outcome.startswith("read 55: 30 created, 0 updated, 0 unchanged, 25 rejected")
    assert str(site.root / "rejects-news.jsonl") in job.outcome
    assert [each.where for each in job.rejections] == [
        f"{site.root}/news.jsonl:{n}" for n in range(31, 51)
    ]
    assert all("title" in each.why for each in job.rejections)
    assert (site.root / "rejects-news.jsonl").read_bytes() == to_lines(bad)
    assert site.store.count() == 30
    assert site.told == []


def test_an_uploaded_file_goes_with_the_end_of_its_import_and_others_stay(site: Site) -> None:
    for name in ("uploaded", "given"):
        (site.root / name).write_bytes(to_lines(records(3)))
        arguments = {"file": str(site.root / name), "source": None, "rejects": str(site.root / "r")}
        more = {"uploaded": "稿件.jsonl"} if name == "uploaded" else {}
        assert site.run_one(site.add("import", **arguments, **more)).state == "succeeded"
    assert not (site.root / "uploaded").exists()
    assert (site.root / "given").exists()
    gone = site.add(
        "import", file=str(site.root / "uploaded"), source=None, rejects="r", uploaded="x"
    )
    assert site.run_one(gone).state == "failed"


def test_the_hook_of_an_import_is_that_of_the_folder_it_was_typed_in(site: Site) -> None:
    text = "def tidy(values): return {**values, 'source': 'typed here'}\n"
    (site.root / "tidy_of_a_job.py").write_text(text, encoding="utf-8")
    options = Options(hook="tidy_of_a_job:tidy", hook_folder=str(site.root))
    job = site.run_one(site.add_import(records(1), options=options))
    assert job.state == "succeeded"
    (change,) = site.store.changes()
    assert change.article is not None
    assert change.article.source == "typed here"


def test_the_total_is_known_before_the_first_article_is_stored(site: Site) -> None:
    seen: list[Job] = []

    def look() -> None:
        before = site.get(job).heartbeat_at
        while site.get(job).heartbeat_at == before:
            time.sleep(0.005)
        seen.append(site.get(job))

    job = site.add_import(records(2 * BATCH + 200))
    site.store.after_put = look
    site.run()
    assert [each.total for each in seen] == [2 * BATCH + 200] * 3
    assert seen[1].done >= BATCH
    assert seen[1].rate > 0
    assert seen[1].seconds_left is not None


def test_a_file_that_is_gone_fails_the_job_in_one_line_and_the_next_one_runs(site: Site) -> None:
    job, other = site.add_import(records(1)), site.add("regroup")
    (site.root / "news.jsonl").unlink()
    job = site.run_one(job)
    assert (job.state, site.get(other).state) == ("failed", "succeeded")
    assert job.outcome.startswith(f"{site.root}/news.jsonl: cannot be read")
    ((event, detail, facts),) = site.told
    assert (event, facts) == ("job_failed", {"job": job.id, "kind": "import"})
    assert detail == f"job {job.id} (import) failed: {job.outcome}"


def test_a_key_that_no_record_has_is_told_in_the_outcome(site: Site) -> None:
    job = site.add_import(records(2), options=Options(mapping={"catgory": "channel"}))
    outcome = site.run_one(job).outcome
    assert outcome.endswith("; no record has the key 'catgory' that --map or --deleted names")


def test_a_file_that_breaks_off_fails_the_job_and_says_what_was_stored(site: Site) -> None:
    whole = gzip.compress(to_lines(records(2_000)), compresslevel=0)
    job = site.run_one(site.add_import(whole[: len(whole) // 2], name="news.jsonl.gz"))
    assert job.state == "failed"
    assert "the file breaks off here" in job.outcome
    assert f"{site.store.count():,} created" in job.outcome
    assert 0 < site.store.count() < 2_000


def test_a_rejects_file_that_cannot_be_written_fails_the_job(site: Site) -> None:
    (site.root / "rejects-news.jsonl.reasons").mkdir()
    job = site.run_one(site.add_import([{"id": "b-1"}]))
    assert job.state == "failed"
    assert "cannot be written" in job.outcome


def test_an_unforeseen_error_fails_its_job_alone_and_is_logged_whole(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    job, other = site.add("import", file="x"), site.add("regroup")
    with caplog.at_level(logging.INFO):
        job = site.run_one(job)
    assert (job.state, job.outcome) == ("failed", "KeyError: 'source'")
    assert "Traceback" in caplog.text
    assert site.get(other).state == "succeeded"
    assert [event for event, *_ in site.told] == ["job_failed"]


def test_a_kind_that_this_release_does_not_know_fails_its_job_alone(site: Site) -> None:
    job, other = site.add("check"), site.add("regroup")
    with closing(sqlite3.connect(site.root / "articles.sqlite3")) as raw, raw:
        raw.execute("UPDATE jobs SET kind = 'polish' WHERE id = ?", (job.id,))
    assert site.run_one(job).outcome == "KeyError: 'polish'"
    assert site.get(other).state == "succeeded"


def test_the_index_is_rebuilt_checked_and_found_damaged(site: Site) -> None:
    imported, rebuilt, sound = site.add_import(records(5)), site.add("rebuild"), site.add("check")
    site.run()
    assert [site.get(each).state for each in (imported, rebuilt, sound)] == ["succeeded"] * 3
    rebuilt = site.get(rebuilt)
    assert rebuilt.outcome.startswith("generation 000001 is live: 5 articles, revision ")
    assert (rebuilt.phase, rebuilt.total) == ("promote", 1)
    assert site.get(sound).outcome == "generation 000001 is sound, 5 articles"
    (site.means.generations.live().folder / "manifest.json").write_text("{", encoding="utf-8")
    damaged = site.run_one(site.add("check"))
    assert damaged.state == "failed"
    assert "is damaged" in damaged.outcome


def test_a_generation_that_waits_is_promoted_and_rolled_back_by_jobs(site: Site) -> None:
    site.add_import(records(5))
    site.add("rebuild")
    waiting = site.run_one(site.add("rebuild", promote=False, force=False))
    assert waiting.outcome.startswith("generation 000002 is complete and waits: 5 articles")
    promote = {"generation": "000002", "force": False}
    site.run_one(site.add("promote", **promote))
    assert site.means.generations.live_name() == "000002"
    back = site.run_one(site.add("rollback"))
    assert (back.state, back.outcome) == ("succeeded", "generation 000001 is live")
    nowhere = site.run_one(site.add("rollback"))
    assert nowhere.state == "failed"
    assert "no generation in" in nowhere.outcome
    nothing = site.run_one(site.add("promote", generation="000009", force=True))
    assert "generation '000009' is not in" in nothing.outcome


def test_a_rebuild_whose_checks_fail_fails_its_job_and_can_be_promoted_all_the_same(
    site: Site,
) -> None:
    site.run_one(site.add_import(records(5)))
    site.run_one(site.add("rebuild"))
    with closing(open_editorial(site.store.url)) as editorial:
        editorial.put("golden", [read_entry("golden", "渡口 => nowhere")])
    site.means = replace(site.means, asking=partial(asking_as_readers, site.store.url))
    job = site.run_one(site.add("rebuild"))
    assert job.state == "failed"
    assert job.outcome.startswith("generation 000002 is complete and not live")
    assert "golden: 0 of 1" in job.outcome
    refused = site.run_one(site.add("promote", generation="000002", force=False))
    assert "failed its checks" in refused.outcome
    assert site.means.generations.live_name() == "000001"
    assert site.run_one(site.add("promote", generation="000002", force=True)).state == "succeeded"


def test_words_are_previewed_and_applied_by_jobs(site: Site) -> None:
    site.run_one(site.add_import(records(9)))
    site.run_one(site.add("rebuild"))
    listed = [analyzer().knowing(UserDictionary((UserWord("号渡"),)))]
    site.means = replace(site.means, analyzer=lambda: listed[0])
    previewed = site.run_one(site.add("preview"))
    assert previewed.state == "succeeded"
    assert previewed.outcome.startswith("added 号渡: 9 of 9 articles are touched; ")
    kept = read_preview(site.means.generations.root)
    assert kept is not None
    assert kept.effect.changes.added == (UserWord("号渡"),)
    assert site.means.generations.live_name() == "000001"
    applied, again = site.add("words"), site.add("words")
    site.run()
    assert site.get(applied).outcome.startswith(
        "added 号渡; the words touch 9 of 9 articles; generation 000002 is live: 9 articles"
    )
    assert site.get(again).outcome == "nothing to do: the live index was made with these words"


def test_a_rebuild_that_another_one_keeps_out_fails_in_one_line(site: Site) -> None:
    generations = site.means.generations
    with generations.lock():
        folder = generations.begin()
    with generations.writing(folder.name):
        job = site.run_one(site.add("rebuild"))
    assert job.state == "failed"
    assert job.outcome.startswith("another process is writing to ")


def test_regrouping_counts_what_it_looked_at(site: Site) -> None:
    site.add_import(records(7))
    site.run()
    with closing(sqlite3.connect(site.root / "articles.sqlite3")) as raw, raw:
        raw.execute("UPDATE articles SET duplicate_keys = NULL WHERE id <> 'a-0'")
        raw.execute("DELETE FROM duplicate_keys WHERE article_id <> 'a-0'")
    job = site.run_one(site.add("regroup"))
    assert (job.state, job.done, job.total) == ("succeeded", 6, 6)
    assert job.outcome.startswith("looked at 6 articles: ")


def test_a_cancelled_import_ends_after_its_batch_and_keeps_it(site: Site) -> None:
    job = site.add_import([{"id": "bad"}, *records(3 * BATCH)])
    site.store.after_put = lambda: site.cancel(job)
    job = site.run_one(job)
    assert (job.state, site.store.count()) == ("cancelled", BATCH - 1)
    assert job.outcome.startswith(f"cancelled: read {BATCH:,}: {BATCH - 1} created, 0 updated")
    assert len(job.rejections) == 1
    assert site.told == []


def test_a_cancelled_rebuild_leaves_the_live_generation_alone(site: Site) -> None:
    site.add_import(records(50))
    site.run_one(site.add("rebuild"))
    job = site.add("rebuild")

    def cancel_first() -> Any:
        site.cancel(job)
        return analyzer()

    site.means = replace(site.means, analyzer=cancel_first)
    job = site.run_one(job)
    assert job.state == "cancelled"
    assert job.outcome.startswith("cancelled: in phase ")
    assert site.means.generations.live_name() == "000001"
    folders = (site.root / "index_data" / "generations").iterdir()
    assert [path.name for path in folders] == ["000001"]


def test_an_import_that_is_stopped_with_the_service_goes_on_at_the_next_start(site: Site) -> None:
    job = site.add_import(records(BATCH + 200))

    def end() -> None:
        site.stop.asked = True

    site.store.after_put = end
    stopped = site.run_one(job)
    assert (stopped.state, stopped.attempts, site.store.count()) == ("queued", 0, BATCH)
    del site.store.after_put
    resumed = site.run_one(job)
    assert (resumed.state, resumed.attempts) == ("succeeded", 1)
    assert resumed.outcome.startswith(
        f"read {BATCH + 200:,}: 200 created, 0 updated, {BATCH:,} unchanged"
    )
    assert (site.store.count(), site.store.revision()) == (BATCH + 200, BATCH + 200)
    assert site.told == []


def test_a_job_whose_runner_died_is_resumed_only_if_that_is_safe(site: Site) -> None:
    left = [
        site.add_import(records(3)),
        site.add("rebuild"),
        site.add("check"),
        site.add("regroup"),
    ]
    asked = site.add("rebuild")
    for _ in (*left, asked):
        site.jobs.take()
    site.jobs.ask_to_cancel(asked.id)
    site.run()
    assert [site.get(each).state for each in left] == ["succeeded", "failed", "failed", "failed"]
    assert site.get(left[0]).attempts == 2
    assert {site.get(each).outcome for each in left[1:]} == {
        "its runner died before the end: start it again"
    }
    assert site.get(asked).state == "cancelled"
    assert [facts["kind"] for *_, facts in site.told] == ["rebuild", "check", "regroup"]


def test_an_import_that_kills_its_runner_is_begun_three_times(site: Site) -> None:
    job = site.add_import(records(3))
    for _ in range(2):
        site.jobs.take()
        site.jobs.queue_again(job.id, uncounted=False)
    site.jobs.take()
    job = site.run_one(job)
    assert (job.state, job.outcome) == ("failed", "its runner died 3 times before the end")
    assert site.store.count() == 0


def test_the_runner_outlives_a_store_that_fails(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each call of the runner fails twice. The failures stand for a full disk, or for a process that keeps the store locked."""

    def failing(name: str) -> None:
        call, left = getattr(site.jobs, name), [None, None]

        def sometimes(*args: Any, **kwargs: Any) -> Any:
            if left:
                left.pop()
                raise StoreUnavailable("sqlite:///articles.sqlite3", "the disk is full")
            return call(*args, **kwargs)

        monkeypatch.setattr(site.jobs, name, sometimes)

    for name in ("running", "take", "beat", "finish"):
        failing(name)
    job = site.run_one(site.add_import(records(3)))
    assert (job.state, job.done, site.store.count()) == ("succeeded", 3, 3)
    assert "the disk is full" in caplog.text


def test_a_runner_that_was_replaced_writes_no_more_of_its_job_and_begins_no_other(
    site: Site,
) -> None:
    """It stands still in the middle of an import, for so long that it is taken for dead."""
    job, later = site.add_import(records(3 * BATCH)), site.add("regroup")
    other = JobStore(site.jobs._engine)

    def replace_it() -> None:
        assert other.seat.take(this_process(), after=other.seat.runner())
        other.queue_again(job.id, uncounted=False)
        assert other.take() == site.get(job)
        while any(thread.name == "heartbeat" for thread in threading.enumerate()):
            time.sleep(0.01)

    site.store.after_put = replace_it
    with pytest.raises(RunnerReplaced):
        Runner(site.jobs, site.means, stop=site.stop, tell=lambda *_, **__: None).run()
    left = site.get(job)
    assert (left.state, left.attempts, left.phase, left.done) == ("running", 2, "", 0)
    assert site.get(later).state == "queued"
    assert site.store.count() == BATCH
    with pytest.raises(RunnerReplaced):
        site.jobs.take()
    with pytest.raises(RunnerReplaced):
        site.jobs.finish(job.id, "succeeded", "done")
    with pytest.raises(RunnerReplaced):
        site.jobs.queue_again(job.id, uncounted=True)
    assert site.get(job) == left


def test_a_comparison_is_a_job_that_repairs_the_store_or_fails(site: Site) -> None:
    def add(**plan: bool) -> Job:
        path, rejects = site.root / "news.jsonl", site.root / "rejects-news.jsonl"
        arguments = source_arguments(
            str(path), source="json_lines", options=Options(), rejects=rejects
        )
        return site.add("reconcile", **arguments, only=None, **plan)

    site.run_one(site.add_import(records(10)))
    (site.root / "news.jsonl").write_bytes(to_lines([*records(9), {"id": "a-8", "title": ""}]))
    job = site.run_one(add(apply=True, force=False))
    assert (job.state, job.done, job.total) == ("succeeded", 10, 10)
    assert job.outcome == (
        "read 10, compared with 10 articles of the store: 9 same, 0 missing, 0 stale, 1 orphaned, 1 rejected; "
        "0 stored, 1 deleted; orphaned: a-9"
    )
    assert len(job.rejections) == 1
    assert site.store.count() == 9
    (site.root / "news.jsonl").write_bytes(b"")
    job = site.run_one(add(apply=True, force=True))
    assert job.state == "failed"
    assert "the source holds no article" in job.outcome
    assert site.store.count() == 9


def test_a_repeated_job_that_fails_again_is_logged_once_and_told_once_by_each_runner(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails twice, then its file is there, then it is gone again; each time another runner runs it."""
    caplog.set_level(logging.INFO)
    path = site.root / "news.jsonl"
    arguments = source_arguments(
        str(path), source="json", options=Options(), rejects=site.root / "rejects-news.jsonl"
    )
    job = site.jobs.repeat("import", arguments, every_seconds=1)
    ends = []
    for content in (None, None, to_lines(records(2)), to_lines(records(2)), None):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        site.run_until_queued_again(job)
        ends.append(site.get(job).last_end)
    assert ends == ["failed", "failed", "succeeded", "succeeded", "failed"]
    assert [event for event, _, _ in site.told] == ["job_failed"] * 3
    told = [each.message for each in caplog.records if f"job {job.id} " in each.message]
    assert [each.split()[3] for each in told] == ["failed:", "succeeded:", "succeeded:", "failed:"]
    assert "2 created" in told[1]
    assert "2 unchanged" in told[2]
    site.jobs.ask_to_cancel(job.id)
    assert site.run_one(job).state == "cancelled"


def test_a_repeated_job_that_is_stopped_with_the_service_is_due_at_the_next_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that are run once, it would fail."""

    def stopped(*_: object) -> Outcome:
        site.stop.asked = True
        raise Stopped

    monkeypatch.setattr(work_module, "RUNS", {"reconcile": stopped})
    job = site.jobs.repeat("reconcile", {}, every_seconds=3_600)
    site.run()
    left = site.get(job)
    assert (left.state, left.attempts, left.due_at, left.last_end) == ("queued", 0, None, None)
    assert site.told == []
    site.jobs.ask_to_cancel(job.id)
    once = site.add("reconcile")
    assert site.run_one(once).outcome == "stopped with the service: start it again"


def test_of_several_failed_runs_a_runner_tells_once(site: Site) -> None:
    job = site.jobs.repeat("reconcile", {}, every_seconds=1)
    told: list[str] = []

    def tell(event: str, detail: str, **_: object) -> None:
        told.append(f"{event}: {detail}")

    runner = Runner(site.jobs, site.means, stop=site.stop, tell=tell)
    running = threading.Thread(target=runner.run)
    running.start()
    ends: set[object] = set()
    while len(ends) < 3:
        ends |= {site.get(job).finished_at} - {None}
        time.sleep(0.01)
    site.stop.asked = True
    running.join()
    assert site.get(job).last_end == "failed"
    (once,) = told
    assert once.startswith(f"job_failed: job {job.id} (reconcile) failed")
