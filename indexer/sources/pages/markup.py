"""A page as a tree, and the tree as the lines that a reader sees.

This module knows HTML. It does not know what an article is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from lxml import etree, html

from indexer.said import Said

MAX_TAGS: Final = 100_000
"""Tags of one page. The largest of 48 real pages has 7,700; a million would take half a minute and half a gigabyte."""
MAX_WORDS: Final = 10_000
"""Words of one tag. The parser compares every attribute with every other: 10,000 take a tenth of a second, 400,000 minutes."""
_LONG_TAG: Final = re.compile(rf"<[^<>\s]+(?:\s+[^<>\s]+){{{MAX_WORDS}}}")
MAX_CELL: Final = 60
"""Characters of the longest cell of a table that shows data; a table with longer cells lays out the page."""

HIDDEN: Final = frozenset({
    "audio", "base", "button", "canvas", "datalist", "embed", "head", "iframe", "input", "link", "map", "meta", "noscript",
    "object", "option", "script", "select", "style", "svg", "template", "textarea", "title", "video",
})  # fmt: skip
"""Elements whose text no reader sees as text of the page."""
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
    "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
})  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_NOT_DISPLAYED: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)

Element: TypeAlias = html.HtmlElement


class UnusableMarkup(Exception):
    """The markup of a page is beyond a limit. The message says which."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as a reader sees it: the text between two block tags or line breaks; a row of a table of data is one line.

    ``pieces`` are its texts by element, stripped; ``text`` is all of them with single spaces. ``linked`` is the number of
    characters inside links.
    """

    text: str
    pieces: tuple[str, ...]
    linked: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines of a page, and of each block element the numbers of its first line and of the one after its last."""

    lines: list[Line]
    spans: dict[Element, tuple[int, int]]


def parse(text: str) -> Element:
    """The tree of a page.

    Raises:
        UnusableMarkup: more than MAX_TAGS tags, more than MAX_WORDS words in one, nested too deeply, or no element at all.
    """
    if (tags := text.count("<")) > MAX_TAGS:
        raise UnusableMarkup(Said("{tags} tags, the limit is {limit}", tags=tags, limit=MAX_TAGS))
    if _LONG_TAG.search(text):
        raise UnusableMarkup(Said("a tag of more than {limit} words", limit=MAX_WORDS))
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        # As bytes, because lxml refuses a text with an XML declaration. Browsers show no control characters.
        root = html.document_fromstring(_CONTROL.sub("", text).encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise UnusableMarkup(Said("no HTML")) from error
    if any("xcessive depth" in each.message for each in parser.error_log):
        raise UnusableMarkup(
            Said("elements are nested more than 255 deep, the limit of the parser")
        )
    return root


def outline(root: Element) -> Outline:
    """The lines below ``root``, in order. O(elements)."""
    return _Walk(root).outline


class _Walk:
    """One walk over a tree. Recursion would end at a depth that the parser allows."""

    def __init__(self, root: Element) -> None:
        self.outline = Outline([], {})
        self._pieces: list[str] = []
        self._linked = self._links = self._hidden = 0
        self._rows: set[Element] = set()
        starts: list[int] = []
        for event, node in etree.iterwalk(root, events=("start", "end")):
            if not isinstance(node.tag, str):
                continue
            breaks = self._breaks(node)
            if breaks:
                self._finish()
            if event == "start":
                if node.tag == "table" and _shows_data(node):
                    self._rows.update(node.iter("td", "th"))
                self._hidden += node.tag in HIDDEN
                self._links += node.tag == "a"
                if breaks:
                    starts.append(len(self.outline.lines))
                self._take(node.text)
            else:
                self._hidden -= node.tag in HIDDEN
                self._links -= node.tag == "a"
                if breaks:
                    self.outline.spans[node] = (starts.pop(), len(self.outline.lines))
                if node is not root:
                    self._take(node.tail if node not in self._rows else f" {node.tail or ''}")
        self._finish()

    def _breaks(self, node: Element) -> bool:
        """Whether a line ends where the element begins and ends. What is not displayed is no part of the line around it."""
        if node in self._rows:
            return False
        tag = node.tag
        return tag in _BLOCKS or tag == "br" or is_not_displayed(node)

    def _take(self, text: str | None) -> None:
        if self._hidden or not text:
            return
        if piece := " ".join(text.split()):
            # The spaces at the ends of a text belong to the line, not to the piece.
            self._pieces.append(
                f"{text[0] if text[0].isspace() else ''}{piece}{text[-1] if text[-1].isspace() else ''}"
            )
            self._linked += len(piece) if self._links else 0
        elif self._pieces:
            self._pieces[-1] += " "

    def _finish(self) -> None:
        if self._pieces:
            text = " ".join("".join(self._pieces).split())
            self.outline.lines.append(
                Line(text, tuple(each.strip() for each in self._pieces), self._linked)
            )
        self._pieces.clear()
        self._linked = 0


def called(node: Element, *more: str) -> str:
    """What an element is called: its class, its id, and ``more`` attributes."""
    return " ".join(node.get(name) or "" for name in ("class", "id", *more))


def is_not_displayed(node: Element) -> bool:
    """Whether the element's own style hides it."""
    style = node.get("style")
    return bool(style) and _NOT_DISPLAYED.search(style) is not None


def _shows_data(table: Element) -> bool:
    """Whether a table shows data and does not lay out the page: several rows, several columns, short cells."""
    if table.find(".//table") is not None:
        return False
    rows = [
        [" ".join(cell.text_content().split()) for cell in row if cell.tag in ("td", "th")]
        for row in table.iter("tr")
    ]
    rows = [row for row in rows if any(row)]
    return (
        len(rows) > 1
        and max(map(len, rows)) > 1
        and all(len(cell) <= MAX_CELL for row in rows for cell in row)
    )
