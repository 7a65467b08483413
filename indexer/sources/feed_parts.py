"""Takes a feed apart: the text before its entries, then each entry, as they stand, one after another.

Only the marks of entries are looked for, so a fault inside one entry costs that entry. What the parts mean is known to
``feed_values.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS
from indexer.said import Said

MAX_ENTRY: Final = 4 * 1024 * 1024
"""Characters of an entry. The longest body that an article may have takes them if each of its characters is a reference."""
MAX_TAGS: Final = 100_000
"""Signs ``<`` in an entry. feedparser takes some 50 microseconds for each; a table of 10,000 rows has 80,000."""
MAX_BETWEEN: Final = 8 * 1024 * 1024
"""Characters without the beginning of an entry. RSS 1.0 lists the addresses of all entries before them, some 100 characters each."""
MAX_HEAD: Final = 256 * 1024
"""Characters that are kept of what stands before the first entry. The title and the link of the feed are among the first."""

_ROOTS: Final = {"rss": "item", "rdf": "item", "feed": "entry"}
"""The names of roots, and of the entries that stand in them."""
_AROUND: Final = (*_ROOTS, "channel")
"""The elements that entries stand in."""
_NAMESPACES: Final = (
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/ns#",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
)
"""Those of entries. Where a prefix stands for one of them, entries are written with it."""

_SECTIONS: Final = {"<!--": "-->", "<![CDATA[": "]]>"}
"""What holds no marks, by its first characters, and its end."""
_SECTION: Final = r"<!--|<!\[CDATA\["
_BEFORE_ROOT: Final = re.compile(r"<!--|<\?|<!doctype|<(?=[a-z_])", re.IGNORECASE)
_ROOT: Final = re.compile(r"<(?:([\w.-]+):)?([\w.-]+)[^>]*>")
_PREFIX: Final = re.compile(r"xmlns:([\w.-]+)\s*=\s*[\"']([^\"']*)[\"']")
_TAG: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"|<(?P<end>/?)(?P<name>[A-Za-z_][\w.:-]*+)(?:[^<>\"']|\"[^\"<>]*+\"|'[^'<>]*+')*+>",
    re.DOTALL,
)
_ENTRY: Final = re.compile(r"<(?:[\w.-]{1,30}:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_REST: Final = 64
"""Characters that are searched again with the next piece: more than any mark has."""


class Head(NamedTuple):
    """What stands before the entries, whole as XML; and the tags that open and close the elements that the entries stand in."""

    text: str
    opening: str
    closing: str


class Entry(NamedTuple):
    """An entry as it stands, numbered from 1. ``why`` says why there is no whole one; then ``text`` is its beginning."""

    number: int
    text: str
    why: str = ""


def parts(pieces: Iterable[str], name: str) -> Iterator[Head | Entry]:
    """The head of a feed whose text comes in pieces, then its entries.

    What stands before the root is left out, with all entities that it defines, so that none can swell. Memory holds one
    entry and one piece. O(feed).

    Raises:
        SourceUnreadable: it is no feed; or it breaks off, or goes on for MAX_BETWEEN characters without an entry.
    """
    return _Parts(pieces, name).all()


def count_entries(pieces: Iterable[str]) -> int:
    """The number of entries of a feed whose text comes in pieces, or somewhat more. O(feed)."""
    count = 0
    rest = ""
    for piece in pieces:
        text = rest + piece
        count += sum(match.end() > len(rest) for match in _ENTRY.finditer(text))
        rest = text[-_REST:]
    return count


class _TooLong(Exception):
    """A part is longer than its limit."""


class _Parts:
    """The text that has come and was not taken yet."""

    def __init__(self, pieces: Iterable[str], name: str) -> None:
        self._pieces = iter(pieces)
        self._name = name
        self._text = ""
        self._number = 0

    def all(self) -> Iterator[Head | Entry]:
        try:
            yield from self._all()
        except _TooLong:
            raise self._unreadable(
                Said(
                    "no entry begins within {limit:,} characters: look whether it is a feed",
                    limit=MAX_BETWEEN,
                )
            ) from None

    def _all(self) -> Iterator[Head | Entry]:
        root, entry = self._root()
        marks = re.compile(
            rf"{_SECTION}|<(?P<entry>{entry})(?=[\s/>])|(?P<end></{root}(?=[\s>]))", re.IGNORECASE
        )
        mark = self._next(marks, 0, MAX_BETWEEN)
        yield _head(self._text[: mark.start() if mark else MAX_HEAD][:MAX_HEAD])
        while mark and mark["entry"]:
            self._number += 1
            self._drop(mark.start())
            yield self._entry(mark["entry"])
            mark = self._next(marks, 0, MAX_BETWEEN)
        if not mark:
            raise self._broken_off(Said("its end is missing"))
        if self._next(marks, mark.end(), MAX_BETWEEN):
            raise self._unreadable(
                Said("the feed ends, and another one follows: give each for itself")
            )

    def _root(self) -> tuple[str, str]:
        """The name of the root, and that of entries, as patterns. Drops what stands before the root."""
        at = 0
        while mark := self._seek(_BEFORE_ROOT, at, MAX_BETWEEN):
            if mark[0] == "<":
                break
            at = self._end_of_prolog(mark)
        self._drop(mark.start() if mark else len(self._text))
        if mark and self._find(">", 0, MAX_BETWEEN) and (tag := _ROOT.match(self._text)):
            prefix, name = tag[1], tag[2]
            if name.lower() in _ROOTS:
                prefixes = {p for p, uri in _PREFIX.findall(tag[0]) if uri in _NAMESPACES}
                each = "|".join(map(re.escape, sorted(prefixes | ({prefix} if prefix else set()))))
                root = re.escape(f"{prefix}:{name}" if prefix else name)
                return root, f"(?:(?:{each}):)?{_ROOTS[name.lower()]}"
            raise SourceUnreadable(
                self._name,
                Said(
                    "is no feed: it begins with <{name}>, not with <rss>, <feed> or <rdf:RDF>",
                    name=name,
                ),
            )
        raise SourceUnreadable(
            self._name, Said("is no feed: it holds none of <rss>, <feed> and <rdf:RDF>")
        )

    def _end_of_prolog(self, mark: re.Match[str]) -> int:
        """Where a comment, an instruction or a document type ends; at the end of the text if it does not."""
        at = mark.end()
        if mark[0] == "<!--":
            return self._find("-->", at, MAX_BETWEEN) or len(self._text)
        if mark[0] == "<?":
            return self._find("?>", at, MAX_BETWEEN) or len(self._text)
        opening = self._seek(re.compile(r"[\[>]"), at, MAX_BETWEEN)
        if opening and opening[0] == "[":
            at = self._find("]", opening.end(), MAX_BETWEEN) or len(self._text)
        return self._find(">", at, MAX_BETWEEN) or len(self._text)

    def _entry(self, name: str) -> Entry:
        """The entry that begins here."""
        try:
            end = self._end_of_entry(re.escape(name))
        except _TooLong:
            self._drop(len(self._text) - _REST)
            why = Said("longer than {limit:,} characters, not copied", limit=MAX_ENTRY)
            return Entry(self._number, "", why)
        text = self._text[: abs(end)]
        self._drop(abs(end))
        if text.count("<") > MAX_TAGS:
            why = Said("more than {limit:,} tags, not copied", limit=MAX_TAGS)
            return Entry(self._number, "", why)
        if end < 0:
            return Entry(
                self._number, text, Said("the next one begins before </{name}>", name=name)
            )
        return Entry(self._number, text)

    def _end_of_entry(self, name: str) -> int:
        """Where the entry ends; below zero, where the next one begins before it ends."""
        opened = self._find(">", 0, MAX_ENTRY)
        if opened and self._text[opened - 2] == "/":
            return opened
        marks = re.compile(
            rf"{_SECTION}|(?P<entry><{name}(?=[\s/>]))|</{name}(?=[\s>])", re.IGNORECASE
        )
        mark = self._next(marks, opened, MAX_ENTRY) if opened else None
        if mark and mark["entry"]:
            return -mark.start()
        end = self._find(">", mark.end(), MAX_ENTRY) if mark else 0
        if not end:
            raise self._broken_off(Said("in the middle of an entry"))
        return end

    def _next(self, marks: re.Pattern[str], at: int, limit: int) -> re.Match[str] | None:
        """The next mark outside of comments and CDATA sections; None at the end."""
        while mark := self._seek(marks, at, limit):
            if mark[0].upper() not in _SECTIONS:
                return mark
            at = self._find(_SECTIONS[mark[0].upper()], mark.end(), limit)
            if not at:
                break
        return None

    def _seek(self, pattern: re.Pattern[str], at: int, limit: int) -> re.Match[str] | None:
        """The first match from ``at`` on; None at the end. Reads on as far as it must."""
        while True:
            if match := pattern.search(self._text, at):
                return match
            at = max(at, len(self._text) - _REST)
            if not self._more(limit):
                return None

    def _find(self, text: str, at: int, limit: int) -> int:
        """The place behind the first ``text`` from ``at`` on; 0 at the end."""
        while (found := self._text.find(text, at)) < 0:
            at = max(at, len(self._text) - len(text) + 1)
            if not self._more(limit):
                return 0
        return found + len(text)

    def _more(self, limit: int) -> bool:
        if len(self._text) > limit:
            raise _TooLong
        try:
            piece = next(self._pieces, None)
        except BREAKS as error:
            raise self._broken_off(str(error)) from error
        self._text += piece or ""
        return piece is not None

    def _drop(self, end: int) -> None:
        self._text = self._text[end:]

    def _broken_off(self, how: str) -> SourceUnreadable:
        return self._unreadable(
            Said("the feed breaks off here ({why}): get it whole, then ingest it again", why=how)
        )

    def _unreadable(self, why: str) -> SourceUnreadable:
        place = f"{self._name}, entry {self._number}" if self._number else self._name
        return SourceUnreadable(place, why)


def _head(text: str) -> Head:
    opened: list[tuple[str, str]] = []
    for tag in _TAG.finditer(text):
        name = tag["name"] or ""
        if name.rpartition(":")[2].lower() not in _AROUND:
            continue
        if tag["end"]:
            if any(name == each for each, _ in opened):
                while opened.pop()[0] != name:
                    pass
        elif not tag[0].endswith("/>"):
            opened.append((name, tag[0]))
    closing = "".join(f"</{name}>" for name, _ in reversed(opened))
    return Head(text + closing, "".join(tag for _, tag in opened), closing)
