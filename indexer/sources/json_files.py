"""Articles as JSON: one object a line, a list of objects, or an object that holds such a list; from a file or standard input.

``indexer/lines.py`` reads lines, ``json_text.py`` the rest.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Final, Literal

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS, MAX_LINE_BYTES, STRICT, read_lines
from indexer.records import UNREAD, Record, Rejection
from indexer.said import Said
from indexer.sources.json_text import MAX_DEPTH, JsonText, is_article
from indexer.sources.reading import (
    HEAD,
    Text,
    opened_text,
    read_once,
    rejoined,
    split_part,
    spooled,
)
from indexer.sources.recognise import refuse_other

Form = Literal["lines", "list", "objects"]

_CHUNK: Final = 64 * 1024
_BLANKS: Final = re.compile(rb"(?:\s|\xef\xbb\xbf)*+")
_LINES: Final = 2
"""How many lines of the full length the beginning of a text is."""
_OBJECTS: Final = re.compile(rb"\[\s*\{")
_ESCAPED: Final = re.compile(rb"\\.")
_CALLED_LINES: Final = re.compile(r"\.(?:jsonl|ndjson)(?:\.gz)?\Z", re.IGNORECASE)
"""Names of files that hold an object a line. The name counts only where the content leaves it open: of a single line."""
_MAX_NAMED: Final = 10
"""The most lists that an error names."""


class JsonFile:
    """The records of one file, or of standard input for ``-``.

    ``#`` and the keys of a list after the location name the list, such as ``answer.json#data.list``. Else an object that stands alone
    and is no article is the answer of an API, and its longest list of objects is read, or an empty one; but the object in a file of one
    line is a record if the file is called .jsonl. Empty lines and byte order marks are skipped.
    """

    def __init__(self, location: str) -> None:
        self._location, self._part = split_part(location)

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. Lines are numbered from 1, every line of the file; elements of lists from 0, as jq does.

        An object that holds a list is read twice. It is copied to a temporary file if it comes from standard input. The line of a
        record that could not be read is rejected again; see ``records.UNREAD``.
        """
        for each in self._read():
            yield _without_unread(each)

    def _read(self) -> Iterator[Record | Rejection]:
        with opened_text(self._location) as text:
            refuse_other("json", text)
            form, stream = _form(text, patient=not read_once(self._location))
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
        if read_once(self._location):
            return 0
        lines = 0
        last = b"\n"
        with opened_text(self._location) as text, suppress(*BREAKS):
            form, stream = _form(text, patient=not read_once(self._location))
            if self._part or form != "lines":
                return 0
            while chunk := stream.read1(_CHUNK):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
        return lines + (last != b"\n")

    def _objects(self, text: Text) -> Iterator[Record | Rejection]:
        """The list in an object; or the objects themselves, if they are several or hold no such list."""
        with ExitStack() as stack:
            if read_once(self._location):
                file, broken = spooled(text.stream, text.name, stack)
                form, path = self._aim(replace(text, stream=rejoined(b"", file, broken)))
                file.seek(0)
                again = replace(text, stream=rejoined(b"", file, broken))
            else:
                form, path = self._aim(text)
                again = stack.enter_context(opened_text(self._location))
            if form == "list":
                json = _json(again)
                yield from (each.found for each in json.elements() if each.path == path)
                json.ensure_end()
            elif form == "objects":
                yield from (each.found for each in _json(again).objects())
            else:
                yield from read_lines(again.stream, again.name, encoding=again.encoding)

    def _aim(self, text: Text) -> tuple[Form, str]:
        """What a text is that begins with an object, and the keys of its list if it is that.

        Raises:
            SourceUnreadable: there is no list where the location says.
        """
        json = _json(text)
        json.peek()
        line = json.line
        form: Form = "list"
        on_one_line = False
        with suppress(
            SourceUnreadable
        ):  # the second reading comes to the same place, and raises it
            for _ in json.elements():
                pass
            on_one_line = json.line == line
            if json.peek():
                form = "lines" if on_one_line and json.line > line else "objects"
        if self._part:
            if self._part not in json.lists:
                known = ", ".join(list(json.lists)[:_MAX_NAMED]) or "none"
                raise SourceUnreadable(
                    text.name,
                    Said(
                        "has no list at {part!r}; its lists are: {known}",
                        part=self._part,
                        known=known,
                    ),
                )
            return "list", self._part
        lists = [each for each in json.lists if json.lists[each] or each in json.empty]
        path = max(
            (each for each in lists if not json.is_of_article(each)),
            key=lambda each: json.lists[each],
            default=None,
        )
        one_record = on_one_line and _CALLED_LINES.search(self._location)
        if form == "list" and (one_record or path is None):
            return "objects", ""
        return form, path or ""


def _without_unread(found: Record | Rejection) -> Record | Rejection:
    why = found.values.get(UNREAD) if isinstance(found, Record) else None
    return Rejection(found.where, why, found.raw) if why and isinstance(why, str) else found


def _json(text: Text) -> JsonText:
    return JsonText(text.stream, text.name, text.encoding)


def _form(text: Text, *, patient: bool) -> tuple[Form, io.BufferedReader]:
    """The form that a text has, by its first lines, and its stream from the beginning.

    A text with a long first line that begins with an object is ``objects``, which ``JsonFile._aim`` then tells apart. A pipe is rather
    given memory for such a line.
    """
    head = text.head.lstrip()
    if head and not head.startswith(("{", "[")):
        return "lines", text.stream
    if head.startswith("[") and (following := head[1:].lstrip()):
        return ("list" if following[0] in "{]" else "lines"), text.stream
    begin = _Beginning(text.stream, HEAD if patient else MAX_LINE_BYTES)
    return _form_of(begin), begin.whole()


def _form_of(begin: _Beginning) -> Form:
    first = begin.line()
    if first.startswith(b"["):
        following = first[1:].lstrip() or begin.line()
        return "list" if following[:1] in (b"{", b"]", b"") else "lines"
    if not first.startswith(b"{"):
        return "lines"
    if len(first) >= begin.limit:
        return "objects"
    try:
        values = STRICT.decode(first.decode())
    except (ValueError, RecursionError):
        return "objects" if _goes_on(first, begin) else "lines"
    if is_article(values) or not _holds_records(values):
        return "lines"
    return "lines" if begin.line() else "objects"


def _goes_on(first: bytes, begin: _Beginning) -> bool:
    """Whether a line that holds no whole object is more than a broken line.

    It goes on in the next line; or it is the only line, and a list of objects in it may be whole for a part.
    """
    second = begin.line()
    if not second:
        return bool(_OBJECTS.search(first))
    if _ESCAPED.sub(b"", first).count(b'"') % 2:
        return False
    if first.endswith(b",") and second.startswith(b"{"):
        return second.endswith((b",", b"]}"))
    return first.endswith(b"[") or (
        first.endswith((b"{", b",")) and second.startswith((b'"', b"}"))
    )


def _holds_records(value: object, depth: int = 0) -> bool:
    """Whether an object holds a list of objects, or an empty one, as deep as lists are looked for."""
    if isinstance(value, dict):
        return depth < MAX_DEPTH and any(_holds_records(each, depth + 1) for each in value.values())
    return isinstance(value, list) and (not value or any(isinstance(each, dict) for each in value))


class _Beginning:
    """The first lines of a stream, kept so that it can be read again."""

    def __init__(self, stream: io.BufferedReader, limit: int) -> None:
        self._stream, self.limit = stream, limit
        self._read = bytearray()
        self._at = 0
        self._ended = False
        self._broken: Exception | None = None

    def line(self) -> bytes:
        """The next line that is not blank, stripped; the first ``limit`` bytes of a longer one; empty at the end."""
        while True:
            blank = _BLANKS.match(self._read, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._read) or not self._more():
                break
        while (end := self._read.find(b"\n", self._at)) < 0 and self._more():
            pass
        line = bytes(self._read[self._at : end if end >= 0 else None])
        self._at += len(line)
        return line.strip()

    def _more(self) -> bool:
        if self._ended or len(self._read) > _LINES * self.limit:
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
