"""The source html: saved pages, one article a page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from indexer.records import Record, Rejection
from indexer.said import Said, told
from indexer.sources.encodings import decode, encoding_of
from indexer.sources.pages.markup import UnusableMarkup
from indexer.sources.pages.page import NoArticle, read_page
from indexer.sources.pages.places import Page, count_pages, read_pages


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
    encoding = encoding_of(page.raw)
    if encoding is None:
        return Rejection.unread(page.where, Said("not a page but binary data"))
    values: dict[str, object] = {}
    why = ""
    try:
        values = read_page(decode(page.raw, encoding))
    except NoArticle as error:
        values, why = error.values, told(error)
    except UnusableMarkup as error:
        why = told(error)
    if "url" not in values:
        values["id"] = id_from_path(page.name)
    if why:
        why = Said("{why} (read as {encoding})", why=why, encoding=encoding)
        return Rejection.unread(page.where, why, values)
    return Record(page.where, values, orjson.dumps(values).decode())


def id_from_path(path: str) -> str:
    """The id of a page that names no address: the first 32 hex digits of the SHA-256 of its path in the folder or archive.

    The same folder packed, moved or gzipped gives the same ids. ``path`` has no ``.gz``.
    """
    return hashlib.sha256(f"page:{path}".encode(errors="surrogateescape")).hexdigest()[:32]
