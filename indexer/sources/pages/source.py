"""The source html: saved pages, one article a page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from indexer.records import Record, Rejection
from indexer.sources.pages.decoding import decode, is_text
from indexer.sources.pages.markup import UnusableMarkup
from indexer.sources.pages.page import NoArticle, read_page
from indexer.sources.pages.places import Page, count_pages, read_pages

REPLACED: Final = "characters_not_decoded"
"""The key under which a record says how many characters of its page could not be decoded. The report names it as unused."""


class Pages:
    """The articles on the pages of a file, a zip or a tar. ``name`` is the file's path in the folder that is read, else its name."""

    def __init__(self, location: str, *, name: str | None = None) -> None:
        self._location = location
        self._name = name or Path(location).name

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. A page without an article is rejected. About 25 pages/s."""
        for each in read_pages(self._location, name=self._name):
            yield _record(each) if isinstance(each, Page) else each

    def count(self) -> int:
        """See ``Source.count``: the pages; 0 for a tar. Reads names, not pages."""
        return count_pages(self._location)


def _record(page: Page) -> Record | Rejection:
    if not is_text(page.raw):
        return Rejection.unread(page.where, "not a page but binary data")
    text, encoding, replaced = decode(page.raw)
    values: dict[str, object] = {}
    why = ""
    try:
        values = read_page(text)
    except NoArticle as error:
        values, why = error.values, str(error)
    except UnusableMarkup as error:
        why = str(error)
    if "url" not in values:
        values["id"] = id_from_path(page.name)
    if why:
        return Rejection.unread(page.where, f"{why} (read as {encoding})", values)
    if replaced:
        values[REPLACED] = replaced
    return Record(page.where, values, orjson.dumps(values).decode())


def id_from_path(path: str) -> str:
    """The id of a page that names no address: the first 32 hex digits of the SHA-256 of its path in the folder or archive.

    The same folder packed, moved or gzipped gives the same ids. ``path`` has no ``.gz``.
    """
    return hashlib.sha256(f"page:{path}".encode(errors="surrogateescape")).hexdigest()[:32]
