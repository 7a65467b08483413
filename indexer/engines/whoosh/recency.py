"""Recency: for each document of an index what its score is multiplied with, by its age and its channel."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np

from indexer.columnar.impacts import F32
from indexer.columnar.segment import Segment
from indexer.columnar.snapshot import Snapshot
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
"""Recencies whose factors are kept, four bytes a document: that of today, and for a while that of yesterday."""


class Fading:
    """The factors of one snapshot; computed once for a recency, in some milliseconds for 200,000 documents."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._known: dict[Recency, list[F32]] = {}

    def factors(self, recency: Recency) -> list[F32]:
        """For each leaf float32[documents], from the floor to 1."""
        with self._lock:
            found = self._known.get(recency)
            if found is None:
                found = [_factors(leaf.segment, recency) for leaf in self._snapshot.leaves]
                while len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[recency] = found
            return found


def _factors(segment: Segment, recency: Recency) -> F32:
    column = segment.ordinals(CHANNELS)
    values = [value.decode().split(CHANNEL_SEPARATOR) for value in column.terms.slice()]
    lives = [half_life_of(each, recency) for each in (*values, [])]  # the last: in no channel
    per_channel = np.array([np.inf if life is None else life for life in lives])
    half_lives = per_channel[column.ordinals]
    times = segment.numbers(PUBLISHED)
    days = (microseconds(recency.at) - times.astype(np.float64)) / (1e6 * DAY)
    ages = np.where(times == NO_TIME, np.inf, np.maximum(days, 0))
    fresh = np.where(
        np.isinf(half_lives), 1.0, np.exp2(-ages / np.where(np.isinf(half_lives), 1.0, half_lives))
    )
    return (recency.floor + (1 - recency.floor) * fresh).astype(np.float32)
