"""How far the running job is, and whether it shall stop.

The job's thread writes the progress, and the heartbeat's thread reads it. This module knows no jobs and no store.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from indexer.command_line import Stop


class Cancelled(Exception):
    """Somebody asked to cancel the job."""


@dataclass(frozen=True, slots=True)
class Step:
    """The figures of one moment: ``done`` of ``total`` in a phase that began at ``began``, in seconds of the monotonic clock."""

    phase: str
    done: int
    total: int
    began: float


class Progress:
    """The progress of one job. ``total`` is 0 as long as it is unknown."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.cancelled = False
        """Set by the heartbeat when somebody asked to cancel the job."""
        self.step = Step("", 0, 0, time.monotonic())
        """Replaced whole, so another thread never sees half of it."""

    def begin(self, phase: str, *, total: int) -> None:
        """Begin a phase."""
        self.step = Step(phase, 0, total, time.monotonic())

    def reach(self, done: int) -> None:
        """Say how much of the phase is done."""
        self.step = Step(self.step.phase, done, self.step.total, self.step.began)

    @property
    def must_end(self) -> bool:
        """Whether the job shall stop here, because it is cancelled or because the runner ends."""
        return self.cancelled or self._stop.asked

    def heed(self) -> None:
        """Break the job off if somebody asked to cancel it.

        Raises:
            Cancelled: somebody did.
        """
        if self.cancelled:
            raise Cancelled
