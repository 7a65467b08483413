"""Snippets: where the words of a query stand in an article, as text with marked ranges.

Needles are searched in the folded article text, however the engine found the article. No text is segmented here.
Folding keeps the length: an offset in folded text is the same offset in the original. Output is plain text, never HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import log
from typing import Final

from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.spellings import has_spellings, spelt_as_indexed
from indexer.article import Article
from search_service.excerpts.leads import ends_sentence, lead
from search_service.excerpts.windows import Found, Stretch, best_stretches
from search_service.understanding.borders import is_border, may_run_on

SNIPPET_LENGTH: Final = 120
"""Length of a snippet in characters: two lines on a screen, three or four on a phone."""
_LONGEST: Final = 6
"""The weight of a needle grows with its length up to this many characters. A name of eight says no more than one of six."""
_GAP: Final = "…"
_BETWEEN_PARTS: Final = r"(?:[^\w\n。！？!?；;，,、]|_){0,3}"
"""Signs that part the words of one thing: a few, and none that ends a sentence or a clause."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Text to show, and the ranges of it to mark.

    ``marks`` are ``(start, end)`` offsets into ``text``: ascending, not empty, not touching. The text is plain, never
    HTML: the renderer must escape it.
    """

    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Needle:
    """Text to look for, compared as folded text. White space in it matches any white space.

    If it begins or ends with a Latin letter or a digit, that end must lie on a word border (``art`` is not in ``party``).
    ``inside`` lifts this condition. Other spellings of numbers and signs are found too (III for Ⅲ), unless ``inside``.
    ``parts`` are the words of a text that was typed in one go. They follow one another with other signs between them, or
    none: 9·11 is found as 9-11 and 911.
    """

    text: str
    inside: bool = False
    parts: tuple[str, ...] = ()
    literal: str = field(init=False, repr=False, compare=False)
    """The folded text, spelt as indexed unless ``inside``. Computed once for all texts that are searched."""
    spellings: bool = field(init=False, repr=False, compare=False)
    """Whether the text may have other spellings in an article."""
    anywhere: bool = field(init=False, repr=False, compare=False)
    """Whether no border is needed: ``inside`` is set, or neither end is a Latin letter or a digit."""

    def __post_init__(self) -> None:
        folded = fold_literal(self.text)
        literal = folded if self.inside else spelt_as_indexed(folded)[0]
        object.__setattr__(self, "literal", literal)
        object.__setattr__(self, "spellings", not self.inside and has_spellings(literal))
        object.__setattr__(self, "anywhere", self.inside or not may_run_on(self.literal))


def mark(text: str, needles: Sequence[Needle]) -> Marked:
    """All of ``text``, with every needle marked. O(needles x length)."""
    return Marked(text, _merged((start, end) for start, end, _ in _find(text, needles)))


def snippet(article: Article, needles: Sequence[Needle], *, length: int = SNIPPET_LENGTH) -> Marked:
    """About ``length`` characters of the article that show as many needles as possible, marked.

    Taken from the body, or from the lead if that shows more: one piece, or two joined by …. If neither holds a needle, the
    snippet is the article's lead. O(needles x length of the article).
    """
    texts = [text for text in (article.body, article.lead) if text]
    finds = [_find(text, needles) for text in texts]
    weights = _weights(needles, chain(*finds))
    best: Marked | None = None
    best_weight = 0.0
    for text, found in zip(texts, finds, strict=True):
        if found:
            weight, stretches = best_stretches(text, found, weights, length)
            if weight > best_weight:
                best, best_weight = _cut_out(text, found, stretches), weight
    return best or Marked(lead(article, length=length))


def _cut_out(text: str, found: Sequence[Found], stretches: Sequence[Stretch]) -> Marked:
    """The stretches on one line, with … where text is left out within a sentence."""
    shown = ""
    ranges: list[tuple[int, int]] = []
    for stretch in stretches:
        if shown or not (stretch.start == 0 or ends_sentence(text, stretch.start)):
            shown += _GAP
        moved = len(shown) - stretch.start
        shown += text[stretch.start : stretch.end].replace("\n", " ")
        ranges.extend(
            (max(start, stretch.start) + moved, min(end, stretch.end) + moved)
            for start, end, _ in found
            if start < stretch.end and end > stretch.start
        )
    if not ends_sentence(text, stretches[-1].end):
        shown += _GAP
    return Marked(shown, _merged(ranges))


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ascending ranges; those that overlap or touch are merged."""
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _find(text: str, needles: Sequence[Needle]) -> list[Found]:
    """Every occurrence of every needle, ascending. They may overlap."""
    spelt = folded = fold(text)
    origins: Sequence[int] | None = None
    if any(needle.spellings for needle in needles):
        spelt, origins = spelt_as_indexed(folded)
    found: list[Found] = []
    for number, needle in enumerate(needles):
        searched = folded if needle.inside else spelt
        for start, end in _occurrences(searched, needle):
            if needle.anywhere or (is_border(searched, start) and is_border(searched, end)):
                if needle.inside or origins is None:
                    found.append((start, end, number))
                elif _is_whole(origins, start) and _is_whole(origins, end):
                    found.append((origins[start], origins[end], number))
    found.sort()
    return found


def _is_whole(origins: Sequence[int], place: int) -> bool:
    """Whether no spelling of a number or a sign continues across ``place``: m is not in ㎡."""
    return place == 0 or origins[place] != origins[place - 1]


def _occurrences(text: str, needle: Needle) -> Iterator[tuple[int, int]]:
    """Where a needle stands in a text, ascending. The occurrences may overlap."""
    literal = needle.literal
    if needle.parts or " " in literal:
        between = _BETWEEN_PARTS if needle.parts else r"\s+"
        pattern = re.compile(between.join(map(re.escape, needle.parts or literal.split(" "))))
        at = 0
        while match := pattern.search(text, at):
            yield match.span()
            at = match.start() + 1
        return
    at = text.find(literal) if literal else -1
    while at >= 0:
        yield at, at + len(literal)
        at = text.find(literal, at + 1)


def _weights(needles: Sequence[Needle], found: Iterable[Found]) -> list[float]:
    """The weight of each needle in a snippet. Long needles weigh more, and needles with few occurrences weigh more.

    A needle without occurrences weighs 0.
    """
    counts = [0] * len(needles)
    for _, _, number in found:
        counts[number] += 1
    return [
        min(len(needle.text), _LONGEST) / (1.0 + log(count)) if count else 0.0
        for needle, count in zip(needles, counts, strict=True)
    ]
