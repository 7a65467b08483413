"""Asking an index as readers do: what whoever builds an index may use of the search service, which stands above it.

Queries are kept as typed text, and only the search service knows their syntax. So a composition root hands an :class:`Asking` to
what must compare two indexes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from indexer.engines.base import Engine


@dataclass(frozen=True, slots=True)
class Asked:
    """How many articles a query finds, and the ids of the first ten, the best first."""

    total: int
    ids: tuple[str, ...]


class Asking(Protocol):
    """Asks indexes as the search service would. All questions are asked at one moment, with one state of the editors' lists."""

    def ask(self, engine: Engine, text: str) -> Asked:
        """The first page of a query, as typed, with the editors' synonyms and stopwords, but without their pins and hides.

        Some milliseconds. The text is cut with the words that the index was made with.

        Raises:
            IndexDamaged: the index cannot be read.
            StoreError: the editors' lists cannot be read.
        """

    def recorded(self, most: int) -> list[str]:
        """The last ``most`` different queries of readers, as typed, the newest first. Empty if queries are not logged.

        Raises:
            QueryLogUnavailable: the query log cannot be read.
        """


MakeAsking = Callable[[], Asking]
"""Makes an :class:`Asking` of this moment."""
