"""BuildProgress: how far a rebuild has come, told to its caller and, through a file, to every other process.

The file is news, not truth: it is written once a second without fsync, and it is not believed when its process is
gone or has been silent for long. Nothing here knows what is being built.
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

BUILDING: Final = "building.json"
SILENCE: Final = timedelta(seconds=60)
"""A rebuild that said nothing for so long is taken for dead."""

TELL_EVERY: Final = 0.1
"""Seconds between two calls of a caller's report within one phase."""
WRITE_EVERY: Final = 1.0
"""Seconds between two writes of the file."""

Phase = Literal["scan", "index", "catch up", "check", "promote"]

_Time = Annotated[datetime, AwareDatetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """A moment of a rebuild: ``done`` of ``total`` articles (or changes, when catching up) of this phase.

    ``total`` is 0 where it cannot be known. Times are in UTC; ``phase_started_at`` is where the phase began.
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
        """Articles a second in this phase; 0.0 before the first."""
        seconds = (self.updated_at - self.phase_started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long this phase will take at its present rate; None where that cannot be known."""
        if not self.rate or self.total < self.done:
            return None
        return (self.total - self.done) / self.rate


Report = Callable[[BuildProgress], None]


def silent(progress: BuildProgress) -> None:
    """Tell nobody."""


class Announcer:
    """Counts a build's progress and announces it, from ``with`` to its end.

    ``report`` is called in the thread that builds: when a phase begins and ends, and at most ten times a second in
    between; what it raises ends the build. With a ``folder`` the file is kept fresh by a thread of its own, because
    a commit or a check may say nothing for minutes.
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
        """Begin a phase of ``total`` articles, 0 where that is not known."""
        now = datetime.now(UTC)
        self._progress = replace(
            self._progress, phase=phase, done=0, total=total, phase_started_at=now, updated_at=now
        )
        self._tell()

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self._progress = replace(self._progress, done=self._progress.done + count)
        if time.monotonic() - self._told >= TELL_EVERY:
            self._tell()

    def end(self) -> None:
        """The phase is over: its last figures are announced."""
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
            # A full disk fails the build where it matters; news may get lost.
            with suppress(OSError):
                write_progress(replace(self._progress, updated_at=datetime.now(UTC)), self._folder)
            if self._ended.wait(WRITE_EVERY):
                return


_FORMAT: Final = TypeAdapter(BuildProgress)


def write_progress(progress: BuildProgress, folder: Path) -> None:
    """Put the progress of the build in ``folder`` where other processes look for it.

    Raises:
        OSError: the folder cannot be written.
    """
    beside = folder / f".{BUILDING}.new"
    beside.write_bytes(_FORMAT.dump_json(progress))
    beside.replace(folder / BUILDING)


def read_progress(folder: Path) -> BuildProgress | None:
    """The progress of the build in ``folder``; None when nothing is being built there (any more)."""
    try:
        progress = _FORMAT.validate_json((folder / BUILDING).read_bytes())
    except (OSError, ValidationError):
        return None
    silent = datetime.now(UTC) - progress.updated_at > SILENCE
    return None if silent or not _is_running(progress.pid) else progress


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it runs, as another user
    return True
