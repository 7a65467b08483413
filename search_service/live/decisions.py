"""What editors decided, as search goes by it: the lists that come with the program, and the store's.

A copy is kept, immutable and shared by threads. A thread of its own asks the store for its version once a second, so
no request ever waits for the database; while that is away search goes on with the copy, and says so in its health.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
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
from indexer.store.database import find_editorial
from indexer.store.editorial_lists import EditorialLists, EditorialStore
from search_service.understanding.borders import is_border
from search_service.understanding.synonyms import SynonymTable
from search_service.watching import Trouble, Watcher

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
    """Which version of the store's lists search goes by, and why not the newest where the store cannot be asked."""

    version: int
    trouble: Trouble | None = None


class LiveEditorial:
    """The editors' decisions as they stand by now. Safe to share between threads; one for each process."""

    def __init__(self, store_url: str | None = None, *, interval: float = INTERVAL) -> None:
        """Nothing is read before it is asked for. Without ``store_url`` there are the packaged lists alone."""
        self._store_url = store_url
        self._store: EditorialStore | None = None
        self._decisions = Decisions()
        self._looked = False
        self._watcher = Watcher(
            "editorial",
            self._look,
            finish=self._leave,
            consequence="the editors' lists stay as they were",
            interval=interval,
            pause=interval,
        )

    def decisions(self) -> Decisions:
        """The decisions, at most about ``interval`` seconds old. Only the first look is waited for.

        The looking begins here and not when made: a worker is forked later.
        """
        if self._store_url is not None:
            if self._looked:
                self._watcher.start()
            else:
                self.refresh()
        return self._decisions

    def stopwords(self) -> frozenset[str]:
        """The words that a query is searched without."""
        return self.decisions().stopwords

    def state(self) -> EditorialState:
        """How up to date the decisions are: for health checks."""
        return EditorialState(self.decisions().version, self._watcher.trouble)

    def refresh(self) -> None:
        """Look into the store now. Where it cannot be read the decisions stay as they are."""
        if self._store_url is not None:
            self._watcher.settle()
            self._looked = True

    def close(self) -> None:
        """End the looking, and let go of the store."""
        self._watcher.close()

    def _look(self, _waited_for: bool) -> None:
        try:
            store = self._store
            if self._store_url is not None and store is None:
                self._store = find_editorial(self._store_url)
                self._decisions = Decisions(self._store.read())
            elif store is not None and store.version() != self._decisions.version:
                self._decisions = Decisions(store.read())
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
