"""Catching up: the store's changes, deletions included, applied to an index until none is left.

A rebuild does it before it promotes; ``rebuild --changes`` does it to the live generation. Replay is idempotent: after
a crash it goes on from the last commit.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.build_progress import Announcer, Report, silent
from indexer.engines.base import CommitReport, Engine, Reader
from indexer.engines.registry import open_engine
from indexer.errors import IndexDamaged, IndexOutdated
from indexer.fingerprint import fingerprint
from indexer.generations import Generation, Generations
from indexer.store.articles import ArticleStore

BATCH: Final = 1_000
"""Changes in one commit: what is lost, and made again, when the process is killed."""
NO_MATCH: Final = (
    "it does not match the store: the store was replaced or restored, or the index lost articles"
)

_SAMPLE: Final = 20


def made_from(store: ArticleStore, reader: Reader) -> bool:
    """Whether an index was made from this store, as far as its revision and two samples can tell.

    What the store holds at or below the index's revision has not changed since, so it must stand in the index as it
    is; one that does not proves that the store was replaced, or restored from a backup, or that the index is not
    whole. Sampled are the oldest articles and the last ones before the index's revision, where histories part.
    """
    if reader.revision > store.revision():
        return False
    for after in (0, max(0, reader.revision - _SAMPLE)):
        for change in islice(store.changes(after=after, batch=_SAMPLE), _SAMPLE):
            if change.revision > reader.revision:
                break
            if reader.get(change.article_id) != change.article:
                return False
    return True


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. At the store's ``revision``, which the index has now, the store held ``articles``.

    ``merge_failure`` is that of the last commit, if there was one.
    """

    put: int
    deleted: int
    revision: int
    articles: int
    merge_failure: str | None


def replay(store: ArticleStore, engine: Engine, *, after: int, announcer: Announcer) -> Replayed:
    """Apply every change after revision ``after``, in commits of BATCH, and return when none is left.

    A store that goes on changing is followed until a moment in which it stands still.
    """
    put = deleted = 0
    revision = after
    committed = CommitReport()
    while True:
        given_out = store.revision()
        applied = 0
        with engine.writer() as writer:
            for change in islice(store.changes(after=revision), BATCH):
                if change.article is None:
                    writer.delete(change.article_id)
                    deleted += 1
                else:
                    writer.put(change.article)
                    put += 1
                revision = change.revision
                applied += 1
                announcer.advance()
            if applied < BATCH:
                revision = max(revision, given_out)
            # Counted before the commit: the store needs to stand still for an instant, not for a commit.
            articles = store.count()
            caught_up = store.revision() <= revision
            if applied:
                committed = writer.commit(revision=revision)
        if caught_up:
            return Replayed(put, deleted, revision, articles, committed.merge_failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesReport:
    """What :func:`apply_changes` did to generation ``generation``; ``store_articles`` is the store's count then.

    ``merge_failure`` is why the engine could not merge after the last commit; the changes are live all the same.
    """

    generation: str
    put: int
    deleted: int
    revision: int
    doc_count: int
    store_articles: int
    seconds: float
    merge_failure: str | None


def apply_changes(
    store: ArticleStore,
    generations: Generations,
    *,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    progress: Report = silent,
) -> ChangesReport:
    """Apply the store's changes to the live generation, once; another may be built meanwhile.

    If another is promoted before it is done, they are applied to that one too.

    Raises:
        NoLiveGeneration, GenerationMissing, ManifestDamaged, IndexDamaged: there is nothing sound to apply them to,
            or the index was made from another store.
        IndexOutdated: the live generation was made with another fingerprint; it needs a rebuild.
        WriterBusy: another process is applying changes.
    """
    began = time.monotonic()
    while True:
        with ExitStack() as held:
            with generations.lock():
                live = generations.live()
                held.enter_context(generations.writing(live.name))
            announcer = held.enter_context(Announcer(progress))
            report = _apply(store, live, engine_name, analyzer, timezone, announcer)
        if generations.live_name() == live.name:
            return replace(report, seconds=time.monotonic() - began)


def _apply(
    store: ArticleStore,
    live: Generation,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    announcer: Announcer,
) -> ChangesReport:
    """Apply the store's changes to one generation, whose writer this process is."""
    began = time.monotonic()
    expected = fingerprint(engine=engine_name, analysis=analyzer.fingerprint)
    if live.manifest.fingerprint != expected:
        raise IndexOutdated(live.manifest.fingerprint, expected)
    engine = open_engine(engine_name, live.index, analyzer=analyzer, timezone=timezone)
    with engine.reader() as reader:
        revision = reader.revision
        if not made_from(store, reader):
            raise IndexDamaged(live.index, NO_MATCH)
    announcer.begin("catch up", total=store.revision() - revision)
    replayed = replay(store, engine, after=revision, announcer=announcer)
    announcer.end()
    with engine.reader() as reader:
        doc_count = reader.doc_count
    return ChangesReport(
        generation=live.name,
        put=replayed.put,
        deleted=replayed.deleted,
        revision=replayed.revision,
        doc_count=doc_count,
        store_articles=replayed.articles,
        seconds=time.monotonic() - began,
        merge_failure=replayed.merge_failure,
    )
