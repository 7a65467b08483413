"""Verification: what was newly opened is compared with its checksums beside the requests, by one thread.

A verdict is kept by what it is about (``Reader.damage``). Nothing here decides what follows from it.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import closing

from indexer.engines.base import Reader


class Verification:
    """The readers that wait to be verified, and the thread, which ends when none is left. Safe to share between threads."""

    def __init__(self) -> None:
        self._waiting: deque[Reader] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, reader: Reader) -> None:
        """Have a reader, which nobody else uses, verified after those that wait, and closed then."""
        with self._lock:
            self._waiting.append(reader)
            if self._thread is None or not self._thread.is_alive():
                # Of no importance to the process: it may end at any moment.
                self._thread = threading.Thread(target=self._run, name="verification", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Leave what is not verified yet, and wait for the thread to let go of it: some milliseconds."""
        with self._lock:
            thread, self._thread = self._thread, None
            waiting = list(self._waiting)
            self._waiting.clear()
        for reader in waiting:
            reader.close()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (reader := self._next()) is not None:
            with closing(reader):
                for _ in reader.verifying():
                    if self._thread is not threading.current_thread():
                        break

    def _next(self) -> Reader | None:
        with self._lock:
            if self._thread is threading.current_thread() and self._waiting:
                return self._waiting.popleft()
            if self._thread is threading.current_thread():
                self._thread = None
            return None
