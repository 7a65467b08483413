"""The values of a feed's entry: feedparser reads the entry, and this module says what of it belongs to an article.

It takes one entry at a time, so that memory does not grow with the feed, and a fault in one entry stays there.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urljoin

import feedparser

from indexer.markup import Plain, plain_text
from indexer.said import Said
from indexer.sources.feed_parts import Head

_AS_UTF8: Final = {"content-type": "application/xml; charset=utf-8"}
_PLAIN: Final = "text/plain"
_TEXTS: Final = ("text/", "application/xhtml")
_ADDRESS: Final = re.compile(r"https?://|/", re.IGNORECASE)
_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|bmp)(?:[?!@]|$)", re.IGNORECASE)
_MAIL: Final = re.compile(
    r"\s*(?P<before>[^<>()@]*?)\s*[<(]?\s*[\w.+-]+@[\w.-]+\s*[>)]?\s*(?:\((?P<after>.*)\))?\s*"
)
"""One author as RSS writes it: ``name@host (Name)``, or ``Name <name@host>``. feedparser errs where the host is ``.media``."""
_HALVES: Final = re.compile(r"(?:&#(?:x0*d[0-9a-f]{3}|0*5[5-7][0-9]{3});)+", re.IGNORECASE)
"""References to the halves of UTF-16 characters, as some programs write emoji, and to their neighbours. No parser takes halves."""


class Reader:
    """Reads the entries of the feed that begins with ``head``. Relative links resolve against its link, and that against ``url``."""

    def __init__(self, head: Head, url: str = "") -> None:
        self._head = head
        feed = _parse(head.text).feed
        self._base = _resolved(feed.get("link", ""), url) or url
        self._title = _line(feed, "title")
        self._author = _author(feed)

    def values(self, entry: str) -> dict[str, object]:
        """What an entry says, under an article's names and ``category``; without what it does not say.

        Texts are plain. Dates are as the feed spells them.

        Raises:
            ValueError: the entry cannot be read, or holds nothing.
        """
        found = _parse(f"{self._head.opening}{_whole_characters(entry)}{self._head.closing}")
        if not found.entries:
            raise ValueError(Said("no entry can be made out"))
        values = self._values(found.entries[0], atom=found.version.startswith("atom"))
        if not values:
            raise ValueError(Said("holds nothing"))
        source = _line(found.entries[0].get("source", {}), "title") or self._title
        return {**values, "source": source} if source else values

    def _values(self, entry: Any, *, atom: bool) -> dict[str, object]:
        details = [*entry.get("content", []), entry.get("summary_detail", {})]
        own = next((each["base"] for each in details if each.get("base")), "")
        base = _resolved(own, self._base) or self._base
        contents = [_plain(each) for each in entry.get("content", [])]
        summary = _plain(entry.get("summary_detail", {}))
        content = max(contents, key=lambda each: len(each.text), default=Plain("", ""))
        body = content if content.text else summary
        name = entry.get("id", "")
        link = entry.get("link", "")
        if link == name and not _ADDRESS.match(name):
            link = ""  # feedparser takes every id that is not said to be no address for one
        tags = list(dict.fromkeys(_terms(entry)))
        # feedparser's own get() gives the one date for the other.
        published, updated = dict.get(entry, "published", ""), dict.get(entry, "updated", "")
        pictures = [*_pictures(entry), *(each.image for each in contents), summary.image]
        picture = next(filter(None, pictures), "")
        values = {
            "id": "" if link and _ADDRESS.match(name) else name,
            "url": _resolved(link, base),
            "title": _line(entry, "title"),
            "body": body.text,
            "lead": summary.text if summary.text != body.text else "",
            "author": _author(entry) or (self._author if atom else ""),
            "published_at": published or updated,
            "updated_at": updated if published else "",
            "tags": tags,
            "category": tags[0] if tags else "",
            "image_url": _resolved(picture, base),
        }
        said = {key: value for key, value in values.items() if value}
        return said if said.keys() - {"author"} else {}


def _parse(text: str) -> Any:
    """What feedparser makes of a feed.

    Raises:
        ValueError: it fails.
    """
    stream = io.BytesIO(text.encode("utf-8", "replace"))
    try:
        return feedparser.parse(
            stream, response_headers=_AS_UTF8, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # A parser of tag soup fails in any way on hostile input. The entry is rejected with the reason.
        raise ValueError(
            Said("cannot be read ({why})", why=f"{type(error).__name__}: {error}")
        ) from error


def _whole_characters(text: str) -> str:
    return _HALVES.sub(_joined_halves, text)


def _joined_halves(match: re.Match[str]) -> str:
    codes = (each.lstrip("&#") for each in match[0].split(";") if each)
    halves = (chr(int(each[1:], 16) if each[0] in "xX" else int(each)) for each in codes)
    return "".join(halves).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(detail: Any) -> Plain:
    """The text of a title, a summary or a content; empty for a content of another kind, such as a picture."""
    value, kind = detail.get("value", ""), detail.get("type", "")
    if kind == _PLAIN:
        return Plain(value, "")
    return plain_text(value) if kind.startswith(_TEXTS) else Plain("", "")


def _line(context: Any, name: str) -> str:
    return " ".join(_plain(context.get(f"{name}_detail", {})).text.split()) or _bare(context, name)


def _bare(context: Any, name: str) -> str:
    """A text of which feedparser does not know whether it is HTML, such as the source of an RSS entry."""
    value = "" if f"{name}_detail" in context else context.get(name, "")
    return " ".join(value.split())


def _author(context: Any) -> str:
    """The names of the authors, without their addresses of mail."""
    if match := _MAIL.fullmatch(context.get("author", "")):
        return (match["before"] or match["after"] or "").strip()
    names = (each.get("name", "") for each in context.get("authors", []))
    return "、".join(dict.fromkeys(name.strip() for name in names if name.strip()))


def _terms(entry: Any) -> Iterator[str]:
    for each in entry.get("tags", []):
        if term := " ".join((each.get("label") or each.get("term") or "").split()):
            yield term


def _pictures(entry: Any) -> Iterator[str]:
    """The addresses of the pictures that an entry names, in order: enclosures, media contents, thumbnails."""
    links: Iterable[Any] = entry.get("links", [])
    for each in (each for each in links if each.get("rel") == "enclosure"):
        if _shows(each.get("type", ""), each.get("href", "")):
            yield each["href"]
    for each in entry.get("media_content", []):
        if _shows(each.get("type") or each.get("medium", ""), each.get("url", "")):
            yield each["url"]
    for each in entry.get("media_thumbnail", []):
        yield each.get("url", "")


def _shows(kind: str, address: str) -> bool:
    return kind.lower().startswith("image") or (not kind and bool(_PICTURE.search(address)))


def _resolved(address: str, base: str) -> str:
    """An address, resolved against ``base``; as it is where one of them is none."""
    address = address.strip()
    try:
        return urljoin(base, address) if address else ""
    except ValueError:
        return address
