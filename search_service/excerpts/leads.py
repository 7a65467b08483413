"""Leads: the few lines that stand under a title in a list; and where a text may be cut."""

from __future__ import annotations

import re
from typing import Final

from indexer.analysis.characters import fold
from indexer.article import Article
from search_service.understanding.borders import is_border

LEAD_LENGTH: Final = 90
"""Characters: two lines under a title on a phone."""

_SENTENCE_ENDS: Final = "。！？!?；;…\n"
PAUSES: Final = "，、,：:"
"""Not left standing before a …."""
_IN_NUMBERS: Final = ",.:"
_CLOSERS: Final = "”’」』）)》"
_RUNS_ON: Final = _CLOSERS + "。！？!?…"
_CLOSED: Final = rf"[{_CLOSERS}]*(?![{_RUNS_ON}])"
"""What belongs to the mark before it; nothing may be parted from a row of marks (？！)."""
_MARK: Final = re.compile(rf"(?:([{_SENTENCE_ENDS}])|[{PAUSES}]){_CLOSED}")
"""The end of a sentence, whose first group is its mark, or a pause."""
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
    return best_place(text, range(end, max(earliest, 0), -1)) or end


def best_place(text: str, places: range) -> int | None:
    """The first of ``places``, each within the text, that lies behind a sentence.

    Else the first behind a pause, else between words; None where there is none. 1,000 and 8:05 hold no pause. O(places).
    """
    if not places:
        return None
    ahead = places.step > 0
    low, high = (places[0], places[-1]) if ahead else (places[-1], places[0])
    sentence = pause = None
    # The character behind the last place decides too.
    for mark in _MARK.finditer(text, max(_before_closers(text, low) - 1, 0), high + 1):
        place = mark.end()
        if not low <= place <= high:
            continue
        if mark.lastindex:
            sentence = place
            if ahead:
                break
        elif not (ahead and pause) and not text[place].isdigit():
            pause = place
    return (
        sentence or pause or next((place for place in places if _between_words(text, place)), None)
    )


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence, or the text, ends at ``place``; closing quotes belong to their sentence."""
    if place >= len(text):
        return True
    before = _before_closers(text, place)
    return before > 0 and text[before - 1] in _SENTENCE_ENDS and text[place] not in _RUNS_ON


def _between_words(text: str, place: int) -> bool:
    """Whether a cut at ``place``, within the text, leaves words and numbers (1,000 too) whole."""
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
    first, _, rest = article.body.partition("\n")
    if not rest:
        return article.body
    line, title = " ".join(first.split()), " ".join(article.title.split())
    repeats = len(line) == len(title) and fold(line) == fold(title)  # folding keeps lengths
    return rest if repeats else article.body
