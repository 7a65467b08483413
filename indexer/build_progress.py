"""BuildProgress: how far a rebuild has come, reported to its caller and, through a file, to every other process.

The file is only informative. It is written once a second without fsync. A reader ignores it when its process has ended or
has not updated it for long. This module does not know what is being built.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from indexer.locks import is_running

BUILDING: Final = "building.json"
SILENCE: Final = timedelta(seconds=60)
"""A rebuild that has reported nothing for this long counts as dead."""

TELL_EVERY: Final = 0.1
"""Seconds between two calls of the caller's report within one phase."""
WRITE_EVERY: Final = 1.0
"""Seconds between two writes of the file."""

Phase = Literal["scan", "index", "catch up", "check", "compare", "promote"]

_Time = Annotated[datetime, AwareDatetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """The state of a rebuild at one moment: ``done`` of ``total`` articles of this phase. Catching up counts changes
    instead, and comparing counts queries.

    ``total`` is 0 when it is unknown. Times are in UTC. ``phase_started_at`` is when the phase began.
    """

    pid: int
    phase: Phase
    done: int
    total: int
    started_at: _Time
    phase_started_at: _Time
    updated_at: _Time

    @property
    def rate(self) -> float:
        """Articles a second in this phase; 0.0 before the first article."""
        seconds = (self.updated_at - self.phase_started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long this phase still takes at its present rate; None if unknown."""
        if not self.rate or self.total < self.done:
            return None
        return (self.total - self.done) / self.rate


Report = Callable[[BuildProgress], None]


def silent(progress: BuildProgress) -> None:
    """Report nothing."""


class Announcer:
    """Counts and announces a build's progress for as long as its ``with`` block runs.

    The building thread calls ``report`` when a phase begins and ends, and at most ten times a second in between. An exception
    from ``report`` ends the build. With a ``folder``, a separate thread keeps the file fresh, because a commit or a check may
    report nothing for minutes.
    """

    def __init__(self, report: Report, *, folder: Path | None = None) -> None:
        now = datetime.now(UTC)
        self._report = report
        self._folder = folder
        self._told = 0.0
        self._progress = BuildProgress(
            pid=os.getpid(),
            phase="scan",
            done=0,
            total=0,
            started_at=now,
            phase_started_at=now,
            updated_at=now,
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="announcer", daemon=True)

    def begin(self, phase: Phase, *, total: int) -> None:
        """Begin a phase of ``total`` articles, 0 if unknown."""
        now = datetime.now(UTC)
        self._progress = replace(
            self._progress, phase=phase, done=0, total=total, phase_started_at=now, updated_at=now
        )
        self._tell()

    def advance(self, count: int = 1) -> None:
        """Count more articles as done."""
        self._progress = replace(self._progress, done=self._progress.done + count)
        if time.monotonic() - self._told >= TELL_EVERY:
            self._tell()

    def end(self) -> None:
        """End the phase and announce its last figures."""
        self._tell()

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._folder is not None:
            self._thread.join()

    def _tell(self) -> None:
        self._told = time.monotonic()
        self._progress = replace(self._progress, updated_at=datetime.now(UTC))
        self._report(self._progress)

    def _keep_writing(self) -> None:
        assert self._folder is not None
        while True:
            # A full disk fails the build itself; losing a progress report does no harm.
            with suppress(OSError):
                write_progress(replace(self._progress, updated_at=datetime.now(UTC)), self._folder)
            if self._ended.wait(WRITE_EVERY):
                return


_FORMAT: Final = TypeAdapter(BuildProgress)


def write_progress(progress: BuildProgress, folder: Path) -> None:
    """Write the build's progress to ``folder``, where other processes look for it.

    Raises:
        OSError: the folder cannot be written.
    """
    beside = folder / f".{BUILDING}.new"
    beside.write_bytes(_FORMAT.dump_json(progress))
    beside.replace(folder / BUILDING)


def read_progress(folder: Path) -> BuildProgress | None:
    """The progress of the build in ``folder``; None when nothing is being built there, or no longer."""
    try:
        progress = _FORMAT.validate_json((folder / BUILDING).read_bytes())
    except (OSError, ValidationError):
        return None
    silent = datetime.now(UTC) - progress.updated_at > SILENCE
    return None if silent or not is_running(progress.pid) else progress
