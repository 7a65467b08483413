"""Lists of queries for readers: hot ones, frequent ones with a given beginning, related ones; and the articles read most.

The lists are an immutable snapshot of the log, made in the background. A request only looks things up. A query is in
the lists only if it found something when it was last asked, and only if it had FEW_VISITORS visitors on at least one
day. Whether it still finds something is asked when it is about to be shown (``finds``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import islice
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeVar

from indexer.analysis.characters import fold_literal
from search_service.querylog.counts import FEW_VISITORS, ClickCount, QueryCount
from search_service.querylog.entries import normal_form
from search_service.querylog.kinship import Kinship
from search_service.querylog.views import ViewCount, ViewWindow, popularity_of

Window = Literal["day", "week", "all"]
WINDOWS: Final[tuple[Window, ...]] = ("day", "week", "all")
"""Time windows of hot queries: the last 24 hours; today and the six days before it; the whole log."""

LISTED: Final = 500
"""Number of viewed articles of each window that a list is chosen from, the hottest. A block shows 100 at most, and a channel may lack
most of these. Each hundred costs a list a look-up in the index."""

_LAST: Final = "\U0010ffff"

_T = TypeVar("_T")


class Editorial(Protocol):
    """The editors' decisions about queries."""

    def blocked(self, text: str) -> bool:
        """Whether the query must not be shown to other readers."""

    def pinned(self) -> Sequence[str]:
        """The queries that come first among the hot ones, in the editors' order."""


class NothingDecided:
    """No decisions of editors."""

    def blocked(self, text: str) -> bool:  # noqa: ARG002
        """False."""
        return False

    def pinned(self) -> Sequence[str]:
        """Nothing."""
        return ()


def _anything(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class HotQuery:
    """A hot query to show. ``visitors`` asked it in the window; 0 for a pinned query that is not in the window's list."""

    text: str
    visitors: int
    pinned: bool = False


class Lists:
    """The lists at one moment. Safe to share between threads."""

    def __init__(
        self,
        hot: Mapping[Window, Iterable[QueryCount]] = MappingProxyType({}),
        clicks: Iterable[ClickCount] = (),
        *,
        views: Mapping[ViewWindow, Sequence[ViewCount]] = MappingProxyType({}),
        words: Callable[[str], Iterable[str]] = str.split,
        as_of: datetime | None = None,
    ) -> None:
        """``hot`` has the counts of each window, most visitors first, ``views`` the articles of each window, hottest first.

        ``words`` cuts a query into its words.
        """
        self.as_of = as_of
        self._views = views
        week = views.get("week")
        self.popularity = popularity_of(week, "week", as_of) if week and as_of else None
        """The views of the last seven days, for searches sorted by heat; None if no view is known."""
        self._hot = {window: _for_readers(counts) for window, counts in hot.items()}
        frequent = self._hot.get("all", ())
        self._counts = {each.query: each for each in frequent}
        self._sorted = sorted(self._counts)
        self._kinship = Kinship(frequent, clicks, words=words)

    def hot(
        self,
        window: Window,
        *,
        size: int,
        editorial: Editorial | None = None,
        finds: Callable[[str], bool] = _anything,
    ) -> tuple[HotQuery, ...]:
        """At most ``size`` queries: first the pinned ones, then those with the most visitors that find something."""
        decided = editorial or NothingDecided()
        counts = {each.query: each for each in self._hot.get(window, ())}
        pins = {normal_form(text): text for text in decided.pinned()}
        items = [
            HotQuery(text, counts[query].visitors if query in counts else 0, pinned=True)
            for query, text in pins.items()
        ]
        items += [
            HotQuery(each.text, each.visitors)
            for query, each in counts.items()
            if query not in pins
        ]
        return _first(
            items,
            size,
            lambda item: not decided.blocked(item.text) and (item.pinned or finds(item.text)),
        )

    def frequent(self, prefix: str, *, size: int) -> list[tuple[str, int]]:
        """The most frequent queries that begin with ``prefix``, and how many visitors asked each. Most visitors first.

        An empty prefix matches all queries. O(matching queries); the lists hold at most a few thousand queries.
        """
        begin = fold_literal(prefix)
        start, end = bisect_left(self._sorted, begin), bisect_left(self._sorted, begin + _LAST)
        best = nlargest(
            size,
            self._sorted[start:end],
            key=lambda query: (self._counts[query].visitors, -len(query)),
        )
        return [(self._counts[query].text, self._counts[query].visitors) for query in best]

    def related(
        self,
        text: str,
        *,
        size: int,
        editorial: Editorial | None = None,
        finds: Callable[[str], bool] = _anything,
    ) -> tuple[str, ...]:
        """At most ``size`` other queries that share words or clicked articles with ``text`` and find something, the closest first."""
        decided = editorial or NothingDecided()
        items = self._kinship.of(normal_form(text))
        return _first(items, size, lambda item: not decided.blocked(item) and finds(item))

    def viewed(self, window: ViewWindow) -> Sequence[ViewCount]:
        """The LISTED hottest articles of the window, the hottest first. The index may no longer hold some of them."""
        return self._views.get(window, ())[:LISTED]


def _for_readers(counts: Iterable[QueryCount]) -> tuple[QueryCount, ...]:
    return tuple(each for each in counts if each.found and each.most >= FEW_VISITORS)


def _first(items: Iterable[_T], size: int, allowed: Callable[[_T], bool]) -> tuple[_T, ...]:
    """The first ``size`` allowed items. Stops looking as soon as it has them."""
    return tuple(islice(filter(allowed, items), size))
