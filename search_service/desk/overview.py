"""What the first page of the desk tells: the index, the articles, the disk, the processes, the searches of the last days."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from indexer.article import Status
from indexer.errors import IndexFailure
from indexer.generations import Generation
from indexer.locks import purpose_of_holder
from search_service.desk.desk import Desk
from search_service.querylog.by_day import Day, Latency

DAYS: Final = 30
"""Days of searches that are shown."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes: of all index versions, of the live one, and free on its disk."""

    used: int
    live: int
    free: int


@dataclass(frozen=True, slots=True)
class Processes:
    """Whether the processes beside the web run: the one that brings changes into the index, and the one that runs jobs."""

    follow: bool
    work: bool


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


def processes(desk: Desk, live: Generation | None) -> Processes:
    """Who holds the locks of the index."""
    following = purpose_of_holder(live.folder) if live else None
    return Processes(
        follow=following == "follow",
        work=purpose_of_holder(desk.generations.root, name="jobs") is not None,
    )


def searches(desk: Desk, now: datetime) -> Sequence[Day] | None:
    """The searches of the last DAYS days; None if the query log is off or cannot be read."""
    return desk.of_days(lambda days: days.last(DAYS, now=now))


def latencies(desk: Desk, now: datetime) -> Sequence[Latency] | None:
    """How long the searches of the last DAYS days took; None if the query log is off or cannot be read."""
    return desk.of_days(lambda days: days.latencies(DAYS, now=now))


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that there is."""
    return folder if folder.exists() else _existing(folder.parent)
