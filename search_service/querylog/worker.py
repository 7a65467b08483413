"""The thread of a query log: it writes waiting entries, reads the lists, closes days and prunes old rows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from indexer.analysis.analyzers import Analyzer
from indexer.errors import SearchIndexError
from search_service.querylog.entries import Entry
from search_service.querylog.lists import Lists
from search_service.querylog.reading import ListReader
from search_service.querylog.store import BATCH, QueryLogStore

WRITE_EVERY: Final = 1.0
READ_EVERY: Final = 60.0
CARE_EVERY: Final = 600.0
"""Seconds between writes, between readings of the lists, and between rounds of closing and pruning."""

READING_SHARE: Final = 0.02
"""Maximum share of the thread's time that reading lists takes. The lists of a big log are therefore read less often."""

RETRY_AFTER: Final = 5.0
"""Seconds before a failed database is tried again."""

LOOK_EVERY: Final = 0.2
"""Seconds between two checks for work."""


@dataclass(slots=True, eq=False)
class Inbox:
    """The entries that requests give to the thread, and the lists that the thread gives back.

    Requests append to ``waiting`` without a lock. ``in_hand`` counts the entries that the thread took out of
    ``waiting`` and did not write yet.
    """

    waiting: deque[Entry] = field(default_factory=deque)
    in_hand: int = 0
    lists: Lists = field(default_factory=Lists)


class Worker:
    """The work of the thread, one turn at a time. ``opening`` opens the database in the thread, when it is needed.

    An unforeseen error (no SearchIndexError) drops the batch that caused it, because the batch would fail again.
    """

    def __init__(
        self,
        inbox: Inbox,
        opening: Callable[[], QueryLogStore],
        *,
        analyzer: Callable[[], Analyzer],
        keep_days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._inbox, self._opening = inbox, opening
        self._keep_days, self._clock = keep_days, clock
        self._reader = ListReader(analyzer)
        self._opened: QueryLogStore | None = None
        self._write_at = self._read_at = self._care_at = 0.0

    def work(self, waited_for: bool) -> None:
        """Do the work that is due; all work if ``waited_for``."""
        try:
            self._work(time.monotonic(), everything=waited_for)
        except BaseException:
            self._read_at = 0.0
            self.leave()
            raise

    def finish(self) -> None:
        """Write the waiting entries, and close the database."""
        try:
            self._write()
        finally:
            self.leave()

    def leave(self) -> None:
        """Close the database. The next turn opens it again. The caller must hold the turn."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _work(self, now: float, *, everything: bool) -> None:
        if self._inbox.waiting and (everything or now >= self._write_at):
            self._write()
            self._write_at = now + WRITE_EVERY
        if everything or now >= self._care_at:
            self._store().close_days(now=self._clock())
            self._store().prune(now=self._clock(), keep_days=self._keep_days)
            self._care_at = now + CARE_EVERY
        if everything or now >= self._read_at:
            began = time.monotonic()
            self._inbox.lists = self._reader.read(self._store(), now=self._clock())
            took = time.monotonic() - began
            self._read_at = now + max(READ_EVERY, took / READING_SHARE)

    def _write(self) -> None:
        waiting = self._inbox.waiting
        while waiting:
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            self._inbox.in_hand = len(batch)
            try:
                self._store().write(batch, now=self._clock())
            except SearchIndexError:
                waiting.extendleft(reversed(batch))
                raise
            finally:
                self._inbox.in_hand = 0

    def _store(self) -> QueryLogStore:
        if self._opened is None:
            self._opened = self._opening()
        return self._opened
