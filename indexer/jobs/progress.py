"""How far the running job is, and whether it shall stop: the stop of the whole runner, and the progress of one job.

The job's thread writes the progress, and the heartbeat's thread reads it. This module knows no jobs and no store.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Cancelled(Exception):
    """Somebody asked to cancel the job."""


class Stopped(BaseException):
    """The runner must end. Not an Exception, as KeyboardInterrupt is none: nobody shall take it for a failure."""


class Stop:
    """Whether SIGTERM or Ctrl-C has asked this process to end.

    The handler sets a plain attribute. An Event could be locked by the very code that the signal interrupts.
    """

    def __init__(self) -> None:
        self.asked = False
        self._abrupt = False

    def listen(self) -> None:
        """Take the signals over. Only the main thread may call this."""
        for each in _SIGNALS:
            signal.signal(each, self._ask)

    @contextmanager
    def abruptly(self) -> Iterator[None]:
        """Let the signal raise Stopped inside the block, once, wherever the main thread is.

        Raises:
            Stopped: the signal came, perhaps before the block.
        """
        self._abrupt = True
        try:
            if self.asked:
                raise Stopped
            yield
        finally:
            self._abrupt = False

    def _ask(self, *_: object) -> None:
        self.asked = True
        if self._abrupt:
            self._abrupt = False
            raise Stopped


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
