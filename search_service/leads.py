"""Leads: the few lines that stand under a title in a list; and where a text may be cut."""

from __future__ import annotations

import re
from typing import Final

from indexer.analysis.characters import fold
from indexer.article import Article
from search_service.borders import is_border

LEAD_LENGTH: Final = 90
"""Characters: two lines under a title on a phone."""

_SENTENCE_ENDS: Final = "。！？!?；;…\n"
PAUSES: Final = "，、,：:"
"""Not left standing before a …."""
_IN_NUMBERS: Final = ",.:"
_CLOSERS: Final = "”’」』）)》"
_MAY_END: Final = re.compile(f"[{re.escape(_SENTENCE_ENDS + _CLOSERS)}]")
_MAY_PAUSE: Final = re.compile(f"[{re.escape(PAUSES + _CLOSERS)}]")
"""What stands before the end of a sentence, and before a pause: few places need a closer look."""

KEPT: Final = 0.6
"""Punctuation is looked for in the last part of the length only: better a cut in mid-sentence than half a lead."""


def lead(article: Article, *, length: int = LEAD_LENGTH) -> str:
    """What the article is about, in about ``length`` characters: its own lead, or how its body begins.

    One line. A first paragraph that only repeats the title is passed over. Cut at punctuation, with … where a
    sentence is broken off.
    """
    return cut(article.lead or _opening(article), length).replace("\n", " ")


def cut(text: str, length: int) -> str:
    """``text``, or at most ``length`` characters of its beginning and … unless a whole sentence ends there."""
    if len(text) <= length:
        return text
    end = end_before(text, length, earliest=int(length * KEPT))
    shown = text[:end].rstrip()
    return shown if ends_sentence(text, end) else shown.rstrip(PAUSES) + "…"


def end_before(text: str, end: int, *, earliest: int) -> int:
    """The best place to end a piece of ``text``: at ``end`` or before it, but behind ``earliest``.

    Behind a sentence, else behind a pause, else between words, else ``end`` itself. O(end - earliest).
    """
    if end >= len(text):
        return len(text)
    earliest = max(earliest, 0)
    for mark, is_place in ((_MAY_END, ends_sentence), (_MAY_PAUSE, ends_clause)):
        for place in reversed([found.end() for found in mark.finditer(text, earliest, end)]):
            if is_place(text, place):
                return place
    for place in range(end, earliest, -1):
        if between_words(text, place):
            return place
    return end


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence, or the text, ends at ``place``; closing quotes belong to their sentence."""
    return place >= len(text) or _stands_behind(text, place, _SENTENCE_ENDS)


def ends_clause(text: str, place: int) -> bool:
    """Whether there is a pause at ``place``; 1,000 and 8:05 hold none."""
    return _stands_behind(text, place, PAUSES) and not text[place].isdigit()


def between_words(text: str, place: int) -> bool:
    """Whether a cut at ``place``, within the text, leaves words and numbers (1,000 too) whole."""
    sign = place if text[place] in _IN_NUMBERS else place - 1
    in_number = (
        text[sign] in _IN_NUMBERS
        and text[sign - 1 : sign].isdigit()
        and text[sign + 1 : sign + 2].isdigit()
    )
    return is_border(text, place) and not in_number


def _stands_behind(text: str, place: int, marks: str) -> bool:
    if text[place] in _CLOSERS or text[place] in "。！？!?…":
        return False
    while place and text[place - 1] in _CLOSERS:
        place -= 1
    if not place:
        return False
    return text[place - 1] in marks


def _opening(article: Article) -> str:
    first, _, rest = article.body.partition("\n")
    if not rest:
        return article.body
    line, title = " ".join(first.split()), " ".join(article.title.split())
    repeats = len(line) == len(title) and fold(line) == fold(title)  # folding keeps lengths
    return rest if repeats else article.body
