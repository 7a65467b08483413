"""The index as of one commit: a point in time that the cluster keeps while somebody asks it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, Final

from indexer.engines.opensearch.cluster import PATIENCE, SnapshotGone, TooLate
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import COMMIT, COMMIT_ID
from indexer.engines.opensearch.filters import ARTICLES
from indexer.engines.opensearch.index import Facts, RemoteIndex
from indexer.engines.opensearch.statistics import Statistics

KEEP_ALIVE: Final = "5m"
"""How long the cluster keeps a point in time that nobody asks. It keeps the files of the commit too."""

Answer = dict[str, Any]


class Snapshot:
    """A point in time. Threads may share it. ``users`` are the readers that are open."""

    def __init__(self, index: RemoteIndex) -> None:
        self._index = index
        self._point = ""
        self.users = 0
        self.facts = self._open()
        (found,) = self.count([ARTICLES])
        self.statistics = Statistics(found)

    def _open(self) -> Facts:
        self._point = self._index.open_point(KEEP_ALIVE)
        commit = {"size": 1, "query": {"ids": {"values": [COMMIT_ID]}}}
        (answer,) = self._index.cluster.search([commit | self._pit()])
        (hit,) = answer["hits"]["hits"]
        return Facts(**hit["_source"][COMMIT])

    def ask(self, bodies: Sequence[dict[str, Any]], *, deadline: float = inf) -> list[Answer]:
        """The answers to some searches of this commit, in one round trip.

        Each body gets the time that is left until the ``deadline``, a time of ``time.monotonic()``.

        Raises:
            TooLate: the deadline passed first.
            ClusterFailed: the cluster does not answer, or no longer has this commit.
        """
        try:
            return self._ask(bodies, deadline)
        except SnapshotGone as gone:
            # Nobody asked for a while, or a node ended. Without a commit since then, a new point in time shows the same.
            if self._open() != self.facts:
                why = f"the commit {self.facts.number} is no longer there ({gone}); ask again"
                raise ClusterFailed(self._index.cluster.shown, why) from gone
        return self._ask(bodies, deadline)

    def _ask(self, bodies: Sequence[dict[str, Any]], deadline: float) -> list[Answer]:
        common = self._pit()
        patience = PATIENCE
        if deadline < inf:
            left = deadline - monotonic()
            if left <= 0:
                raise TooLate
            common["timeout"] = f"{max(1, round(left * 1000))}ms"
            patience = min(PATIENCE, left + _GRACE)
        return self._index.cluster.search([body | common for body in bodies], patience=patience)

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
        with suppress(ClusterFailed):
            self._index.close_point(self._point)

    def _pit(self) -> dict[str, Any]:
        return {"pit": {"id": self._point, "keep_alive": KEEP_ALIVE}}


_GRACE: Final = 1.0
"""Seconds after the deadline in which an answer that says that it is late may still come."""
