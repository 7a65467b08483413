"""Verification: one background thread compares newly opened files with their checksums.

The verdict is kept in ``Reader.damage``. This module does not act on it.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import closing

from indexer.engines.base import Reader


class Verification:
    """The readers that wait for verification, and the thread. It ends when no reader waits. Safe to share between threads."""

    def __init__(self) -> None:
        self._waiting: deque[Reader] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, reader: Reader) -> None:
        """Queue a reader for verification; the thread closes it afterwards. Nobody else may use the reader."""
        with self._lock:
            self._waiting.append(reader)
            if self._thread is None or not self._thread.is_alive():
                # A daemon, because the process may end at any moment without waiting for it.
                self._thread = threading.Thread(target=self._run, name="verification", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Drop the waiting readers, and wait some milliseconds for the thread to stop."""
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
