"""A batch of changes to the index in the cluster.

Changes wait in the folder of the index until the commit sends them. What was never committed, the cluster never saw. A commit
that dies while it sends leaves changes that the next commit shows too; whoever writes from the store's revisions sends them
again in any case.

A batch needs the folder's lock on this machine, and the lease of the index over all machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.base import CommitReport, Writer
from indexer.engines.folder import lock_folder
from indexer.engines.opensearch.index import RemoteIndex, read_name
from indexer.engines.opensearch.leases import claim, lease_of
from indexer.engines.opensearch.parts import PartWriter, changes_of, check_part, remove_parts
from indexer.engines.opensearch.state import Facts
from indexer.errors import FolderNotWritable, IndexDamaged, WriterBusy

_COMMIT_LOCK: Final = "commit.lock"
_BEGUN: Final = "begun"
"""A file beside the name of an index that has no commit yet: it may hold a part of the first one."""
PART: Final = 64 << 20
"""Bytes that a new index gets at once."""
_COPYING: Final = 600.0
"""Seconds that a commit waits for a copy of the index, and a copy for a commit."""


@contextmanager
def committing(folder: Path) -> Iterator[None]:
    """Keep commits of an index from happening while it is copied, and the other way round.

    Raises:
        WriterBusy: the other took too long.
        FolderNotWritable: the folder cannot be written.
    """
    try:
        with FileLock(folder / _COMMIT_LOCK, timeout=_COPYING, fallback_to_soft=False):
            yield
    except Timeout:
        raise WriterBusy(folder) from None


class OpenSearchWriter(Writer):
    """The one writer of a folder.

    Raises:
        WriterBusy, IndexDamaged: only when the writer is made.
        FolderNotWritable: in any method, when the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path, analyzer: Analyzer, index: RemoteIndex) -> None:
        self._folder, self._analyzer, self._index = folder, analyzer, index
        self._lock = lock_folder(folder)
        try:
            remove_parts(folder)  # of a writer that died
            if (folder / _BEGUN).exists():
                self._begin_anew()
            standing = lease_of(index)
            with committing(folder):  # a copy lets nobody write
                self._lease = standing or claim(index)
            self._ends_lease = standing is None
            self._version = self._lease.version_of_batch()
        except BaseException:
            self._lock.release()
            raise
        self._parts: list[Path] = []
        self._own: PartWriter | None = None

    def add(self, article: Article) -> None:
        """Add an article that the index does not hold."""
        self._change(article.id, article)

    def put(self, article: Article) -> None:
        """Add or replace an article."""
        self.add(article)

    def delete(self, article_id: str) -> None:
        """Delete an article."""
        self._change(article_id, None)

    def _change(self, article_id: str, article: Article | None) -> None:
        self._need_batch()
        if self._own is None:
            self._own = PartWriter(self._folder, self._analyzer)
        self._own.add(article_id, article)
        if self._own.size > PART:
            self._end_own()
            self._send_if_new()

    def take(self, part: str) -> None:
        """Add the articles of a part, which another process wrote into the folder."""
        self._need_batch()
        check_part(self._folder / part)
        self._end_own()
        self._parts.append(self._folder / part)
        self._send_if_new()

    def commit(self, *, revision: int) -> CommitReport:
        """Send everything in its order, show it, and end the batch. The cluster merges in its own time."""
        self._need_batch()
        try:
            read_name(self._folder)
            self._end_own()
            facts = Facts(self._lease.facts.number + 1, revision)
            with committing(self._folder):
                self._send()
                self._index.mark(facts, self._version)
                self._lease.commit(facts)
                self._index.refresh()
            self._note(begun=False)
            return CommitReport()
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Discard the changes and end the batch."""
        if self._lock.is_locked:
            if self._own is not None:
                self._own.end()
                self._own = None
            remove_parts(self._folder)
            if self._ends_lease:
                self._lease.release()
        self._lock.release()

    def _end_own(self) -> None:
        if self._own is not None:
            self._parts.append(self._own.close())
            self._own = None

    def _begin_anew(self) -> None:
        """Make the index again, unless its first commit was complete after all."""
        try:
            committed = self._index.state()[0].number
        except IndexDamaged:  # it was removed, and whoever did it died
            committed = 0
        if not committed:
            self._index.remove()
            self._index.create()
        self._note(begun=False)

    def _send_if_new(self) -> None:
        """Send the parts to an index without a commit, which nobody reads: so no disk here needs room for all of them.

        If the batch is not committed, the next one begins with another index of the same name.
        """
        if self._lease.facts.number == 0:
            self._note(begun=True)
            self._send()

    def _send(self) -> None:
        self._index.send(chain.from_iterable(map(changes_of, self._parts)), self._version)
        for part in self._parts:
            part.unlink(missing_ok=True)
        self._parts.clear()

    def _note(self, *, begun: bool) -> None:
        path = self._folder / _BEGUN
        try:
            if begun:
                path.touch()
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise FolderNotWritable(self._folder, error.strerror or str(error)) from error

    def _need_batch(self) -> None:
        if not self._lock.is_locked:
            raise RuntimeError("this batch has ended: begin another with engine.writer()")
