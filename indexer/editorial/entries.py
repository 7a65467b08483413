"""The entries of the editors' lists as values, and how a line spells each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from indexer.analysis.characters import fold_literal

ListName = Literal["synonyms", "stopwords", "pins", "hides", "blocked", "hot"]
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)

ARROW: Final = "=>"


@dataclass(frozen=True, slots=True)
class Days:
    """The days from ``first`` to ``last``, both included. None leaves that side open."""

    first: date | None = None
    last: date | None = None

    def hold(self, day: date) -> bool:
        """Whether ``day`` is one of these days."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def spell(self) -> str:
        """The days as a line spells them; empty for all days."""
        if self == Days():
            return ""
        if self.first == self.last:
            return f"{self.first}"
        return f"{self.first or ''}..{self.last or ''}"


ALL_DAYS: Final = Days()


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Words of the same meaning. Without ``targets`` each word finds the others. With ``targets`` the words find the targets, but
    the targets do not find the words.

    With ``apart`` the words do not find each other, whatever other lines say. All words are folded.
    """

    words: tuple[str, ...]
    targets: tuple[str, ...] = ()
    apart: bool = False

    @property
    def key(self) -> str:
        """The entry's key: the whole entry."""
        return self.spell()

    def spell(self) -> str:
        """The entry as a line."""
        words = ", ".join(self.words)
        if self.targets:
            return f"{words} {ARROW} {', '.join(self.targets)}"
        return f"-{words}" if self.apart else words


@dataclass(frozen=True, slots=True)
class Stopword:
    """A folded word that is dropped from queries; with ``kept``, a word of the packaged list that stays in queries."""

    word: str
    kept: bool = False

    @property
    def key(self) -> str:
        """The entry's key: the word."""
        return self.word

    def spell(self) -> str:
        """The entry as a line."""
        return f"-{self.word}" if self.kept else self.word


@dataclass(frozen=True, slots=True)
class Blocked:
    """A word that bars the queries that contain it from being suggested or listed."""

    word: str

    @property
    def key(self) -> str:
        """The entry's key: the folded word."""
        return fold_literal(self.word)

    def spell(self) -> str:
        """The entry as a line."""
        return self.word


@dataclass(frozen=True, slots=True)
class HotQuery:
    """A query that is listed among the hot ones on some days. ``query`` is shown as the editor wrote it."""

    query: str
    days: Days = ALL_DAYS

    @property
    def key(self) -> str:
        """The entry's key: the folded query."""
        return fold_literal(self.query)

    def spell(self) -> str:
        """The entry as a line."""
        return f"{self.query} {self.days.spell()}".strip()


@dataclass(frozen=True, slots=True)
class Placement:
    """An editor's placement of an article for one query: pinned to ``position`` (from 1), or hidden when ``position`` is None."""

    query: str
    article_id: str
    position: int | None = None
    days: Days = ALL_DAYS
    active: bool = True

    @property
    def key(self) -> str:
        """The entry's key: the folded query and the article."""
        return f"{fold_literal(self.query)}\n{self.article_id}"

    def spell(self) -> str:
        """The entry as a line."""
        position = "" if self.position is None else str(self.position)
        off = "" if self.active else "off"
        parts = (_spell_id(self.article_id), position, self.days.spell(), off)
        return f"{self.query} {ARROW} {' '.join(part for part in parts if part)}"

    def acts_on(self, day: date) -> bool:
        """Whether the placement is in force on ``day``."""
        return self.active and self.days.hold(day)


Entry = Synonyms | Stopword | Blocked | HotQuery | Placement


def _spell_id(article_id: str) -> str:
    """An id as a line spells it: in quotes where the line would otherwise end it too early."""
    if " " in article_id or ARROW in article_id or article_id.startswith('"'):
        doubled = article_id.replace('"', '""')
        return f'"{doubled}"'
    return article_id


def spell_entries(entries: Iterable[Entry]) -> str:
    """The lines of a file for :func:`read_entries`."""
    return "".join(f"{entry.spell()}\n" for entry in entries)
