"""JSON lines: from a stream of bytes to records, one object a line, in UTF-8.

JSON is read strictly, because a lenient reader silently loses data: a duplicate key, NaN, digits beyond a float. This module
uses the standard library's decoder, since orjson ignores the first and the last.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from lzma import LZMAError
from typing import BinaryIO, Final
from zipfile import BadZipFile

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.said import Said, told

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
"""The longest line; longer ones are rejected unread. An article at its limits, with every character escaped, takes less than half."""

BREAKS: Final = (EOFError, OSError, zlib.error, BadZipFile, LZMAError)
"""What reading raises where a file breaks off."""

NO_OBJECT: Final = Said("not a JSON object such as {{...}}")

_SKIP: Final = 64 * 1024
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(
    stream: BinaryIO, name: str, *, encoding: str = "utf-8"
) -> Iterator[Record | Rejection]:
    """The records of a stream called ``name``. Line numbers count every line, from 1.

    ``encoding`` is what the stream was converted from, with its undecodable bytes left as they were. Empty lines and byte
    order marks are skipped. Memory holds one line.

    Raises:
        SourceUnreadable: the stream breaks off, or is in UTF-16.
    """
    for number, line in _lines(stream, name):
        where = f"{name}:{number}"
        if line is None:
            yield Rejection.unread(where, too_long(MAX_LINE_BYTES))
        elif line.removeprefix(codecs.BOM_UTF8).strip():
            yield parse_record(line, where, encoding=encoding)


def _lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number; None in place of a line that is too long."""
    number = 0
    while True:
        number += 1
        try:
            line: bytes | None = stream.readline(MAX_LINE_BYTES + 1)
            if line and len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                line = None
                while (rest := stream.readline(_SKIP)) and not rest.endswith(b"\n"):
                    pass
        except BREAKS as error:
            raise broken_off(f"{name}:{number}", error) from error
        if line == b"":
            return
        if number == 1 and line and line.startswith(_UTF16):
            raise SourceUnreadable(
                name, Said("is UTF-16: convert it first, as with 'iconv -f UTF-16 -t UTF-8'")
            )
        yield number, line


def parse_record(line: bytes, where: str, *, encoding: str = "utf-8") -> Record | Rejection:
    """The record that a line, or a whole body, holds; a rejection with the reason if it holds none.

    A byte order mark at the beginning, and white space around the object, are ignored.
    """
    line = line.removeprefix(codecs.BOM_UTF8).strip()
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        why = Said(
            "not {encoding} (byte 0x{byte:02X} at {place} of the line): "
            "convert the file if it is in another encoding, such as GB18030",
            encoding=encoding.upper(),
            byte=line[error.start],
            place=error.start + 1,
        )
        return Rejection(where, why, line.decode(errors="surrogateescape"))
    return parse_text(text, where)


def parse_text(text: str, where: str, *, raw: str | None = None) -> Record | Rejection:
    """As :func:`parse_record`, of a text. ``raw`` is the text as one line, if it has several."""
    line = text if raw is None else raw
    try:
        values = STRICT.decode(text)
    except JSONDecodeError as error:
        why = Said("not JSON ({why}, character {place})", why=error.msg, place=error.pos + 1)
    except (ValueError, RecursionError) as error:
        why = Said("not JSON that can be used: {why}", why=meant(error))
    else:
        if isinstance(values, dict):
            return Record(where, values, line)
        why = NO_OBJECT
    if line.startswith(
        "["
    ):  # at the head of a rejects file it would be taken for a list of records
        return Rejection.unread(where, why, text=line)
    return Rejection(where, why, line)


def too_long(limit: int) -> Said:
    """Why a record is rejected unread that has more bytes."""
    return Said("longer than {limit} bytes, not copied", limit=limit)


def broken_off(where: str, error: Exception) -> SourceUnreadable:
    """The failure of a file that ends before its end."""
    return SourceUnreadable(
        where,
        Said(
            "the file breaks off here ({why}): get it whole, then ingest it again", why=str(error)
        ),
    )


def meant(error: ValueError | RecursionError) -> str:
    """What an error of the decoder means. Python's own words about long numbers and deep texts are for programmers."""
    if isinstance(error, RecursionError):
        return Said(
            "lists and objects lie in one another too deep; leave out what no article needs"
        )
    if "integer string conversion" in str(error):
        return Said("a number has thousands of digits: write it in quotes")
    return told(error)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in values if names.count(name) > 1)
        raise ValueError(Said("key {key!r} stands twice in one object", key=twice[:60]))
    return values


def _no_constant(name: str) -> object:
    raise ValueError(Said("{name} is no JSON value", name=name))


STRICT: Final = JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
"""Reads JSON, and raises ValueError for what a lenient reader loses."""
