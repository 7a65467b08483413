"""The live index: readers of the last commit of the live generation. The file CURRENT holds its name.

The live index follows promotions and commits: it looks at the folder at most once in ``interval`` seconds. It keeps
open readers for reuse. It never writes. If the index was removed, the live index raises an error instead of answering,
and the next request looks again. If CURRENT names a generation that cannot be opened, such as one of another release, the one
before goes on answering, and says so. Nothing is opened under the lock that every request takes. One thread opens a new commit,
while requests go on with the old one: that of ``keep_fresh``, or a request's if there is none. A newly opened commit is
verified in the background, while requests are answered. If the verification finds damage, requests are refused until another
generation is live.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import storage_of
from indexer.errors import IndexDamaged, IndexFailure
from indexer.fingerprint import fingerprint
from indexer.generations import Generation, Generations
from indexer.manifest import Manifest
from indexer.opening import made_with, open_generation
from search_service.live.lag import Lag
from search_service.live.verification import Verification

INTERVAL: Final = 0.3
"""Seconds between two looks at the folder: two small reads. A promotion or commit shows within this time."""
HURRY: Final = 0.05
"""Seconds between two looks while somebody waits for a change."""
AHEAD: Final = 0.2
"""Seconds between two looks of the thread that keeps the index fresh: less than INTERVAL, so that requests find nothing to do."""

log = logging.getLogger(__name__)

LagOf = Callable[[int], Lag | None]


@dataclass(frozen=True, slots=True)
class IndexState:
    """Which index an answer came from, and how fresh it is.

    ``revision`` is the store's revision in the snapshot. ``as_of`` is when the last change was committed to the
    generation, or when the generation was made, if no change followed. ``outdated``: another release of this program
    made the index. Some words may then not be found before a rebuild. ``lag`` is None if the store cannot be read.
    ``held_back``: why another generation, which is live, cannot be opened; None if this one is live.
    """

    generation: str
    revision: int
    as_of: datetime
    doc_count: int
    rebuilding: bool
    outdated: bool
    lag: Lag | None = None
    held_back: IndexFailure | None = None


class Lent(NamedTuple):
    """A reader, the state of its index, and the analyzer that cuts texts to be looked up in it."""

    reader: Reader
    state: IndexState
    analyzer: Analyzer


class Lends(Protocol):
    """Lends readers of an index, as :class:`LiveIndex` does."""

    def reader(self) -> AbstractContextManager[Lent]:
        """See :meth:`LiveIndex.reader`."""


@dataclass(slots=True, eq=False, kw_only=True)
class _Snapshot:
    """One commit of one generation, with its idle readers."""

    manifest: Manifest
    analyzer: Analyzer
    engine: Engine
    version: object
    committed_at: datetime
    outdated: bool
    revision: int
    lag: LagOf
    rebuilding: bool = False
    held_back: IndexFailure | None = None
    idle: list[Reader] = field(default_factory=list)

    def state(self, reader: Reader) -> IndexState:
        as_made = reader.revision == self.manifest.revision
        return IndexState(
            generation=self.manifest.name,
            revision=reader.revision,
            as_of=self.manifest.made_at if as_made else self.committed_at,
            doc_count=reader.doc_count,
            rebuilding=self.rebuilding,
            outdated=self.outdated,
            lag=self.lag(reader.revision),
            held_back=self.held_back,
        )


class LiveIndex:
    """Readers of the live generation. Safe to share between threads; one for each process.

    Queries are cut with the words that the generation keeps, or with those of ``analyzer`` if it keeps none.
    ``analyzer`` does all other analysis. ``lag`` says how far an index at a revision is behind the store.
    """

    def __init__(
        self,
        generations: Generations,
        *,
        analyzer: Analyzer,
        timezone: ZoneInfo,
        lag: LagOf = lambda _: None,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._generations = generations
        self._analyzer, self._timezone = analyzer, timezone
        self._lag, self._interval, self._clock = lag, interval, clock
        self._lock, self._opening = Lock(), Lock()
        self._current: _Snapshot | None = None
        self._last = ""
        """The name of the generation that was opened last."""
        self._looked_at = 0.0
        self._verification = Verification()
        self._closed = Event()
        self._refresher: Thread | None = None

    def keep_fresh(self) -> None:
        """From now on look at the folder in a thread of its own, so that requests need not open new commits.

        Opening one takes some ten milliseconds, and the request that did it would wait for them, with all behind it. Requests
        still look when the thread is late, or when it was lost in a fork.
        """
        self._refresher = Thread(target=self._keep_fresh, name="fresh index", daemon=True)
        self._refresher.start()

    def _keep_fresh(self) -> None:
        while not self._closed.wait(AHEAD):
            with suppress(IndexFailure):  # the next request meets it too
                self._look(AHEAD)

    @contextmanager
    def reader(self) -> Iterator[Lent]:
        """A reader of the live index, for one thread, valid inside the ``with`` block.

        The reader is a snapshot: it does not show later commits and promotions.

        Raises:
            NoLiveGeneration: no generation was promoted yet, or the folder was deleted.
            GenerationMissing: the live generation is gone.
            ManifestDamaged: its manifest cannot be read.
            FormatMismatch: its index has the format of another release and cannot be read.
            IndexDamaged: its index cannot be read, or verification found it altered.

        If the generation that was open before can still be read, it is lent instead, unless it is the one that failed.
        """
        snapshot, reader = self._take()
        try:
            if damage := reader.damage:
                raise damage
            yield Lent(reader, snapshot.state(reader), snapshot.analyzer)
        except IndexFailure:
            # A damaged snapshot stays current. Reopened files would answer requests until the damage is found again.
            if reader.damage is None:
                self._leave(snapshot)
            raise
        finally:
            with self._lock:
                kept = snapshot is self._current
                if kept:
                    snapshot.idle.append(reader)
            if not kept:
                reader.close()

    def state(self) -> IndexState:
        """The state of the live index. Raises what :meth:`reader` raises."""
        with self.reader() as lent:
            return lent.state

    def generation(self) -> Generation:
        """The generation that CURRENT names, read from its folder; raises what :meth:`reader` raises."""
        return self._generations.live()

    def analyzer(self) -> Analyzer:
        """The analyzer of the snapshot in use, or the one given, if there is none. Looks at no file and never fails."""
        snapshot = self._current
        return snapshot.analyzer if snapshot else self._analyzer

    def holds(self, revision: int, *, patience: float) -> bool:
        """Wait until readers show the store's ``revision``, up to ``patience`` seconds. Looks at the folder much more often.

        Raises what :meth:`reader` raises.
        """
        until = self._clock() + patience
        while self._look(HURRY).revision < revision:
            if self._clock() >= until:
                return False
            time.sleep(HURRY)
        return True

    def close(self) -> None:
        """Close the idle readers. Readers in use close when they come back. A later request opens new ones."""
        self._closed.set()
        if self._refresher is not None:
            self._refresher.join()
        self._verification.stop()
        self._replace(None)

    def _take(self) -> tuple[_Snapshot, Reader]:
        """An idle reader of the current snapshot, or a new one."""
        failed = False
        while True:
            snapshot = self._look(self._interval)
            with self._lock:
                if snapshot.idle:
                    return snapshot, snapshot.idle.pop()
            try:
                reader = snapshot.engine.reader()
                with ExitStack() as unused:
                    unused.callback(reader.close)
                    if snapshot.engine.version() == snapshot.version:
                        unused.pop_all()
                        return snapshot, reader
            except IndexDamaged:
                # Since the last look, another generation may have been promoted and this one pruned.
                if failed:
                    raise
                failed = True
            self._leave(snapshot)

    def _look(self, age: float) -> _Snapshot:
        """The current snapshot. Looks at the folder if the last look is ``age`` seconds old and no other thread is looking."""
        current = self._current
        if current and self._clock() - self._looked_at < age:
            return current
        if not self._opening.acquire(blocking=current is None):
            assert current is not None
            return current
        try:
            now, looked_for = self._clock(), current
            current = self._current
            if current and looked_for is None:
                return current  # another thread opened it while this one waited
            self._looked_at = now
            try:
                if not (current and self._is_unchanged(current)):
                    current = self._open_live()
            except IndexFailure as error:
                current = self._open_last(current, error)
            if current is not self._current:
                self._replace(current)
            current.rebuilding = self._generations.building() is not None
            return current
        finally:
            self._opening.release()

    def _is_unchanged(self, snapshot: _Snapshot) -> bool:
        if self._generations.live_name() != snapshot.manifest.name:
            return False
        return snapshot.held_back is None and _is_newest(snapshot)

    def _open_live(self) -> _Snapshot:
        try:
            return self._open(self._generations.live())
        except IndexDamaged:
            # Meanwhile another generation may have been promoted and this one pruned.
            return self._open(self._generations.live())

    def _open_last(self, current: _Snapshot | None, error: IndexFailure) -> _Snapshot:
        """The generation that was opened last, to go on with although another one, which cannot be opened, is live.

        Its present commit, or what is ``current`` if that cannot be opened.

        Raises:
            IndexFailure: there is none, or it is the live one itself: the ``error``.
        """
        if not self._last or self._names_nothing_else():
            self._replace(None)
            raise error
        kept = current
        if kept is None or not _is_newest(kept):
            try:
                kept = self._open(self._generations.get(self._last))
            except IndexFailure:
                if kept is None:
                    raise error from None
        if kept.held_back is None or str(kept.held_back) != str(error):
            log.error("answers still come from generation %s: %s", self._last, error)
        kept.held_back = error
        return kept

    def _names_nothing_else(self) -> bool:
        """Whether CURRENT is gone, or names the generation that was opened last. False if it cannot be read."""
        try:
            return self._generations.live_name() in (None, self._last)
        except IndexDamaged:
            return False

    def _open(self, generation: Generation) -> _Snapshot:
        """A snapshot with one reader of the same commit. It reuses the engine of the generation's previous commit."""
        manifest, current = generation.manifest, self._current
        if current and current.manifest == manifest:
            engine, analyzer = current.engine, current.analyzer
        else:
            analyzer = self._analyzer_of(generation)
            engine = open_generation(generation, analyzer=analyzer, timezone=self._timezone)
            analyzer.query("预热")  # loads the dictionary, for which no question should wait
        version = engine.version()
        reader = engine.reader()
        while (found := engine.version()) != version:
            reader.close()
            version, reader = found, engine.reader()
        self._verification.begin(engine.reader())
        self._last = manifest.name
        expected = fingerprint(engine=manifest.engine, analysis=analyzer.fingerprint)
        return _Snapshot(
            manifest=manifest,
            analyzer=analyzer,
            engine=engine,
            version=version,
            committed_at=storage_of(generation.index).changed_at() or manifest.made_at,
            outdated=manifest.fingerprint != expected,
            revision=reader.revision,
            lag=self._lag,
            idle=[reader],
        )

    def _analyzer_of(self, generation: Generation) -> Analyzer:
        """The analyzer for a generation: the loaded one if it has the same words."""
        wanted = made_with(generation, self._analyzer)
        loaded = self._current.analyzer if self._current else self._analyzer
        same = loaded.knowing(wanted.user_dictionary, wanted.found_words) is loaded
        return loaded if same else wanted

    def _leave(self, snapshot: _Snapshot) -> None:
        """Drop a snapshot if it is the current one. The next request then looks again."""
        self._replace(None, instead_of=snapshot)

    def _replace(self, fresh: _Snapshot | None, *, instead_of: _Snapshot | None = None) -> None:
        """Make ``fresh`` the current snapshot; if ``instead_of`` is given, only in its place. Closes idle readers outside the lock."""
        with self._lock:
            old = self._current
            if instead_of not in (None, old):
                return
            self._current = fresh
            idle = old.idle[:] if old else []
            if old:
                old.idle.clear()
        for reader in idle:
            reader.close()


def _is_newest(snapshot: _Snapshot) -> bool:
    """Whether no commit followed the snapshot's. False if its folder cannot be read."""
    try:
        return snapshot.engine.version() == snapshot.version
    except IndexDamaged:
        return False
