"""Editors' picks and bans in a list of articles.

A picked article stands at its position if readers may see it and it meets the conditions of the list. A banned article is not
listed, nor is a copy of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from indexer.article import Article
from indexer.engines.base import Reader
from indexer.query import Query
from search_service.blocks.ranked import allowed_ids, ranked_article
from search_service.live.decisions import Placements

_Item = TypeVar("_Item")


def picked(
    reader: Reader, decided: Placements, allowed: Query, left_out: Collection[str]
) -> list[tuple[int, Article]]:
    """The picked articles that are ``allowed`` and not ``left_out``, with their positions, in order. Reads each."""
    wanted = {each: place for each, place in decided.pinned.items() if each not in left_out}
    held = allowed_ids(reader, wanted, allowed)
    return [(place, ranked_article(reader, each)) for each, place in wanted.items() if each in held]


def banned_groups(reader: Reader, decided: Placements) -> set[int]:
    """The duplicate groups of the banned articles. Reads each."""
    found = filter(None, map(reader.get, decided.hidden))
    return {each.duplicate_group for each in found if each.duplicate_group}


def arranged(
    picks: Sequence[tuple[int, _Item]], others: Iterable[_Item], size: int
) -> tuple[_Item, ...]:
    """``size`` items: each pick at its position (from 1) or after the last item, and ``others`` around them.

    ``picks`` are sorted by position. Takes only as many of ``others`` as are needed.
    """
    return tuple(islice(_in_order(picks, iter(others)), size))


def _in_order(picks: Sequence[tuple[int, _Item]], others: Iterator[_Item]) -> Iterator[_Item]:
    place = 1
    for position, pick in picks:
        for other in islice(others, max(0, position - place)):
            yield other
            place += 1
        yield pick
        place += 1
    yield from others
