"""Recognises what kind of source reads a file, by what it holds. Names of files are not believed."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.said import Said, told
from indexer.sources.columns import find_delimiter
from indexer.sources.encodings import decode
from indexer.sources.fetching import is_address
from indexer.sources.reading import (
    HEAD,
    STANDARD_INPUT,
    Opened,
    Text,
    name_of,
    opened,
    read_once,
    split_part,
    standard_input,
    text_encoding,
)
from indexer.sources.signatures import GZIP, ZIP, Other, kind_of_bytes

CALLED: Final = {
    "json": "JSON",
    "csv": "a table (CSV)",
    "excel": "a workbook",
    "html": "a page (HTML)",
    "feed": "a feed (RSS or Atom)",
    "folder": "a folder",
    "sql": "a database",
}
"""The kinds that can be recognised, as messages call them."""

_URL: Final = re.compile(r"[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_JSON_LINE: Final = re.compile(r"^\s*\{.*\}\s*$", re.MULTILINE)
_JSON_LIST: Final = re.compile(r'\[\s*(?:[\[{"\]\d-]|\Z)')
_NOT_ROOT: Final = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!doctype[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_ROOT: Final = re.compile(r"<([a-z][\w.:-]*)", re.IGNORECASE)
_FEEDS: Final = ("rss", "feed", "rdf")
_PAGE: Final = re.compile(
    r"<!doctype html|<(?:html|head|body|title|meta|div|p|article|section|main|table|h[1-6]|span|a|img|br|script|style)[\s>/]",
    re.IGNORECASE,
)
_ENOUGH: Final = 5
"""Lines without any JSON after which a text is none. A few can be the broken lines of a rejects file."""


def is_elsewhere(location: str) -> bool:
    """Whether a location is a URL and no file: an address of the web, or a database."""
    return _URL.match(location) is not None


def kind_of(location: str) -> str:
    """The kind of source that reads the file, folder or standard input: a key of CALLED. Uses nothing up.

    An address of the web is a feed, another URL a database, both unread.

    Raises:
        SourceUnreadable: it cannot be opened; or no source reads it, with what it is and what to do about it.
    """
    if is_elsewhere(location):
        return "feed" if is_address(location) else "sql"
    place, _ = split_part(location)
    if place == STANDARD_INPUT:
        return _kind_of_standard_input()
    if Path(place).is_dir():
        return "folder"
    if read_once(place):
        raise SourceUnreadable(
            place,
            "can be read only once: give it as standard input (-), or name its kind with --source",
        )
    with opened(place) as found:
        if found.kind is not None:
            return found.kind
        return _kind_of_text(found.head, found.name, cut=len(found.head) >= HEAD)


def text_kind(head: str, *, cut: bool) -> str | None:
    """The kind of a text that begins with ``head``; None if it is none that is known.

    Raises:
        Other: it is a text that no source reads.
    """
    text = head.lstrip()
    if text.startswith("{") or _JSON_LIST.match(text):
        return "json"
    if text.startswith("<"):
        return _kind_of_markup(text)
    if "multipart/related" in text and "MIME-Version:" in text:
        raise Other("a web archive (MHTML)", "save the page as HTML")
    if "<html" in text.lower():
        return "html"
    if _JSON_LINE.search(text):
        return "json"
    return "csv" if find_delimiter(text, cut=cut) else None


def refuse_other(kind: str, text: Text) -> None:
    """Check that an open text is not clearly of another kind.

    Raises:
        SourceUnreadable: it is, with the option that reads it.
    """
    found = _refused(text.name, text.head, cut=text.cut)
    if found is not None and found != kind:
        raise SourceUnreadable(text.name, _is_another(found, kind))
    if kind == "json" and found is None and len(text.head.strip().splitlines()) > _ENOUGH:
        raise SourceUnreadable(
            text.name, Said("is not JSON: none of its first lines begins with {{ or [")
        )


def refuse_other_than(kind: str, found: Opened) -> None:
    """Check that an open input that is no text is of this kind.

    Raises:
        SourceUnreadable: it is not, with the option that reads it.
    """
    if found.kind == kind:
        return
    other = found.kind or _kind_of_text(found.head, found.name, cut=True)
    raise SourceUnreadable(found.name, _is_another(other, kind))


def _is_another(found: str, wanted: str) -> Said:
    return Said(
        "is {what}, not {wanted}: read it with --source {kind}",
        what=CALLED[found],
        wanted=CALLED[wanted],
        kind=found,
    )


def _refused(name: str, head: str, *, cut: bool) -> str | None:
    """:func:`text_kind`, and for a text that no source reads the error to show."""
    try:
        return text_kind(head, cut=cut)
    except Other as other:
        raise SourceUnreadable(name, told(other)) from other


def _kind_of_text(head: bytes, name: str, *, cut: bool) -> str:
    if not head.strip():
        raise SourceUnreadable(
            name,
            Said(
                "is empty, or begins with blanks only: if that is as it should be, name its kind, such as --source json"
            ),
        )
    kind = _refused(name, decode(head, text_encoding(head, name)), cut=cut)
    if kind is None:
        raise SourceUnreadable(
            name,
            Said(
                "is a text, but no JSON, table, page or feed: name its kind with --source if it is one"
            ),
        )
    return kind


def _kind_of_markup(text: str) -> str:
    at = 0
    while match := _NOT_ROOT.match(text, at):
        at = match.end()
    root = _ROOT.match(text, at)
    if root and root[1].lower().rpartition(":")[2] in _FEEDS:
        return "feed"
    declared = text.startswith("<?xml")
    if _PAGE.match(text, at) or (not declared and _PAGE.search(text)):
        return "html"
    what = f"XML ({root[1]})" if root else "XML"
    raise Other(
        Said("{form}, neither a feed nor a page", form=what), "export the articles as JSON or CSV"
    )


def _kind_of_standard_input() -> str:
    """By the bytes that have come, which stay to be read."""
    name = name_of(STANDARD_INPUT)
    head = standard_input().peek(HEAD)
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD)
        except zlib.error as error:
            raise SourceUnreadable(
                name, f"is gzipped, but broken ({error}): get it whole"
            ) from error
    if head.startswith(ZIP):
        raise SourceUnreadable(
            name,
            "is a zip archive or a workbook: save it to a file, or name its kind with --source",
        )
    try:
        kind = kind_of_bytes(head)
    except Other as other:
        raise SourceUnreadable(name, told(other)) from other
    return kind or _kind_of_text(head, name, cut=True)
