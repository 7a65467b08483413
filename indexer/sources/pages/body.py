"""The body of an article: which lines of a page belong to it.

Every line speaks for an article or against it. What names itself as something else (navigation, comments, lists of other
articles) is left out first. Then the element is chosen whose lines speak for an article most. Last, what stands above and below
the text inside this element is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from indexer.sources.pages import noise
from indexer.sources.pages.markup import Element, Line, Outline, called, is_not_displayed

_SENTENCE: Final = re.compile("[，。！？；,.;!?”」]")
_STOPS: Final = "。！？”）)」"
_SHORT: Final = 25
"""Characters of a line that may be a label, a name or a link. A line of a paragraph is longer, or holds a sentence's signs."""
_SIGNS_EVERY: Final = 150
"""Characters within which a text has a sentence's sign; a longer line without one is a list of keywords."""
_LEAD: Final = 200
"""Characters of the longest lead in a list of articles; portals cut theirs at about 90."""
_LINK: Final = 6
"""Characters of the shortest title that a link holds. Shorter links are navigation."""
_LARGE: Final = 0.3
"""The part of a page's text that is left in place whatever its element is called: it may be the article."""
_WHOLE: Final = 0.95
"""The part of an element's text that one child must hold to stand for the element."""
_TAIL: Final = 0.15
"""The part of the text that may follow a line such as 责任编辑, and is cut off with it."""
_SHORT_TAIL: Final = 100
"""Characters that may follow such a line in any case, if more stands before it."""
_HEADER_LINES: Final = 12
"""Lines above a text that may be facts and controls; the longest header seen has 7."""
_NOT_TEXT: Final = frozenset(("nav", "footer", "aside"))
_LISTS: Final = frozenset(("ul", "ol", "dl"))
_ITEMS: Final = frozenset(("li", "dd", "dt"))
_NEVER_NAMED: Final = frozenset(("html", "body", "article", "main"))


@dataclass(frozen=True, slots=True)
class Body:
    """The numbers of an article's lines, ascending, and the element that holds them. Without an article there are none."""

    lines: Sequence[int]
    holder: Element


def find_body(root: Element, page: Outline, title: str) -> Body:
    """The body of the article on a page. O(elements + lines)."""
    survey = _Survey(root, page)
    survey.leave_out_named()
    survey.leave_out_lists()
    holder = survey.holder()
    start, end = page.spans[holder]
    start = max([start, *(n for n in _headings(page, title) if start <= n < (start + end) / 2)])
    kept = [
        n
        for n in range(start, end)
        if survey.worths[n] is not None and not _is_bare_link(page.lines[n])
    ]
    found = [page.lines[n] for n in kept]
    first = _beginning(found, title)
    last = first + _end(found[first:])
    if any(_worth(each) > 0 for each in found[first:last]):
        return Body(kept[first:last], holder)
    return Body(_without_sentences(page, survey.worths, title), root)


def _headings(page: Outline, title: str) -> list[int]:
    """The lines that are the page's ``h1`` and its title; an article does not begin above them."""
    wanted = squeezed(title)
    begun = (
        start for element, (start, end) in page.spans.items() if element.tag == "h1" and start < end
    )
    return [n for n in begun if is_title(page.lines[n].text, wanted)]


def _without_sentences(page: Outline, worths: Sequence[int | None], title: str) -> list[int]:
    """The first lines below the title, up to a link or an end, where no line looks like a sentence: a poem, a list of names.

    Empty if there is little of it.
    """
    wanted = squeezed(title)
    titles = [n for n, each in enumerate(page.lines) if is_title(each.text, wanted)]
    kept: list[int] = []
    for n in range(titles[-1] + 1 if titles else 0, len(page.lines)):
        line = page.lines[n]
        if worths[n] is None or line.linked or noise.ends_article(line.text):
            if kept:
                break
        elif kept or not noise.is_fact(line.text):
            kept.append(n)
    return kept if len(kept) > 1 and sum(len(page.lines[n].text) for n in kept) > _SHORT else []


def squeezed(text: str) -> str:
    """A text without white space and punctuation, to compare with another."""
    return re.sub(r"[\W_]+", "", text)


def is_title(text: str, title: str) -> bool:
    """Whether a line is the title, with a word such as 原创 before it, or cut short. ``title`` is squeezed."""
    if len(text) > 2 * len(title) + _LEAD:
        return False
    flat = squeezed(text)
    if not title or not flat or len(flat) > len(title) + 4 or flat.startswith(("原标题", "原题")):
        return False
    return flat.endswith(title) or (title.startswith(flat) and len(flat) * 2 > len(title))


def _worth(line: Line) -> int:
    """How much a line speaks for an article (its characters), or against it (negative)."""
    length = len(line.text)
    if line.linked * 2 > length or noise.is_boilerplate(line.text):
        return -length - 5
    if (length < _SHORT and not _SENTENCE.search(line.text)) or noise.is_fact(line.text):
        return -length // 2 - 5
    if length > _SIGNS_EVERY and len(_SENTENCE.findall(line.text)) * _SIGNS_EVERY < length:
        return -length - 5
    return length - line.linked


def _is_link(line: Line) -> bool:
    """Whether a line is a link to an article, perhaps with its lead behind it, which is cut short inside a sentence."""
    if line.linked < _LINK:
        return False
    return line.linked * 2 > len(line.text) or (
        len(line.text) <= _LEAD and line.text[-1] not in _STOPS
    )


def _is_bare_link(line: Line) -> bool:
    """Whether a line inside a text is only a link to somewhere else. An attachment is part of the text."""
    return (
        line.linked >= _LINK
        and line.linked * 10 >= len(line.text) * 9
        and not line.text.startswith("附")
    )


class _Survey:
    """What each line of a page is worth; lines that are left out are worth None."""

    def __init__(self, root: Element, page: Outline) -> None:
        self._root, self._page = root, page
        self.worths: list[int | None] = [_worth(each) for each in page.lines]
        self._sum()

    def _sum(self) -> None:
        self._totals = list(accumulate((each or 0 for each in self.worths), initial=0))
        self._texts = list(accumulate((max(0, each or 0) for each in self.worths), initial=0))
        self._large = _LARGE * self._texts[-1]

    def _text_in(self, start: int, end: int) -> int:
        return self._texts[end] - self._texts[start]

    def _drop(self, start: int, end: int) -> None:
        self.worths[start:end] = [None] * (end - start)

    def leave_out_named(self) -> None:
        """Leave out elements that are not displayed, or whose tag, class or id says that they are something else."""
        for element, (start, end) in self._page.spans.items():
            if element.tag in _NEVER_NAMED or start == end:
                continue
            named = (
                element.tag in _NOT_TEXT
                or noise.ELEMENT_NAME.search(called(element))
                or is_not_displayed(element)
            )
            if named and self._text_in(start, end) <= self._large:
                self._drop(start, end)
        self._sum()

    def leave_out_lists(self) -> None:
        """Leave out lists of other articles: those under a heading such as 相关阅读, and lists whose items are links."""
        beginning: dict[int, list[Element]] = {}
        for element, (start, end) in self._page.spans.items():
            if start < end and element.tag not in ("html", "body"):
                beginning.setdefault(start, []).append(element)
            if element.tag in _LISTS and self._is_link_list(element):
                self._drop(start, end)
        for n, line in enumerate(self._page.lines):
            if noise.is_list_heading(line.text):
                around = self._end_of_list(beginning.get(n, ()))
                last = around or n + 1
                while not around and (after := self._end_of_list(beginning.get(last, ()))):
                    last = after
                self._drop(n, last)
        self._sum()

    def _end_of_list(self, elements: Sequence[Element]) -> int | None:
        """The end of the outermost of these elements, the inner ones first, that is only a list of articles."""
        outermost = next((each for each in reversed(elements) if self._is_list(each)), None)
        return None if outermost is None else self._page.spans[outermost][1]

    def _is_list(self, element: Element) -> bool:
        """Whether an element is a list of articles: links, with leads at most, or so little that it does not matter."""
        start, end = self._page.spans[element]
        if not any(map(_is_link, self._page.lines[start:end])) or element.find(".//h1") is not None:
            return False
        leads = all((each or 0) <= _LEAD for each in self.worths[start:end])
        return leads or self._text_in(start, end) <= self._large

    def _is_link_list(self, element: Element) -> bool:
        items = [self._page.spans[each] for each in element if each.tag in _ITEMS]
        linked = sum(
            any(map(_is_link, self._page.lines[start:end])) and self._text_in(start, end) <= _LEAD
            for start, end in items
        )
        return len(items) > 1 and linked * 2 > len(items)

    def holder(self) -> Element:
        """The element that holds the article: the one whose lines are worth most together, or its child that has nearly all."""
        best, most = self._root, 0
        for element, (start, end) in self._page.spans.items():
            if (worth := self._totals[end] - self._totals[start]) > most:
                best, most = element, worth
        while True:
            whole = self._text_in(*self._page.spans[best])
            children = (each for each in best if each in self._page.spans and each.tag != "p")
            inner = next(
                (
                    each
                    for each in children
                    if self._text_in(*self._page.spans[each]) >= _WHOLE * whole
                ),
                None,
            )
            if inner is None or not whole:
                return best
            best = inner


def _beginning(found: Sequence[Line], title: str) -> int:
    """The number of lines above the text: those down to the title, then facts and controls."""
    wanted = squeezed(title)
    start = 0
    for n, each in enumerate(found):
        if is_title(each.text, wanted):
            start = n + 1
        elif _worth(each) > _SHORT and not noise.is_fact(each.text):
            break
    titled = start > 0
    for n, each in enumerate(found[start : start + _HEADER_LINES], start):
        # A label may be an element of its own; a large initial is none.
        labelled = len(each.pieces[0]) > 1 and noise.is_label(each.pieces[0])
        timed = titled and len(each.text) < _LEAD and noise.gives_time(each.text)
        if noise.is_fact(each.text) or timed or (labelled and len(each.text) < _LEAD):
            # Without the title above it, a date may be the first line of a speech.
            if titled or not each.text[0].isdigit():
                start = n + 1
        elif _worth(each) > _SHORT:
            break
    return start


def _end(found: Sequence[Line]) -> int:
    """The number of lines up to the first one that ends an article, if little of the text follows it; without counts there."""
    rest = whole = sum(max(0, _worth(each)) for each in found)
    little = max(_TAIL * whole, min(_SHORT_TAIL, whole / 2))
    end = 0
    while end < len(found) and not (rest <= little and noise.ends_article(found[end].text)):
        rest -= max(0, _worth(found[end]))
        end += 1
    while end and noise.is_number(found[end - 1].text):
        end -= 1
    return end
