"""The query log of a running service: entries wait in memory; one thread writes them and reads the lists.

A request only appends to a queue and reads a snapshot. The thread starts at the first use in a process. A forked
process begins with an empty queue and starts its own thread. After the process's main thread ends, the thread
writes a last time and ends. The server does not have to stop it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from search_service.answering.search import Answer
from search_service.querylog.base import LogHealth
from search_service.querylog.entries import Clicked, Entry, Viewed, asked, normal_form
from search_service.querylog.lists import Lists
from search_service.querylog.store import open_query_log
from search_service.querylog.visitors import Visitor
from search_service.querylog.worker import LOOK_EVERY, RETRY_AFTER, Inbox, Worker
from search_service.watching import Watcher

CAPACITY: Final = 10_000
"""Maximum number of waiting entries: half a minute of 300 searches and views a second, 10 MB. Further entries are dropped and counted."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BackgroundQueryLog:
    """See `QueryLog` for the contract. Nothing is opened before the first use."""

    def __init__(
        self,
        url: str,
        *,
        keep_days: int,
        analyzer: Callable[[], Analyzer],
        timezone: ZoneInfo,
        capacity: int = CAPACITY,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._capacity, self._clock = capacity, clock
        self._make_worker = partial(
            Worker,
            opening=partial(open_query_log, url, timezone),
            analyzer=analyzer,
            keep_days=keep_days,
            clock=clock,
        )
        self._begin()
        before, after = weakref.WeakMethod(self._let_go), weakref.WeakMethod(self._go_on)
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(
            before=lambda: (before() or _nothing)(),
            after_in_parent=lambda: (after() or _nothing)(),
            after_in_child=lambda: (begin() or _nothing)(),
        )

    def searched(self, answer: Answer, visitor: Visitor) -> str | None:
        """See :meth:`QueryLog.searched`."""
        entry = asked(answer, visitor, query_id=token_hex(8), at=self._clock())
        return entry.id if entry is not None and self._put(entry) else None

    def clicked(
        self,
        visitor: Visitor,
        *,
        article_id: str,
        position: int,
        query_id: str | None = None,
        query: str | None = None,
    ) -> None:
        """See :meth:`QueryLog.clicked`."""
        self._put(
            Clicked(
                clicked_at=self._clock(),
                query_id=query_id,
                query=None if query is None else normal_form(query),
                article_id=article_id,
                position=position,
                visitor=visitor,
            )
        )

    def viewed(self, visitor: Visitor, *, article_id: str) -> None:
        """See :meth:`QueryLog.viewed`."""
        self._put(Viewed(viewed_at=self._clock(), article_id=article_id, visitor=visitor))

    @property
    def lists(self) -> Lists:
        """See :meth:`QueryLog.lists`."""
        self._watcher.start()
        return self._inbox.lists

    def settle(self, patience: float) -> bool:
        """See :meth:`QueryLog.settle`."""
        return self._watcher.settle(patience)

    def health(self) -> LogHealth:
        """See :meth:`QueryLog.health`."""
        return LogHealth(
            state="away" if self._watcher.trouble else "on",
            waiting=len(self._inbox.waiting) + self._inbox.in_hand,
            dropped=self._dropped,
            trouble=self._watcher.trouble,
        )

    def close(self) -> None:
        """See :meth:`QueryLog.close`."""
        self._watcher.close()

    def _begin(self) -> None:
        """Set up an empty queue and no running thread: at the start, and again in a forked process."""
        self._inbox = Inbox()
        self._worker = self._make_worker(self._inbox)
        self._watcher = Watcher(
            "query log",
            self._worker.work,
            finish=self._worker.finish,
            consequence="queries are not logged",
            interval=LOOK_EVERY,
            pause=RETRY_AFTER,
        )
        self._lock = threading.Lock()
        self._dropped = 0

    def _let_go(self) -> None:
        """Close the database before a fork. SQLite loses the writes of a child that inherited an open connection."""
        self._watcher.turn.acquire()
        self._worker.leave()

    def _go_on(self) -> None:
        self._watcher.turn.release()

    def _put(self, entry: Entry) -> bool:
        self._watcher.start()
        if self._watcher.closed or len(self._inbox.waiting) >= self._capacity:
            with self._lock:
                self._dropped += 1
            return False
        self._inbox.waiting.append(entry)
        return True


def _nothing() -> None:
    """The fork hook of a log that no longer exists."""
