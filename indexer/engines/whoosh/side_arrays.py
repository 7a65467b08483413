"""Side arrays: numbers by document that are not stored in segments, because they change without a commit.

A side array is computed from a segment and a value of a request, such as a recency or a popularity.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.search.impacts import F32

_KEPT: Final = 2
"""How many values' arrays are cached, four bytes a document: those of the present value, and for a while of the one before."""

_Value = TypeVar("_Value", bound=Hashable)


class SideArrays(Generic[_Value]):
    """The side arrays of one snapshot, computed once for each value and segment.

    ``reuse`` has the arrays of an earlier snapshot, which may share segments with this one.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        compute: Callable[[Segment, _Value], F32],
        reuse: SideArrays[_Value] | None = None,
    ) -> None:
        self._segments = [leaf.segment for leaf in snapshot.leaves]
        self._compute = compute
        self._lock = threading.Lock()
        self._known = reuse.known_of(snapshot.segment_names) if reuse else {}

    def known_of(self, segments: frozenset[str]) -> dict[_Value, dict[str, F32]]:
        """The arrays known so far for some segments, by value."""
        with self._lock:
            return {
                value: {name: known[name] for name in known.keys() & segments}
                for value, known in self._known.items()
            }

    def of(self, value: _Value) -> list[F32]:
        """For each leaf float32[documents]."""
        with self._lock:
            if value not in self._known:
                while len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[value] = {}
            known = self._known[value]
            for segment in self._segments:
                if segment.name not in known:
                    known[segment.name] = self._compute(segment, value)
            return [known[segment.name] for segment in self._segments]
