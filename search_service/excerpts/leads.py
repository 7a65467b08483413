"""Leads: the few lines under a title in a list. Also finds where a text may be cut."""

from __future__ import annotations

import re
from typing import Final

from indexer.analysis.characters import fold
from indexer.article import Article
from search_service.understanding.borders import is_border

LEAD_LENGTH: Final = 90
"""Length of a lead in characters: two lines under a title on a phone."""

_SENTENCE_ENDS: Final = "。！？!?；;…\n"
PAUSES: Final = "，、,：:"
"""Marks of a pause. They are removed before an added …."""
_IN_NUMBERS: Final = ",.:"
_CLOSERS: Final = "”’」』）)》"
_RUNS_ON: Final = _CLOSERS + "。！？!?…"
_CLOSED: Final = rf"[{_CLOSERS}]*(?![{_RUNS_ON}])"
"""Closing marks behind a mark. They belong to that mark. A row of marks (？！) is never split."""
_MARK: Final = re.compile(rf"(?:([{_SENTENCE_ENDS}])|[{PAUSES}]){_CLOSED}")
"""A sentence end, with its mark as group 1, or a pause."""
KEPT: Final = 0.6
"""The share of the length that a lead keeps at least. A cut within a sentence is better than a lead of half the length."""


def lead(article: Article, *, length: int = LEAD_LENGTH) -> str:
    """The article's own lead, or else the beginning of its body: one line of about ``length`` characters.

    Skips a first paragraph that only repeats the title. Cuts at punctuation, and adds … where the cut breaks a sentence.
    """
    return cut(article.lead or _opening(article), length).replace("\n", " ")


def cut(text: str, length: int) -> str:
    """Cut ``text`` to at most ``length`` characters. Adds … unless a sentence ends at the cut."""
    if len(text) <= length:
        return text
    end = end_before(text, length, earliest=int(length * KEPT))
    shown = text[:end].rstrip()
    return shown if ends_sentence(text, end) else shown.rstrip(PAUSES) + "…"


def end_before(text: str, end: int, *, earliest: int) -> int:
    """The best place to end a piece of ``text``: after ``earliest``, and at ``end`` at the latest.

    Best is the end of a sentence, then a pause, then a place between words, then ``end`` itself. O(end - earliest).
    """
    if end >= len(text):
        return len(text)
    return best_place(text, range(end, max(earliest, 0), -1)) or end


def best_place(text: str, places: range) -> int | None:
    """The first of ``places`` that lies behind a sentence. All places lie within the text.

    If there is none: the first behind a pause, then the first between words, then None. The marks in 1,000 and 8:05 are no
    pauses. O(places).
    """
    if not places:
        return None
    ahead = places.step > 0
    low, high = (places[0], places[-1]) if ahead else (places[-1], places[0])
    sentence = pause = None
    # The pattern also looks at the character behind the last place.
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
    first, _, rest = article.body.partition("\n")
    if not rest:
        return article.body
    line, title = " ".join(first.split()), " ".join(article.title.split())
    repeats = len(line) == len(title) and fold(line) == fold(title)  # folding keeps lengths
    return rest if repeats else article.body
