"""The entries of the editors' lists as values, and how a line spells each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from indexer.analysis.characters import fold_literal
from indexer.analysis.dictionary import UserDictionary, UserWord

ListName = Literal[
    "synonyms",
    "stopwords",
    "words",
    "pins",
    "hides",
    "picks",
    "bans",
    "blocked",
    "hot",
    "golden",
    "nothing",
]
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)

ARROW: Final = "=>"
ALL_ARTICLES: Final = "*"
"""Stands for an id in a line that bans all articles. The id ``*`` itself stands in quotes."""

Block = Literal["related", "hot"]
"""A list of articles that editors may arrange: the related articles of a page, or the hot articles."""


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
class Word:
    """A word that the segmenter takes as one word, or with the frequency 0 must not take as one."""

    word: UserWord

    @property
    def key(self) -> str:
        """The entry's key: the folded word."""
        return self.word.text

    def spell(self) -> str:
        """The entry as a line."""
        return spell_word(self.word)


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
        return f"{self.query} {ARROW} {_spell_id(self.article_id)}{_spell_end(self)}"

    def acts_on(self, day: date) -> bool:
        """Whether the placement is in force on ``day``."""
        return self.active and self.days.hold(day)


@dataclass(frozen=True, slots=True)
class BlockPlacement:
    """An editor's placement of an article in a list of articles: picked for ``position`` (from 1), or banned when it is None.

    The list is the hot one, or the related articles of one ``page``, or with ``page`` None those of every page. ``article_id``
    None bans all articles: the page has no such list.
    """

    block: Block
    page: str | None
    article_id: str | None
    position: int | None = None
    days: Days = ALL_DAYS
    active: bool = True

    @property
    def key(self) -> str:
        """The entry's key: the list, its page and the article."""
        block = self.block if self.page is None else f"{self.block} {_spell_id(self.page)}"
        article = ALL_ARTICLES if self.article_id is None else _spell_id(self.article_id)
        return f"{block} {ARROW} {article}"

    def spell(self) -> str:
        """The entry as a line."""
        return f"{self.key}{_spell_end(self)}"

    def acts_on(self, day: date) -> bool:
        """Whether the placement is in force on ``day``."""
        return self.active and self.days.hold(day)


@dataclass(frozen=True, slots=True)
class Golden:
    """A query, as typed, whose first page must hold these articles before a new generation of the index goes live."""

    query: str
    article_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        """The entry's key: the folded query."""
        return fold_literal(self.query)

    def spell(self) -> str:
        """The entry as a line."""
        return f"{self.query} {ARROW} {' '.join(map(_spell_id, self.article_ids))}"


@dataclass(frozen=True, slots=True)
class NothingToFind:
    """A query, as typed, for which there is nothing to find: it needs no more of an editor's attention."""

    query: str

    @property
    def key(self) -> str:
        """The entry's key: the folded query."""
        return fold_literal(self.query)

    def spell(self) -> str:
        """The entry as a line."""
        return self.query


Entry = (
    Synonyms
    | Stopword
    | Word
    | Blocked
    | HotQuery
    | Placement
    | BlockPlacement
    | Golden
    | NothingToFind
)


def articles_of(entry: Entry) -> tuple[str, ...]:
    """The ids of the articles that an entry places or expects."""
    if isinstance(entry, Golden):
        return entry.article_ids
    placed = entry.article_id if isinstance(entry, Placement | BlockPlacement) else None
    return () if placed is None else (placed,)


def spell_word(word: UserWord) -> str:
    """A word as a line of the list of words spells it: ``晴川谷``, ``晴川谷 2000`` or ``-科技``."""
    if word.frequency is None:
        return word.text
    return f"{word.text} {word.frequency}" if word.frequency else f"-{word.text}"


def dictionary_of(entries: Iterable[Entry]) -> UserDictionary:
    """The words among the entries. Their order in the list does not matter."""
    return UserDictionary.of(entry.word for entry in entries if isinstance(entry, Word))


def _spell_end(placed: Placement | BlockPlacement) -> str:
    """What follows the id in a line, with a blank before each part."""
    position = "" if placed.position is None else str(placed.position)
    parts = (position, placed.days.spell(), "" if placed.active else "off")
    return "".join(f" {part}" for part in parts if part)


def _spell_id(article_id: str) -> str:
    """An id as a line spells it: in quotes where it would otherwise be read as something else."""
    special = article_id == ALL_ARTICLES or article_id.startswith('"')
    if special or " " in article_id or ARROW in article_id:
        doubled = article_id.replace('"', '""')
        return f'"{doubled}"'
    return article_id


def spell_entries(entries: Iterable[Entry]) -> str:
    """The lines of a file for :func:`read_entries`."""
    return "".join(f"{entry.spell()}\n" for entry in entries)
