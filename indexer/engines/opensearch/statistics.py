"""How many articles hold a word or a literal: the counts that scores depend on, fetched together before they are used.

A query that needs counts which are not known yet is translated twice. The first time only tells which counts it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from indexer.engines.opensearch.fields import can_be_held
from indexer.engines.opensearch.filters import holds_literal, holds_word
from indexer.engines.ranking import idf

Count = Callable[[Sequence[dict[str, Any]]], list[int]]
"""Counts the articles that pass each of some filters, in one round trip."""

_KEPT: Final = 100_000
"""Counts that are kept for a snapshot: some 20 MB."""
_AT_ONCE: Final = 500
"""Counts that one round trip asks for."""


class Wanted(NamedTuple):
    """A count: of articles that hold a text in one of some fields, as a word or as a literal."""

    text: str
    fields: tuple[str, ...]
    as_word: bool


class Statistics:
    """The counts of one snapshot. Threads may share it. Nothing in a snapshot changes, so each is fetched once."""

    def __init__(self, articles: int) -> None:
        self.articles = articles
        self._known: dict[Wanted, int] = {}

    def known(self, wanted: Wanted) -> int | None:
        """A count, or None if it was not fetched yet."""
        return self._known.get(wanted, None if can_be_held(wanted.text) else 0)

    def fetch(self, wanted: Sequence[Wanted], count: Count) -> list[int]:
        """Some counts, in their order. One round trip for every 500 that are not known."""
        found = {each: self.known(each) for each in wanted}
        missing = [each for each, known in found.items() if known is None]
        fetched: dict[Wanted, int] = {}
        for begin in range(0, len(missing), _AT_ONCE):
            some = missing[begin : begin + _AT_ONCE]
            fetched |= zip(some, count([_filter(each) for each in some]), strict=True)
        if len(self._known) + len(fetched) > _KEPT:
            self._known = {}
        self._known |= fetched
        return [fetched[each] if each in fetched else found[each] or 0 for each in wanted]


class Needed:
    """The counts that one translation uses. Those that are not known yet are collected in ``missing``, and count as 0."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self.missing: list[Wanted] = []

    def idf(self, field: str, word: str) -> float:
        """The idf of a word in a field."""
        return idf(self._statistics.articles or 1, self._holding(Wanted(word, (field,), True)))

    def literal_idf(self, text: str, fields: tuple[str, ...]) -> float:
        """The idf of a folded literal in some fields."""
        return idf(self._statistics.articles or 1, self._holding(Wanted(text, fields, False)))

    def _holding(self, wanted: Wanted) -> int:
        known = self._statistics.known(wanted)
        if known is None:
            self.missing.append(wanted)
        return known or 0


def _filter(wanted: Wanted) -> dict[str, Any]:
    if wanted.as_word:
        (field,) = wanted.fields
        return holds_word(field, wanted.text)
    return holds_literal(wanted.text, wanted.fields)
