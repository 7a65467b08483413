"""What an index answers, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from indexer.article import Article


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found, as it stood in the snapshot that found it. ``score`` is 0.0 when not sorted by it."""

    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the articles found have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of what was found.

    ``total`` counts all articles found; ``facets`` count over all of them too, most frequent first, then by value.
    A facet's count is the total that the same request has when it is narrowed to that value.
    """

    total: int
    total_is_estimate: bool
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
