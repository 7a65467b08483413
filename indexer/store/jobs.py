"""Jobs as rows: an import, a rebuild and the like. Somebody adds a row, the runner takes it, and everybody may read it.

Jobs that are run once are taken in the order of their ids, before repeated ones that are due. Only when a repeated job is due is
decided by the clock. The store does not know what a kind of job does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast, get_args

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from indexer.errors import JobWaiting
from indexer.said import Said, from_json, to_json
from indexer.store.dialects import for_writing, translated
from indexer.store.outcomes import as_line, packed, unpacked
from indexer.store.runners import Seat
from indexer.store.tables import jobs as table
from indexer.store.tables import revisions

Kind = Literal[
    "import", "reconcile", "rebuild", "check", "regroup", "promote", "rollback", "words", "preview"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

LISTING: Final[frozenset[Kind]] = frozenset({"words", "preview"})
"""Jobs that read the editors' words when they begin."""

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
STATES: Final[tuple[State, ...]] = get_args(State)
End = Literal["succeeded", "failed", "cancelled"]

MAX_ID: Final = 2**31 - 1
"""The largest id that the column holds in every database."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that an import rejected: its place and the reason, which may be a :class:`~indexer.said.Said`."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The state of a job at one moment: ``done`` of ``total`` items of this phase, such as articles.

    ``total`` is 0 when it is unknown. ``attempts`` counts the starts, without those that ended because the service was stopped.
    ``cancel``: somebody asked the runner to stop. ``outcome`` is a sentence, a :class:`~indexer.said.Said` except in rows of an
    older release, and empty before the end. ``rejections`` are the first ones. Times are in UTC.

    A repeated job runs again ``every_seconds`` after the end of each run, at ``due_at``, until it is cancelled. Its state tells of
    the present run. ``last_end``, ``outcome``, ``rejections`` and ``finished_at`` tell of the last one.
    """

    id: int
    kind: Kind
    arguments: Mapping[str, Any]
    state: State
    attempts: int
    cancel: bool
    phase: str
    done: int
    total: int
    created_at: datetime
    started_at: datetime | None
    phase_started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    outcome: str
    rejections: tuple[Rejected, ...]
    every_seconds: int | None
    due_at: datetime | None
    last_end: End | None

    @property
    def rate(self) -> float:
        """Items a second in this phase; 0.0 before the first item."""
        if self.heartbeat_at is None or self.phase_started_at is None:
            return 0.0
        seconds = (self.heartbeat_at - self.phase_started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long this phase still takes at its present rate; None if unknown, or if the job does not run."""
        if self.state != "running" or not self.rate or self.total < self.done:
            return None
        return (self.total - self.done) / self.rate


class JobStore:
    """The jobs in one database. Made by ``open_jobs``.

    Threads may share it, and processes share the database. Every method raises StoreUnavailable when the database fails, or
    stays locked by another process for too long. Whoever takes, beats, finishes or queues again without the ``seat`` gets
    RunnerReplaced, unless nobody ever had it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self.seat = Seat(engine)

    def add(self, kind: Kind, arguments: Mapping[str, Any]) -> Job:
        """Add a queued job. ``arguments`` are JSON values, as ``indexer/jobs/kinds.py`` reads them."""
        with translated(self._engine.url), self._writing.begin() as connection:
            return _add(connection, kind, arguments)

    def add_if_none_waits(self, kind: Kind, arguments: Mapping[str, Any]) -> Job:
        """Add a queued job, unless one of its kind is queued or running. One that is being cancelled does not count.

        If that one has the same arguments it is returned, because it does what is asked. Of several callers at the same time one
        adds a job. A running job of :data:`LISTING` does not count either, for it may miss a word that was listed since.

        Raises:
            JobWaiting: there is such a job, and it has other arguments.
        """
        states = ("queued",) if kind in LISTING else ("queued", "running")
        waiting = (
            select(table)
            .where(
                table.c.kind == kind,
                table.c.state.in_(states),
                table.c.cancel.is_(False),
            )
            .order_by(table.c.id)
            .limit(1)
        )
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            row = connection.execute(waiting).one_or_none()
            if row is None:
                return _add(connection, kind, arguments)
            job = _job(row)
            if job.arguments != dict(arguments):
                raise JobWaiting(job.id, kind)
            return job

    def add_unless_same(
        self, kind: Kind, arguments: Mapping[str, Any], *, same: str
    ) -> tuple[Job, bool]:
        """Add a queued job, unless one of its kind with the same argument ``same`` is queued or running.

        Returns the added job or that one, and whether it was added. Of several callers at the same time one adds a job.
        """
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            job = _unfinished(connection, kind, same, arguments[same])
            return (job, False) if job else (_add(connection, kind, arguments), True)

    def unfinished(self, kind: Kind, *, argument: str, value: object) -> Job | None:
        """The first job of this kind with this argument that is queued or running; None if there is none."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _unfinished(connection, kind, argument, value)

    def repeat(self, kind: Kind, arguments: Mapping[str, Any], *, every_seconds: int) -> Job:
        """Add a queued job that is run again and again. If there is one with the same arguments, only its interval changes."""
        found = (
            select(table)
            .where(
                table.c.kind == kind,
                table.c.state.in_(("queued", "running")),
                table.c.cancel.is_(False),
                table.c.every_seconds.is_not(None),
            )
            .order_by(table.c.id)
        )
        with translated(self._engine.url), self._writing.begin() as connection:
            _hold(connection)
            kept = json.loads(json.dumps(dict(arguments)))  # JSON knows no tuples
            for job in map(_job, connection.execute(found).all()):
                if job.arguments == kept:
                    mine = update(table).where(table.c.id == job.id)
                    connection.execute(mine.values(every_seconds=every_seconds))
                    return _need(connection, job.id)
            return _add(connection, kind, arguments, every_seconds=every_seconds)

    def get(self, job_id: int) -> Job | None:
        """The job with this id, or None."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return _get(connection, job_id)

    def list(self, *, size: int = 20, state: State | None = None) -> tuple[Job, ...]:
        """The last ``size`` jobs, or the last of those in ``state``, newest first."""
        query = select(table).order_by(table.c.id.desc()).limit(size)
        if state is not None:
            query = query.where(table.c.state == state)
        with translated(self._engine.url), self._engine.connect() as connection:
            return tuple(map(_job, connection.execute(query)))

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state, those without a job too. Reads every job's state."""
        question = select(table.c.state, func.count().label("jobs")).group_by(table.c.state)
        with translated(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(question).all()
        return dict.fromkeys(STATES, 0) | {row.state: row.jobs for row in rows}

    def running(self) -> tuple[Job, ...]:
        """The jobs that were taken and have not ended, oldest first. More than one only if runners died."""
        query = select(table).where(table.c.state == "running").order_by(table.c.id)
        with translated(self._engine.url), self._engine.connect() as connection:
            return tuple(map(_job, connection.execute(query)))

    def ask_to_cancel(self, job_id: int) -> Job | None:
        """Cancel a queued job at once, or ask the runner to stop a running one. Returns the job; None if there is none.

        A job that has ended stays as it is.
        """
        unbegun = {"outcome": packed(Said("cancelled before it began"))}
        with translated(self._engine.url), self._writing.begin() as connection:
            # Its row stays as it is until the commit: the runner neither takes the job nor queues it again meanwhile.
            mine = select(table.c.id).where(table.c.id == job_id).with_for_update()
            if job_id > MAX_ID or connection.execute(mine).scalar() is None:
                return None
            asked = update(table).where(table.c.id == job_id).values(cancel=True)
            queued = asked.where(table.c.state == "queued")
            # A repeated job keeps what came of its last run.
            connection.execute(queued.where(table.c.last_end.is_(None)).values(**unbegun))
            connection.execute(queued.values(state="cancelled", finished_at=_now()))
            connection.execute(asked.where(table.c.state == "running"))
            return _get(connection, job_id)

    def take(self) -> Job | None:
        """Make the next queued job a running one and return it; None if none is due. No two callers get the same job."""
        with translated(self._engine.url):
            with self._engine.connect() as connection:  # most looks find nothing and need no lock
                if _first_due(connection) is None:
                    return None
            with self._writing.begin() as connection:
                _hold(connection)
                self.seat.keep(connection)
                first = select(table.c.id).where(
                    table.c.id == _first_due(connection), table.c.state == "queued"
                )
                job_id = connection.execute(first.with_for_update()).scalar()
                if job_id is None:
                    return None
                began = ("started_at", "phase_started_at", "heartbeat_at")
                mine = update(table).where(table.c.id == job_id).values(phase="", done=0, total=0)
                connection.execute(
                    mine.values(state="running", attempts=table.c.attempts + 1).values(
                        dict.fromkeys(began, _now())
                    )
                )
                return _need(connection, job_id)

    def beat(self, job_id: int, *, phase: str, done: int, total: int, seconds: float) -> bool:
        """Write how far a running job is. ``seconds`` is the age of its phase. Returns whether it shall stop.

        It shall stop when somebody asked to cancel it, or when its row says that it no longer runs.
        """
        now = _now()
        with translated(self._engine.url), self._writing.begin() as connection:
            self.seat.keep(connection)
            connection.execute(
                _running(job_id).values(
                    phase=phase,
                    done=done,
                    total=total,
                    heartbeat_at=now,
                    phase_started_at=now - timedelta(seconds=seconds),
                )
            )
            job = _need(connection, job_id)
        return job.cancel or job.state != "running"

    def finish(
        self, job_id: int, state: End, outcome: str, *, rejections: Iterable[Rejected] = ()
    ) -> None:
        """End a running job, or this run of a repeated one, unless it was cancelled. A job that does not run stays as it is."""
        kept = [
            {"where": as_line(each.where), "why": to_json(as_line(each.why))} for each in rejections
        ]
        now = _now()
        ended = {"outcome": packed(outcome), "rejections": json.dumps(kept), "finished_at": now}
        with translated(self._engine.url), self._writing.begin() as connection:
            self.seat.keep(connection)
            mine = select(table).where(table.c.id == job_id).with_for_update()
            job = _job(connection.execute(mine).one())
            if job.every_seconds is None or job.cancel:
                connection.execute(_running(job_id).values(state=state, **ended))
                return
            connection.execute(
                _running(job_id).values(
                    state="queued",
                    attempts=0,
                    due_at=now + timedelta(seconds=job.every_seconds),
                    last_end=state,
                    **ended,
                )
            )

    def queue_again(self, job_id: int, *, uncounted: bool) -> None:
        """Queue a running job again, in its old place. With ``uncounted`` this start does not count as an attempt."""
        with translated(self._engine.url), self._writing.begin() as connection:
            self.seat.keep(connection)
            connection.execute(
                _running(job_id).values(state="queued", attempts=table.c.attempts - int(uncounted))
            )

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self._engine.dispose()


def _hold(connection: Connection) -> None:
    """Keep out others that decide by the state of several jobs. For SQLite the transaction alone does it."""
    connection.execute(select(revisions.c.last).with_for_update())


def _unfinished(connection: Connection, kind: Kind, argument: str, value: object) -> Job | None:
    unfinished = (
        select(table)
        .where(table.c.kind == kind, table.c.state.in_(("queued", "running")))
        .order_by(table.c.id)
    )
    found = map(_job, connection.execute(unfinished).all())
    return next((job for job in found if job.arguments.get(argument) == value), None)


def _running(job_id: int) -> Any:
    return update(table).where(table.c.id == job_id, table.c.state == "running")


def _first_due(connection: Connection) -> int | None:
    """The id of the next job: the oldest that is run once, else the repeated one that is due longest; None if none is due."""
    queued = select(table.c.id, table.c.due_at, table.c.every_seconds)
    now = _now()
    waiting = [
        (due_at or datetime.min, job_id)
        for job_id, due_at, every in connection.execute(queued.where(table.c.state == "queued"))
        # One that is due later than it can be was queued before the clock was set back.
        if due_at is None or due_at <= now or due_at > now + timedelta(seconds=every)
    ]
    return min(waiting)[1] if waiting else None


def _add(
    connection: Connection,
    kind: Kind,
    arguments: Mapping[str, Any],
    *,
    every_seconds: int | None = None,
) -> Job:
    values = {
        "kind": kind,
        "arguments": json.dumps(dict(arguments)),
        "state": "queued",
        "attempts": 0,
        "cancel": False,
        "phase": "",
        "done": 0,
        "total": 0,
        "created_at": _now(),
        "outcome": "",
        "rejections": "[]",
        "every_seconds": every_seconds,
    }
    (job_id,) = cast(
        Row[Any], connection.execute(insert(table).values(values)).inserted_primary_key
    )
    return _need(connection, job_id)


def _get(connection: Connection, job_id: int) -> Job | None:
    if job_id > MAX_ID:
        return None
    row = connection.execute(select(table).where(table.c.id == job_id)).one_or_none()
    return None if row is None else _job(row)


def _need(connection: Connection, job_id: int) -> Job:
    return _job(connection.execute(select(table).where(table.c.id == job_id)).one())


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = value.replace(tzinfo=UTC)
    values["arguments"] = json.loads(values["arguments"])
    values["outcome"] = unpacked(values["outcome"])
    values["rejections"] = tuple(
        Rejected(each["where"], from_json(each["why"])) for each in json.loads(values["rejections"])
    )
    return Job(**values)


def _now() -> datetime:
    """The time in UTC without a zone, since SQLite and MySQL keep none."""
    return datetime.now(UTC).replace(tzinfo=None)
