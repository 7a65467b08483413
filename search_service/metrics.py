"""What the processes of the service count of themselves, for Prometheus: requests, searches, refusals, uses of caches.

Each process counts for itself. If the processes are given a common folder, each keeps its counts in files there, and any of them
tells the sum of all. The counts of a process that died stay in the sum, as counters must not fall.

Labels have few values: rules of routes, never paths; rungs; codes. Nothing here names an article, a query or a reader.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from indexer.locks import is_running

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client looks for the common folder."""

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the classes of latency. The last one is above the default time limit."""

Cache = Literal["blocks", "queries"]


class Metrics:
    """The counts of this process. Safe to share between threads. Counting takes some microseconds."""

    def __init__(self, folder: Path | None = None) -> None:
        """With ``folder``, all processes that are given the same one count together. Only one such folder can be used in a process."""
        self._folder = folder
        self._registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]
        if folder is not None:
            _count_in(folder)
        self._requests = Histogram(
            "search_http_request_seconds",
            "Time until an answer is made, by the rule of the route; without the transport.",
            ("route", "method", "status"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._problems = Counter(
            "search_problems",
            "Answers with an error, by its code.",
            ("code",),
            registry=self._registry,
        )
        self._searches = Counter(
            "search_searches",
            "Searches, by the rung that answered.",
            ("rung",),
            registry=self._registry,
        )
        self._cut = Counter(
            "search_cut_short",
            "Answers that the time limit cut short.",
            ("what",),
            registry=self._registry,
        )
        self._cached = Counter(
            "search_cache_uses",
            "Questions to a cache, and whether it had the answer.",
            ("cache", "result"),
            registry=self._registry,
        )
        self.at_gate = Gauge(
            "search_gate_requests",
            "Requests that wait for the index or are asking it, in all processes.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer to a request. ``route`` and ``method`` are empty if no route has its address."""
        self._requests.labels(route, method, status).observe(seconds)

    def failed(self, code: str) -> None:
        """Count an error that was answered."""
        self._problems.labels(code).inc()

    def searched(self, rung: str, *, complete: bool) -> None:
        """Count a search, and whether the time limit cut it short."""
        self._searches.labels(rung).inc()
        if not complete:
            self._cut.labels("search").inc()

    def suggested(self, *, complete: bool) -> None:
        """Count suggestions that the time limit cut short."""
        if not complete:
            self._cut.labels("suggest").inc()

    def looked_up(self, cache: Cache, *, found: bool) -> None:
        """Count a question to a cache."""
        self._cached.labels(cache, "hit" if found else "miss").inc()

    def page(self, state: Iterable[Metric]) -> bytes:
        """All counts and ``state``, which is the same for every process, in Prometheus' text format. Reads the files of all processes."""
        told = CollectorRegistry()
        if self._folder is None:
            told.register(self._registry)
        else:
            _forget_the_dead(self._folder)
            MultiProcessCollector(told, path=str(self._folder))  # type: ignore[no-untyped-call]
        told.register(_Told(state))
        return generate_latest(told)


class _Told:
    """A collector of metrics that were made already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """See prometheus-client."""
        return self._metrics


def _count_in(folder: Path) -> None:
    """Let metrics that are made from now on keep their counts in files of ``folder``.

    prometheus-client decides this when it is imported, by a variable of the environment. The folder is known only later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.environ.get(FOLDER_VARIABLE) != str(folder):
        os.environ[FOLDER_VARIABLE] = str(folder)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def _forget_the_dead(folder: Path) -> None:
    """Remove what processes that ended told of their present state. Their counts stay."""
    for path in folder.glob("gauge_live*_*.db"):
        process = int(path.stem.rpartition("_")[2])
        if not is_running(process):
            mark_process_dead(process, path=str(folder))  # type: ignore[no-untyped-call]
