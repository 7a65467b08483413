"""The gate: one thread of a process at a time asks the index, in the order in which they came.

Python lets one thread compute at a time. Searches that run side by side are each as much slower, and the more so for
handing the interpreter to and fro at every operation on an array. What needs no index does not pass here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from indexer.errors import Overloaded

MAX_WAITING: Final = 48
"""Requests that wait; one more is refused at once. Fewer than the server's threads, so that what needs no index has one."""


class Gate:
    """Lets one thread in, and those that wait behind it. Safe to share between threads, not to enter twice."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = False
        self._waiting: deque[Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    @contextmanager
    def passing(self, patience: float) -> Iterator[None]:
        """Wait for the turn ``patience`` seconds at most, and be alone for the length of the ``with`` block.

        Raises:
            Overloaded: the turn did not come in time, or MAX_WAITING wait already.
        """
        self._enter(patience)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, patience: float) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            if len(self._waiting) >= MAX_WAITING:
                raise Overloaded(len(self._waiting))
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=patience):
            return
        with self._lock:
            if turn in self._waiting:  # else it came just now
                self._waiting.remove(turn)
                raise Overloaded(len(self._waiting))

    def _leave(self) -> None:
        """Let the first in who waits: nobody who comes now can overtake him."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
