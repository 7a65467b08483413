"""Recency: the score factor of each document of a segment, by its age and its channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.segment import Segment
from indexer.columnar.search.impacts import F32
from indexer.engines.documents import microseconds
from indexer.engines.ranking import DAY, half_life_of
from indexer.engines.whoosh.fields import CHANNEL_SEPARATOR, CHANNELS, NO_TIME, PUBLISHED
from indexer.query import Recency


def recency_factors(segment: Segment, recency: Recency) -> F32:
    """float32[documents]: the factor of each document, from the floor to 1. 200,000 documents take some milliseconds."""
    return freshness(segment, recency, slice(None)).astype(np.float32)


def freshness(segment: Segment, recency: Recency, some: IntP | slice) -> NDArray[np.float64]:
    """float64: the factors of some documents."""
    column = segment.ordinals(CHANNELS)
    values = [value.decode().split(CHANNEL_SEPARATOR) for value in column.terms.slice()]
    lives = [half_life_of(each, recency) for each in (*values, [])]  # the last one: no channel
    per_channel = np.array([np.inf if life is None else life for life in lives])
    half_lives = per_channel[column.ordinals[some]]
    times = segment.numbers(PUBLISHED)[some]
    days = (microseconds(recency.at) - times.astype(np.float64)) / (1e6 * DAY)
    ages = np.where(times == NO_TIME, np.inf, np.maximum(days, 0))
    fresh = np.where(
        np.isinf(half_lives), 1.0, np.exp2(-ages / np.where(np.isinf(half_lives), 1.0, half_lives))
    )
    factors: NDArray[np.float64] = recency.floor + (1 - recency.floor) * fresh
    return factors
