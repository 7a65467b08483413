"""Reading the lines of the editors' lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from indexer.analysis.dictionary import UserWord, read_user_word
from indexer.editorial.entries import (
    ALL_ARTICLES,
    ARROW,
    Blocked,
    BlockPlacement,
    Entry,
    Golden,
    HotQuery,
    ListName,
    NothingToFind,
    Placement,
    Stopword,
    Synonyms,
    Word,
)
from indexer.editorial.parts import (
    read_block,
    read_days,
    read_ids,
    read_placed,
    read_text,
    read_word,
    split_words,
)
from indexer.errors import InvalidEntry
from indexer.said import Said, told

_PLACED: Final = ("pins", "hides", "picks", "bans")
"""The lists whose lines name articles. White space in an id counts; elsewhere a row of it counts as one blank."""
_POSITIONED: Final = ("pins", "picks")
_EXAMPLES: Final[Mapping[ListName, str]] = {
    "pins": "春运 => a-1",
    "hides": "春运 => a-1",
    "picks": "related a-1 => a-2",
    "bans": "related a-1 => a-9",
}

MOST_WORDS: Final = 32
"""The most words in a line of synonyms. Each word may cost a query that many look-ups."""
LAST_POSITION: Final = 100
"""The largest page. An article that should come later needs no pin."""
MOST_GOLDEN: Final = 10
"""The most articles of a golden query: as many as a first page has."""

_SYNONYMS: Final = Path(__file__).parent.parent / "analysis" / "data" / "synonyms.txt"
_FAULTS_SHOWN: Final = 5


def read_entry(name: ListName, line: str) -> Entry:
    """The entry that a line of a list spells.

    Raises:
        InvalidEntry: says why the line is invalid, and what would be right.
    """
    text = line.strip() if name in _PLACED else " ".join(line.split())
    try:
        if not text or text.startswith("#"):
            raise ValueError(Said("a line that is empty or begins with # is no entry"))
        entry = _entry(name, text)
        sign = entry.spell()[0]
        if sign in "#-" and sign != text[0] and not isinstance(entry, Word):
            raise ValueError(
                Said(
                    "would be kept as a line that begins with {sign}, which means something else there: "
                    "leave the sign away or put another word first",
                    sign=sign,
                )
            )
    except ValueError as error:
        raise InvalidEntry(name, line, told(error)) from error
    return entry


def _entry(name: ListName, text: str) -> Entry:
    match name:
        case "synonyms":
            return _synonyms(text)
        case "stopwords":
            return Stopword(read_word(text.removeprefix("-")), kept=text.startswith("-"))
        case "words":
            return _word(text)
        case "blocked":
            return Blocked(read_text(text))
        case "hot":
            return _hot(text)
        case "golden":
            return _golden(text)
        case "nothing":
            return NothingToFind(read_text(text))
        case "pins" | "hides" | "picks" | "bans":
            return _placement(name, text)


def entry_key(name: ListName, line: str) -> str:
    """The key of the entry that a line names. For an article in a place, a hot or a golden query the line may omit what follows the key.

    Raises:
        InvalidEntry: as :func:`read_entry`.
    """
    if name in _PLACED:
        try:
            return _placed(name, line.strip())[0].key
        except ValueError as error:
            raise InvalidEntry(name, line, told(error)) from error
    if name == "golden" and ARROW not in line:
        line = f"{line} {ARROW} any"
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
            word = min(both)
            raise ValueError(
                Said(
                    "{word!r} stands on both sides of {arrow}: take one away",
                    word=word,
                    arrow=ARROW,
                )
            )
        return Synonyms(words, targets)
    apart = left.startswith("-")
    return Synonyms(_words(left.removeprefix("-"), least=2), apart=apart)


def _words(text: str, *, least: int) -> tuple[str, ...]:
    words = tuple(map(read_word, split_words(text)))
    if len(words) < least:
        raise ValueError(
            Said("needs two words or more, parted by commas, such as 软件, 软体 or 番茄 => 西红柿")
            if least > 1
            else Said("needs a word on either side, such as 软件, 软体 or 番茄 => 西红柿")
        )
    if len(words) > MOST_WORDS:
        raise ValueError(
            Said(
                "has {count} words: {limit} are allowed, part it into lines",
                count=len(words),
                limit=MOST_WORDS,
            )
        )
    for number, word in enumerate(words):
        if word in words[:number]:
            raise ValueError(
                Said(
                    "{word!r} stands there twice: traditional and simplified, full width and half "
                    "width, capitals and small letters are the same word anyway",
                    word=word,
                )
            )
    return words


def _word(text: str) -> Word:
    refused = text.startswith("-")
    word = read_user_word(text.removeprefix("-"))
    if word.text[0] in "#-":
        raise ValueError(
            Said(
                "{word!r} begins with {sign}: such a word cannot be listed",
                word=word.text,
                sign=word.text[0],
            )
        )
    if refused and word.frequency is not None:
        raise ValueError(
            Said("has a frequency behind a refused word: write -{word} alone", word=word.text)
        )
    return Word(UserWord(word.text, 0) if refused else word)


def _hot(text: str) -> HotQuery:
    query, _, last = text.rpartition(" ")
    if query and (days := read_days(last)):
        return HotQuery(read_text(query), days)
    return HotQuery(read_text(text))


def _golden(text: str) -> Golden:
    query, _, right = text.partition(ARROW)
    ids = read_ids(right)
    if not ids:
        raise ValueError(
            Said(
                "needs a query, => and the ids of articles, such as 春运抢票 => a-1 a-2; in a shell put the line in quotes"
            )
        )
    if len(ids) > MOST_GOLDEN:
        raise ValueError(
            Said(
                "names {count} articles: a first page has {limit}",
                count=len(ids),
                limit=MOST_GOLDEN,
            )
        )
    return Golden(read_text(query), ids)


def _placement(name: ListName, text: str) -> Placement | BlockPlacement:
    placed, rest = _placed(name, text)
    if name in _POSITIONED:
        digits = rest[0] if rest else ""
        if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:9]) <= LAST_POSITION):
            raise ValueError(
                Said(
                    "needs a position from 1 to {last} behind the article, such as {example} 1",
                    last=LAST_POSITION,
                    example=_EXAMPLES[name],
                )
            )
        placed, rest = replace(placed, position=int(digits)), rest[1:]
    for part in rest:
        if part == "off":
            placed = replace(placed, active=False)
        elif days := read_days(part):
            placed = replace(placed, days=days)
        else:
            raise ValueError(
                Said(
                    "{part!r} is neither days, such as 2026-01-20..2026-03-01 or 2026-01-20.., nor off",
                    part=part,
                )
            )
    return placed


def _placed(name: ListName, text: str) -> tuple[Placement | BlockPlacement, Sequence[str]]:
    """What a line places where, without a position and on all days, and the words that follow it in the line."""
    of_query = name in ("pins", "hides")
    place, article_id, quoted, rest = read_placed(
        text, "a query" if of_query else "a list of articles", _EXAMPLES[name]
    )
    if of_query:
        return Placement(read_text(" ".join(place.split())), article_id), rest
    block, page = read_block(place)
    if quoted or article_id != ALL_ARTICLES:
        return BlockPlacement(block, page, article_id), rest
    if name == "picks" or page is None:
        raise ValueError(
            Said("* only bans all related articles of one page, such as related a-1 => *")
        )
    return BlockPlacement(block, page, None), rest
