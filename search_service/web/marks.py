"""Marked text as HTML. The only place where what is shown of an article becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from markupsafe import Markup, escape

from search_service.snippets import Marked

_SPECIAL: Final = re.compile("[&<>'\"]")


def marked_html(marked: Marked) -> Markup:
    """Safe HTML: the text escaped, with ``<mark>`` around its marks."""
    text = marked.text
    escaped: Callable[[str], str] = escape if _SPECIAL.search(text) else str
    pieces: list[str] = []
    end = 0
    for start, stop in marked.marks:
        pieces += (escaped(text[end:start]), "<mark>", escaped(text[start:stop]), "</mark>")
        end = stop
    pieces.append(escaped(text[end:]))
    return Markup("".join(pieces))
