"""What editors decided, as search goes by it: the lists that come with the program, and the store's.

A copy is kept, immutable and shared by threads. A thread of its own asks the store for its version once a second, so
no request ever waits for the database; while that is away search goes on with the copy, and says so in its health.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Final

from indexer.analysis.characters import fold_literal
from indexer.analysis.filters import read_stopwords
from indexer.editorial import (
    Blocked,
    Entry,
    HotQuery,
    ListName,
    Placement,
    Stopword,
    Synonyms,
    packaged_synonyms,
)
from indexer.errors import SearchIndexError
from indexer.store.database import find_editorial
from indexer.store.editorial import EditorialLists, EditorialStore
from search_service.borders import is_border
from search_service.synonyms import SynonymTable

log = logging.getLogger(__name__)

INTERVAL: Final = 1.0
"""Seconds between two looks at the store's version: what editors change shows within about this time."""


@dataclass(frozen=True, slots=True)
class Placements:
    """What editors decided about one query on one day.

    ``pinned`` are the positions (from 1, ascending) of articles by their ids; ``hidden`` are ids of others.
    """

    pinned: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    hidden: frozenset[str] = frozenset()


class Decisions:
    """All lists at one version, made ready for use. Immutable."""

    def __init__(self, lists: EditorialLists | None = None) -> None:
        """Without ``lists`` these are the packaged ones alone. O(entries)."""
        entries: Mapping[ListName, tuple[Entry, ...]] = lists.entries if lists else {}
        found = [entry for each in entries.values() for entry in each]
        self.version = lists.version if lists else 0
        edited = [each for each in found if isinstance(each, Synonyms)]
        self.synonyms = SynonymTable(edited, packaged_synonyms())
        self.stopwords = _stopwords(each for each in found if isinstance(each, Stopword))
        self._placements: dict[str, list[Placement]] = {}
        for each in found:
            if isinstance(each, Placement):
                self._placements.setdefault(fold_literal(each.query), []).append(each)
        self._hot = [each for each in found if isinstance(each, HotQuery)]
        self._blocked = frozenset(each.key for each in found if isinstance(each, Blocked))
        self._blocked_sizes = sorted({len(each) for each in self._blocked})

    def placements(self, text: str, day: date) -> Placements:
        """What is pinned and hidden for a query, compared as folded text, on ``day``."""
        acting = [
            each for each in self._placements.get(fold_literal(text), ()) if each.acts_on(day)
        ]
        hidden = frozenset(each.article_id for each in acting if each.position is None)
        pinned = {
            each.article_id: each.position
            for each in sorted(acting, key=lambda each: each.position or 0)
            if each.position is not None and each.article_id not in hidden
        }
        return Placements(MappingProxyType(pinned), hidden)

    def blocked(self, text: str) -> bool:
        """Whether a text holds a blocked word, as folded text; Latin words and numbers only whole.

        O(length of the text x different lengths of blocked words), however many those are.
        """
        folded = fold_literal(text)
        return any(
            folded[start : start + size] in self._blocked
            and is_border(folded, start)
            and is_border(folded, start + size)
            for size in self._blocked_sizes
            for start in range(len(folded) - size + 1)
        )

    def hot_queries(self, day: date) -> tuple[str, ...]:
        """The queries that are pinned among the hot ones on ``day``, in the editors' order."""
        return tuple(each.query for each in self._hot if each.days.hold(day))


def _stopwords(edited: Iterable[Stopword]) -> frozenset[str]:
    words = set(read_stopwords())
    for each in edited:
        if each.kept:
            words.discard(each.word)
        else:
            words.add(each.word)
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class DecidedQueries:
    """What ``decisions`` say of queries on one day: what the lists of the query log go by."""

    decisions: Decisions
    day: date

    def blocked(self, text: str) -> bool:
        """See :meth:`Decisions.blocked`."""
        return self.decisions.blocked(text)

    def pinned(self) -> tuple[str, ...]:
        """See :meth:`Decisions.hot_queries`."""
        return self.decisions.hot_queries(self.day)


@dataclass(frozen=True, slots=True)
class EditorialState:
    """Which version of the store's lists search goes by; not ``current`` where the store could not be asked last."""

    version: int
    current: bool


class LiveEditorial:
    """The editors' decisions as they stand by now. Safe to share between threads; one for each process."""

    def __init__(self, store_url: str | None = None, *, interval: float = INTERVAL) -> None:
        """Nothing is read before it is asked for. Without ``store_url`` there are the packaged lists alone."""
        self._store_url, self._interval = store_url, interval
        self._lock = Lock()
        self._store: EditorialStore | None = None
        self._decisions = Decisions()
        self._failure = ""
        self._watcher: Thread | None = None
        self._closed = Event()

    def decisions(self) -> Decisions:
        """The decisions, at most about ``interval`` seconds old. Only the first call waits for the store."""
        if self._watcher is None and self._store_url is not None:
            self._begin()
        return self._decisions

    def stopwords(self) -> frozenset[str]:
        """The words that a query is searched without."""
        return self.decisions().stopwords

    def state(self) -> EditorialState:
        """How up to date the decisions are: for health checks."""
        return EditorialState(self.decisions().version, current=not self._failure)

    def refresh(self) -> None:
        """Look into the store now. A store that cannot be read is logged once, and the decisions stay as they are."""
        with self._lock:
            try:
                self._look()
                self._failure = ""
            except SearchIndexError as error:
                self._leave()
                if str(error) != self._failure:
                    log.warning(
                        "the editors' lists stay at version %s: %s", self._decisions.version, error
                    )
                self._failure = str(error)

    def close(self) -> None:
        """End the looking, and let go of the store."""
        self._closed.set()
        if self._watcher is not None:
            self._watcher.join()
        with self._lock:
            self._leave()

    def _begin(self) -> None:
        """Look for the first time, and from then on beside the requests. Not when made: a worker is forked later."""
        with self._lock:
            if self._watcher is not None or self._closed.is_set():
                return
            self._watcher = Thread(target=self._watch, name="editorial", daemon=True)
            self._watcher.start()
        self.refresh()

    def _watch(self) -> None:
        while not self._closed.wait(self._interval):
            self.refresh()

    def _look(self) -> None:
        if self._store_url is None:
            return
        if self._store is None:
            self._store = find_editorial(self._store_url)
        if self._failure or self._store.version() != self._decisions.version:
            self._decisions = Decisions(self._store.read())

    def _leave(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
