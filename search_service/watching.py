"""A thread that does one piece of work again and again: it looks into a database beside the requests.

Whatever fails is kept for health checks, and tried again after a pause. The thread ends when it is closed, or after the
process's main thread, so no server has to know of it.
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
"""Seconds between two looks at whether the process ends."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the work failed of last, and since when it has not succeeded."""

    since: datetime
    why: str


class Watcher:
    """The thread and what became of its work. Safe to share between threads; a forked process makes one of its own."""

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
        """``work`` is called every ``interval`` seconds, and ``pause`` seconds after it failed; ``finish`` at the end.

        The work is told whether somebody waits for it (:meth:`settle`). ``consequence`` begins what the log says of a
        failure. Nothing runs before it is started.
        """
        self._name, self._work, self._finish = name, work, finish
        self._consequence, self._interval, self._pause = consequence, interval, pause
        self._settling: deque[Future[bool]] = deque()
        self._wake, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self.turn = threading.Lock()
        """Held while the work is done."""
        self.closed = False
        self.trouble: Trouble | None = None
        """None while all is well."""

    def start(self) -> None:
        """See that the thread runs, unless it was closed."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if not running and not self.closed:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()

    def settle(self, patience: float | None = None) -> bool:
        """Have the work done now, and wait up to ``patience`` seconds for it. False when it took longer, or failed."""
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
        """End the thread after its finish, and wait for that. It is not started again."""
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
        """Until it is time, or somebody waits. False when it is over."""
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
            # Nobody sees a thread die: the service would go on with what it has, and health would call it current.
            # So what no one foresaw is told and tried again, as what is foreseen.
            self._note(f"{type(error).__name__}: {error}", unforeseen=error)

    def _note(self, why: str, *, unforeseen: Exception | None = None) -> None:
        before = self.trouble
        self.trouble = Trouble(before.since if before else datetime.now(UTC), why)
        if before is None or before.why != why:
            log.error("%s: %s", self._consequence, why, exc_info=unforeseen)
