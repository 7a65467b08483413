"""Feeds as XML: Atom (RFC 4287) and RSS 2.0, from one description of a feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Final, Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Format = Literal["atom", "rss"]

_ATOM: Final = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"
_LANGUAGE: Final = "zh-CN"

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have (section 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article in a feed. ``link`` is absolute; ``updated`` is the later of its two times, or a fixed one."""

    id: str
    link: str
    title: str
    summary: str
    author: str
    source: str
    categories: Sequence[str]
    published: datetime | None
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed. ``itself`` is its address, ``page`` that of the page with the same articles; both are absolute."""

    id: str
    itself: str
    page: str
    title: str
    site: str
    updated: datetime
    entries: Sequence[Entry]


def atom(feed: Feed) -> bytes:
    """The feed in Atom."""
    root = Element("feed", {"xmlns": _ATOM, "xmlns:dc": _DUBLIN_CORE, "xml:lang": _LANGUAGE})
    _add(root, "title", feed.title)
    _add(root, "id", feed.id)
    _add(root, "updated", feed.updated.isoformat())
    _add(_add(root, "author"), "name", feed.site)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.itself)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    for each in feed.entries:
        entry = _add(root, "entry")
        _add(entry, "title", each.title)
        _add(entry, "id", each.id)
        _add(entry, "link", rel="alternate", type="text/html", href=each.link)
        _add(entry, "updated", each.updated.isoformat())
        if each.published:
            _add(entry, "published", each.published.isoformat())
        if each.author:
            _add(_add(entry, "author"), "name", each.author)
        for category in each.categories:
            _add(entry, "category", term=category)
        _add_texts(entry, {"summary": each.summary, "dc:publisher": each.source})
    return _written(root)


def rss(feed: Feed) -> bytes:
    """The feed in RSS 2.0."""
    root = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM, "xmlns:dc": _DUBLIN_CORE})
    channel = _add(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.page)
    _add(channel, "description", feed.title)
    _add(channel, "language", _LANGUAGE)
    _add(channel, "lastBuildDate", format_datetime(feed.updated))
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=feed.itself)
    for each in feed.entries:
        item = _add(channel, "item")
        _add(item, "title", each.title)
        _add(item, "link", each.link)
        _add(item, "guid", each.id, isPermaLink="false")
        if each.published:
            _add(item, "pubDate", format_datetime(each.published))
        for category in each.categories:
            _add(item, "category", category)
        _add_texts(
            item,
            # Programs read a description as HTML.
            {
                "description": escape(each.summary, quote=False),
                "dc:creator": each.author,
                "dc:publisher": each.source,
            },
        )
    return _written(root)


WRITERS: Final[Mapping[Format, Callable[[Feed], bytes]]] = {"atom": atom, "rss": rss}


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    added = SubElement(parent, name, {key: _clean(value) for key, value in attributes.items()})
    added.text = _clean(text) or None
    return added


def _add_texts(parent: Element, texts: Mapping[str, str]) -> None:
    """Add an element for each text that is not empty."""
    for name, text in texts.items():
        if text:
            _add(parent, name, text)


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _written(root: Element) -> bytes:
    indent(root, " ")
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
