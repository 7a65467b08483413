"""What the first page of the desk tells: the index, the articles, the disk, the processes, the searches of the last days."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from indexer.article import Status
from indexer.engines.registry import storage_of
from indexer.errors import IndexFailure, SearchIndexError
from indexer.generations import Generation
from indexer.locks import purpose_of_holder
from indexer.store.runners import Runner
from search_service.desk.desk import Desk
from search_service.querylog.by_day import Day, Latency

DAYS: Final = 30
"""Days of searches that are shown."""
SILENT: Final = timedelta(seconds=30)
"""After how long without a sign of life the runner of jobs is shown as gone. The clocks of machines differ by less."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes: of all index versions, of the live one, and free on its disk."""

    used: int
    live: int
    free: int


@dataclass(frozen=True, slots=True)
class Process:
    """A process beside the web: whether one lives on this machine, and the other machine that does the work, None if none is known."""

    here: bool
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class Processes:
    """The process that brings changes into the index, and the one that runs jobs."""

    follow: Process
    work: Process


def articles(desk: Desk) -> Mapping[Status, int]:
    """The number of articles of each status."""
    with desk.store.use() as store:
        return store.articles.count_by_status()


def live_generation(desk: Desk) -> Generation | None:
    """The live generation; None if there is none that could be read. The index's own state says why."""
    try:
        return desk.generations.live()
    except IndexFailure:
        return None


def disk(desk: Desk, live: Generation | None) -> Disk:
    """The room that the index takes, as far as it is known. Looks at each of its files."""
    sizes = {
        each.name: each.size() or 0
        for each in desk.generations.list()
        if isinstance(each, Generation)
    }
    return Disk(
        used=sum(sizes.values()),
        live=sizes.get(live.name, 0) if live else 0,
        free=shutil.disk_usage(_existing(desk.generations.root)).free,
    )


def processes(desk: Desk, live: Generation | None, *, runner: Runner, now: datetime) -> Processes:
    """Which processes run, on all machines. May ask who keeps the index."""
    here = purpose_of_holder(desk.generations.root, name="follow") is not None
    follow = Process(here, _follows_elsewhere(live) if live else None)
    if runner.process is None or runner.seen_at is None or now - runner.seen_at > SILENT:
        return Processes(follow, Process(here=False))
    host = runner.process.host
    if host == socket.gethostname():
        return Processes(follow, Process(here=True))
    return Processes(follow, Process(here=False, elsewhere=host))


def searches(desk: Desk, now: datetime) -> Sequence[Day] | None:
    """The searches of the last DAYS days; None if the query log is off or cannot be read."""
    return desk.of_days(lambda days: days.last(DAYS, now=now))


def latencies(desk: Desk, now: datetime) -> Sequence[Latency] | None:
    """How long the searches of the last DAYS days took; None if the query log is off or cannot be read."""
    return desk.of_days(lambda days: days.latencies(DAYS, now=now))


def _follows_elsewhere(live: Generation) -> str | None:
    try:
        return storage_of(live.index).writer_elsewhere("follow")
    except SearchIndexError:
        return None  # the index's own state says why


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that there is."""
    return folder if folder.exists() else _existing(folder.parent)
