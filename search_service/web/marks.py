"""Marked text as HTML. The only place where what is shown of an article becomes markup."""

from __future__ import annotations

from markupsafe import Markup, escape

from search_service.snippets import Marked


def marked_html(marked: Marked) -> Markup:
    """Safe HTML: the text escaped, with ``<mark>`` around its marks."""
    pieces: list[str] = []
    end = 0
    for start, stop in marked.marks:
        pieces += (
            escape(marked.text[end:start]),
            "<mark>",
            escape(marked.text[start:stop]),
            "</mark>",
        )
        end = stop
    pieces.append(escape(marked.text[end:]))
    return Markup("".join(pieces))
