"""Recency: the score factor of each document of an index, by its age and its channel."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np

from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.search.impacts import F32
from indexer.engines.ranking import DAY, half_life_of
from indexer.engines.whoosh.fields import (
    CHANNEL_SEPARATOR,
    CHANNELS,
    NO_TIME,
    PUBLISHED,
    microseconds,
)
from indexer.query import Recency

_KEPT: Final = 2
"""How many recencies' factors are cached, four bytes a document: today's, and for a while yesterday's."""


class Fading:
    """The recency factors of one snapshot, computed once for each recency and segment. 200,000 documents take some milliseconds.

    ``reuse`` has the factors of an earlier snapshot, which may share segments with this one.
    """

    def __init__(self, snapshot: Snapshot, reuse: Fading | None = None) -> None:
        self._segments = [leaf.segment for leaf in snapshot.leaves]
        self._lock = threading.Lock()
        self._known = reuse.known_of(snapshot.segment_names) if reuse else {}

    def known_of(self, segments: frozenset[str]) -> dict[Recency, dict[str, F32]]:
        """The factors known so far for some segments, by recency."""
        with self._lock:
            return {
                recency: {name: known[name] for name in known.keys() & segments}
                for recency, known in self._known.items()
            }

    def factors(self, recency: Recency) -> list[F32]:
        """For each leaf float32[documents], from the floor to 1."""
        with self._lock:
            if recency not in self._known:
                while len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[recency] = {}
            known = self._known[recency]
            for segment in self._segments:
                if segment.name not in known:
                    known[segment.name] = _factors(segment, recency)
            return [known[segment.name] for segment in self._segments]


def _factors(segment: Segment, recency: Recency) -> F32:
    column = segment.ordinals(CHANNELS)
    values = [value.decode().split(CHANNEL_SEPARATOR) for value in column.terms.slice()]
    lives = [half_life_of(each, recency) for each in (*values, [])]  # the last one: no channel
    per_channel = np.array([np.inf if life is None else life for life in lives])
    half_lives = per_channel[column.ordinals]
    times = segment.numbers(PUBLISHED)
    days = (microseconds(recency.at) - times.astype(np.float64)) / (1e6 * DAY)
    ages = np.where(times == NO_TIME, np.inf, np.maximum(days, 0))
    fresh = np.where(
        np.isinf(half_lives), 1.0, np.exp2(-ages / np.where(np.isinf(half_lives), 1.0, half_lives))
    )
    return (recency.floor + (1 - recency.floor) * fresh).astype(np.float32)
