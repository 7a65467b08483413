"""Writer: batches of changes, each committed as a whole or not at all; merging in tiers.

One writer at a time, across processes. Documents collect in memory up to a limit. Then they are written to a segment that no
commit lists yet. A commit writes the last segment and the deletions, merges small segments, then writes one commit file.
The merge of larger segments follows as a separate commit, so changes become visible before it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from filelock import FileLock, Timeout

from indexer.columnar.errors import ColumnarError, Damaged, Locked, Unsupported
from indexer.columnar.files.build import Document, MakeBuffers, SegmentBuilder, no_buffers
from indexer.columnar.files.commit import (
    Commit,
    SegmentEntry,
    commit_numbers,
    last_commit,
    read_deletions,
    remove_unused,
    write_commit,
)
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.merge import merge as merge_segments
from indexer.columnar.files.piece import Piece
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Leaf

MEMORY_LIMIT: Final = 512 * 2**20
"""Estimated bytes that writing one segment may need. Beyond it the buffered documents spill into a segment."""
TIER_RATIO: Final = 4
"""How much larger the segments of a tier may be than those of the tier below."""
TIER_WIDTH: Final = 2
"""This many segments of one tier are merged into one, so that few are left to search: each costs a search some milliseconds.

Measured over 200 commits of 42 documents on 200,000: 2.9 small segments on average and at most 4, each document written 7.0 times,
0.31 s of processor time for a commit. With 4 here: 5.0 and at most 9, 3.7 times, 0.29 s.
"""
TIER_FLOOR: Final = 200
"""Segments of up to this many live documents form one tier, since rewriting them is cheap."""
FEW: Final = 400
"""Segments that are due are merged before the commit if they have up to this many live documents together. That takes some 0.15 s
of processor time, and spares each reader one of two snapshots.
"""
DEAD_SHARE: Final = 0.4
"""A segment whose share of deleted documents exceeds this is rewritten without them."""
MOST_SEGMENTS: Final = 64
"""With more segments a commit merges first, and fails if that merge fails. While merges succeed there are some 13."""
_LOCK: Final = "write.lock"


def create_index(folder: Path, facts: Mapping[str, Any] | None = None) -> None:
    """Make an empty index in a folder, and the folder if it is missing. Raises ColumnarError if the folder holds an index."""
    folder.mkdir(parents=True, exist_ok=True)
    if commit_numbers(folder):
        raise ColumnarError(f"{folder} holds an index already")
    write_commit(folder, Commit(1, (), dict(facts or {})))


def new_segment_path(folder: Path) -> Path:
    """A fresh path for a segment in an index's folder."""
    return folder / f"{secrets.token_hex(8)}.seg"


@dataclass(frozen=True, slots=True)
class CommitReport:
    """The outcome of a commit. Its changes are durable and visible.

    ``merge_failure`` says why segments that are due could not be merged. It is None if all were merged. The next commit
    tries again.
    """

    merge_failure: str | None = None


class Writer:
    """Changes to one index. Leaving the ``with`` block without a commit discards them.

    ``buffers`` makes the buffers of fields that read documents' texts. ``timeout`` is how many seconds to wait for another writer to end.

    Raises:
        Locked: another writer is still open after that time.
        Damaged: the last commit, or a segment of it, cannot be read.
        Unsupported: the index has another layout.
        ColumnarError: a method is called after the end of the batch.
    """

    def __init__(
        self,
        folder: Path,
        layout: Layout,
        *,
        buffers: MakeBuffers = no_buffers,
        timeout: float = 0.0,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.folder, self.layout, self._buffers = folder, layout, buffers
        self._memory_limit = memory_limit
        # Not thread-local: another thread may commit the writer and must release the lock too.
        self._lock = FileLock(
            folder / _LOCK, timeout=timeout, thread_local=False, fallback_to_soft=False
        )
        try:
            self._lock.acquire()
        except Timeout as error:
            raise Locked(folder) from error
        try:
            self._commit = last_commit(folder)
            self._pieces = [self._opened(entry) for entry in self._commit.segments]
            for piece in self._pieces:
                self._require_layout(piece.segment)
            self._piece_docs = sum(entry.doc_count for entry in self._commit.segments)
            self._grouped = False
            self._reset()
            remove_unused(folder)
        except BaseException:
            self._lock.release()
            raise

    def _opened(self, entry: SegmentEntry) -> Piece:
        deleted = (
            read_deletions(self.folder / entry.deletions, entry.doc_count)
            if entry.deletions
            else None
        )
        return Piece(Segment(self.folder / entry.file), entry, deleted)

    def _reset(self) -> None:
        self._builder = SegmentBuilder(self.layout, self._buffers)
        self._buffered: dict[bytes, int] = {}
        self._buffer_deleted: list[int] = []

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the last commit."""
        return self._commit.facts

    def leaves(self) -> list[Leaf]:
        """The last commit's segments, with the deletions since then. Documents added since then are not included."""
        leaves, base = [], 0
        for piece in self._pieces[: len(self._commit.segments)]:
            leaves.append(Leaf(piece.segment, base, piece.merge_input().live))
            base += piece.segment.doc_count
        return leaves

    @property
    def is_empty(self) -> bool:
        """Whether the last commit holds no documents."""
        return not self._commit.segments

    def add(self, document: Document, key: bytes | None = None) -> int:
        """Add a document. If it has a key, the index must not hold that key yet. Spills when memory is full.

        Returns its number for :meth:`delete_docs`.
        """
        self._require_open()
        return self._buffer(self._builder.add(document), key)

    def _buffer(self, number: int, key: bytes | None) -> int:
        if key is not None:
            self._buffered[key] = number
        place = self._piece_docs + number
        if not (number % 64 or self._grouped):
            self._spill_if_full()
        return place

    def start_group(self) -> None:
        """Keep the following documents in one segment, until :meth:`end_group`."""
        self._grouped = True

    def end_group(self) -> None:
        """Allow spilling again."""
        self._grouped = False
        self._spill_if_full()

    def _spill_if_full(self) -> None:
        if self._builder.memory() > self._memory_limit:
            self._spill()

    def put(self, document: Document, key: bytes) -> None:
        """Add a document and replace the one with its key, if there is one. If the new one is refused, the old one stays."""
        self._require_open()
        number = self._builder.add(document)
        self.delete(key)
        self._buffer(number, key)

    def delete(self, key: bytes) -> bool:
        """Delete the document with that key. Returns whether there was one. O(segments * log documents)."""
        self._require_open()
        buffered = self._buffered.pop(key, None)
        if buffered is not None:
            self._buffer_deleted.append(buffered)
            return True
        return any(
            doc >= 0 and piece.delete(doc)
            for piece in self._pieces
            if (doc := piece.segment.find(key)) >= 0
        )

    def delete_docs(self, docs: Iterable[int]) -> None:
        """Delete documents by number.

        Documents of the last commit have their numbers in its snapshot. Documents added since then follow in the order of adding.

        Raises:
            IndexError: there is no document of that number. The documents before it in ``docs`` are deleted.
        """
        self._require_open()
        for doc in docs:
            if not 0 <= doc < self._piece_docs + self._builder.doc_count:
                raise IndexError(f"no document has the number {doc}")
            place = doc
            for piece in self._pieces:
                if place < piece.segment.doc_count:
                    piece.delete(place)
                    break
                place -= piece.segment.doc_count
            else:
                self._buffer_deleted.append(place)

    def add_segment(self, path: Path) -> None:
        """Take a segment from :func:`~indexer.columnar.files.parts.build_segments`, at a path of :func:`new_segment_path`. Its keys must be new.

        Raises:
            Damaged: there is no segment of that name in the index's folder, or it cannot be read.
            Unsupported: it has another layout.
        """
        self._require_open()
        self._spill()
        self._take(path)

    def _take(self, path: Path) -> None:
        segment = Segment(self.folder / path.name)
        self._require_layout(segment)
        self._pieces.append(Piece(segment, SegmentEntry(path.name, segment.doc_count), None))
        self._piece_docs += segment.doc_count

    def _require_layout(self, segment: Segment) -> None:
        if segment.layout != self.layout:
            raise Unsupported(
                f"{segment.file.path} was made with other fields than the writer has: make a new index"
            )

    def _require_open(self) -> None:
        if not self._lock.is_locked:
            raise ColumnarError(f"{self.folder}: the writer has ended, open another")

    def _spill(self) -> None:
        """Write the buffered documents as a segment."""
        if self._builder.doc_count:
            path = new_segment_path(self.folder)
            self._builder.write(path)
            self._take(path)
            for doc in self._buffer_deleted:
                self._pieces[-1].delete(doc)
        self._reset()

    def commit(
        self,
        facts: Mapping[str, Any] | None = None,
        *,
        merge: bool = True,
        merge_all: bool = False,
    ) -> CommitReport:
        """Make the changes durable and visible, merge segments that are due, and end the batch.

        ``facts`` replace the last commit's. Without ``merge`` nothing is merged, however many segments there are.
        ``merge_all`` first merges everything into one segment. A failure before the commit file is in place leaves the last
        commit as it was. A failure of a merge is reported, not raised. With more than MOST_SEGMENTS, merging comes before the
        commit, and its failure is raised.

        Raises:
            OSError: the disk is full, or unused files cannot be removed.
            Damaged: a segment that must be merged cannot be read.
        """
        self._require_open()
        try:
            self._spill()
            if merge_all and (len(self._pieces) > 1 or any(p.has_deletions for p in self._pieces)):
                self._merge(self._pieces)
            while merge and len(self._pieces) > MOST_SEGMENTS and (due := self._due()):
                self._merge(due)
            if merge:
                with suppress(Damaged, OSError):  # tried again after the commit, and then reported
                    while (due := self._due()) and sum(each.live_count for each in due) <= FEW:
                        self._merge(due)
            self._publish(dict(self.facts if facts is None else facts))
            return self._merge_where_due() if merge else CommitReport()
        finally:
            self.cancel()

    def _merge_where_due(self) -> CommitReport:
        try:
            while due := self._due():
                self._merge(due)
                self._publish(self.facts)
        except Damaged as damage:
            return CommitReport(str(damage))
        except OSError as error:
            return CommitReport(error.strerror or str(error))
        return CommitReport()

    def _publish(self, facts: dict[str, Any]) -> None:
        number = commit_numbers(self.folder)[0] + 1
        self._pieces = [piece for piece in self._pieces if piece.segment.doc_count]
        entries = tuple(piece.settled(self.folder) for piece in self._pieces)
        self._commit = Commit(number, entries, facts)
        write_commit(self.folder, self._commit)
        remove_unused(self.folder)

    def _due(self) -> list[Piece]:
        """The segments to merge next: one with too many deleted documents, or a full tier; none when all is well.

        If the merged segment would fill its own tier, that tier's segments join at once, so that nothing is rewritten twice.
        """
        for piece in self._pieces:
            if piece.entry.deleted > DEAD_SHARE * piece.entry.doc_count:
                return [piece]
        tiers: dict[int, list[Piece]] = {}
        for piece in self._pieces:
            tiers.setdefault(tier(piece.live_count), []).append(piece)
        due: list[Piece] = []
        for number, members in sorted(tiers.items()):
            joins = bool(due) and tier(sum(each.live_count for each in due)) == number
            if len(members) + joins >= TIER_WIDTH and (joins or not due):
                due += members
        return [piece for piece in self._pieces if piece in due]

    def _merge(self, members: Sequence[Piece]) -> None:
        chosen = list(members)
        inputs = [piece.merge_input() for piece in chosen]
        for piece in chosen:
            piece.segment.file.ensure_sound()  # damaged data must not get a new checksum
        if any(each.live_count for each in inputs):
            path = new_segment_path(self.folder)
            merge_segments(path, inputs)
            merged = [
                self._opened(SegmentEntry(path.name, sum(each.live_count for each in inputs)))
            ]
        else:
            merged = []
        at = self._pieces.index(chosen[0])
        rest = [piece for piece in self._pieces if piece not in chosen]
        self._pieces = rest[:at] + merged + rest[at:]

    def cancel(self) -> None:
        """Discard uncommitted changes and release the lock. Calling it again does nothing."""
        if self._lock.is_locked:
            self._reset()
            try:
                remove_unused(self.folder)
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


def tier(live: int) -> int:
    """The tier of a segment: 0 up to TIER_FLOOR live documents, then one more for each factor of TIER_RATIO."""
    number = 0
    while live > TIER_FLOOR * TIER_RATIO**number:
        number += 1
    return number
