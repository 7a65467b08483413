"""Leads: the few lines under a title in a list. Also finds where a text may be cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from indexer.analysis.characters import fold
from indexer.article import Article
from search_service.excerpts.datelines import without_dateline
from search_service.understanding.borders import is_border

LEAD_LENGTH: Final = 90
"""Length of a lead in characters: two lines under a title on a phone."""

_SENTENCE_ENDS: Final = "。！？!?；;…\n"
PAUSES: Final = "，、,：:"
"""Marks of a pause. They are removed before an added …."""
_IN_NUMBERS: Final = ",.:"
_CLOSERS: Final = "”’」』）)》"
_BRACKETS: Final = re.compile("([“‘「『（(《【])|[”’」』）)》】]")
"""An opening bracket or quotation mark, as group 1, or a closing one."""
_RUNS_ON: Final = _CLOSERS + "。！？!?…"
_CLOSED: Final = rf"[{_CLOSERS}]*(?![{_RUNS_ON}])"
"""Closing marks behind a mark. They belong to that mark. A row of marks (？！) is never split."""
_MARK: Final = re.compile(rf"(?:([{_SENTENCE_ENDS}])|[{PAUSES}]){_CLOSED}")
"""A sentence end, with its mark as group 1, or a pause."""
_LONG_TITLE: Final = 8
"""A shorter title may also be how a first sentence begins, such as a name in Latin letters before a blank."""
KEPT: Final = 0.6
"""The share of the length that a lead keeps at least. A cut within a sentence is better than a lead of half the length."""


def lead(article: Article, *, length: int = LEAD_LENGTH) -> str:
    """The article's own lead, or else the beginning of its body: one line of about ``length`` characters.

    Skips the title at the beginning of the body, and a dateline. Cuts at punctuation, and adds … where the cut breaks a
    sentence.
    """
    return cut(without_dateline(article.lead or _opening(article)), length).replace("\n", " ")


def cut(text: str, length: int) -> str:
    """Cut ``text`` to at most ``length`` characters. Adds … unless a sentence ends at the cut."""
    if len(text) <= length:
        return text
    end = end_before(text, length, earliest=int(length * KEPT))
    shown = text[:end].rstrip()
    return shown if ends_sentence(text, end) else shown.rstrip(PAUSES) + "…"


def end_before(text: str, end: int, *, earliest: int) -> int:
    """The best place to end a piece of ``text``: after ``earliest``, and at ``end`` at the latest.

    Best is the last end of a sentence, then the last pause, then the last place between words, then ``end`` itself. The marks in
    1,000 and 8:05 are no pauses. O(end - earliest).
    """
    if end >= len(text):
        return len(text)
    low = max(earliest, 0) + 1
    sentence = pause = 0
    for mark in _marks(text, low, end):
        place = mark.end()
        if mark.lastindex:
            sentence = place
        elif not text[place].isdigit():
            pause = place
    between = (place for place in range(end, low - 1, -1) if _between_words(text, place))
    return sentence or pause or next(between, end)


def beginning(text: str, low: int, high: int) -> int | None:
    """The best place from ``low`` to ``high`` where a piece of ``text`` can begin, both within the text.

    Best is the first behind a sentence, then the first behind a pause, then the first opening bracket, all outside brackets
    of the paragraph; then, if brackets enclose ``high`` too, the first behind a sentence or a pause inside them. None if there
    is no such place. O(paragraph).
    """
    brackets = _brackets(text, low, high)
    sentences: list[int] = []
    pauses: list[int] = []
    for mark in _marks(text, low, high):
        place = mark.end()
        if mark.lastindex:
            sentences.append(place)
        elif not (text[place].isdigit() and text[place - 1] in _IN_NUMBERS):
            pauses.append(place)
    marks = [*sentences, *pauses]
    free = [place for place in marks if not _enclosed(place, brackets)]
    opened = [start for start, _ in brackets if start >= low]
    inside = marks if _enclosed(high, brackets) else []
    return next(iter(free + opened + inside), None)


def _marks(text: str, low: int, high: int) -> Iterator[re.Match[str]]:
    """The marks of sentences and pauses that end from ``low`` to ``high``. A character of the text follows each."""
    # The pattern also looks at the character behind the last place.
    for mark in _MARK.finditer(text, max(_before_closers(text, low) - 1, 0), high + 1):
        if low <= mark.end() <= high:
            yield mark


def _brackets(text: str, low: int, high: int) -> list[tuple[int, int]]:
    """Start and end of the outermost brackets of the paragraph at ``low``, up to ``high``. An open bracket ends behind ``high``."""
    found: list[tuple[int, int]] = []
    start = depth = 0
    for bracket in _BRACKETS.finditer(text, text.rfind("\n", 0, low) + 1, high):
        if bracket.lastindex:
            start = start if depth else bracket.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                found.append((start, bracket.end()))
    return [*found, (start, high + 1)] if depth else found


def _enclosed(place: int, brackets: list[tuple[int, int]]) -> bool:
    return any(start < place < end for start, end in brackets)


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence or the text ends at ``place``. Closing quotes belong to their sentence."""
    if place >= len(text):
        return True
    before = _before_closers(text, place)
    return before > 0 and text[before - 1] in _SENTENCE_ENDS and text[place] not in _RUNS_ON


def _between_words(text: str, place: int) -> bool:
    """Whether a cut at ``place``, within the text, splits no word and no number (1,000 too)."""
    sign = place if text[place] in _IN_NUMBERS else place - 1
    in_number = (
        text[sign] in _IN_NUMBERS
        and text[sign - 1 : sign].isdigit()
        and text[sign + 1 : sign + 2].isdigit()
    )
    return is_border(text, place) and not in_number


def _before_closers(text: str, place: int) -> int:
    while place and text[place - 1] in _CLOSERS:
        place -= 1
    return place


def _opening(article: Article) -> str:
    """The body, without the title if it begins with it and a new line follows, or a blank after a title of _LONG_TITLE characters.

    Blanks within the title do not matter.
    """
    title = "".join(fold(article.title).split())
    place = 0
    for character in title:
        while article.body[place : place + 1].isspace():
            place += 1
        if fold(article.body[place : place + 1]) != character:
            return article.body
        place += 1
    rest = article.body[place:]
    behind = rest[: len(rest) - len(rest.lstrip())]
    repeats = "\n" in behind or (behind and len(title) >= _LONG_TITLE)
    return rest.lstrip() if title and repeats else article.body
