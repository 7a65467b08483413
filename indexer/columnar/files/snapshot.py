"""Snapshot: all segments of one commit, open; immutable, and shared by threads.

Statistics are global over the segments. As in Whoosh, they count deleted documents until a merge drops them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.commit import Commit, commit_numbers, last_commit, read_deletions
from indexer.columnar.files.segment import PostingsField, Segment

_ATTEMPTS: Final = 5
"""How often to try. A writer may commit twice and delete a segment after a commit is read and before its files are opened."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A segment in a snapshot: the number of its first document there, and which of its documents live (None: all)."""

    segment: Segment
    base: int
    live: NDArray[np.bool_] | None

    @property
    def deleted(self) -> int:
        """How many of its documents are deleted."""
        return 0 if self.live is None else len(self.live) - int(np.count_nonzero(self.live))


class Snapshot:
    """The index as of one commit.

    Raises:
        Damaged: opening found that a file of the commit is missing, cut short or altered.
    """

    def __init__(self, folder: Path, commit: Commit, reuse: Snapshot | None = None) -> None:
        self.folder, self.commit = folder, commit
        known = {leaf.segment.name: leaf.segment for leaf in reuse.leaves} if reuse else {}
        leaves: list[Leaf] = []
        base = 0
        for entry in commit.segments:
            segment = known.get(entry.file) or Segment(folder / entry.file)
            if segment.doc_count != entry.doc_count:
                raise Damaged(
                    folder / entry.file,
                    f"holds {segment.doc_count} documents, not {entry.doc_count}",
                )
            live = None
            if entry.deletions:
                live = ~read_deletions(folder / entry.deletions, entry.doc_count)
            leaves.append(Leaf(segment, base, live))
            base += segment.doc_count
        self.leaves: tuple[Leaf, ...] = tuple(leaves)
        self.doc_count_all = base
        """All documents, deleted ones included."""
        self.doc_count = base - sum(entry.deleted for entry in commit.segments)
        """Living documents."""

    @cached_property
    def segment_names(self) -> frozenset[str]:
        """The names of its segments, which are the keys of data derived from segments."""
        return frozenset(leaf.segment.name for leaf in self.leaves)

    def verifying(self) -> Iterator[None]:
        """Verify the unverified parts of the segments' files, a stretch of about a millisecond at each step. O(bytes)."""
        for leaf in self.leaves:
            yield from leaf.segment.file.verifying()

    @property
    def damage(self) -> Damaged | None:
        """The damage that verification found so far. O(segments)."""
        found = (leaf.segment.file.damage for leaf in self.leaves)
        return next((damage for damage in found if damage is not None), None)

    @cached_property
    def _bases(self) -> list[int]:
        return [leaf.base for leaf in self.leaves]

    def locate(self, doc: int) -> tuple[Leaf, int]:
        """The leaf of a document, and the document's number there."""
        leaf = self.leaves[bisect_right(self._bases, doc) - 1]
        return leaf, doc - leaf.base

    def _fields(self, name: str) -> Iterator[PostingsField]:
        """A field's postings in each segment that has such a field."""
        for leaf in self.leaves:
            if name in leaf.segment.layout.postings:
                yield leaf.segment.postings(name)

    def average_length(self, field: str) -> float:
        """The mean length of a words field over all documents; 0.0 for an empty index."""
        if not self.doc_count_all:
            return 0.0
        return sum(each.total_length for each in self._fields(field)) / self.doc_count_all

    def find(self, key: bytes) -> int:
        """The living document with that key, or -1. O(segments * log documents)."""
        for leaf in reversed(self.leaves):
            doc = leaf.segment.find(key)
            if doc >= 0 and (leaf.live is None or leaf.live[doc]):
                return leaf.base + doc
        return -1

    @property
    def has_keys(self) -> bool:
        """Whether documents have keys."""
        return bool(self.leaves) and self.leaves[0].segment.layout.key is not None

    def key(self, doc: int) -> bytes:
        """A document's key; empty without a key. O(1) after the first call for a segment."""
        leaf, local = self.locate(doc)
        return leaf.segment.key(local)

    def blob(self, field: str, doc: int) -> bytes:
        """A document's bytes in a blob field."""
        leaf, local = self.locate(doc)
        return leaf.segment.blobs(field)[local]


def open_snapshot(folder: Path, reuse: Snapshot | None = None) -> Snapshot:
    """Open the last commit. It shares the segments that ``reuse`` has open.

    Raises:
        Damaged: there is no commit, or a file of it is missing or altered.
    """
    for attempt in range(_ATTEMPTS):
        commit = last_commit(folder)
        if reuse is not None and reuse.commit.number == commit.number:
            return reuse
        try:
            return Snapshot(folder, commit, reuse)
        except Damaged:
            if attempt == _ATTEMPTS - 1 or commit_numbers(folder)[:1] == [commit.number]:
                raise
    raise AssertionError("the loop returns or raises")
