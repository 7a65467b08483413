"""The index as of one commit: a point in time that the cluster keeps while somebody asks it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from math import inf
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from indexer.engines.opensearch.cluster import PATIENCE, READING, SnapshotGone, TooLate
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.filters import ARTICLES, Dsl, none_of
from indexer.engines.opensearch.index import RemoteIndex
from indexer.engines.opensearch.state import Facts, facts_of
from indexer.engines.opensearch.statistics import Statistics, Wanted
from indexer.engines.opensearch.telling import Holding

KEEP_ALIVE: Final = "5m"
"""How long the cluster keeps a point in time that nobody asks. It keeps the files of the commit too."""
_GRACE: Final = 1.0
"""Seconds after the deadline in which an answer that says that it is late may still come."""
_PAUSES: Final = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Seconds before each look at shards that do not show the same commit yet."""
_SLOW: Final = "did not answer in time; ask again"
_MOST_SHARDS: Final = 1_000
_AT_ONCE: Final = 500
"""Counts that one round trip asks for."""
_BODY: Final = "body"

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


class Counts(NamedTuple):
    """Some counts, the ``totals`` of some filters, and whether every shard counted: ``whole``."""

    held: list[int]
    totals: list[int]
    whole: bool


class Snapshot:
    """A point in time. Threads may share it. ``users`` are the readers that are open."""

    def __init__(self, index: RemoteIndex) -> None:
        self._index = index
        self.users = 0
        self._lock = threading.Lock()
        self._point = self._open()
        self.statistics = Statistics(self._point.articles)
        # As of the last commit, not of this one: what is told from these counts need not be exact.
        self.holding = Holding(self._point.articles, self._holding)

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
        patience = _patience(deadline)
        if deadline < inf:
            common["timeout"] = f"{max(1, round((patience - _GRACE) * 1000))}ms"
        with self._told_slow(deadline):
            return self._index.cluster.search(
                [body | common for body in bodies], patience=patience, parted=point.parted
            )

    @contextmanager
    def _told_slow(self, deadline: float) -> Iterator[None]:
        """Raise ClusterFailed for an answer that came too late, where nobody set a deadline."""
        try:
            yield
        except TooLate:
            if deadline < inf:
                raise
            raise ClusterFailed(self._index.cluster.shown, _SLOW) from None

    def count(
        self, wanted: Sequence[Wanted], filters: Sequence[Dsl] = (), *, deadline: float = inf
    ) -> Counts:
        """Some counts, and how many articles pass each of some filters. All is asked at once, in one round trip.

        A second one follows if a commit follows meanwhile. Raises what :meth:`ask` raises.
        """
        terms = [each for each in wanted if each.term_in]
        clauses = {each: each.clause for each in wanted if not each.term_in}
        filters = [*clauses.values(), *filters]
        if terms and filters:
            with ThreadPoolExecutor(1, thread_name_prefix="count") as beside:
                looking = beside.submit(self._frequencies, terms, deadline)
                totals, whole = self._totals(filters, deadline)
                held = looking.result()
        else:
            held = self._frequencies(terms, deadline)
            totals, whole = self._totals(filters, deadline)
        if held is None:
            again, _ = self._totals([each.clause for each in terms], deadline)
            held = dict(zip(terms, again, strict=True))
        held |= zip(clauses, totals, strict=False)
        return Counts([held[each] for each in wanted], totals[len(clauses) :], whole)

    def _frequencies(self, terms: Sequence[Wanted], deadline: float) -> dict[Wanted, int] | None:
        """How many articles hold each of some terms; None if only a later commit tells."""
        if not terms:
            return {}
        words: defaultdict[str, list[str]] = defaultdict(list)
        for each in terms:
            words[each.term_in or ""].append(each.text)
        with self._told_slow(deadline):
            found = self._index.frequencies(words, self.facts.number, patience=_patience(deadline))
        if found.later:
            return None
        return {each: found.held.get((each.term_in or "", each.text), 0) for each in terms}

    def _totals(self, filters: Sequence[Dsl], deadline: float) -> tuple[list[int], bool]:
        """How many articles pass each filter, and whether every shard answered."""
        found: list[int] = []
        whole = True
        for begin in range(0, len(filters), _AT_ONCE):
            bodies = [
                {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [each]}}}
                for each in filters[begin : begin + _AT_ONCE]
            ]
            for answer in self.ask(bodies, deadline=deadline):
                if answer["timed_out"]:
                    raise TooLate
                whole &= not answer["_shards"]["failed"]
                found.append(answer["hits"]["total"]["value"])
        return found, whole

    def _holding(self, words: Sequence[str]) -> dict[str, int]:
        with self._told_slow(inf):
            found = self._index.frequencies(
                {_BODY: words}, self.facts.number, patience=_patience(inf)
            )
        return {word: count for (field, word), count in found.held.items() if field == _BODY}

    def close(self) -> None:
        """Let the cluster drop it. If that fails, the cluster drops it by itself after KEEP_ALIVE."""
        self._drop(self._point.id)

    def _drop(self, point: str) -> None:
        with suppress(ClusterFailed):
            self._index.close_point(point)


def _patience(deadline: float) -> float:
    """Seconds until there must be an answer.

    Raises:
        TooLate: the ``deadline`` passed.
    """
    if deadline == inf:
        return READING
    left = deadline - monotonic()
    if left <= 0:
        raise TooLate
    return min(PATIENCE, left + _GRACE)
