"""Piece: a segment that a writer has open. Its deletions accumulate until a commit writes them."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.commit import SegmentEntry, write_deletions
from indexer.columnar.files.merge import MergeInput
from indexer.columnar.files.segment import Segment


class Piece:
    """An open segment, its entry in the last commit, and its deleted documents: bool[documents], or None for none."""

    def __init__(
        self, segment: Segment, entry: SegmentEntry, deleted: NDArray[np.bool_] | None
    ) -> None:
        self.segment, self.entry, self._deleted = segment, entry, deleted
        self.changed = False

    @property
    def has_deletions(self) -> bool:
        """Whether any of its documents is deleted."""
        return self.changed or self.entry.deleted > 0

    def delete(self, doc: int) -> bool:
        """Mark a document as deleted. Returns whether it lived."""
        if self._deleted is None:
            self._deleted = np.zeros(self.segment.doc_count, dtype=bool)
        if self._deleted[doc]:
            return False
        self._deleted[doc] = self.changed = True
        return True

    def settled(self, folder: Path) -> SegmentEntry:
        """The entry for the next commit. Changed deletions are written to a new file."""
        if self.changed and self._deleted is not None:
            name = f"{Path(self.entry.file).stem}-{secrets.token_hex(4)}.del"
            write_deletions(folder / name, self._deleted)
            deleted = int(np.count_nonzero(self._deleted))
            self.entry = SegmentEntry(self.entry.file, self.entry.doc_count, name, deleted)
            self.changed = False
        return self.entry

    def merge_input(self) -> MergeInput:
        """The segment, and which of its documents live now."""
        return MergeInput(self.segment, None if self._deleted is None else ~self._deleted)

    @property
    def live_count(self) -> int:
        """How many of its documents live, as of the last :meth:`settled`."""
        return self.entry.doc_count - self.entry.deleted
