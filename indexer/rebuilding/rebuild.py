"""Rebuild: fills the index of a new generation, catches up, checks it, asks it, and only then promotes it.

The live generation keeps answering meanwhile. A failure before the promotion leaves it untouched and removes the new folder.
The next rebuild removes what a killed process left behind. Changes made during a rebuild are in the new generation. Changes
made in its last instant are not; their revisions are higher, and ``apply_changes`` applies them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.asking import MakeAsking
from indexer.build_progress import Announcer, Report, silent
from indexer.engines.base import Engine
from indexer.errors import RebuildFailed, SearchIndexError
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generations, IsSound
from indexer.locks import translated
from indexer.manifest import Manifest
from indexer.opening import is_sound, keep_words
from indexer.promotion_checks import PromotionChecks, write_checks
from indexer.rebuilding.before import ensure_filled, ensure_room
from indexer.rebuilding.catch_up import LOOK_EVERY, Replayed, replay
from indexer.rebuilding.checks import compare_with_live, whole
from indexer.rebuilding.filling import Build, Fill, Filled, whole_store
from indexer.said import Said, listed
from indexer.store.articles import ArticleStore

LEAVING: Final = 5.0
"""Seconds that a follower may take to leave a generation. A commit takes less; a large merge may take longer."""

_FAULTS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """The result of a rebuild. ``promoted``: the generation is live. If not, it waits, because that was asked for or a check failed.

    ``articles`` and ``revision`` are the new generation's. ``replayed`` counts the changes made while it was built.
    ``rate`` is in articles a second over all ``seconds``. ``size_bytes`` is 0 if who keeps the index did not answer then. ``cleaned`` names removed remains of killed rebuilds, ``pruned``
    removed older generations. ``merge_failure`` says why the engine could not merge after the last replayed change. The
    generation is complete nevertheless. ``found_words`` counts the words that this rebuild found in the articles.
    """

    generation: str
    promoted: bool
    checks: PromotionChecks
    articles: int
    revision: int
    replayed: int
    seconds: float
    size_bytes: int
    cleaned: tuple[str, ...]
    pruned: tuple[str, ...]
    merge_failure: str | None
    found_words: int

    @property
    def rate(self) -> float:
        """Articles a second."""
        return self.articles / self.seconds if self.seconds > 0 else 0.0


def rebuild(
    store: ArticleStore,
    generations: Generations,
    *,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    keep: int,
    processes: int = 1,
    asking: MakeAsking | None = None,
    promote: bool = True,
    force: bool = False,
    fill: Fill = whole_store,
    progress: Report = silent,
) -> RebuildReport:
    """Build a new generation of all articles, promote it, and keep ``keep`` generations in all.

    If a check fails, the generation stays beside the live one and is not promoted, unless ``force`` is set or no live one can be
    read. Without ``promote`` it stays in any case. It is then kept beyond the ``keep`` others. Checks that ask the index need
    ``asking``, and are else not made.

    With ``processes`` above 1, that many additional processes analyse and write, if the store is large enough.
    Each may need as much memory as a rebuild by one process. ``fill`` makes the index that is then caught up with the store.

    Raises:
        WriterBusy: another rebuild is running.
        StoreNeverFilled: nothing was ever stored, and the live generation holds articles.
        NotEnoughRoom: the disk has no room for another generation.
        RebuildFailed: the new generation is not whole, or a process failed or was killed; nothing was promoted.
        FolderNotWritable: the index folder cannot be written, or the disk is full.
        StoreError: the articles cannot be read.
    """
    began = time.monotonic()
    made_with = fingerprint(engine=engine_name, analysis=analyzer.fingerprint)
    asker = (
        asking() if asking else None
    )  # now, since a wrong setting must not show when all is built
    ensure_filled(store, generations, analyzer=analyzer, timezone=timezone)
    if fill is whole_store:  # others share most of the live index's files
        ensure_room(store, generations)
    with ExitStack() as held:
        with generations.lock():
            cleaned = generations.clean()
            folder = generations.begin()
            held.enter_context(generations.writing(folder.name, purpose="rebuild"))
        try:
            with Announcer(progress, folder=folder) as announcer:
                filled = fill(
                    Build(
                        store=store,
                        folder=folder,
                        engine_name=engine_name,
                        analyzer=analyzer,
                        timezone=timezone,
                        processes=processes,
                        announcer=announcer,
                    )
                )
                compare = partial(
                    compare_with_live,
                    store,
                    filled.engine,
                    generations,
                    asking=asker,
                    analyzer=analyzer,
                    timezone=timezone,
                    announcer=announcer,
                )
                done = _complete(store, filled, folder.name, announcer, compare)
                announcer.begin("promote", total=1)
            # Where nothing readable is live, an index that failed a check answers more than none.
            failed = done.checks.failed and done.checks.against is not None
            promoted = promote and (force or not failed)
            words = filled.engine.analyzer
            keep_words(folder, words)
            with generations.lock():
                previous = generations.live_name()
                with translated(folder):
                    write_checks(done.checks, folder)
                made = generations.finish(
                    Manifest(
                        name=folder.name,
                        engine=engine_name,
                        fingerprint=made_with,
                        schema_version=SCHEMA_VERSION,
                        doc_count=done.replayed.articles,
                        revision=done.replayed.revision,
                        made_at=datetime.now(UTC),
                        seconds=round(time.monotonic() - began, 3),
                        user_dictionary=words.user_dictionary.fingerprint,
                        found_words=words.found_words.fingerprint,
                        words_applied=filled.words_applied,
                    )
                )
                if promoted:
                    generations.promote(made.name)
        except BaseException:
            _abandon(generations, folder)
            raise
    pruned = _prune(
        generations,
        keep if promoted else keep + 1,
        # The previously live generation is spared for a rollback, if it is sound. A newer one that was rolled back is not.
        spare=previous if promoted else made.name,
        is_sound=partial(is_sound, analyzer=analyzer, timezone=timezone),
    )
    return RebuildReport(
        generation=made.name,
        promoted=promoted,
        checks=done.checks,
        articles=done.replayed.articles,
        revision=done.replayed.revision,
        replayed=done.during,
        seconds=time.monotonic() - began,
        size_bytes=made.size() or 0,
        cleaned=cleaned,
        pruned=pruned,
        merge_failure=done.replayed.merge_failure,
        found_words=len(words.found_words.words) if fill is whole_store else 0,
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """An index that is caught up and checked: its last replay, the number of all replayed changes, and its checks."""

    replayed: Replayed
    during: int
    checks: PromotionChecks


def _complete(
    store: ArticleStore,
    filled: Filled,
    name: str,
    announcer: Announcer,
    compare: Callable[[], PromotionChecks],
) -> _Whole:
    """Catch the index of generation ``name`` up with the store, and check it. Some changes may come while it is asked.

    Raises:
        RebuildFailed: its files are damaged, or it does not hold as many articles as the store.
    """
    engine = filled.engine
    last = _catch_up(store, engine, filled.revision, announcer)
    during = last.put + last.deleted
    announcer.begin("check", total=last.articles)
    engine.replicate()
    if faults := engine.check():
        raise _not_whole(name, faults)
    checks = compare()
    if store.revision() != last.revision:
        last = _catch_up(store, engine, last.revision, announcer)
        during += last.put + last.deleted
    with engine.reader() as reader:
        held = reader.doc_count
    if held != last.articles:
        counts = {"held": held, "articles": last.articles}
        raise _not_whole(name, [Said("articles: {held}, in the store: {articles}", **counts)])
    return _Whole(last, during, replace(checks, checks=(*whole(held), *checks.checks)))


def _not_whole(name: str, faults: Sequence[str]) -> RebuildFailed:
    shown, more = list(faults[:_FAULTS_SHOWN]), len(faults) - _FAULTS_SHOWN
    if more > 0:
        shown.append(Said("and {more} more", more=more))
    return RebuildFailed(
        Said(
            "generation {name} failed its check and was not promoted ({why}): "
            "the live index is untouched; check the disk, then run 'python -m indexer rebuild' again",
            name=name,
            why=listed(*shown),
        )
    )


def _catch_up(store: ArticleStore, engine: Engine, after: int, announcer: Announcer) -> Replayed:
    announcer.begin("catch up", total=max(0, store.revision() - after))
    replayed = replay(store, engine, after=after, announcer=announcer)
    announcer.end()
    return replayed


def _abandon(generations: Generations, folder: Path) -> None:
    """Remove a failed build, unless it is already live and failed afterwards."""
    if generations.live_name() == folder.name:
        return
    # If the removal fails, the next rebuild does it: the original error matters more.
    with suppress(SearchIndexError), generations.lock():
        generations.discard(folder.name)


def _prune(
    generations: Generations, keep: int, *, spare: str | None, is_sound: IsSound
) -> tuple[str, ...]:
    """Remove all but ``keep`` generations. A follower needs a moment to leave the one that is no longer live.

    Each attempt may open indexes to see whether they are sound, so every pause is twice as long as the one before.
    """
    until = time.monotonic() + LEAVING
    pause = LOOK_EVERY
    removed: tuple[str, ...] = ()
    while True:
        with generations.lock():
            removed += generations.prune(keep, is_sound=is_sound, spare=spare)
        if len(generations.list()) <= keep or time.monotonic() + pause > until:
            return removed
        time.sleep(pause)
        pause *= 2
