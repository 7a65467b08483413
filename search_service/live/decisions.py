"""The editors' decisions as search uses them: from the packaged lists and from the lists in the store.

All threads share one immutable copy. A thread asks the store for its version once a second, and no request waits for
the database. While the database is away, search continues with the copy, and the health check reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from indexer.analysis.characters import fold_literal
from indexer.analysis.filters import read_stopwords
from indexer.editorial.entries import (
    Block,
    Blocked,
    BlockPlacement,
    Entry,
    HotQuery,
    ListName,
    Placement,
    Stopword,
    Synonyms,
    dictionary_of,
)
from indexer.editorial.lines import packaged_synonyms
from indexer.store.database import find_editorial
from indexer.store.editorial_lists import EditorialLists, EditorialStore
from search_service.understanding.borders import is_border
from search_service.understanding.synonyms import SynonymTable
from search_service.watching import Trouble, Watcher

INTERVAL: Final = 0.5
"""Seconds between two looks at the store's version. Editors' changes show within a second."""


@dataclass(frozen=True, slots=True)
class Placements:
    """What editors decided about one query, or about one list of articles, on one day.

    ``pinned`` maps article ids to positions (from 1, ascending). ``hidden`` are the ids of other articles. ``nothing``: the list
    is to be empty.
    """

    pinned: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    hidden: frozenset[str] = frozenset()
    nothing: bool = False


class Decisions:
    """All lists at one version, prepared for search. Immutable."""

    def __init__(self, lists: EditorialLists | None = None) -> None:
        """Without ``lists``, only the packaged lists apply. O(entries)."""
        entries: Mapping[ListName, tuple[Entry, ...]] = lists.entries if lists else {}
        found = [entry for each in entries.values() for entry in each]
        self.version = lists.version if lists else 0
        edited = [each for each in found if isinstance(each, Synonyms)]
        self.synonyms = SynonymTable(edited, packaged_synonyms())
        self.stopwords = _stopwords(each for each in found if isinstance(each, Stopword))
        self.words = dictionary_of(found)
        """The words that the list holds. Searches use those that the live index was made with."""
        self._placements: dict[str, list[Placement]] = {}
        self._blocks: dict[tuple[Block, str | None], list[BlockPlacement]] = {}
        for each in found:
            if isinstance(each, Placement):
                self._placements.setdefault(fold_literal(each.query), []).append(each)
            elif isinstance(each, BlockPlacement):
                self._blocks.setdefault((each.block, each.page), []).append(each)
        self._hot = [each for each in found if isinstance(each, HotQuery)]
        self._blocked = frozenset(each.key for each in found if isinstance(each, Blocked))
        self._blocked_sizes = sorted({len(each) for each in self._blocked})

    def placements(self, text: str, day: date) -> Placements:
        """The pins and hides of a query on ``day``. Queries are compared as folded text."""
        return _placements(self._placements.get(fold_literal(text), ()), day)

    def related_to(self, article_id: str, day: date) -> Placements:
        """The picks and bans among the related articles of one page on ``day``: its own, then those of every page."""
        own = self._blocks.get(("related", article_id), ())
        return _placements((*own, *self._blocks.get(("related", None), ())), day)

    def hot_articles(self, day: date) -> Placements:
        """The picks and bans among the hot articles on ``day``."""
        return _placements(self._blocks.get(("hot", None), ()), day)

    def blocked(self, text: str) -> bool:
        """Whether a folded text holds a blocked word. Latin words and numbers must be whole.

        O(length of the text x number of different lengths of blocked words). The number of blocked words does not matter.
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
        """The pinned hot queries of ``day``, in the editors' order."""
        return tuple(each.query for each in self._hot if each.days.hold(day))


def _placements(placed: Iterable[Placement | BlockPlacement], day: date) -> Placements:
    """What acts on ``day``. An article that is both pinned and hidden is hidden."""
    acting = [each for each in placed if each.acts_on(day)]
    hidden = {each.article_id for each in acting if each.position is None}
    pinned: dict[str, int] = {}
    for each in sorted(acting, key=lambda each: each.position or 0):
        if each.position is not None and each.article_id and each.article_id not in hidden:
            pinned.setdefault(each.article_id, each.position)
    return Placements(
        MappingProxyType(pinned),
        frozenset(each for each in hidden if each is not None),
        nothing=None in hidden,
    )


def _stopwords(edited: Iterable[Stopword]) -> frozenset[str]:
    words = set(read_stopwords())
    for each in edited:
        if each.kept:
            words.discard(each.word)
        else:
            words.add(each.word)
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class DecidedOn:
    """The decisions as they act on one day."""

    decisions: Decisions
    day: date

    def blocked(self, text: str) -> bool:
        """See :meth:`Decisions.blocked`."""
        return self.decisions.blocked(text)

    def pinned(self) -> tuple[str, ...]:
        """See :meth:`Decisions.hot_queries`."""
        return self.decisions.hot_queries(self.day)

    def related_to(self, article_id: str) -> Placements:
        """See :meth:`Decisions.related_to`."""
        return self.decisions.related_to(article_id, self.day)

    def hot_articles(self) -> Placements:
        """See :meth:`Decisions.hot_articles`."""
        return self.decisions.hot_articles(self.day)


@dataclass(frozen=True, slots=True)
class EditorialState:
    """The version of the store's lists in use. ``trouble``: the store cannot be read, and the version may be old."""

    version: int
    trouble: Trouble | None = None


class LiveEditorial:
    """The current decisions of the editors. Safe to share between threads; one for each process."""

    def __init__(self, store_url: str | None = None, *, interval: float = INTERVAL) -> None:
        """Nothing is read before the first use. Without ``store_url``, only the packaged lists apply."""
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
        """The decisions, at most about ``interval`` seconds old. Only the first call waits for a look at the store.

        The thread starts here and not in ``__init__``, because a fork between the two calls would lose the thread.
        """
        if self._store_url is not None:
            if self._looked:
                self._watcher.start()
            else:
                self.refresh()
        return self._decisions

    def stopwords(self) -> frozenset[str]:
        """The words that are dropped from a query."""
        return self.decisions().stopwords

    def state(self) -> EditorialState:
        """How current the decisions are, for health checks."""
        return EditorialState(self.decisions().version, self._watcher.trouble)

    def refresh(self) -> None:
        """Look into the store now. If it cannot be read, the decisions stay as they are."""
        if self._store_url is not None:
            self._watcher.settle()
            self._looked = True

    def close(self) -> None:
        """End the thread and close the store."""
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
