"""Converts marked text into HTML. Only this module converts article text into markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from markupsafe import Markup, escape

from search_service.excerpts.snippets import Marked

_SPECIAL: Final = "&<>'\""


def marked_html(marked: Marked) -> Markup:
    """Safe HTML: the text escaped, with ``<mark>`` around its marks."""
    return Markup(marked_text(marked))


def marked_text(marked: Marked) -> str:
    """The same HTML as a plain ``str``, for JSON."""
    safe, text = _escaping(marked.text), marked.text
    shown: list[str] = []
    end = 0
    for start, stop in marked.marks:
        shown.append(f"{safe(text[end:start])}<mark>{safe(text[start:stop])}</mark>")
        end = stop
    shown.append(safe(text[end:]))
    return "".join(shown)


def broken_html(marked: Marked, places: Iterable[int]) -> Markup:
    """The same HTML with ``<wbr>`` at these offsets of the text: before a mark that begins there, after one that ends there."""
    safe, text = _escaping(marked.text), marked.text
    tags = [(place, 1, "<wbr>") for place in places]
    for start, stop in marked.marks:
        tags += (start, 2, "<mark>"), (stop, 0, "</mark>")
    shown: list[str] = []
    at = 0
    for place, _, tag in sorted(tags):
        shown += safe(text[at:place]), tag
        at = place
    shown.append(safe(text[at:]))
    return Markup("".join(shown))


def _escaping(text: str) -> Callable[[str], str]:
    """What makes pieces of a text safe. Most texts have nothing to escape, and looking once is cheaper."""
    return escape if any(map(text.__contains__, _SPECIAL)) else str
