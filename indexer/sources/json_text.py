"""A JSON text that need not fit into memory: the objects of its lists, one after another.

Only the part of the text around the current object is held. The standard library's decoder reads each object, so a long text
costs hardly more than its objects would cost as lines.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from json import JSONDecodeError, JSONDecoder, dumps
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.lines import (
    BREAKS,
    MAX_LINE_BYTES,
    NO_OBJECT,
    STRICT,
    broken_off,
    meant,
    parse_text,
    too_long,
)
from indexer.records import Record, Rejection
from indexer.said import Said

MAX_DEPTH: Final = 6
"""How deep a list is looked for. Answers of an API hold it two or three deep, as in data.result.list."""

MAX_MESSAGE: Final = 100
"""Characters of the longest text that the answer of an API says of itself: a message, a notice of copyright. An object with a longer
one, whose lists hold nothing so long, is an article under keys of its giver's. An address or a token is no text."""

_TELLING: Final = ("id", "url", "title", "body")
"""The fields that tell an article from the answer of an API. That may have a status, a source, the title of a feed, or an object
called body."""

_CHUNK: Final = 64 * 1024
"""Characters that are read at once: those of some twenty articles."""
_BLANKS: Final = re.compile("[ \t\r\n\ufeff]*")
"""White space of JSON, and the byte order marks of files that were joined."""
_LINE_BREAKS: Final = re.compile(r"[\r\n]+[ \t]*")
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+("|\\?\Z)|[{}\[\]]', re.DOTALL)
"""A string, which may be cut off by the end of the window, or a bracket."""
_STRING_REST: Final = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_FIRST_KEY: Final = re.compile(r'\{\s*("(?:[^"\\]++|\\.)*+"\s*:)', re.DOTALL)
_LENIENT: Final = JSONDecoder()
"""For what stands around the records, which is not kept."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a list, or an object that stands alone.

    ``path`` is the list's keys joined with dots, such as ``data.list``; empty for the outermost list. ``size`` is
    in characters, 0 for what is no object.
    """

    path: str
    size: int
    found: Record | Rejection


class _Seen:
    """What an object says of itself beside the lists in it."""

    def __init__(self) -> None:
        self._fields: set[str] = set()
        self._longest = 0

    def note(self, key: object, value: object) -> None:
        if key in _TELLING and value and (key != "body" or isinstance(value, str)):
            self._fields.add(str(key))
        if isinstance(value, str) and (not value.isascii() or " " in value):
            self._longest = max(self._longest, len(value))

    def is_article(self, *, beside: int) -> bool:
        """Whether it is an article. ``beside`` are the characters of the longest object in its lists."""
        named = "title" in self._fields and not self._fields.isdisjoint(("id", "url"))
        return named or "body" in self._fields or self._longest > max(beside, MAX_MESSAGE)


def is_article(values: Mapping[str, object]) -> bool:
    """Whether an object that may hold lists is an article for certain: by the names of its fields."""
    seen = _Seen()
    for key in _TELLING:
        seen.note(key, values.get(key))
    return seen.is_article(beside=MAX_LINE_BYTES)


class JsonText:
    """Reads a stream of UTF-8 called ``name``, once. ``encoding`` is the original's, for reasons."""

    def __init__(self, stream: BufferedReader, name: str, encoding: str) -> None:
        self._stream, self._name, self._encoding = stream, name, encoding
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape").decode
        self._text = ""
        self._at = 0
        self._passed = 0
        self._line = 1
        self._ended = False
        self._broken: Exception | None = None
        self._longest = 0
        self.lists: dict[str, int] = {}
        """The lists found so far by their keys, with the characters of the objects in each."""
        self.empty: set[str] = set()
        """Those that hold nothing at all."""
        self._articles: set[str] = set()
        """The objects that are articles and hold lists, by their keys."""

    @property
    def place(self) -> int:
        """How many characters of the text are behind."""
        return self._passed + self._at

    @property
    def line(self) -> int:
        """The number of the line here, from 1."""
        return self._line + self._text.count("\n", 0, self._at)

    def is_of_article(self, path: str) -> bool:
        """Whether a list belongs to an article, which it stands in at any depth."""
        keys = path.split(".")
        return any(".".join(keys[:count]) in self._articles for count in range(len(keys)))

    def peek(self) -> str:
        """The next character that is not blank, which is not passed; empty at the end."""
        while True:
            match = _BLANKS.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def objects(self) -> Iterator[Element]:
        """Objects that stand one after another, each on any number of lines.

        Raises:
            SourceUnreadable: the text breaks off, or something else stands there.
        """
        index = 0
        while following := self.peek():
            if following != "{":
                raise self._unreadable(Said("'{{' is missing before object {number}", number=index))
            yield self._element("", index)
            index += 1

    def elements(self) -> Iterator[Element]:
        """The elements of the lists in one value: of the list that it is, or of all lists in an object.

        An element that is broken is a Rejection, and the next one follows, if the end of the broken one can be told.

        Raises:
            SourceUnreadable: the text breaks off, or is broken otherwise.
        """
        yield from self._value("", 0)

    def ensure_end(self) -> None:
        """Check that nothing follows.

        Raises:
            SourceUnreadable: something follows.
        """
        if self.peek():
            raise self._unreadable(Said("something follows the end"))

    def _value(self, path: str, depth: int) -> Generator[Element, None, object]:
        """The elements in a value. Returns the value, or True for a list or an object that elements are looked for in."""
        following = self.peek()
        if following == "[":
            yield from self._list(path)
        elif following == "{" and depth < MAX_DEPTH:
            yield from self._object(path, depth)
        else:
            return self._pass_value()
        return True

    def _list(self, path: str) -> Iterator[Element]:
        self._at += 1
        self.lists.setdefault(path, 0)
        index = 0
        while (following := self.peek()) != "]":
            if not following:
                raise self._unreadable(
                    Said("the text ends in the list before element {number}", number=index)
                )
            element = self._element(path, index)
            self.lists[path] += element.size
            self._longest = max(self._longest, element.size)
            yield element
            index += 1
            if self.peek() == ",":
                self._at += 1
            elif self.peek() not in ("]", ""):
                raise self._unreadable(Said("',' is missing before element {number}", number=index))
        if not index:
            self.empty.add(path)
        self._at += 1

    def _object(self, path: str, depth: int) -> Iterator[Element]:
        """The elements of the lists in an object, which is then known to be an article or not, even if it breaks off."""
        lists, longest, self._longest = len(self.lists), self._longest, 0
        seen = _Seen()
        try:
            yield from self._members(path, depth, seen)
        finally:
            if len(self.lists) > lists and seen.is_article(beside=self._longest):
                self._articles.add(path)
            self._longest = max(longest, self._longest)

    def _members(self, path: str, depth: int, seen: _Seen) -> Iterator[Element]:
        self._at += 1
        while self.peek() != "}":
            if self.peek() != '"':
                raise self._unreadable(Said("a key in double quotes is missing"))
            key = self._pass_value()
            if self.peek() != ":":
                raise self._unreadable(Said("':' is missing"))
            self._at += 1
            seen.note(key, (yield from self._value(f"{path}.{key}".lstrip("."), depth + 1)))
            if self.peek() == ",":
                self._at += 1
            elif self.peek() != "}":
                raise self._unreadable(Said("',' or '}}' is missing"))
        self._at += 1

    def _pass_value(self) -> object:
        """Read a value that is no record and that fits into memory."""
        while True:
            try:
                value, end = _LENIENT.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                why = error.msg if isinstance(error, JSONDecodeError) else meant(error)
                if len(self._text) - self._at > MAX_LINE_BYTES or not self._more():
                    raise self._unreadable(why) from error
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _element(self, path: str, index: int) -> Element:
        """Read the element here."""
        where = f"{self._name}:{path}[{index}]" if path else f"{self._name}[{index}]"
        begin = self.place
        if self._text[self._at] != "{":
            value = self._pass_value()
            text = dumps(value, ensure_ascii=False)
            return Element(path, 0, Rejection.unread(where, NO_OBJECT, text=text))
        tries = 0
        while True:
            try:
                values, end = STRICT.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = self._end_of_broken(surely=tries > 0 or self._ended)
                if end < 0:
                    if len(self._text) - self._at > MAX_LINE_BYTES:
                        return self._too_long(path, where, begin)
                    if not self._more():
                        raise self._unreadable(
                            Said("the text ends in element {number}", number=index)
                        ) from None
                    tries += 1
                    continue
                values = None
            text = self._text[self._at : end]
            self._at = end
            return Element(path, len(text), self._made(where, text, values))

    def _made(self, where: str, text: str, values: object) -> Record | Rejection:
        raw = _one_line(text)
        if match := _UNDECODED.search(text):
            byte = ord(match[0]) - 0xDC00
            why = Said(
                "not {encoding} (byte 0x{byte:02X})", encoding=self._encoding.upper(), byte=byte
            )
            return Rejection(where, why, raw)
        if len(text) > MAX_LINE_BYTES:
            return Rejection.unread(where, _TOO_LONG)
        if isinstance(values, dict):
            return Record(where, values, raw)
        return parse_text(text, where, raw=raw)

    def _end_of_broken(self, *, surely: bool) -> int:
        """Where the broken object here ends, -1 if that cannot be told yet.

        It ends with its last bracket, or where the next object with the same first key follows: a quote too many hides
        brackets. Unless it is ``surely`` broken, it may only be cut off by the window's end; then only brackets count.
        """
        ends = []
        depth = 0
        for token in _TOKEN.finditer(self._text, self._at):
            sign = token[0][0]
            depth += (sign in "{[") - (sign in "}]")
            if depth == 0:
                following = _BLANKS.match(self._text, token.end())
                if following and self._text[following.end() : following.end() + 1] in (*",]{", ""):
                    ends.append(token.end())
                break
        key = _FIRST_KEY.match(self._text, self._at)
        if key and (surely or ends):
            again = re.compile(r"\}(?=\s*,?\s*\{\s*" + re.escape(key[1]) + ")")
            if match := again.search(self._text, self._at):
                ends.append(match.end())
        return min(ends, default=-1)

    def _too_long(self, path: str, where: str, begin: int) -> Element:
        """Pass an object that is too long to hold."""
        depth = 0
        in_string = False
        while True:
            at = self._at
            if in_string and (rest := _STRING_REST.match(self._text, at)):
                at = rest.end()
                in_string = self._text[at : at + 1] != '"'
                at += not in_string
            if not in_string:
                for token in _TOKEN.finditer(self._text, at):
                    sign = token[0][0]
                    depth += (sign in "{[") - (sign in "}]")
                    if depth == 0 and sign == "}":
                        self._at = token.end()
                        return Element(path, self.place - begin, Rejection.unread(where, _TOO_LONG))
                    in_string = sign == '"' and token[1] != '"'
            self._at = len(self._text) - (in_string and self._text.endswith("\\"))
            if not self._more():
                raise self._unreadable(
                    Said("the text ends in {where}, which is {what}", where=where, what=_TOO_LONG)
                )

    def _more(self) -> bool:
        """Read on, as much as is held, so that an object is tried again only a few times. False at the end."""
        if self._broken:
            raise self._break(self._broken)
        if self._ended:
            return False
        self._passed += self._at
        self._line += self._text.count("\n", 0, self._at)
        pieces = [self._text[self._at :]]
        self._text, self._at = "", 0
        wanted = max(_CHUNK, len(pieces[0]))
        while wanted > 0 and not self._ended and not self._broken:
            try:
                chunk = self._stream.read1(_CHUNK)
            except BREAKS as error:
                self._broken = error
            else:
                self._ended = not chunk
                pieces.append(self._decode(chunk, final=self._ended))
                wanted -= len(pieces[-1])
        held = len(pieces[0])
        self._text = "".join(pieces)
        if self._broken and len(self._text) == held:
            raise self._break(self._broken)
        return len(self._text) > held

    def _break(self, error: Exception) -> SourceUnreadable:
        return broken_off(f"{self._name}:{self._line}", error)

    def _unreadable(self, why: str) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self._name}:{self.line}",
            Said(
                "broken JSON at character {place:,} of the file: {why}; put it right, then ingest it again",
                place=self.place + 1,
                why=why,
            ),
        )


_TOO_LONG: Final = too_long(MAX_LINE_BYTES)


def _one_line(text: str) -> str:
    """A JSON text without line breaks, which are blanks in it."""
    return _LINE_BREAKS.sub(" ", text) if "\n" in text or "\r" in text else text
