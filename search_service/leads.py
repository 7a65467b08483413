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
_CLOSED: Final = rf"[{_CLOSERS}]*(?![{_CLOSERS}。！？!?…])"
"""What belongs to the mark before it; nothing may be parted from a row of marks (？！)."""
_SENTENCE: Final = re.compile(rf"[{_SENTENCE_ENDS}]{_CLOSED}")
_PAUSE: Final = re.compile(rf"[{PAUSES}]{_CLOSED}")
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
    low, high = sorted((places[0], places[-1]))
    ends = _behind(_SENTENCE, text, low, high)
    if not ends:
        pauses = _behind(_PAUSE, text, low, high)
        ends = [place for place in pauses if not text[place].isdigit()]
    if ends:
        return ends[0] if places.step > 0 else ends[-1]
    return next((place for place in places if _between_words(text, place)), None)


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence, or the text, ends at ``place``; closing quotes belong to their sentence."""
    return place >= len(text) or bool(_behind(_SENTENCE, text, place, place))


def _between_words(text: str, place: int) -> bool:
    """Whether a cut at ``place``, within the text, leaves words and numbers (1,000 too) whole."""
    sign = place if text[place] in _IN_NUMBERS else place - 1
    in_number = (
        text[sign] in _IN_NUMBERS
        and text[sign - 1 : sign].isdigit()
        and text[sign + 1 : sign + 2].isdigit()
    )
    return is_border(text, place) and not in_number


def _behind(mark: re.Pattern[str], text: str, low: int, high: int) -> list[int]:
    """The places from ``low`` to ``high`` that lie behind such a mark and its closing quotes, ascending."""
    first = low
    while first and text[first - 1] in _CLOSERS:
        first -= 1
    # The character behind the last place decides too.
    matches = mark.finditer(text, max(first - 1, 0), high + 1)
    return [end for match in matches if low <= (end := match.end()) <= high]


def _opening(article: Article) -> str:
    first, _, rest = article.body.partition("\n")
    if not rest:
        return article.body
    line, title = " ".join(first.split()), " ".join(article.title.split())
    repeats = len(line) == len(title) and fold(line) == fold(title)  # folding keeps lengths
    return rest if repeats else article.body
