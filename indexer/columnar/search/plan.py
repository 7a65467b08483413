"""Plans: what the executor can evaluate, as a tree of small immutable nodes.

A plan says which documents match and how they score. It names fields and terms, and knows no segment. ``whoosh/plan.py`` turns
Whoosh's queries into plans. Scores are BM25 for words fields, 1.0 for a term of another field. No boost, factor or score may be
below 0. If a segment lacks a field, no document of the segment has a term in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_FACTOR: Final = 1e-6
"""A smaller factor may turn a score into 0 in float32. Then scores would no longer say which documents match."""


@dataclass(frozen=True, slots=True)
class Term:
    """Documents that hold a term in a field, scored by its BM25 times ``boost``."""

    field: str
    term: bytes
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """Documents that hold a term in any of ``fields``. Each field has a boost of LEAST_FACTOR or more. Scores add up.

    A Union of Terms gives the same result. A Word is cached as one list or column, since words recur with the same fields.
    """

    term: bytes
    fields: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class TermsBetween:
    """Documents that hold any term of ``[low, high)`` in a field; each scores ``score``. An empty ``high`` means no limit."""

    field: str
    low: bytes
    high: bytes
    score: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Documents:
    """Given documents. For each leaf, by its place in the snapshot: document numbers (intp, ascending) and scores (float32).

    A Documents equals only itself and is not hashable. Thus no cache keeps its arrays alive by keeping a plan that holds it.
    """

    by_leaf: Mapping[int, tuple[NDArray[np.intp], NDArray[np.float32]]]
    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Between:
    """Documents whose number in an int64 or float32 column lies in ``[low, high)``; None leaves a side open. Scores 0.

    A document without a value never matches.
    """

    column: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Documents in which the terms follow one another in a field, each within ``slop`` places of the one before.

    The score is the sum of the terms' BM25 times ``boost``, as in Whoosh's Phrase.
    """

    field: str
    terms: tuple[bytes, ...]
    slop: int = 1
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Near:
    """Documents in which ``window`` positions in a row of a field hold every term, in any order. Each scores 0.

    Repeated terms count once. Without terms none matches.
    """

    field: str
    terms: tuple[bytes, ...]
    window: int


@dataclass(frozen=True, slots=True)
class Everything:
    """Every document; each scores ``score``."""

    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Union:
    """Documents that match at least ``minimum`` clauses, and at least one; scores add up. Without clauses none matches."""

    clauses: tuple[Plan, ...]
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Best:
    """Documents that match any of the clauses, with the greatest of their scores."""

    clauses: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Documents that match either plan. The score is that of ``first`` where it matches, else that of ``second``."""

    first: Plan
    second: Plan


@dataclass(frozen=True, slots=True)
class Intersection:
    """Documents that match all clauses; scores add up. Without clauses every document matches."""

    clauses: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Documents of ``plan`` that ``excluded`` does not match, with the scores of ``plan``."""

    plan: Plan
    excluded: Plan


@dataclass(frozen=True, slots=True)
class Maybe:
    """Documents of ``plan``. Where ``optional`` matches too, its score is added."""

    plan: Plan
    optional: Plan


@dataclass(frozen=True, slots=True)
class Scaled:
    """The documents of ``plan``, their scores multiplied by ``factor``."""

    plan: Plan
    factor: float


@dataclass(frozen=True, slots=True)
class Constant:
    """The documents of ``plan``, each with the same score."""

    plan: Plan
    score: float


Plan = (
    Term
    | Word
    | TermsBetween
    | Documents
    | Between
    | Phrase
    | Near
    | Everything
    | Union
    | Best
    | Otherwise
    | Intersection
    | Without
    | Maybe
    | Scaled
    | Constant
)
