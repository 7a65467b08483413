"""Filling: how the index of a new generation comes to hold articles. A rebuild fills it with the whole store.

Whoever fills an index says at which revision of the store it stands then. What follows is the same for all: the rebuild
catches up, checks and promotes (``rebuild.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.build_progress import Announcer
from indexer.engines.base import Engine
from indexer.engines.registry import open_engine
from indexer.generations import INDEX
from indexer.rebuilding.parallel import Job, build_parts, ranges_of
from indexer.rebuilding.sample import sample
from indexer.store.articles import ArticleStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A new generation in ``folder``, whose index does not exist yet, and what it is made of and with.

    ``analyzer`` knows the user's words and no found ones. ``processes`` is how many may analyse and write.
    """

    store: ArticleStore
    folder: Path
    engine_name: str
    analyzer: Analyzer
    timezone: ZoneInfo
    processes: int
    announcer: Announcer

    @property
    def index(self) -> Path:
        """The engine's folder."""
        return self.folder / INDEX


@dataclass(frozen=True, slots=True)
class Filled:
    """An index that holds the store as it was at ``revision``, apart from articles that changed since.

    ``engine`` analyses with the words that the generation is to keep. ``words_applied`` counts the editors' words that were
    applied since all articles were last indexed.
    """

    engine: Engine
    revision: int
    words_applied: int = 0


Fill = Callable[[Build], Filled]
"""Makes the index of a new generation. An exception ends the rebuild, which removes the generation."""


def whole_store(build: Build) -> Filled:
    """Find the new words of the articles, and index all articles that the store holds now, in one batch.

    An article that changes meanwhile moves beyond the returned revision and is left to the replay. No article thus comes twice, as
    ``add`` requires.

    Raises:
        RebuildFailed: a process failed, or was killed.
        FolderNotWritable: the index cannot be written, or the disk is full.
        IndexFailure: who keeps it cannot merge it.
        StoreError: the articles cannot be read.
    """
    store, announcer = build.store, build.announcer
    announcer.begin("scan", total=0)
    job = Job(
        store_url=store.url,
        engine_name=build.engine_name,
        folder=build.index,
        analyzer=build.analyzer.learning(sample(store)),
        timezone=build.timezone,
    )
    engine = open_engine(job.engine_name, job.folder, analyzer=job.analyzer, timezone=job.timezone)
    engine.create()
    announcer.begin("index", total=store.count())
    start = store.revision()
    ranges = ranges_of(start, build.processes)
    with engine.writer() as writer:
        if len(ranges) > 1:
            for part in build_parts(
                job, ranges, processes=build.processes, advance=announcer.advance
            ):
                writer.take(part)
        else:
            for change in store.changes(upto=start):
                if change.article is not None:
                    writer.add(change.article)
                    announcer.advance()
        writer.commit(revision=start)
    engine.merge()
    announcer.end()
    return Filled(engine, start)
