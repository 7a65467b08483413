"""The gate: one thread of a process asks the index, for all requests in the order in which they came.

Python lets one thread compute at a time. Searches that run side by side are each as much slower, and the more so for
handing the interpreter to and fro at every operation on an array; and each thread would keep arrays of its own.
What needs no index does not pass here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

from indexer.errors import Overloaded

MAX_WAITING: Final = 48
"""Requests that wait; one more is refused at once. Fewer than the server's threads, so that what needs no index has one."""

_Answer = TypeVar("_Answer")


class Gate:
    """One thread, and those that wait for it. Safe to share between threads; what is asked must not ask again."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._lock = Lock()
        self._inside = 0

    @property
    def waiting(self) -> int:
        """How many wait behind the one whose turn it is."""
        return max(0, self._inside - 1)

    def pass_in_turn(self, ask: Callable[[], _Answer], *, patience: float) -> _Answer:
        """What ``ask`` returns or raises, called in the one thread when its turn comes.

        Raises:
            Overloaded: its turn came only after ``patience`` seconds, or MAX_WAITING wait already.
        """
        with self._lock:
            if self._inside > MAX_WAITING:
                raise Overloaded(self.waiting)
            until = monotonic() + patience if self._inside else inf
            answer = self._thread.submit(self._ask_by, until, ask)
            self._inside += 1
        try:
            return answer.result()
        finally:
            with self._lock:
                self._inside -= 1

    def close(self) -> None:
        """End the thread, when it has answered all that wait."""
        self._thread.shutdown()

    def _ask_by(self, until: float, ask: Callable[[], _Answer]) -> _Answer:
        if monotonic() > until:
            raise Overloaded(self.waiting)
        return ask()
