"""Converts marked text into HTML. Only this module converts article text into markup."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, chain, pairwise
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
    marks: Iterable[tuple[int, int]] = marked.marks
    if any(map(text.__contains__, _SPECIAL)):
        bounds = pairwise((0, *chain(*marks), len(text)))
        pieces = [str(escape(text[start:end])) for start, end in bounds]
        moved = [*accumulate(map(len, pieces))]
        text, marks = "".join(pieces), zip(moved[::2], moved[1::2], strict=False)
    shown: list[str] = []
    end = 0
    for start, stop in marks:
        shown.append(f"{text[end:start]}<mark>{text[start:stop]}</mark>")
        end = stop
    shown.append(text[end:])
    return "".join(shown)
