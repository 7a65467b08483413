"""The parameters of requests about jobs, and the payloads of their answers. See ``params.py`` and ``payloads.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from indexer.store.jobs import End, Job, Kind, State
from search_service.web.params import Parameters
from search_service.web.payloads import Payload
from search_service.web.values import Number

MAX_JOBS: Final = 100
"""Maximum number of jobs in a list."""


_TAKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "rebuild": ("promote", "force"),
    "promote": ("generation", "force"),
}
"""What each kind of job takes."""


class JobPath(BaseModel):
    """The job that a path names. A text that is no id is simply not found."""

    job_id: str = Field(description="The job's id.", json_schema_extra={"example": "12"})


class JobsParameters(Parameters):
    """What the list of jobs takes."""

    size: Number = Field(20, ge=1, le=MAX_JOBS, description="Jobs at most.")
    state: State | None = Field(None, description="Only jobs in this state; without it, all.")


class NewJob(Parameters):
    """The body that starts a job."""

    kind: Literal["rebuild", "check", "regroup", "promote", "rollback", "words", "preview"] = Field(
        description="rebuild: build a new index of the whole store beside the live one, check it, and make it live; check: read the "
        "whole live index; regroup: find the duplicate groups of articles that an older release stored; promote: make a "
        "generation live; rollback: make the generation live that was live before; words: apply the editors' words to the live "
        "index; preview: find out what these words would change."
    )
    generation: str | None = Field(
        None,
        max_length=18,
        validate_default=True,
        description="For promote: the name of the generation.",
        json_schema_extra={"example": "000007"},
    )
    promote: bool | None = Field(
        None,
        description="For rebuild: false leaves the new index beside the live one. Default: true.",
    )
    force: bool | None = Field(
        None,
        description="For rebuild and promote: true makes it live even if checks of what it answers fail. Default: false.",
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _refuse_sources(cls, value: object) -> object:
        if value in ("import", "reconcile"):
            raise PydanticCustomError(
                "source",
                "cannot be {kind}: that names a file of the server and is started from the command line only",
                {"kind": value},
            )
        return value

    @field_validator("generation")
    @classmethod
    def _require_generation(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("kind") == "promote":
            raise PydanticCustomError("generation", "must name the generation to promote")
        return value

    @field_validator("generation", "promote", "force")
    @classmethod
    def _refuse_foreign(cls, value: object, info: ValidationInfo) -> object:
        kind, name = info.data.get("kind"), str(info.field_name)
        if value is not None and kind is not None and name not in _TAKEN.get(kind, ()):
            raise PydanticCustomError(
                "foreign", "cannot be given: {kind} does not take it", {"kind": kind}
            )
        return value

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the job, as its kind reads them."""
        defaults: dict[str, Any] = {"promote": True, "force": False}
        given = {name: getattr(self, name) for name in _TAKEN.get(self.kind, ())}
        return {
            name: defaults.get(name) if value is None else value for name, value in given.items()
        }


class RejectedPayload(Payload):
    """A record that an import rejected."""

    where: str = Field(description="Its place in the source.")
    why: str


class JobPayload(Payload):
    """A job as its row says it. While it runs, the row is written once a second."""

    id: int
    kind: Kind
    state: State = Field(description="It is done when it says succeeded, and not before.")
    attempts: int = Field(description="How often it was begun.")
    phase: str = Field(description="What is being done; empty before the first phase.")
    done: int = Field(description="How many items of this phase are done, such as articles.")
    total: int = Field(description="How many items this phase has; 0 if unknown.")
    rate: float = Field(description="Items a second in this phase, up to the last heartbeat.")
    seconds_left: float | None = Field(
        description="How long this phase still takes from the last heartbeat on; null if unknown, or if the job does not run."
    )
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None = Field(
        description="When the runner last wrote the row. An old one of a running job means that its runner is dead."
    )
    finished_at: datetime | None
    outcome: str = Field(
        description="What came of it, in one sentence; empty before the end. Of a repeated job: what came of its last run."
    )
    rejections: list[RejectedPayload] = Field(
        description="The first records that an import rejected; known at the end."
    )
    cancel_asked: bool = Field(description="Somebody asked to cancel it.")
    every_seconds: int | None = Field(
        description="How long after each run it is run again; null if it is run once."
    )
    due_at: datetime | None = Field(description="When a repeated job runs next, or was to run.")
    last_end: End | None = Field(description="How the last run of a repeated job ended.")

    @classmethod
    def of(cls, job: Job, zone: ZoneInfo) -> Self:
        """The payload of a job. The same row makes the same payload at any time."""
        left = job.seconds_left
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            attempts=job.attempts,
            phase=job.phase,
            done=job.done,
            total=job.total,
            rate=round(job.rate, 1),
            seconds_left=None if left is None else round(left, 1),
            created_at=job.created_at.astimezone(zone),
            started_at=job.started_at and job.started_at.astimezone(zone),
            heartbeat_at=job.heartbeat_at and job.heartbeat_at.astimezone(zone),
            finished_at=job.finished_at and job.finished_at.astimezone(zone),
            outcome=job.outcome,
            rejections=[RejectedPayload(where=each.where, why=each.why) for each in job.rejections],
            cancel_asked=job.cancel,
            every_seconds=job.every_seconds,
            due_at=job.due_at and job.due_at.astimezone(zone),
            last_end=job.last_end,
        )


class JobsPayload(Payload):
    """Jobs, newest first."""

    hits: list[JobPayload]
