"""A thread that repeats one piece of work beside the requests, such as a look into a database.

The thread keeps a failure for health checks and tries again after a pause. It ends when it is closed, or after the
process's main thread ends. The server does not have to stop it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from indexer.errors import SearchIndexError

_TICK: Final = 0.2
"""Seconds between two checks whether the process is ending."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last failure of the work, and the time since which the work has not succeeded."""

    since: datetime
    why: str


class Watcher:
    """The thread and the state of its work. Safe to share between threads. A forked process starts a thread of its own."""

    def __init__(
        self,
        name: str,
        work: Callable[[bool], None],
        *,
        finish: Callable[[], None],
        consequence: str,
        interval: float,
        pause: float,
    ) -> None:
        """The thread calls ``work`` every ``interval`` seconds, ``pause`` seconds after a failure, and ``finish`` at the end.

        ``work`` gets True if somebody waits for it (:meth:`settle`). ``consequence`` begins the log line of a failure.
        Nothing runs before :meth:`start` or :meth:`settle`.
        """
        self._name, self._work, self._finish = name, work, finish
        self._consequence, self._interval, self._pause = consequence, interval, pause
        self._settling: deque[Future[bool]] = deque()
        self._wake, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self.turn = threading.Lock()
        """Held while the work runs."""
        self.closed = False
        self.trouble: Trouble | None = None
        """None as long as the work succeeds."""

    def start(self) -> None:
        """Start the thread if it does not run, unless the watcher is closed."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if not running and not self.closed:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()

    def settle(self, patience: float | None = None) -> bool:
        """Run the work now, and wait up to ``patience`` seconds for it. False if it took longer or failed."""
        self.start()
        future: Future[bool] = Future()
        with self._lock:
            if self.closed:
                return False
            self._settling.append(future)
        self._wake.set()
        try:
            return future.result(patience)
        except TimeoutError:
            return False

    def close(self) -> None:
        """End the thread after ``finish``, and wait for that. The thread does not start again."""
        with self._lock:
            self.closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wait():
            settling = [self._settling.popleft() for _ in range(len(self._settling))]
            self._attempt(partial(self._work, bool(settling)))
            for future in settling:
                future.set_result(self.trouble is None)
        with self._lock:
            self.closed = True
        self._attempt(self._finish)
        for future in self._settling:
            future.set_result(False)

    def _wait(self) -> bool:
        """Wait until the next run is due or somebody waits for one. False when the thread must end."""
        main = threading.main_thread()
        until = time.monotonic() + (self._pause if self.trouble else self._interval)
        while not self.closed and main.is_alive():
            left = until - time.monotonic()
            if left <= 0 or self._wake.wait(min(left, _TICK)):
                self._wake.clear()
                return not self.closed
        return False

    def _attempt(self, do: Callable[[], None]) -> None:
        try:
            with self.turn:
                do()
            self.trouble = None
        except SearchIndexError as error:
            self._note(str(error))
        except Exception as error:  # noqa: BLE001
            # Without this, an unforeseen error would end the thread. The service would use old data, and health would call them
            # current. The error is therefore logged, and the work is tried again.
            self._note(f"{type(error).__name__}: {error}", unforeseen=error)

    def _note(self, why: str, *, unforeseen: Exception | None = None) -> None:
        before = self.trouble
        self.trouble = Trouble(before.since if before else datetime.now(UTC), why)
        if before is None or before.why != why:
            log.error("%s: %s", self._consequence, why, exc_info=unforeseen)
