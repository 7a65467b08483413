"""How far the live index is behind the store. A thread looks into the store once a second; no request waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from indexer.store.articles import Pending
from indexer.store.database import find_store
from search_service.live.reopening import Reopened
from search_service.watching import Trouble, Watcher

INTERVAL: Final = 1.0
"""Seconds between two looks into the store: two rows each."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far an index is behind: the store's revisions that it lacks, and the seconds since the oldest of them was stored.

    ``seconds`` is 0.0 if nothing is lacking, and None if a release stored the change that did not note the time.
    """

    revisions: int
    seconds: float | None


class StoreWatch:
    """The store's revision as it was at most about ``interval`` seconds ago. Safe to share between threads; one for each process."""

    def __init__(
        self,
        store_url: str,
        *,
        interval: float = INTERVAL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is read before the first use."""
        self._clock = clock
        self._store = Reopened(partial(find_store, store_url))
        self._indexed = 0
        self._seen: tuple[int, Pending] | None = None
        self._watcher = Watcher(
            "store",
            self._look,
            finish=self._store.close,
            consequence="the lag of the index is unknown",
            interval=interval,
            pause=interval,
        )

    def lag(self, revision: int) -> Lag | None:
        """How far an index at ``revision`` is behind the store; None as long as the store cannot be read.

        The thread starts here and not in ``__init__``, because a fork between the two calls would lose the thread.
        """
        self._indexed = revision
        self._watcher.start()
        seen = self._seen
        if seen is None or self._watcher.trouble is not None:
            return None
        after, pending = seen
        lacking = max(0, after + pending.revisions - revision)
        if not lacking:
            return Lag(0, 0.0)
        if pending.since is None:
            return Lag(lacking, None)
        # A clock that was set back would make this negative.
        seconds = (self._clock() - pending.since).total_seconds()
        return Lag(lacking, max(0.0, round(seconds, 1)))

    @property
    def trouble(self) -> Trouble | None:
        """Why the store cannot be read; None if it can, or was not looked into yet."""
        return self._watcher.trouble

    def settle(self) -> None:
        """Look into the store now."""
        self._watcher.settle()

    def close(self) -> None:
        """End the thread and close the store."""
        self._watcher.close()

    def _look(self, _waited_for: bool) -> None:
        with self._store.use() as store:
            after = self._indexed
            self._seen = after, store.pending(after)
