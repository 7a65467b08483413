"""How the memory engine orders and collapses hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from indexer.article import all_channels
from indexer.engines.ranking import freshness, heat_level
from indexer.hits import Hit
from indexer.query import Popularity

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def collapsed(hits: Sequence[Hit]) -> list[Hit]:
    """The first hit of each duplicate group, with the group's number of hits."""
    groups: dict[int | str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.article.duplicate_group or hit.article.id, []).append(hit)
    return [replace(group[0], group_size=len(group)) for group in groups.values()]


def newest_first(hit: Hit) -> tuple[float, float, str]:
    """The key that sorts hits by score, then newer first, undated last, then by id."""
    published = hit.article.published_at
    return (-hit.score, -(published or _FIRST).timestamp(), hit.article.id)


def newest_last(hit: Hit) -> tuple[float, float, str]:
    """The key that sorts hits by score, then older first, undated last, then by id."""
    published = hit.article.published_at
    return (-hit.score, (published or _LAST).timestamp(), hit.article.id)


def hottest_first(popularity: Popularity) -> Callable[[Hit], int]:
    """The key that sorts hits by faded heat."""
    heats = dict(popularity.heats)

    def key(hit: Hit) -> int:
        channels, published = all_channels(hit.article), hit.article.published_at
        fresh = freshness(channels, published, popularity.fading)
        return -heat_level(heats.get(hit.article.id, 0.0) * fresh)

    return key
