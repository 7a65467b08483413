"""The index as of one commit: a point in time that the cluster keeps while somebody asks it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from indexer.engines.opensearch.cluster import PATIENCE, READING, SnapshotGone, TooLate
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.filters import ARTICLES, none_of
from indexer.engines.opensearch.index import RemoteIndex
from indexer.engines.opensearch.state import Facts, facts_of
from indexer.engines.opensearch.statistics import Statistics

KEEP_ALIVE: Final = "5m"
"""How long the cluster keeps a point in time that nobody asks. It keeps the files of the commit too."""
_GRACE: Final = 1.0
"""Seconds after the deadline in which an answer that says that it is late may still come."""
_PAUSES: Final = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Seconds before each look at shards that do not show the same commit yet."""
_SLOW: Final = "did not answer in time; ask again"
_MOST_SHARDS: Final = 1_000

Answer = dict[str, Any]

_MARKERS: Final[Answer] = {"size": _MOST_SHARDS, "query": none_of([ARTICLES])}
_COUNT: Final[Answer] = {
    "size": 0,
    "track_total_hits": True,
    "query": {"bool": {"filter": [ARTICLES]}},
}


class _Point(NamedTuple):
    """A point in time, the commit that it shows, the number of its articles, and whether it has several shards."""

    id: str
    facts: Facts
    articles: int
    parted: bool


class Snapshot:
    """A point in time. Threads may share it. ``users`` are the readers that are open."""

    def __init__(self, index: RemoteIndex) -> None:
        self._index = index
        self.users = 0
        self._lock = threading.Lock()
        self._point = self._open()
        self.statistics = Statistics(self._point.articles)

    @property
    def facts(self) -> Facts:
        """The commit that it shows."""
        return self._point.facts

    def _open(self) -> _Point:
        """Open a point in time in which all shards show the same commit.

        A commit that died while it was shown leaves shards that never do. Then it counts as the earlier one, some of whose articles
        are shown as the later one has them, until the next commit.
        """
        for pause in _PAUSES:
            sleep(pause)
            point, alike = self._look()
            if alike or pause == _PAUSES[-1]:
                break
            self._drop(point.id)
        return point

    def _look(self) -> tuple[_Point, bool]:
        """A point in time, and whether all its shards show the same commit."""
        point = self._index.open_point(KEEP_ALIVE)
        cluster = self._index.cluster
        pit = {"pit": {"id": point, "keep_alive": KEEP_ALIVE}}
        try:
            found, counted = cluster.search([_MARKERS | pit, _COUNT | pit], patience=READING)
        except SnapshotGone as gone:
            raise ClusterFailed(cluster.shown, f"{gone}; ask again") from gone
        except TooLate:
            raise ClusterFailed(cluster.shown, _SLOW) from None
        facts = {facts_of(hit) for hit in found["hits"]["hits"]}
        if not facts:
            raise ClusterFailed(cluster.shown, f"no shard of the index {self._index.name} answers")
        parted = found["_shards"]["total"] > 1
        opened = _Point(point, min(facts), counted["hits"]["total"]["value"], parted)
        return opened, len(facts) == 1

    def ask(self, bodies: Sequence[Answer], *, deadline: float = inf) -> list[Answer]:
        """The answers to some searches of this commit, in one round trip. Where a shard did not answer, they say so.

        Each body gets the time that is left until the ``deadline``, a time of ``time.monotonic()``.

        Raises:
            TooLate: the deadline passed first.
            ClusterFailed: the cluster does not answer, or no longer has this commit.
        """
        used, answers, why = self._point, list[Answer](), "a shard did not answer"
        try:
            answers = self._ask(used, bodies, deadline)
            if not any(each["_shards"]["failed"] for each in answers):
                return answers
        except SnapshotGone as gone:
            why = str(gone)
        # Nobody asked for a while, or a node ended.
        try:
            if self._reopened(used):
                return self._ask(self._point, bodies, deadline)
        except SnapshotGone as gone:
            why = str(gone)
        except ClusterFailed:
            if not answers:
                raise
        if answers:
            return answers
        told = f"the commit {self.facts.number} is no longer there ({why}); ask again"
        raise ClusterFailed(self._index.cluster.shown, told)

    def _reopened(self, used: _Point) -> bool:
        """Open another point in time, unless another thread did. It shows the same, if no commit followed: whether it does."""
        with self._lock:
            if self._point is not used:
                return True
            fresh = self._open()
            same = fresh.facts == used.facts
            if same:
                self._point = fresh
        self._drop(used.id if same else fresh.id)
        return same

    def _ask(self, point: _Point, bodies: Sequence[Answer], deadline: float) -> list[Answer]:
        common: Answer = {"pit": {"id": point.id, "keep_alive": KEEP_ALIVE}}
        patience = READING
        if deadline < inf:
            left = deadline - monotonic()
            if left <= 0:
                raise TooLate
            common["timeout"] = f"{max(1, round(left * 1000))}ms"
            patience = min(PATIENCE, left + _GRACE)
        try:
            return self._index.cluster.search(
                [body | common for body in bodies], patience=patience, parted=point.parted
            )
        except TooLate:
            if deadline < inf:
                raise
            raise ClusterFailed(self._index.cluster.shown, _SLOW) from None

    def count(self, filters: Sequence[dict[str, Any]], *, deadline: float = inf) -> list[int]:
        """How many articles pass each of some filters, in one round trip. Raises what :meth:`ask` raises."""
        bodies = [
            {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [each]}}}
            for each in filters
        ]
        answers = self.ask(bodies, deadline=deadline)
        if any(answer["timed_out"] for answer in answers):
            raise TooLate
        return [answer["hits"]["total"]["value"] for answer in answers]

    def frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """How many articles hold each word in the body, of those that any holds. One round trip.

        As of the last commit, not of this one: what is told from these counts need not be exact.
        """
        return self._index.frequencies("body", words)

    def close(self) -> None:
        """Let the cluster drop it. If that fails, the cluster drops it by itself after KEEP_ALIVE."""
        self._drop(self._point.id)

    def _drop(self, point: str) -> None:
        with suppress(ClusterFailed):
            self._index.close_point(point)
