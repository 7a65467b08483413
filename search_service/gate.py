"""The gate: one thread of a process asks the index. It answers all requests in their order of arrival.

Python lets one thread compute at a time. Parallel searches would slow one another down. Python would also switch threads
at every array operation, which costs even more time. Each thread would keep its own arrays. Requests that need no index
do not pass the gate.
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
"""Maximum number of waiting requests; one more is refused at once. The server has more threads: they serve requests that need
no index."""

_Answer = TypeVar("_Answer")


class Gate:
    """One thread, and the requests that wait for it. Safe to share between threads. A call in the gate must not enter it again."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._lock = Lock()
        self._inside = 0

    @property
    def waiting(self) -> int:
        """How many requests wait behind the one that is being answered."""
        return max(0, self._inside - 1)

    def pass_in_turn(self, ask: Callable[[], _Answer], *, patience: float) -> _Answer:
        """Call ``ask`` in the gate's thread when its turn comes. Returns what ``ask`` returns, raises what it raises.

        Raises:
            Overloaded: its turn came only after ``patience`` seconds, or MAX_WAITING requests wait already.
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
        """End the thread after it has answered all waiting requests."""
        self._thread.shutdown()

    def _ask_by(self, until: float, ask: Callable[[], _Answer]) -> _Answer:
        if monotonic() > until:
            raise Overloaded(self.waiting)
        return ask()
