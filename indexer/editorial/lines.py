"""Reading the lines of the editors' lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from indexer.editorial.entries import (
    ALL_DAYS,
    ARROW,
    Blocked,
    Entry,
    HotQuery,
    ListName,
    Placement,
    Stopword,
    Synonyms,
)
from indexer.editorial.parts import read_days, read_placed, read_text, read_word
from indexer.errors import InvalidEntry

_PLACED: Final = ("pins", "hides")
"""The lists whose lines name articles. White space in an id counts; elsewhere a row of it counts as one blank."""

MOST_WORDS: Final = 32
"""The most words in a line of synonyms. Each word may cost a query that many look-ups."""
LAST_POSITION: Final = 100
"""The largest page. An article that should come later needs no pin."""

_SYNONYMS: Final = Path(__file__).parent.parent / "analysis" / "data" / "synonyms.txt"
_COMMA: Final = re.compile("[,，、]")
_FAULTS_SHOWN: Final = 5


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
            return Stopword(read_word(text.removeprefix("-")), kept=text.startswith("-"))
        case "blocked":
            return Blocked(read_text(text))
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
            query, article_id, _ = read_placed(line, "春运 => a-1")
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
    left, arrow, right = text.partition(ARROW)
    if arrow:
        words, targets = _words(left, least=1), _words(right, least=1)
        if both := set(words) & set(targets):
            raise ValueError(f"{min(both)!r} stands on both sides of {ARROW}: take one away")
        return Synonyms(words, targets)
    apart = left.startswith("-")
    return Synonyms(_words(left.removeprefix("-"), least=2), apart=apart)


def _words(text: str, *, least: int) -> tuple[str, ...]:
    words = tuple(read_word(part) for part in _COMMA.split(text) if part.strip())
    if len(words) < least:
        wanted = "two words or more, parted by commas" if least > 1 else "a word on either side"
        raise ValueError(f"needs {wanted}, such as 软件, 软体 or 番茄 {ARROW} 西红柿")
    if len(words) > MOST_WORDS:
        raise ValueError(f"has {len(words)} words: {MOST_WORDS} are allowed, part it into lines")
    for number, word in enumerate(words):
        if word in words[:number]:
            raise ValueError(
                f"{word!r} stands there twice: traditional and simplified, full width and half "
                "width, capitals and small letters are the same word anyway"
            )
    return words


def _hot(text: str) -> HotQuery:
    query, _, last = text.rpartition(" ")
    if query and (days := read_days(last)):
        return HotQuery(read_text(query), days)
    return HotQuery(read_text(text))


def _pin(text: str) -> Placement:
    query, article_id, rest = read_placed(text, "春运 => a-1 1 2026-01-20..2026-03-01")
    digits = rest[0] if rest else ""
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:9]) <= LAST_POSITION):
        raise ValueError(
            f"needs a position from 1 to {LAST_POSITION} behind the article, such as 春运 => a-1 1"
        )
    return _dated(Placement(query, article_id, int(digits)), rest[1:])


def _hide(text: str) -> Placement:
    query, article_id, rest = read_placed(text, "春运 => a-1 2026-01-20..2026-03-01")
    return _dated(Placement(query, article_id), rest)


def _dated(placed: Placement, rest: Sequence[str]) -> Placement:
    active, days = True, ALL_DAYS
    for part in rest:
        if part == "off":
            active = False
        elif found := read_days(part):
            days = found
        else:
            raise ValueError(
                f"{part!r} is neither days, such as 2026-01-20..2026-03-01 or 2026-01-20.., nor off"
            )
    return Placement(placed.query, placed.article_id, placed.position, days, active)
