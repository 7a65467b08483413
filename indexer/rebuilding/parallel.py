"""Builds parts of an index in several processes. Each process reads its own ranges of the store's revisions.

Processes do not exchange texts or tokens. A process receives a range, reports how many articles it has done, and returns the
names of the parts that it made. If one process dies or fails, the build ends. When the parent ends for any reason, all its
processes end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.registry import open_engine
from indexer.errors import RebuildFailed, SearchIndexError
from indexer.processes import end_with_parent, heeding_death, started
from indexer.said import Said, told
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store

LEAST: Final = 2_000
"""The fewest revisions of a part. Loading its dictionaries takes a process as long as indexing some hundreds of articles."""
MOST: Final = 20_000
"""The most revisions of a part."""
PARTS_EACH: Final = 4
"""Parts for each process. Several parts keep a process with short articles from waiting long for one with long articles."""
_TELL_EVERY: Final = 50

Range = tuple[int, int]
"""Revisions above the first number, up to and including the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process needs to build parts: the store's URL, and the index in ``folder``."""

    store_url: str
    engine_name: str
    folder: Path
    analyzer: Analyzer
    timezone: ZoneInfo


def ranges_of(revision: int, processes: int) -> list[Range]:
    """The revisions up to ``revision`` as ranges for ``processes`` processes; one range if more would not be faster."""
    if processes <= 1:
        return [(0, revision)]
    size = min(MOST, max(LEAST, -(-revision // (processes * PARTS_EACH))))
    edges = [*range(0, max(revision, 1), size), revision]
    return list(pairwise(edges))


def build_parts(
    job: Job, ranges: Sequence[Range], *, processes: int, advance: Callable[[int], None]
) -> list[str]:
    """Build the parts of all ranges, and return their tokens in the order of the ranges.

    ``advance`` receives the number of articles done. An exception from it ends the build.

    Raises:
        RebuildFailed: a process failed, or was killed.
    """
    made: dict[int, list[str]] = {}
    doing: dict[Connection, int] = {}
    left = iter(range(len(ranges)))
    with started(_work, job, count=min(processes, len(ranges))) as workers:

        def assign(connection: Connection) -> None:
            number = next(left, None)
            if number is not None:
                connection.send(ranges[number])
                doing[connection] = number

        for connection in workers:
            with heeding_death(workers[connection], _failure):
                assign(connection)
        while doing:
            for connection in cast(list[Connection], wait(list(doing))):
                with heeding_death(workers[connection], _failure):
                    said: int | str | list[str] = connection.recv()
                if isinstance(said, int):
                    advance(said)
                elif isinstance(said, str):
                    raise RebuildFailed(Said("a process of the rebuild failed: {why}", why=said))
                else:
                    made[doing.pop(connection)] = said
                    with heeding_death(workers[connection], _failure):
                        assign(connection)
    return [name for number in range(len(ranges)) for name in made[number]]


def _failure(fate: str) -> RebuildFailed:
    return RebuildFailed(
        Said(
            "a process of the rebuild {fate}: the live index is untouched; look for its message "
            "above and at the memory of the machine, then try again with a smaller --processes",
            fate=fate,
        )
    )


def _work(job: Job, connection: Connection) -> None:
    """Build one part after another, until the parent ends this process."""
    end_with_parent()
    try:
        engine = open_engine(
            job.engine_name, job.folder, analyzer=job.analyzer, timezone=job.timezone
        )
        with closing(open_store(job.store_url)) as store:
            while True:
                after, upto = connection.recv()
                connection.send(engine.build_part(_articles(store, after, upto, connection)))
    except SearchIndexError as error:
        connection.send(told(error))


def _articles(
    store: ArticleStore, after: int, upto: int, connection: Connection
) -> Iterator[Article]:
    """The present state of the articles whose revision is in a range. Reports progress to the parent."""
    done = 0
    for change in store.changes(after=after, upto=upto):
        if change.article is not None:
            yield change.article
            done += 1
            if done == _TELL_EVERY:
                connection.send(done)
                done = 0
    connection.send(done)
