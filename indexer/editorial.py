"""The editorial lists as data. One entry is one line of text; this module reads and writes these lines.

    synonyms   软件, 软体                  each finds the other
               番茄 => 西红柿              番茄 also finds 西红柿, but 西红柿 does not find 番茄
               -软件, 软体                 these do not find each other, whatever other lines say
    stopwords  请问                        a word that is dropped from queries
               -什么                       a packaged stopword that is kept in queries
    pins       春运 => a-1 2 2026-01-20..2026-03-01 off
                                           article a-1 comes second for the query 春运, on these days; off: not now
    hides      春运 => a-9 2026-01-20..    article a-9 is not shown for the query 春运, from that day on
               春运 => "a "" 9"            the id a " 9: an id with a blank or an arrow stands in quotes
    blocked    某词                        queries that contain it are neither suggested nor listed
    hot        春运 2026-01-20..           a query that is listed among the hot ones, however few people ask it

Days are whole days, both included. Queries and words are compared as folded text with white space collapsed. This module
does not know where the entries are stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

from indexer.analysis.characters import fold_literal
from indexer.article import check_id
from indexer.errors import InvalidArticle, InvalidEntry

ListName = Literal["synonyms", "stopwords", "pins", "hides", "blocked", "hot"]
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)

_PLACED: Final = ("pins", "hides")
"""The lists whose lines name articles. White space in an id counts; elsewhere a row of it counts as one blank."""

LONGEST: Final = 64
"""The most characters of a word or a query. People do not type longer ones again letter by letter."""
MOST_WORDS: Final = 32
"""The most words in a line of synonyms. Each word may cost a query that many look-ups."""
LAST_POSITION: Final = 100
"""The largest page. An article that should come later needs no pin."""

_SYNONYMS: Final = Path(__file__).parent / "analysis" / "data" / "synonyms.txt"
_ARROW: Final = "=>"
_COMMA: Final = re.compile("[,，、]")
_QUOTED: Final = re.compile(
    rf'(.*?){_ARROW}\s*"((?:[^"]|"")*)"(?!\S)((?:(?!{_ARROW}).)*)', re.DOTALL
)
"""A query, an id in quotes, and the rest. The id may hold an arrow, and the query may; the rest may not."""
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)?(\.\.)?(\d{4}-\d\d-\d\d)?", re.ASCII)
_FAULTS_SHOWN: Final = 5


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
            return f"{words} {_ARROW} {', '.join(self.targets)}"
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
        return f"{self.query} {_ARROW} {' '.join(part for part in parts if part)}"

    def acts_on(self, day: date) -> bool:
        """Whether the placement is in force on ``day``."""
        return self.active and self.days.hold(day)


Entry = Synonyms | Stopword | Blocked | HotQuery | Placement


def read_entry(name: ListName, line: str) -> Entry:
    """The entry that a line of a list spells.

    Raises:
        InvalidEntry: says why the line is invalid, and what would be right.
    """
    text = line.strip() if name in _PLACED else " ".join(line.split())
    try:
        if not text or text.startswith("#"):
            raise ValueError("a line that is empty or begins with # is no entry")
        entry = _entry(name, text)
        sign = entry.spell()[0]
        if sign in "#-" and sign != text[0]:
            raise ValueError(
                f"would be kept as a line that begins with {sign}, which means something else there: "
                "leave the sign away or put another word first"
            )
    except ValueError as error:
        raise InvalidEntry(name, line, str(error)) from error
    return entry


def _entry(name: ListName, text: str) -> Entry:
    match name:
        case "synonyms":
            return _synonyms(text)
        case "stopwords":
            return Stopword(_word(text.removeprefix("-")), kept=text.startswith("-"))
        case "blocked":
            return Blocked(_text(text))
        case "hot":
            return _hot(text)
        case "pins":
            return _pin(text)
        case "hides":
            return _hide(text)


def entry_key(name: ListName, line: str) -> str:
    """The key of the entry that a line names. For a pin, a hide or a hot query the line may omit what follows the key.

    Raises:
        InvalidEntry: as :func:`read_entry`.
    """
    if name in _PLACED:
        try:
            query, article_id, _ = _placed(line, "春运 => a-1")
        except ValueError as error:
            raise InvalidEntry(name, line, str(error)) from error
        return Placement(query, article_id).key
    return read_entry(name, line).key


def read_entries(name: ListName, text: str, *, where: str) -> list[Entry]:
    """The entries in a file's text, one a line. Empty lines and lines that begin with # are skipped.

    Raises:
        InvalidEntry: ``where`` names the invalid lines. Then no entry is read.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entries.append(read_entry(name, line))
        except InvalidEntry as fault:
            faults.append(f"line {number}: {fault.why}")
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        shown = "; ".join(faults[:_FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise InvalidEntry(name, where, f"{shown}; nothing was taken over")
    return entries


@cache
def packaged_synonyms() -> tuple[Synonyms, ...]:
    """The synonyms that come with the program: regional names of the same things, and short forms of names."""
    text = _SYNONYMS.read_text(encoding="utf-8")
    return tuple(
        entry
        for entry in read_entries("synonyms", text, where=_SYNONYMS.name)
        if isinstance(entry, Synonyms)
    )


def _synonyms(text: str) -> Synonyms:
    left, arrow, right = text.partition(_ARROW)
    if arrow:
        words, targets = _words(left, least=1), _words(right, least=1)
        if both := set(words) & set(targets):
            raise ValueError(f"{min(both)!r} stands on both sides of {_ARROW}: take one away")
        return Synonyms(words, targets)
    apart = left.startswith("-")
    return Synonyms(_words(left.removeprefix("-"), least=2), apart=apart)


def _words(text: str, *, least: int) -> tuple[str, ...]:
    words = tuple(_word(part) for part in _COMMA.split(text) if part.strip())
    if len(words) < least:
        wanted = "two words or more, parted by commas" if least > 1 else "a word on either side"
        raise ValueError(f"needs {wanted}, such as 软件, 软体 or 番茄 {_ARROW} 西红柿")
    if len(words) > MOST_WORDS:
        raise ValueError(f"has {len(words)} words: {MOST_WORDS} are allowed, part it into lines")
    for number, word in enumerate(words):
        if word in words[:number]:
            raise ValueError(
                f"{word!r} stands there twice: traditional and simplified, full width and half "
                "width, capitals and small letters are the same word anyway"
            )
    return words


def _word(text: str) -> str:
    return fold_literal(_text(text))


def _text(text: str) -> str:
    """A word or query in its written form. Raises ValueError with the reason if ``text`` cannot be one."""
    text = text.strip()
    if not text:
        raise ValueError("the word is missing")
    if len(text) > LONGEST:
        raise ValueError(f"{text[:LONGEST]!r}... is longer than {LONGEST} characters")
    for character in text:
        if unicodedata.category(character)[0] == "C":
            raise ValueError(f"holds U+{ord(character):04X}, which does not show: take it out")
    if not any(map(str.isalnum, text)):
        raise ValueError(f"{text!r} has neither letter nor digit: nobody would search for it")
    return text


def _hot(text: str) -> HotQuery:
    query, _, last = text.rpartition(" ")
    if query and (days := _days(last)):
        return HotQuery(_text(query), days)
    return HotQuery(_text(text))


def _pin(text: str) -> Placement:
    query, article_id, rest = _placed(text, "春运 => a-1 1 2026-01-20..2026-03-01")
    digits = rest[0] if rest else ""
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:9]) <= LAST_POSITION):
        raise ValueError(
            f"needs a position from 1 to {LAST_POSITION} behind the article, such as 春运 => a-1 1"
        )
    return _dated(Placement(query, article_id, int(digits)), rest[1:])


def _hide(text: str) -> Placement:
    query, article_id, rest = _placed(text, "春运 => a-1 2026-01-20..2026-03-01")
    return _dated(Placement(query, article_id), rest)


def _placed(text: str, example: str) -> tuple[str, str, Sequence[str]]:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        query, article_id, rest = quoted[1], quoted[2].replace('""', '"'), quoted[3].split()
    else:
        query, arrow, right = text.rpartition(_ARROW)
        if not arrow or not right.strip():
            raise ValueError(f"needs a query, {_ARROW} and the id of an article, such as {example}")
        article_id, *rest = right.split()
        if article_id.startswith('"'):
            raise ValueError(
                'the quotes around the id do not fit: one before it, one behind it, "" for each in it'
            )
    try:
        check_id(article_id)
    except InvalidArticle as fault:
        raise ValueError(str(fault)) from fault
    return _text(" ".join(query.split())), article_id, rest


def _spell_id(article_id: str) -> str:
    """An id as a line spells it: in quotes where the line would otherwise end it too early."""
    if " " in article_id or _ARROW in article_id or article_id.startswith('"'):
        doubled = article_id.replace('"', '""')
        return f'"{doubled}"'
    return article_id


def _dated(placed: Placement, rest: Sequence[str]) -> Placement:
    active, days = True, ALL_DAYS
    for part in rest:
        if part == "off":
            active = False
        elif found := _days(part):
            days = found
        else:
            raise ValueError(
                f"{part!r} is neither days, such as 2026-01-20..2026-03-01 or 2026-01-20.., nor off"
            )
    return Placement(placed.query, placed.article_id, placed.position, days, active)


def _days(text: str) -> Days | None:
    """The days that a text spells; None when it does not look like days. Raises ValueError for invalid days."""
    match = _DAYS.fullmatch(text)
    if match is None or (match[1] is None and match[3] is None):
        return None
    if match[2] is None and match[3] is not None:
        return None
    first, last = (date.fromisoformat(each) if each else None for each in (match[1], match[3]))
    if match[2] is None:
        last = first
    if first and last and first > last:
        raise ValueError(f"{text!r} ends before it begins")
    return Days(first, last)


def spell_entries(entries: Iterable[Entry]) -> str:
    """The lines of a file for :func:`read_entries`."""
    return "".join(f"{entry.spell()}\n" for entry in entries)
