"""Articles as JSON lines: one object a line, in UTF-8, plain or gzipped, from a file or standard input.

JSON is read strictly, because a lenient reader silently loses data: a duplicate key, NaN, digits beyond a float. This module
uses the standard library's decoder, since orjson ignores the first and the last.
"""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import BinaryIO, Final, cast

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection

STANDARD_INPUT: Final = "-"

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
"""The longest line; longer ones are rejected unread. An article at its limits, with every character escaped, takes less than half."""

_SKIP: Final = 64 * 1024
_CHUNK: Final = 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_BREAKS: Final = (EOFError, OSError, zlib.error)
"""What reading raises where a file breaks off."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class JsonLines:
    """The records of one file, or of standard input for ``-``.

    Empty lines and byte order marks are skipped. The first bytes tell whether the input is gzipped.
    """

    def __init__(self, location: str) -> None:
        self._location = location
        self._name = "standard input" if location == STANDARD_INPUT else location

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. Line numbers count every line of the file, from 1."""
        with _reading(self._location, self._name) as stream:
            for number, line in _lines(stream, self._name):
                where = f"{self._name}:{number}"
                if line is None:
                    yield Rejection(where, f"longer than {MAX_LINE_BYTES} bytes, not copied", "")
                elif line := line.removeprefix(codecs.BOM_UTF8).strip():
                    yield _parse(line, where)

    def count(self) -> int:
        """See ``Source.count``: the lines of the file, empty ones included; 0 for standard input, which is read only once.

        O(file): about a second for 1 GB, and for 150 MB of text that is gzipped.
        """
        if self._location == STANDARD_INPUT:
            return 0
        lines = 0
        last = b"\n"
        with _reading(self._location, self._name) as stream, suppress(*_BREAKS):
            while chunk := stream.read(_CHUNK):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
        return lines + (last != b"\n")


@contextmanager
def _reading(location: str, name: str) -> Iterator[BinaryIO]:
    """The uncompressed bytes of the input. Standard input is left open."""
    with ExitStack() as stack:
        try:
            if location == STANDARD_INPUT:
                stream = cast(BufferedReader, sys.stdin.buffer)
            else:
                stream = stack.enter_context(Path(location).open("rb"))
            gzipped = stream.peek(len(_GZIP)).startswith(_GZIP)
        except OSError as error:
            raise SourceUnreadable(
                name, f"cannot be read ({error.strerror}): check the path, and who may read it"
            ) from error
        if gzipped:
            yield cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
        elif location.endswith(".gz"):
            raise SourceUnreadable(name, "is not gzipped, though its name says so: rename it")
        else:
            yield stream


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
        except _BREAKS as error:
            raise SourceUnreadable(
                f"{name}:{number}",
                f"the file breaks off here ({error}): get it whole, then ingest it again",
            ) from error
        if line == b"":
            return
        if number == 1 and line and line.startswith(_UTF16):
            raise SourceUnreadable(
                name, "is UTF-16: convert it first, as with 'iconv -f UTF-16 -t UTF-8'"
            )
        yield number, line


def _parse(line: bytes, where: str) -> Record | Rejection:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        why = (
            f"not UTF-8 (byte 0x{line[error.start]:02X} at {error.start + 1} of the line): "
            "convert the file if it is in another encoding, such as GB18030"
        )
        return Rejection(where, why, line.decode(errors="surrogateescape"))
    try:
        values = _DECODER.decode(text)
    except JSONDecodeError as error:
        return Rejection(where, f"not JSON ({error.msg}, character {error.pos + 1})", text)
    except (ValueError, RecursionError) as error:
        return Rejection(where, f"not JSON that can be used ({error})", text)
    if not isinstance(values, dict):
        return Rejection(where, "not a JSON object such as {...}", text)
    return Record(where, values, text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in values if names.count(name) > 1)
        raise ValueError(f"key {twice[:60]!r} stands twice in one object")
    return values


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


_DECODER: Final = JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
