"""The parts of a line: words, days, and ids behind an arrow. Each function raises ValueError with the reason if the part is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final

from indexer.analysis.characters import fold_literal
from indexer.article import check_id
from indexer.editorial.entries import ARROW, Days
from indexer.errors import InvalidArticle

LONGEST: Final = 64
"""The most characters of a word or a query. People do not type longer ones again letter by letter."""
_QUOTED: Final = re.compile(rf'(.*?){ARROW}\s*"((?:[^"]|"")*)"(?!\S)((?:(?!{ARROW}).)*)', re.DOTALL)
"""A query, an id in quotes, and the rest. The id may hold an arrow, and the query may; the rest may not."""
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)?(\.\.)?(\d{4}-\d\d-\d\d)?", re.ASCII)


def read_word(text: str) -> str:
    """A word as it is compared: folded."""
    return fold_literal(read_text(text))


def read_text(text: str) -> str:
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


def read_placed(text: str, example: str) -> tuple[str, str, Sequence[str]]:
    """The query before the arrow, the id behind it, and the words that follow the id. ``example`` is shown if the arrow is missing."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        query, article_id, rest = quoted[1], quoted[2].replace('""', '"'), quoted[3].split()
    else:
        query, arrow, right = text.rpartition(ARROW)
        if not arrow or not right.strip():
            raise ValueError(f"needs a query, {ARROW} and the id of an article, such as {example}")
        article_id, *rest = right.split()
        if article_id.startswith('"'):
            raise ValueError(
                'the quotes around the id do not fit: one before it, one behind it, "" for each in it'
            )
    try:
        check_id(article_id)
    except InvalidArticle as fault:
        raise ValueError(str(fault)) from fault
    return read_text(" ".join(query.split())), article_id, rest


def read_days(text: str) -> Days | None:
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
