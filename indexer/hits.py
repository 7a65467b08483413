"""What an index answers, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from indexer.article import Article


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that was found, as it stood in the snapshot that found it. ``score`` is 0.0 when not sorted by it.

    ``group_size`` counts the articles found for which it stands, itself included: 1 unless collapsed.
    """

    article: Article
    score: float
    group_size: int = 1


@dataclass(frozen=True, slots=True)
class Reasons:
    """What makes the score of one article for a request: ``(own + near + pairs) * recency``, times its agreement.

    ``own`` is the score of the request's query, as ``parts`` are those of the queries that were asked about: 0.0 where one does
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
    """One page of what was found.

    ``total`` counts all articles found; ``facets`` count over all of them too, most frequent first, then by value.
    ``groups`` counts what can be a hit: each duplicate group once, where they are collapsed, else every article. A facet's count is the total that the same request has when it is narrowed to that value.
    Not ``complete``: the request's deadline came first. Articles may be missing then, all numbers are estimates, and the
    order may lack its second look.
    """

    total: int
    groups: int
    total_is_estimate: bool
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """A word or phrase that completes typed text, in the spelling that most articles use, and folded.

    ``count`` is how many articles that the request's filter lets through hold it; ``newest`` when the newest of them was
    published, None if none of them has a time.
    """

    text: str
    folded: str
    count: int
    newest: datetime | None
