"""The sources by name. A source's module and its dependencies are imported when the source is opened."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from indexer.errors import SourceUnreadable
from indexer.sources.base import Source

SOURCES: Final = {
    "html": "indexer.sources.pages.source:Pages",
    "json_lines": "indexer.sources.json_lines:JsonLines",
}


def open_source(kind: str, location: str) -> Source:
    """The source of this kind at ``location``. Reads nothing yet.

    Raises:
        SourceUnreadable: there is no such kind.
    """
    if kind not in SOURCES:
        raise SourceUnreadable(
            location, f"{kind!r} is no kind of source: choose one of {', '.join(SOURCES)}"
        )
    module, _, name = SOURCES[kind].partition(":")
    return cast(Source, getattr(import_module(module), name)(location))
