"""The Whoosh engine: a columnar index in a folder, its snapshots and its writer."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.columnar.errors import Damaged
from indexer.columnar.files.check import check_index
from indexer.columnar.files.commit import commit_numbers
from indexer.columnar.files.copying import copy_index
from indexer.columnar.files.parts import build_segments
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import create_index
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.impacts import Bm25
from indexer.engines.folder import make_folder
from indexer.engines.ranking import K1, B
from indexer.engines.whoosh.buffers import text_buffers
from indexer.engines.whoosh.documents import document_of
from indexer.engines.whoosh.facets import derived_facets
from indexer.engines.whoosh.fields import LAYOUT
from indexer.engines.whoosh.literals import LiteralFinder
from indexer.engines.whoosh.popularity import heat_levels
from indexer.engines.whoosh.reader import WhooshReader
from indexer.engines.whoosh.recency import recency_factors
from indexer.engines.whoosh.side_arrays import SideArrays
from indexer.engines.whoosh.translation import translated
from indexer.engines.whoosh.writer import WhooshWriter
from indexer.query import Popularity, Recency


class _Opened(NamedTuple):
    """A snapshot, and the data that is derived from it on demand."""

    snapshot: Snapshot
    executor: Executor
    literals: LiteralFinder
    fading: SideArrays[Recency]
    heats: SideArrays[Popularity]


class WhooshEngine:
    """A Whoosh index in a folder: commit files and one file for each segment."""

    name = "whoosh"

    def __init__(self, folder: Path, *, analyzer: Analyzer, timezone: ZoneInfo) -> None:
        self.folder = folder
        self.analyzer = analyzer
        self._derived = derived_facets(timezone)
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def create(self) -> None:
        """Make an empty index."""
        make_folder(self.folder)
        with translated(self.folder):
            create_index(self.folder, {"revision": 0})

    def copy_to(self, folder: Path) -> None:
        """Copy the files of the last commit. All are written once, so hard links to them can be shared."""
        make_folder(folder)
        with translated(folder):
            copy_index(self.folder, folder)

    def reader(self) -> WhooshReader:
        """Open the last commit. Readers of one commit share its files and the data derived from them."""
        with self._lock, translated(self.folder):
            known = self._opened
            snapshot = open_snapshot(self.folder, reuse=known.snapshot if known else None)
            if known is None or snapshot is not known.snapshot:
                known = self._opened = self._derivations(snapshot, known)
        return WhooshReader(known.executor, known.literals, known.fading, known.heats)

    def _derivations(self, snapshot: Snapshot, reuse: _Opened | None) -> _Opened:
        """The data derived from a snapshot. Data of segments that the previous snapshot also has is shared with it."""
        executor = Executor(
            snapshot,
            weighting=Bm25(K1, B),
            derived=self._derived,
            reuse=reuse.executor if reuse else None,
        )
        return _Opened(
            snapshot,
            executor,
            LiteralFinder(executor, reuse=reuse.literals if reuse else None),
            SideArrays(snapshot, recency_factors, reuse=reuse.fading if reuse else None),
            SideArrays(snapshot, heat_levels, reuse=reuse.heats if reuse else None),
        )

    def writer(self) -> WhooshWriter:
        """Begin a batch of changes."""
        return WhooshWriter(self.folder, self.analyzer)

    def build_part(self, articles: Iterable[Article]) -> list[str]:
        """Write segments for the writer of another process to take."""
        documents = (document_of(article, self.analyzer) for article in articles)
        with translated(self.folder):
            paths = build_segments(
                self.folder, LAYOUT, documents, buffers=partial(text_buffers, self.analyzer)
            )
        return [path.name for path in paths]

    def merge(self) -> None:
        """Nothing: commits merge."""

    def replicate(self) -> None:
        """Nothing: the one copy is in the folder."""

    def version(self) -> object:
        """The number of the last commit."""
        with translated(self.folder):
            numbers = commit_numbers(self.folder)
            if not numbers:
                raise Damaged(self.folder, "holds no index")
        return numbers[0]

    def check(self) -> list[str]:
        """Compare every array with its checksum, and the arrays with one another."""
        with translated(self.folder):
            faults = check_index(self.folder)
        return [f"{fault}: run 'python -m indexer rebuild'" for fault in faults]
