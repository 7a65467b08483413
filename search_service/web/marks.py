"""Converts marked text into HTML. Only this module converts article text into markup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from markupsafe import Markup, escape

from search_service.excerpts.snippets import Marked

_SPECIAL: Final = "&<>'\""


def marked_html(marked: Marked) -> Markup:
    """Safe HTML: the text escaped, with ``<mark>`` around its marks."""
    return Markup(marked_text(marked))


def marked_text(marked: Marked) -> str:
    """The same HTML as a plain ``str``, for JSON."""
    text = marked.text
    safe: Callable[[str], str] = escape if any(map(text.__contains__, _SPECIAL)) else str
    shown: list[str] = []
    end = 0
    for start, stop in marked.marks:
        shown.append(f"{safe(text[end:start])}<mark>{safe(text[start:stop])}</mark>")
        end = stop
    shown.append(safe(text[end:]))
    return "".join(shown)
