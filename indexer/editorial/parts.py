"""The parts of a line: words, days, and ids behind an arrow. Each function raises ValueError with the reason if the part is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from indexer.analysis.characters import fold_literal
from indexer.article import check_id
from indexer.editorial.entries import ARROW, Block, Days
from indexer.errors import InvalidArticle
from indexer.said import Said, told

LONGEST: Final = 64
"""The most characters of a word or a query. People do not type longer ones again letter by letter."""
_COMMA: Final = re.compile("[,，、]")
_QUOTED: Final = re.compile(
    rf'((?:related\s+"(?:[^"]|"")*"\s*)?+.*?){ARROW}\s*"((?:[^"]|"")*)"(?!\S)((?:(?!{ARROW}).)*)',
    re.DOTALL,
)
"""What stands before the arrow, an id in quotes, and the rest. The first two may hold an arrow; the rest may not. The quotes of a page's
id go together, whatever stands in them."""
_ID: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^\s"]\S*))(?!\S)')
_BLOCK: Final = re.compile(r'hot|related(?:\s+(?:"((?:[^"]|"")*)"|([^\s"]\S*)))?', re.DOTALL)
_QUOTES: Final = Said(
    'the quotes around an id do not fit: one before it, one behind it, "" for each in it'
)
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)?(\.\.)?(\d{4}-\d\d-\d\d)?", re.ASCII)


def read_word(text: str) -> str:
    """A word as it is compared: folded."""
    return fold_literal(read_text(text))


def split_words(text: str) -> list[str]:
    """The words of a row that are parted by commas, as written."""
    return [part.strip() for part in _COMMA.split(text) if part.strip()]


def read_text(text: str) -> str:
    """A word or query in its written form. Raises ValueError with the reason if ``text`` cannot be one."""
    text = text.strip()
    if not text:
        raise ValueError(Said("the word is missing"))
    if len(text) > LONGEST:
        raise ValueError(
            Said(
                "{text!r}... is longer than {limit} characters", text=text[:LONGEST], limit=LONGEST
            )
        )
    for character in text:
        if unicodedata.category(character)[0] == "C":
            code = ord(character)
            raise ValueError(
                Said("holds U+{code:04X}, which does not show: take it out", code=code)
            )
    if not any(map(str.isalnum, text)):
        raise ValueError(
            Said("{text!r} has neither letter nor digit: nobody would search for it", text=text)
        )
    return text


class Placed(NamedTuple):
    """A line that places an article: what stands before the arrow, the id, whether it stood in quotes, and the words that follow it."""

    place: str
    article_id: str
    quoted: bool
    rest: Sequence[str]


def read_placed(text: str, place: str, example: str) -> Placed:
    """The parts of a line that places an article. ``place`` and ``example`` are named if the arrow is missing."""
    match = _QUOTED.fullmatch(text)
    if match:
        before, article_id, rest = match[1], match[2].replace('""', '"'), match[3].split()
    else:
        before, arrow, right = text.rpartition(ARROW)
        if not arrow or not right.strip():
            raise ValueError(
                Said(
                    "needs {place}, {arrow} and the id of an article, such as {example}; in a shell put the line in quotes",
                    place=place,
                    arrow=ARROW,
                    example=example,
                )
            )
        article_id, *rest = right.split()
        if article_id.startswith('"'):
            raise ValueError(_QUOTES)
    return Placed(before.strip(), checked_id(article_id), match is not None, rest)


def read_block(text: str) -> tuple[Block, str | None]:
    """The list of articles that a text names, and the id of its page if it names one: ``hot``, ``related`` or ``related a-1``."""
    match = _BLOCK.fullmatch(text)
    if match is None:
        if text.startswith("related ") and len(text.split()) > 2:
            raise ValueError(
                Said(
                    "{text} names no list of articles: related takes one id, with blanks only in double quotes; "
                    "in a shell put the line in quotes, or * becomes the names of files",
                    text=_shown(text),
                )
            )
        raise ValueError(
            Said(
                "{text} names no list of articles: write hot, related for every page, or related a-1 for the page of a-1",
                text=_shown(text),
            )
        )
    if match[0] == "hot":
        return "hot", None
    page = match[2] if match[1] is None else match[1].replace('""', '"')
    return "related", None if page is None else checked_id(page)


def read_ids(text: str) -> tuple[str, ...]:
    """The different ids in a row, parted by blanks. One with a blank stands in quotes."""
    ids: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _ID.match(text, at)
        if match is None:
            raise ValueError(_QUOTES)
        ids.append(checked_id(match[2] if match[1] is None else match[1].replace('""', '"')))
        at = match.end()
    return tuple(dict.fromkeys(ids))


def checked_id(text: str) -> str:
    """``text``, if it can be the id of an article."""
    try:
        check_id(text)
    except InvalidArticle as fault:
        raise ValueError(told(fault)) from fault
    return text


def read_days(text: str) -> Days | None:
    """The days that a text spells; None when it does not look like days. Raises ValueError for invalid days."""
    match = _DAYS.fullmatch(text)
    if match is None or (match[1] is None and match[3] is None):
        return None
    if match[2] is None and match[3] is not None:
        return None
    try:
        first, last = (date.fromisoformat(each) if each else None for each in (match[1], match[3]))
    except ValueError as error:
        why = str(error)
        raise ValueError(
            Said("{text!r} names a day that does not exist ({why})", text=text, why=why)
        ) from error
    if match[2] is None:
        last = first
    if first and last and first > last:
        raise ValueError(Said("{text!r} ends before it begins", text=text))
    return Days(first, last)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= LONGEST else f"{text[:LONGEST]!r}..."
