"""The answers of an index, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from indexer.article import Article

Lack = Literal["time", "shards"]
"""Why an answer is not complete: its deadline passed first, or a part of the index did not answer."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found, in the state of its snapshot. ``score`` is 0.0 when hits are not sorted by score.

    ``group_size`` counts the found articles that this hit represents, itself included. It is 1 unless hits are collapsed.
    """

    article: Article
    score: float
    group_size: int = 1


@dataclass(frozen=True, slots=True)
class Reasons:
    """The parts of one article's score for a request: ``(own + near + pairs) * recency``, times its agreement.

    ``own`` is the score for the request's query. ``parts`` are the scores for the other queries in question, 0.0 where one does
    not match. ``near`` and ``pairs`` are what the request's rescoring adds, if the article is among the best.
    """

    parts: tuple[float, ...]
    recency: float
    near: float
    pairs: float


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the articles found have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits.

    ``total`` and ``facets`` count all articles found. Months come newest first; the values of other facets come most frequent
    first, then by value. A facet's count is the total of the same request narrowed to that value. ``groups`` counts the possible hits: each duplicate group once
    when groups are collapsed, else every article. With a ``lack`` articles may be missing, all numbers are estimates, and the order
    may lack rescoring.
    """

    total: int
    groups: int
    total_is_estimate: bool
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    lack: Lack | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.lack is None


@dataclass(frozen=True, slots=True)
class Completion:
    """A word or phrase that completes typed text, in the spelling that most articles use, and folded.

    ``count`` is how many articles that pass the request's filter hold it. ``newest`` is when the newest of these articles was
    published; None if no such article has a time.
    """

    text: str
    folded: str
    count: int
    newest: datetime | None
