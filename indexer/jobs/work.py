"""The runner: takes one job after another, runs it here, and keeps a heartbeat in its row.

There is one runner for a store, on whichever machine. The first thing it does is to clear up after one that died. If another became
the runner meanwhile, it leaves the job to that one. A failure of the store never ends it: it waits, and goes on when the store answers
again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from indexer.command_line import Stop, Stopped
from indexer.errors import SearchIndexError, StoreError
from indexer.jobs.kinds import RESUMED, RUNS, Means, Outcome
from indexer.jobs.progress import Cancelled, Progress
from indexer.jobs.seat import become_runner
from indexer.jobs.trouble import Tell, reporting
from indexer.said import Said, told
from indexer.store.jobs import End, Job, JobStore, Rejected
from indexer.store.runners import RunnerReplaced

BEAT_EVERY: Final = 1.0
"""Seconds between two heartbeats of a job."""
SIGN_EVERY: Final = 2.0
"""Seconds between two signs of life while there is no job."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks for a queued job, or for a store that answers again."""
MAX_ATTEMPTS: Final = 3
"""How often an import is begun whose runner dies. Its file, or its memory, may be what kills the runner."""

log = logging.getLogger(__name__)

_T = TypeVar("_T")


def work(jobs: JobStore, means: Means, *, stop: Stop, hook: str | None) -> None:
    """Be the runner as soon as there is no other, until ``stop`` is asked. ``hook`` is the URL that hears of trouble."""
    while become_runner(jobs.seat, stop):
        try:
            with reporting(hook, means) as tell:
                Runner(jobs, means, stop=stop, tell=tell).run()
        except RunnerReplaced as replaced:
            log.warning("%s", replaced)
        else:
            with suppress(StoreError):  # others then wait until the signs of life stay away
                jobs.seat.leave()


class Runner:
    """Runs the jobs of one store in this thread, which must be the main one if ``stop`` listens to signals."""

    def __init__(self, jobs: JobStore, means: Means, *, stop: Stop, tell: Tell) -> None:
        self._jobs, self._means, self._stop, self._tell = jobs, means, stop, tell
        self._told: set[int] = set()
        """The jobs whose last run failed, as the hook was told."""

    def run(self) -> None:
        """Run jobs until ``stop`` is asked. The caller has the seat.

        Raises:
            RunnerReplaced: another process became the runner. It clears up.
        """
        for left in self._insist(self._jobs.running) or ():
            self._clear_up(left)
        silent_since = time.monotonic()
        while not self._stop.asked:
            job = self._insist(self._jobs.take)
            if job is not None:
                self._run(job)
            elif time.monotonic() - silent_since < SIGN_EVERY:
                time.sleep(LOOK_EVERY)
                continue
            else:
                self._insist(self._jobs.seat.beat)
            silent_since = time.monotonic()

    def _clear_up(self, job: Job) -> None:
        """Decide what becomes of a job whose runner died."""
        if job.cancel:
            self._end(job, "cancelled", Said("cancelled; its runner died meanwhile"))
        elif job.kind not in RESUMED and job.every_seconds is None:
            self._end(job, "failed", Said("its runner died before the end: start it again"))
        elif job.attempts < MAX_ATTEMPTS:
            self._queue_again(job, uncounted=False)
        else:
            died = Said("its runner died {times} times before the end", times=job.attempts)
            self._end(job, "failed", died)

    def _run(self, job: Job) -> None:
        begins = logging.INFO if job.every_seconds is None else logging.DEBUG
        log.log(begins, "job %d (%s) begins", job.id, job.kind)
        progress = Progress(self._stop)
        with _Heart(self._jobs, job.id, progress) as heart:
            outcome = self._outcome(job, progress)
        self._insist(heart.beat)
        if outcome.end != "interrupted":
            self._end(job, outcome.end, outcome.sentence, outcome.rejections)
        elif progress.cancelled:
            sentence = Said("cancelled: {so_far}", so_far=outcome.sentence)
            self._end(job, "cancelled", sentence, outcome.rejections)
        elif job.kind in RESUMED or job.every_seconds is not None:
            self._queue_again(job, uncounted=True)
        else:
            self._end(job, "failed", outcome.sentence)

    def _outcome(self, job: Job, progress: Progress) -> Outcome:
        """Run a job, whatever comes of it."""
        try:
            with nullcontext() if job.kind in RESUMED else self._stop.abruptly():
                return RUNS[job.kind](job.arguments, self._means, progress)
        except Stopped:
            return Outcome("interrupted", Said("stopped with the service: start it again"))
        except Cancelled:
            step = progress.step
            so_far = Said(
                "in phase {phase}, {done:,} of {total:,}",
                phase=step.phase,
                done=step.done,
                total=step.total,
            )
            return Outcome("interrupted", so_far)
        except SearchIndexError as error:
            return Outcome("failed", told(error))
        except OSError as error:
            where, why = error.filename or job.kind, error.strerror or str(error)
            return Outcome("failed", Said("{place}: {why}", place=str(where), why=why))
        except Exception as error:
            # An unforeseen error of one job must not keep the others from running. The log has its traceback.
            log.exception("job %d (%s) met an unforeseen error", job.id, job.kind)
            unforeseen = Said("{error}: {why}", error=type(error).__name__, why=str(error))
            return Outcome("failed", unforeseen)

    def _end(
        self, job: Job, state: End, sentence: str, rejections: Iterable[Rejected] = ()
    ) -> None:
        finish = partial(self._jobs.finish, job.id, state, sentence, rejections=rejections)
        self._insist(finish)
        if job.arguments.get("uploaded"):
            # Only this job reads the file. If the disk refuses, it goes with the next upload's clearing up.
            with suppress(OSError):
                Path(job.arguments["file"]).unlink(missing_ok=True)
        level = logging.WARNING if state == "failed" else logging.INFO
        if job.every_seconds is not None and (state, sentence) == (job.last_end, job.outcome):
            level = logging.DEBUG
        log.log(level, "job %d (%s) %s: %s", job.id, job.kind, state, sentence)
        if state != "failed":
            self._told.discard(job.id)
        elif job.id not in self._told:
            self._told.add(job.id)
            detail = f"job {job.id} ({job.kind}) failed: {sentence}"
            self._tell("job_failed", detail, job=job.id, kind=job.kind)

    def _queue_again(self, job: Job, *, uncounted: bool) -> None:
        self._insist(partial(self._jobs.queue_again, job.id, uncounted=uncounted))
        log.info("job %d (%s) is queued again", job.id, job.kind)

    def _insist(self, call: Callable[[], _T]) -> _T | None:
        """Repeat a call of the store until it succeeds. None if this process must end first; the next one then clears up."""
        failed = False
        while True:
            try:
                return call()
            except StoreError as error:
                if not failed:
                    log.error("the jobs wait for the store: %s", error)
                failed = True
            if self._stop.asked:
                return None
            time.sleep(LOOK_EVERY)


class _Heart:
    """Writes the progress of a job into its row, which is a sign of life too, for as long as its ``with`` block runs.

    A thread does it, because a commit or a check may report nothing for minutes.
    """

    def __init__(self, jobs: JobStore, job_id: int, progress: Progress) -> None:
        self._jobs, self._job_id, self._progress = jobs, job_id, progress
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def beat(self) -> None:
        """Write the progress, and note whether somebody asked to cancel the job.

        Raises:
            StoreUnavailable: it could not be written.
            RunnerReplaced: another process became the runner.
        """
        step = self._progress.step
        if self._jobs.beat(
            self._job_id,
            phase=step.phase,
            done=step.done,
            total=step.total,
            seconds=time.monotonic() - step.began,
        ):
            self._progress.cancelled = True

    def _keep_beating(self) -> None:
        failing = False
        while not self._ended.wait(BEAT_EVERY):
            try:
                self.beat()
                failing = False
            except RunnerReplaced:  # whoever writes next for the job is told
                self._progress.cancelled = True
                return
            except StoreError as error:
                # The job needs the store too, and fails by itself if it must. A lost heartbeat does no harm.
                if not failing:
                    log.warning("the progress of job %d is not written: %s", self._job_id, error)
                failing = True
