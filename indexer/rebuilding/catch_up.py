"""Catching up: applies the store's changes, deletions included, to an index until none is left.

A rebuild does this before it promotes; ``rebuild --changes`` does it to the live generation. Replay is idempotent: after
a crash it continues from the last commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.build_progress import Announcer, Report, silent
from indexer.engines.base import CommitReport, Engine, Reader
from indexer.engines.registry import open_engine
from indexer.errors import IndexDamaged, IndexOutdated, WriterBusy
from indexer.fingerprint import fingerprint
from indexer.generations import Generation, Generations
from indexer.opening import made_with, open_generation
from indexer.said import Said
from indexer.store.articles import ArticleStore

BATCH: Final = 1_000
"""Changes in one commit. A killed process loses at most these, and they are applied again."""
NO_MATCH: Final = Said(
    "it does not match the store: the store was replaced or restored, or the index lost articles"
)

FOLLOW: Final = "follow"
"""The purpose of a process that follows the store."""
LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the store, or at the index: one row, or one commit."""
FOLLOWER_PATIENCE: Final = 30.0
"""Seconds to wait for the next commit of a follower. A large merge takes less."""

_SAMPLE: Final = 20


def made_from(store: ArticleStore, reader: Reader) -> bool:
    """Whether an index was made from this store, judged by its revision and two samples.

    An article with a revision not above the index's has not changed since, so the index must hold it unchanged. If it does not,
    the store was replaced or restored from a backup, or the index is incomplete. The samples are the oldest articles, and the
    last ones before the index's revision, where two stores would differ.
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
    """The result of a replay. The index now has the store's ``revision``, at which the store held ``articles``.

    ``merge_failure`` is the merge failure of the last commit; None without one.
    """

    put: int
    deleted: int
    revision: int
    articles: int
    merge_failure: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one commit of changes. The index now has the store's ``revision``.

    ``articles`` is how many the store held at this revision, if they were counted and no more changes were there; else None.
    ``merge_failure`` says why the engine could not merge its segments afterwards; None if it could.
    """

    put: int
    deleted: int
    revision: int
    articles: int | None
    merge_failure: str | None

    @property
    def changes(self) -> int:
        """How many changes were applied."""
        return self.put + self.deleted


def apply_batch(
    store: ArticleStore,
    engine: Engine,
    *,
    after: int,
    advance: Callable[[], None] = lambda: None,
    counted: bool = False,
) -> Batch:
    """Apply the first BATCH changes after revision ``after`` in one commit. Nothing is committed if the store is at ``after``.

    The store can give out revisions that no article keeps, so a commit may have no change and a new revision.

    ``advance`` is called for each change. The store's articles are ``counted`` at the same moment at which its changes are read.
    """
    put = 0
    committed = CommitReport()
    with engine.writer() as writer:
        moment = store.moment(after=after, at_most=BATCH, counted=counted)
        for change in moment.changes:
            if change.article is None:
                writer.delete(change.article_id)
            else:
                writer.put(change.article)
                put += 1
            advance()
        if moment.revision > after:
            committed = writer.commit(revision=moment.revision)
    deleted = len(moment.changes) - put
    return Batch(put, deleted, moment.revision, moment.articles, committed.merge_failure)


def replay(store: ArticleStore, engine: Engine, *, after: int, announcer: Announcer) -> Replayed:
    """Apply every change after revision ``after``, in commits of BATCH, until fewer than BATCH were left.

    If the store keeps changing, it has moved on by as much as it changed during the last commit. A follower applies the rest.
    """
    put = deleted = 0
    articles: int | None = None
    failure: str | None = None
    while articles is None:
        batch = apply_batch(store, engine, after=after, advance=announcer.advance, counted=True)
        put, deleted, after = put + batch.put, deleted + batch.deleted, batch.revision
        articles = batch.articles
        failure = batch.merge_failure if batch.changes else failure
    return Replayed(put, deleted, after, articles, failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesReport:
    """The result of :func:`apply_changes` for generation ``generation``. ``store_articles`` is the store's count at that time.

    ``merge_failure`` says why the engine could not merge after the last commit. The changes are live nevertheless.
    ``follower`` is the number of the process that follows the store and has applied the changes; how many is then unknown.
    """

    generation: str
    put: int
    deleted: int
    revision: int
    doc_count: int
    store_articles: int
    seconds: float
    merge_failure: str | None
    follower: str = ""


def apply_changes(
    store: ArticleStore,
    generations: Generations,
    *,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    progress: Report = silent,
) -> ChangesReport:
    """Apply the store's changes to the live generation, once. Another generation may be built meanwhile.

    If another one is promoted before the end, the changes are applied to that one too. If a follower writes to the live
    generation, wait until it has applied what the store holds now, as long as it goes on. If it ends before, take over.

    Raises:
        NoLiveGeneration, GenerationMissing, ManifestDamaged, IndexDamaged: there is nothing sound to apply them to,
            or the index was made from another store.
        IndexOutdated: another release or engine made the live generation; it needs a rebuild. Words that are not yet applied
            do not matter.
        WriterBusy: another process is applying changes, or the follower does not.
    """
    began = moved = time.monotonic()
    wanted = store.revision()
    seen: object = None
    report: ChangesReport | None
    while True:
        with ExitStack() as held:
            try:
                with generations.lock():
                    live = generations.live()
                    held.enter_context(generations.writing(live.name, purpose="rebuild --changes"))
            except WriterBusy as busy:
                if busy.purpose != FOLLOW:
                    raise
                with open_generation(live, analyzer=analyzer, timezone=timezone).reader() as reader:
                    state = live.name, reader.revision
                    report = _followed(store, live, reader, busy) if state[1] >= wanted else None
                if state != seen:
                    seen, moved = state, time.monotonic()
                elif time.monotonic() - moved > FOLLOWER_PATIENCE:
                    raise
            else:
                announcer = held.enter_context(Announcer(progress))
                report = _apply(store, live, engine_name, analyzer, timezone, announcer)
        if report is None:
            time.sleep(LOOK_EVERY)
        elif generations.live_name() == live.name:
            return replace(report, seconds=time.monotonic() - began)


def _followed(
    store: ArticleStore, live: Generation, reader: Reader, follower: WriterBusy
) -> ChangesReport:
    """The report when ``follower`` has applied the changes."""
    return ChangesReport(
        generation=live.name,
        put=0,
        deleted=0,
        revision=reader.revision,
        doc_count=reader.doc_count,
        store_articles=store.count(),
        seconds=0.0,
        merge_failure=None,
        follower=follower.number,
    )


def _apply(
    store: ArticleStore,
    live: Generation,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    announcer: Announcer,
) -> ChangesReport:
    """Apply the store's changes to one generation. This process is its writer."""
    began = time.monotonic()
    analyzer = made_with(live, analyzer)
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
