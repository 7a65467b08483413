"""The jobs of the store, for the web. The web inserts rows, reads them, and marks those that somebody cancels.

``python -m indexer work`` takes the rows and does the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from indexer.errors import JobNotFound
from indexer.store.database import find_jobs, open_jobs
from indexer.store.jobs import Job, JobStore, Kind, State
from indexer.store.runners import Runner
from search_service.live.reopening import LOCK_PATIENCE, Reopened, needed


class LiveJobs:
    """The jobs, as they are now. Safe to share between threads; one for each process.

    The store is opened at the first use, for writing only when a job is added or cancelled. Every method raises
    StoreUnavailable while the store cannot be used.
    """

    def __init__(self, store_url: str | None = None) -> None:
        """Without ``store_url`` there is no store, and every use fails."""
        self._reading: Reopened[JobStore] = Reopened(lambda: find_jobs(needed(store_url)))
        self._writing: Reopened[JobStore] = Reopened(
            lambda: open_jobs(needed(store_url), existing=True, patience=LOCK_PATIENCE)
        )

    def list(self, *, size: int, state: State | None) -> tuple[Job, ...]:
        """The last ``size`` jobs, or the last of those in ``state``, newest first."""
        with self._reading.use() as store:
            return store.list(size=size, state=state)

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state."""
        with self._reading.use() as store:
            return store.counts()

    def runner(self) -> Runner:
        """Who runs the jobs."""
        with self._reading.use() as store:
            return store.seat.runner()

    def get(self, job_id: int) -> Job:
        """The job with this id.

        Raises:
            JobNotFound: there is none.
        """
        with self._reading.use() as store:
            return _need(store.get(job_id), job_id)

    def start(self, kind: Kind, arguments: Mapping[str, Any]) -> Job:
        """Queue a job, or return the same one if it is queued or running.

        Raises:
            JobWaiting: one of this kind with other arguments is queued or running.
        """
        with self._writing.use() as store:
            return store.add_if_none_waits(kind, arguments)

    def add(self, kind: Kind, arguments: Mapping[str, Any]) -> Job:
        """Queue a job, whatever else is queued. ``arguments`` are JSON values, as ``indexer/jobs/kinds.py`` reads them."""
        with self._writing.use() as store:
            return store.add(kind, arguments)

    def add_unless_same(
        self, kind: Kind, arguments: Mapping[str, Any], *, same: str
    ) -> tuple[Job, bool]:
        """Queue a job, or return the one of its kind with the same argument ``same`` that is queued or running; and whether it was queued."""
        with self._writing.use() as store:
            return store.add_unless_same(kind, arguments, same=same)

    def unfinished(self, kind: Kind, *, argument: str, value: object) -> Job | None:
        """The first job of this kind with this argument that is queued or running; None if there is none."""
        with self._reading.use() as store:
            return store.unfinished(kind, argument=argument, value=value)

    def cancel(self, job_id: int) -> Job:
        """Cancel a queued job, or ask the runner to end a running one. A job that has ended stays as it is.

        Raises:
            JobNotFound: there is no such job.
        """
        with self._writing.use() as store:
            return _need(store.ask_to_cancel(job_id), job_id)

    def close(self) -> None:
        """Close the store. The next use opens it again."""
        self._reading.close()
        self._writing.close()


def _need(job: Job | None, job_id: int) -> Job:
    if job is None:
        raise JobNotFound(job_id)
    return job
