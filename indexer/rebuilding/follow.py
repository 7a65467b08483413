"""Follow: the one writer of the live generation. It applies the store's changes as they come.

Each commit records the store's revision, so a follower that was killed continues from the last commit. When another
generation becomes live, by a rebuild or a rollback, the follower brings that one up to date and follows with it. A rebuild
beside it writes to a generation of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.engines.base import Engine
from indexer.errors import FormatMismatch, IndexDamaged, IndexFailure, StoreError
from indexer.fingerprint import SCHEMA_VERSION
from indexer.generations import Generation, Generations
from indexer.locks import holding, translated
from indexer.opening import open_generation
from indexer.rebuilding.catch_up import (
    BATCH,
    FOLLOW,
    LOOK_EVERY,
    NO_MATCH,
    apply_batch,
    made_from,
)
from indexer.store.articles import ArticleStore

COMMIT_EVERY: Final = 0.7
"""Seconds from one commit to the next, at least, unless a whole batch waits. Each commit costs every reader a new snapshot."""
AGREE_EVERY: Final = 1.0
"""Seconds between two looks at what other machines made live."""
PAUSE: Final = 1.0
"""Seconds after a failure."""


class Stop(Protocol):
    """Says when to stop, such as ``command_line.Stop``."""

    @property
    def asked(self) -> bool:
        """Whether to stop."""

    def wait(self, seconds: float) -> None:
        """Sleep, but not much longer than until somebody asks."""


@contextmanager
def standing_by(root: Path) -> Iterator[None]:
    """Be the one follower of this machine, which follows, or waits until it can.

    Raises:
        WriterBusy: another process is.
        FolderNotWritable: the index folder cannot be written.
    """
    with translated(root):
        root.mkdir(parents=True, exist_ok=True)
    with holding(root, patience=0, name=FOLLOW, purpose=FOLLOW):
        yield


class Follower:
    """Applies changes until it is stopped.

    ``tell`` gets a sentence when the follower begins with a generation or goes on with it, and one for each new trouble: another
    writer, no index, an index that needs a rebuild, a full disk, a store that cannot be read. The follower tries again every PAUSE
    seconds.
    """

    def __init__(
        self,
        store: ArticleStore,
        generations: Generations,
        *,
        analyzer: Analyzer,
        timezone: ZoneInfo,
        tell: Callable[[str], None],
    ) -> None:
        self._store, self._generations = store, generations
        self._analyzer, self._timezone = analyzer, timezone
        self._tell = tell
        self._trouble = ""

    def run(self, stop: Stop) -> None:
        """Follow until ``stop`` is asked for. A batch that is being applied is committed first."""
        while not stop.asked:
            with self._trying(stop), standing_by(self._generations.root):
                while not stop.asked:
                    with self._trying(stop):
                        self._follow_live(stop)

    @contextmanager
    def _trying(self, stop: Stop) -> Iterator[None]:
        try:
            yield
        except (IndexFailure, StoreError) as error:
            self._note(str(error))
            stop.wait(PAUSE)

    def _follow_live(self, stop: Stop) -> None:
        """Follow with the live generation until another one is live.

        Raises:
            WriterBusy: another process is its writer.
            NoLiveGeneration, GenerationMissing, ManifestDamaged, IndexDamaged, FormatMismatch: it needs a rebuild first.
            FolderNotWritable, StoreError: a commit was not made, or the store cannot be read.
        """
        with ExitStack() as held:
            with self._generations.lock():
                live = self._generations.live()
                held.enter_context(self._generations.writing(live.name, purpose=FOLLOW))
            engine = self._open(live)
            with engine.reader() as reader:
                began_at = revision = reader.revision
                if not made_from(self._store, reader):
                    raise IndexDamaged(live.index, NO_MATCH)
            engine.analyzer.index("预热")  # loads the dictionaries, for which no change should wait
            told, agreed = False, time.monotonic()
            while not stop.asked and self._generations.live_name() == live.name:
                began, pause = time.monotonic(), LOOK_EVERY
                if began > agreed + AGREE_EVERY:
                    self._generations.agree()
                    agreed = began
                newest = self._store.revision()
                if newest < revision:
                    raise IndexDamaged(live.index, NO_MATCH)
                trouble = self._trouble if told else ""
                if newest > revision:
                    batch = apply_batch(self._store, engine, after=revision)
                    revision = batch.revision
                    pause = COMMIT_EVERY if batch.changes < BATCH else 0.0
                    trouble = _unmerged(batch.merge_failure)
                if not told:  # only now, because a first commit that fails is tried again and again
                    self._tell(
                        f"following the store with generation {live.name} from revision {began_at}"
                    )
                    told = True
                self._note(trouble)
                stop.wait(max(0.0, began + pause - time.monotonic()))

    def _open(self, live: Generation) -> Engine:
        """The engine of the live generation, by its own name and words, whatever the settings now are.

        An index of another analysis is followed too, because queries are cut by this program's analysis anyway. An index of
        another format cannot be written.
        """
        if live.manifest.schema_version != SCHEMA_VERSION:
            raise FormatMismatch(live.name, live.manifest.schema_version, SCHEMA_VERSION)
        return open_generation(live, analyzer=self._analyzer, timezone=self._timezone)

    def _note(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self._tell(trouble)
        self._trouble = trouble


def _unmerged(failure: str | None) -> str:
    if failure is None:
        return ""
    return f"the changes are live, but segments could not be merged ({failure}): put that right"
