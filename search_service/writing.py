"""Writing: what requests change in the store. A change is durable before it is answered; the index follows the store.

A process takes a limited number of changes at a time and refuses more, so that a flood of them costs no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Lock, Semaphore
from typing import Final

from indexer.article import Article
from indexer.errors import ArticleNotFound, IndexFailure, Overloaded
from indexer.ingest import Ingest, Outcome, accept_one
from indexer.reading import Reading
from indexer.records import Item
from indexer.store.changing import Condition
from indexer.store.database import open_store
from search_service.live.index import LiveIndex
from search_service.live.reopening import LOCK_PATIENCE, Reopened, needed

MAX_CHANGING: Final = 16
"""Requests of a process that change articles at a time; one more is refused at once. Each may wait for the store's lock."""

MAX_WAITING: Final = 16
"""Requests of a process that wait at a time until their change can be found."""

WAIT_SECONDS: Final = 5.0
"""Seconds that a request waits until its change can be found."""


class Writing:
    """Changes of articles. Safe to share between threads; one for each process.

    The store is opened at the first use, and again after a failure. Every method may raise StoreUnavailable: then nothing was
    changed, or of several changes only what was answered.
    """

    def __init__(self, store_url: str | None, live: LiveIndex, *, reading: Reading) -> None:
        """Without ``store_url`` there is no store, and every use fails."""
        self._live, self._reading = live, reading
        self._lock, self._turns = Lock(), Lock()
        self._store = Reopened(
            lambda: open_store(needed(store_url), existing=True, patience=LOCK_PATIENCE)
        )
        self._changing = 0
        self._waiting = Semaphore(MAX_WAITING)

    def change(self, item: Item, *, when: Condition | None = None, strict: bool = False) -> Outcome:
        """Store a record, or make a removal, if ``when`` holds. ``strict``: see :class:`Reading`.

        Raises:
            ConditionFailed: ``when`` does not hold; nothing was changed.
            Overloaded: MAX_CHANGING other requests are changing articles, or those before this one take too long.
        """
        with self.admitted(), self._turn(), self._store.use() as store:
            reading = replace(self._reading, strict=strict)
            return accept_one(item, store, reading, when=when)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one request of this process change an article at a time. SQLite keeps no queue of those who wait for its lock."""
        if not self._turns.acquire(timeout=LOCK_PATIENCE):
            raise Overloaded(self._changing, "change articles")
        try:
            yield
        finally:
            self._turns.release()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count as one of the requests that change articles.

        Raises:
            Overloaded: MAX_CHANGING are.
        """
        with self._lock:
            if self._changing >= MAX_CHANGING:
                raise Overloaded(self._changing, "change articles")
            self._changing += 1
        try:
            yield
        finally:
            with self._lock:
                self._changing -= 1

    def ingest(self, *, strict: bool = False) -> Ingest:
        """An ingest of many items into the store, for a request that is admitted. ``strict``: see :class:`Reading`."""
        with self._store.use() as store:
            return Ingest(store, replace(self._reading, strict=strict))

    def stored(self, article_id: str) -> tuple[Article, int]:
        """An article as it is stored, whatever its status, and its revision.

        Raises:
            ArticleNotFound: it is unknown or deleted.
        """
        with self._store.use() as store:
            found = store.find(article_id)
        if found is None:
            raise ArticleNotFound(article_id)
        return found

    def searchable(self, revision: int) -> bool:
        """Wait until this process's searches show the store's ``revision``. False if they do not within WAIT_SECONDS.

        Of more than MAX_WAITING requests only so many wait, because each holds a thread; the others just look. Other processes
        show the revision within LiveIndex's interval.
        """
        waits = self._waiting.acquire(blocking=False)
        try:
            with suppress(IndexFailure):  # no search is answered then; health checks say why
                return self._live.holds(revision, patience=WAIT_SECONDS if waits else 0.0)
            return False
        finally:
            if waits:
                self._waiting.release()

    def close(self) -> None:
        """Close the store. The next use opens it again."""
        self._store.close()
