"""Articles as JSON: one object a line, a list of objects, or an object that holds such a list; from a file or standard input.

``indexer/lines.py`` reads lines, ``json_text.py`` the rest.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Final, Literal

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS, MAX_LINE_BYTES, STRICT, read_lines
from indexer.records import Record, Rejection
from indexer.sources.json_text import JsonText
from indexer.sources.reading import STANDARD_INPUT, Text, opened_text, rejoined, split_part, spooled
from indexer.sources.recognise import refuse_other

Form = Literal["lines", "list", "objects"]

_CHUNK: Final = 1024 * 1024
_ESCAPED: Final = re.compile(rb"\\.")
_MAX_NAMED: Final = 10
"""The most lists that an error names."""
LEAST_SHARE: Final = 0.5
"""The share of an object's text that a list in it must have to be what the object is for. An article with a list of pictures
has more text than pictures; the answer of an API is little more than its list."""


class JsonFile:
    """The records of one file, or of standard input for ``-``.

    ``#`` and the keys of a list after the location name the list, such as ``answer.json#data.list``. Else it is the longest list of
    objects. Empty lines and byte order marks are skipped.
    """

    def __init__(self, location: str) -> None:
        self._location, self._part = split_part(location)

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. Lines are numbered from 1, every line of the file; elements of lists from 0, as jq does.

        An object that holds a list is read twice. It is copied to a temporary file if it comes from standard input.
        """
        with opened_text(self._location) as text:
            refuse_other("json", text)
            form, stream = _form(text)
            text = replace(text, stream=stream)
            if self._part or form == "objects":
                yield from self._objects(text)
            elif form == "list":
                json = _json(text)
                yield from (each.found for each in json.elements())
                json.ensure_end()
            else:
                yield from read_lines(stream, text.name, encoding=text.encoding)

    def count(self) -> int:
        """See ``Source.count``: the lines of the file, empty ones included; 0 for other forms, and for standard input.

        O(file): about a second for 1 GB, and for 150 MB of text that is gzipped.
        """
        if self._location == STANDARD_INPUT:
            return 0
        lines = 0
        last = b"\n"
        with opened_text(self._location) as text, suppress(*BREAKS):
            form, stream = _form(text)
            if self._part or form != "lines":
                return 0
            while chunk := stream.read1(_CHUNK):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
        return lines + (last != b"\n")

    def _objects(self, text: Text) -> Iterator[Record | Rejection]:
        """The list in an object; or the objects themselves, if they are several or hold no such list."""
        with ExitStack() as stack:
            again = text
            if self._location == STANDARD_INPUT:
                file, broken = spooled(text.stream, text.name, stack)
                text = replace(text, stream=rejoined(b"", file, broken))
                path = self._list_in(text)
                file.seek(0)
                again = replace(text, stream=rejoined(b"", file, broken))
            else:
                path = self._list_in(text)
                again = stack.enter_context(opened_text(self._location))
            json = _json(again)
            if path is None:
                yield from (each.found for each in json.objects())
            else:
                yield from (each.found for each in json.elements() if each.path == path)
                json.ensure_end()

    def _list_in(self, text: Text) -> str | None:
        """The list to be read, None if there is none.

        Raises:
            SourceUnreadable: there is no list where the location says.
        """
        json = _json(text)
        begin = json.place
        several = False
        with suppress(
            SourceUnreadable
        ):  # the second reading comes to the same place, and raises it
            for _ in json.elements():
                pass
            several = json.peek() == "{"
        size = json.place - begin
        if self._part:
            if self._part not in json.lists:
                known = ", ".join(list(json.lists)[:_MAX_NAMED]) or "none"
                raise SourceUnreadable(
                    text.name, f"has no list at {self._part!r}; its lists are: {known}"
                )
            return self._part
        path = max(json.lists, key=lambda each: json.lists[each], default="")
        return path if path and not several and json.lists[path] >= LEAST_SHARE * size else None


def _json(text: Text) -> JsonText:
    return JsonText(text.stream, text.name, text.encoding)


def _form(text: Text) -> tuple[Form, io.BufferedReader]:
    """The form that a text has, by its first lines, and its stream from the beginning."""
    if text.head.strip() and not text.head.lstrip().startswith(("{", "[")):
        return "lines", text.stream
    begin = _Beginning(text.stream)
    return _form_of(begin), begin.whole()


def _form_of(begin: _Beginning) -> Form:
    first = begin.line().removeprefix(codecs.BOM_UTF8).lstrip()
    if first.startswith(b"["):
        following = first[1:].lstrip() or begin.line()
        return "list" if following[:1] in (b"{", b"]", b"") else "lines"
    if not first.startswith(b"{"):
        return "lines"
    try:
        values = STRICT.decode(first.decode())
    except (ValueError, RecursionError):
        return "objects" if _goes_on(first, begin) else "lines"
    return "objects" if _holds_objects(values) and not begin.line() else "lines"


def _goes_on(first: bytes, begin: _Beginning) -> bool:
    """Whether a line begins an object that goes on in the next line. A line that is just broken does not look so."""
    if len(first) >= MAX_LINE_BYTES:
        return True
    if _ESCAPED.sub(b"", first).count(b'"') % 2:
        return False
    if first.endswith((b"{", b",")):
        return begin.line()[:1] in (b'"', b"}")
    return first.endswith(b"[")


def _holds_objects(value: object) -> bool:
    """Whether an object holds a list of objects at any depth."""
    if isinstance(value, dict):
        return any(map(_holds_objects, value.values()))
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


class _Beginning:
    """The first lines of a stream, kept so that it can be read again."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._read = bytearray()
        self._at = 0
        self._ended = False
        self._broken: Exception | None = None

    def line(self) -> bytes:
        """The next line that is not blank, stripped; the first MAX_LINE_BYTES of a longer one; empty at the end."""
        line = b""
        while not line:
            while (end := self._read.find(b"\n", self._at)) < 0 and self._more():
                pass
            end = end + 1 or len(self._read)
            line = bytes(self._read[self._at : end]).strip()
            self._at = end
            if self._ended and end == len(self._read):
                break
        return line

    def _more(self) -> bool:
        if self._ended or len(self._read) > self._at + MAX_LINE_BYTES:
            return False
        try:
            chunk = self._stream.read1(_CHUNK)
        except BREAKS as error:
            self._broken, chunk = error, b""
        self._read += chunk
        self._ended = not chunk
        return not self._ended

    def whole(self) -> io.BufferedReader:
        """The stream from its beginning."""
        return rejoined(bytes(self._read), self._stream, self._broken)
