"""Suggestions while a reader types: titles that begin with what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from indexer.analysis.characters import fold_literal
from indexer.query import SearchRequest, TitlePrefix
from search_service.filters import visible
from search_service.live import IndexState, LiveIndex

MAX_PREFIX: Final = 64
"""Characters of what was typed that are used: nobody who typed more waits to be offered the rest."""

_REPRINTS: Final = 3
"""Titles are looked at for each one wanted, because a reprint has the same title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """Texts to offer for ``prefix``, newest first, none twice."""

    prefix: str
    items: tuple[str, ...]
    index: IndexState


def suggest(live: LiveIndex, prefix: str, *, size: int, now: datetime) -> Suggestions:
    """At most ``size`` titles that begin with ``prefix``; none for an empty one.

    Raises:
        IndexFailure: see :meth:`LiveIndex.reader`.
    """
    prefix = " ".join(prefix.split())[:MAX_PREFIX]
    request = SearchRequest(
        TitlePrefix(prefix), filter=visible(now), sort="newest", size=size * _REPRINTS
    )
    titles: dict[str, str] = {}
    with live.reader() as (reader, state):
        if prefix:
            for hit in reader.search(request).hits:
                titles.setdefault(fold_literal(hit.article.title), hit.article.title)
    return Suggestions(prefix=prefix, items=tuple(titles.values())[:size], index=state)
