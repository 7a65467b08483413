"""What all evaluations share: the package that computes measures, and the interval of a mean."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np

from indexer.errors import PackageMissing

SEED: Final = 7
"""The seed of everything that is drawn at random. So two evaluations of the same thing are equal."""
_RESAMPLES: Final = 1_000

Interval = tuple[float, float]
"""The ends of a 95 % interval, the lower first."""


def interval(values: Sequence[float]) -> Interval:
    """The 95 % bootstrap interval of the mean of values, at least one.

    The ends are percentiles of the means of 1,000 resamples (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    chapter 13). The resamples have a fixed seed, so equal values have equal intervals. O(1,000 * values) time and memory.
    """
    drawn = np.random.default_rng(SEED).choice(values, (_RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def measuring() -> ModuleType:
    """The package that computes the measures. It is large, and nothing else needs it.

    Raises:
        PackageMissing: ir-measures is not installed.
    """
    try:
        return import_module("ir_measures")
    except ModuleNotFoundError as error:
        raise PackageMissing("ir-measures", "requirements-evaluate.txt") from error
