"""From the text of one page to the fields of its article, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from indexer.said import Said
from indexer.sources.pages import body, declared, printed
from indexer.sources.pages.markup import Line, Outline, called, outline, parse

_ABOVE: Final = 6
"""Lines above the title that may give the date and the source."""
_FARTHEST: Final = 60
"""Lines between a title and its text; pictures and their captions stand there on some pages."""
_BELOW: Final = 8
"""Lines below a text that may give editor, source and date."""

_SOURCE_NAME: Final = re.compile(r"source|laiyuan|media-?name", re.I)


class NoArticle(Exception):
    """The page holds no article. The message says what is missing; ``values`` are the fields that were found."""

    def __init__(self, why: str, values: dict[str, object]) -> None:
        super().__init__(why)
        self.values = values


def read_page(text: str) -> dict[str, object]:
    """The fields of the article on a page, under an article's names; what the page does not say is left out.

    Raises:
        NoArticle: no title, or no text.
        UnusableMarkup: see ``markup.parse``.
    """
    root = parse(text)
    page = outline(root)
    says = declared.read_declared(root)
    title = declared.find_title(root, page, says)
    found = body.find_body(root, page, title)
    url = declared.find_url(root, says, text)
    kept = [page.lines[n].text for n in found.lines]
    if not title or not kept:
        missing = Said("no text of an article") if title else Said("no title")
        raise NoArticle(missing, _held({"url": url, "title": title, "body": "\n".join(kept)}))
    between, head, tail = _around(page.lines, found.lines, title)
    channel = declared.find_channel(page, says, title)
    labels = {**printed.read_labels(tail), **printed.read_labels(head)}
    credited = printed.read_credits([*(each.text for each in head), *kept[:2], *kept[-2:]])
    beside = printed.read_outlet(head) or _named_outlet(page, between)
    outlet = "" if beside in labels.values() else beside
    values: dict[str, object] = {
        "url": url,
        "title": title,
        "body": "\n".join(kept),
        "lead": declared.find_lead(says, title, kept),
        "channel": channel,
        "source": labels.get("source") or says.source or outlet,
        "author": labels.get("author")
        or credited.get("author")
        or labels.get("giver")
        or credited.get("giver"),
        "editor": labels.get("editor") or says.one("editor"),
        "published_at": _date(printed.read_date(head), says.published_at, printed.read_date(tail)),
        "image_url": declared.find_image(found.holder, says, url),
        "tags": declared.find_tags(says, title + "\n" + "\n".join(kept)),
        "site": says.site,
    }
    return _held(values)


def _held(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


def _date(above: str, meta: str, below: str) -> str:
    if (
        above
        and meta
        and not printed.has_clock(above)
        and printed.day_of(above) == printed.day_of(meta)
    ):
        return meta
    return above or meta or below


def _around(
    page: Sequence[Line], kept: Sequence[int], title: str
) -> tuple[range, list[Line], list[Line]]:
    """The lines above and below an article that may speak of it: first those between title and text, then those just above.

    The range has the numbers of the lines between title and text.
    """
    start, end = kept[0], kept[-1]
    wanted = body.squeezed(title)
    titled = [
        n for n in range(max(0, start - _FARTHEST), start) if body.is_title(page[n].text, wanted)
    ]
    top = max(0, titled[-1] if titled else start - _ABOVE)
    above = [*page[top:start], *reversed(page[max(0, top - _ABOVE) : top])]
    below = [*page[end + 1 : end + 1 + _BELOW], *(page[n] for n in (*kept[-3:], *kept[:2]))]
    return range(top, start), above, below


def _named_outlet(page: Outline, between: range) -> str:
    """The one line of an element between title and text whose class or id says that it is the source."""
    for element, (start, end) in page.spans.items():
        named = start in between and start + 1 == end and _SOURCE_NAME.search(called(element))
        if named and (outlet := printed.outlet(page.lines[start].text)):
            return outlet
    return ""
