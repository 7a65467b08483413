"""How many articles hold a word or a literal: the counts that scores depend on, fetched together before they are used.

A query that needs counts which are not known yet is translated twice. The first time only tells which counts it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from indexer.engines.opensearch.fields import COMMITTED, can_be_held, pairs_field
from indexer.engines.opensearch.filters import Dsl, holds_literal, holds_word
from indexer.engines.ranking import idf

_PAIR: Final = 2
"""The characters of a literal that is a term."""
_KEPT: Final = 100_000
"""Counts that are kept for a snapshot: some 20 MB."""


class Wanted(NamedTuple):
    """A count: of articles that hold a text in one of some fields, as a word or as a literal."""

    text: str
    fields: tuple[str, ...]
    as_word: bool

    @property
    def term_in(self) -> str | None:
        """The field of the index in which the text is a single term; None if it is none."""
        if len(self.fields) != 1 or not (self.as_word or len(self.text) == _PAIR):
            return None
        return self.fields[0] if self.as_word else pairs_field(self.fields[0])

    @property
    def clause(self) -> Dsl:
        """What the articles in question match."""
        if self.as_word:
            (field,) = self.fields
            return holds_word(field, self.text)
        return holds_literal(self.text, self.fields)


class Frequencies(NamedTuple):
    """How many articles hold a word, by field and word, and whether a ``later`` commit than the wanted one was counted."""

    held: dict[tuple[str, str], int]
    later: bool


def frequencies_in(shards: Iterable[Mapping[str, Any]]) -> Frequencies:
    """What the shards told together: for each field its ``terms``, with the ``doc_freq`` of each."""
    held: dict[tuple[str, str], int] = {}
    for shard in shards:
        for field, told in shard.items():
            for word, each in told["terms"].items():
                held[field, word] = held.get((field, word), 0) + each["doc_freq"]
    later = any(field == COMMITTED for field, _ in held)
    return Frequencies(held, later)


Count = Callable[[Sequence[Wanted]], list[int]]
"""Fetches some counts, in one round trip."""


class Statistics:
    """The counts of one snapshot. Threads may share it. Nothing in a snapshot changes, so each is fetched once."""

    def __init__(self, articles: int) -> None:
        self.articles = articles
        self._known: dict[Wanted, int] = {}

    def known(self, wanted: Wanted) -> int | None:
        """A count, or None if it was not fetched yet."""
        return self._known.get(wanted, None if can_be_held(wanted.text) else 0)

    def fetch(self, wanted: Sequence[Wanted], count: Count) -> list[int]:
        """Some counts, in their order. One round trip, if some are not known."""
        found = {each: self.known(each) for each in wanted}
        if missing := [each for each, known in found.items() if known is None]:
            fetched = dict(zip(missing, count(missing), strict=True))
            if len(self._known) + len(fetched) > _KEPT:
                self._known = {}
            self._known |= fetched
            found |= fetched
        return [found[each] or 0 for each in wanted]


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
