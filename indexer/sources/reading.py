"""Opens a file, or standard input, and gives its bytes: unpacked from gzip or from a zip archive of one file, in UTF-8 if text.

What the bytes mean is the source's affair.
"""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast
from zipfile import ZipFile

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS
from indexer.said import Said, told
from indexer.sources.base import refused
from indexer.sources.encodings import decode, encoding_of, utf8
from indexer.sources.pages.places import is_page
from indexer.sources.signatures import GZIP, ZIP, Other, kind_of_bytes, kind_of_office

STANDARD_INPUT: Final = "-"

HEAD: Final = 64 * 1024
"""The first bytes, which tell what an input is: some twenty articles. Of standard input it is what has come."""
MAX_SPOOLED: Final = 2 * 1024**3
"""Bytes of an input that are copied to a temporary file, because it has to be read twice or from its end."""
MAX_NESTED: Final = 3
"""How often an input may be packed over. Some archives contain themselves."""

_BLOCK: Final = 512
"""The bytes that every signature lies in."""
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Opened:
    """An open input. ``stream`` gives all of its bytes, unpacked, and ``head`` holds the first of them again.

    ``kind`` is ``excel`` or ``html`` where the bytes are no text, and None for text. ``path`` is the file that holds exactly
    these bytes, None if there is none.
    """

    name: str
    head: bytes
    stream: io.BufferedReader
    kind: str | None
    path: Path | None


@dataclass(frozen=True, slots=True)
class Text:
    """An open text. ``stream`` is UTF-8, with the undecodable bytes of the original; ``head`` is its beginning.

    ``encoding`` is the original's. ``cut`` says that the text may be longer than ``head``.
    """

    name: str
    head: str
    cut: bool
    stream: io.BufferedReader
    encoding: str


@contextmanager
def opened(location: str) -> Iterator[Opened]:
    """Open an input and unpack it. Standard input is left open.

    Raises:
        SourceUnreadable: it cannot be opened or unpacked, or no source reads such a file.
    """
    name = name_of(location)
    with ExitStack() as stack:
        try:
            found = _open(location, name, stack)
        except Other as other:
            raise SourceUnreadable(name, told(other)) from other
        yield found


@contextmanager
def opened_text(location: str) -> Iterator[Text]:
    """Open an input that must be a text.

    Raises:
        SourceUnreadable: as :func:`opened`; or the input is no text.
    """
    with opened(location) as found:
        yield _text_of(found, cut=len(found.head) >= HEAD or read_once(location))


@contextmanager
def unpacked_text(stream: io.BufferedReader, name: str) -> Iterator[Text]:
    """The text of an open input, unpacked. The input is left open.

    Raises:
        SourceUnreadable: as :func:`opened_text`.
    """
    with ExitStack() as stack:
        try:
            found = _Unpacking(stack, patient=True).look(stream, name, None)
        except Other as other:
            raise SourceUnreadable(name, told(other)) from other
        yield _text_of(found, cut=len(found.head) >= HEAD)


def name_of(location: str) -> str:
    """What an input is called in places and messages."""
    return "standard input" if location == STANDARD_INPUT else location


def read_once(location: str) -> bool:
    """Whether an input can be read only once, as standard input and other pipes."""
    return location == STANDARD_INPUT or (Path(location).exists() and not Path(location).is_file())


def standard_input() -> io.BufferedReader:
    """Standard input as bytes."""
    return cast(io.BufferedReader, sys.stdin.buffer)


def split_part(location: str) -> tuple[str, str]:
    """A location, and the part of it that stands after a ``#``: the name of a sheet, or the keys of a list.

    A file whose name holds ``#`` is taken as a whole.
    """
    place, mark, part = location.rpartition("#")
    return (place, part) if mark and not Path(location).exists() else (location, "")


def text_encoding(head: bytes, name: str) -> str:
    """The encoding of a text.

    Raises:
        SourceUnreadable: the bytes are no text.
    """
    encoding = encoding_of(head)
    if encoding is None:
        raise SourceUnreadable(name, Said("is neither text nor another file that can be read"))
    return encoding


def spooled(
    stream: io.BufferedIOBase, name: str, stack: ExitStack
) -> tuple[io.BufferedIOBase, Exception | None]:
    """The rest of a stream as a temporary file, which is gone when the ``stack`` closes; and what broke the stream off, if it did.

    Raises:
        SourceUnreadable: the stream is longer than MAX_SPOOLED.
    """
    made = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
    file = cast(io.BufferedIOBase, stack.enter_context(made))
    broken: Exception | None = None
    try:
        while chunk := stream.read1(_CHUNK):
            file.write(chunk)
            if file.tell() > MAX_SPOOLED:
                raise SourceUnreadable(
                    name,
                    Said(
                        "is longer than {limit:,} bytes: save it to a file first", limit=MAX_SPOOLED
                    ),
                )
    except BREAKS as error:
        broken = error
    file.seek(0)
    return file, broken


def rejoined(
    head: bytes, rest: io.BufferedIOBase, broken: Exception | None = None
) -> io.BufferedReader:
    """A stream of ``head`` and then ``rest``. It gives what is there, without waiting for more.

    ``broken`` is what ``rest`` raised when ``head`` was read from it. It is raised again at the end.
    """
    return io.BufferedReader(_Rejoined(head, rest, broken), _CHUNK)


class _Rejoined(io.RawIOBase):
    def __init__(self, head: bytes, rest: io.BufferedIOBase, broken: Exception | None) -> None:
        self._head, self._rest, self._broken = head, rest, broken
        self._served = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            chunk = self._head[self._served : self._served + len(buffer)]
            self._served += len(chunk)
            if self._served == len(self._head):
                self._head = b""
        else:
            chunk = self._rest.read1(len(buffer))
            if not chunk and self._broken:
                raise self._broken
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _text_of(found: Opened, *, cut: bool) -> Text:
    if found.kind is not None:
        raise SourceUnreadable(
            found.name, Said("is no text: read it with --source {kind}", kind=found.kind)
        )
    encoding = text_encoding(found.head, found.name)
    return Text(
        found.name,
        decode(found.head, encoding),
        cut,
        utf8(found.stream, encoding, found.name),
        encoding,
    )


def _open(location: str, name: str, stack: ExitStack) -> Opened:
    if location == STANDARD_INPUT:
        return _Unpacking(stack, patient=False).look(standard_input(), name, None)
    path = Path(location)
    try:
        stream = stack.enter_context(path.open("rb"))
    except OSError as error:
        if "://" in location:
            raise SourceUnreadable(
                name, "is no file: fetch it first, as with curl, and name the file that you get"
            ) from error
        raise refused(name, error) from error
    if path.suffix == ".gz" and not stream.peek(len(GZIP)).startswith(GZIP):
        raise SourceUnreadable(name, Said("is not gzipped, though its name says so: rename it"))
    once = read_once(location)
    return _Unpacking(stack, patient=not once).look(stream, name, None if once else path)


class _Unpacking:
    """Finds the innermost stream of a packed input.

    A patient reader waits for HEAD bytes. Another waits for a line, since a pipe may give one line an hour.
    """

    def __init__(self, stack: ExitStack, *, patient: bool) -> None:
        self._stack, self._patient = stack, patient

    def look(
        self, packed: io.BufferedIOBase, name: str, path: Path | None, depth: int = 0
    ) -> Opened:
        """What a stream holds; ``path`` is the file that holds exactly this stream."""
        if depth > MAX_NESTED:
            raise Other(
                Said("packed more than {limit} times over", limit=MAX_NESTED), "unpack it first"
            )
        head, stream = self._begin(packed)
        if head.startswith(GZIP):
            unzipped = self._stack.enter_context(gzip.GzipFile(fileobj=stream))
            return self.look(unzipped, name, None, depth + 1)
        if head.startswith(ZIP):
            return self._look_into(stream, head, name, path, depth)
        return Opened(name, head, stream, kind_of_bytes(head), path)

    def _look_into(
        self, stream: io.BufferedReader, head: bytes, name: str, path: Path | None, depth: int
    ) -> Opened:
        """The only file of a zip archive; or the archive itself, if it is a workbook or holds pages."""
        file = None
        if path is None:
            file, _ = spooled(stream, name, self._stack)
        try:
            archive = self._stack.enter_context(ZipFile(cast(IO[bytes], file or path)))
            kind = kind_of_office(archive)
            members = [each for each in archive.infolist() if _counts(each.filename)]
            if kind is None and len(members) == 1:
                member = cast(
                    io.BufferedIOBase, self._stack.enter_context(archive.open(members[0]))
                )
                return self.look(member, f"{name}/{members[0].filename}", None, depth + 1)
        except (RuntimeError, *BREAKS) as error:
            # zipfile raises RuntimeError where a password is missing, or a method of packing unknown.
            raise SourceUnreadable(
                name,
                Said(
                    "is a zip archive that cannot be read ({why}): get it whole, or unpack it",
                    why=str(error),
                ),
            ) from error
        if kind is None:
            if not any(is_page(each.filename) for each in members):
                raise Other(
                    Said(
                        "a zip archive of {count} files, of which none is a page",
                        count=len(members),
                    ),
                    "unpack it, and give one file",
                )
            kind = "html"
        if file is not None:
            file.seek(0)
            stream = rejoined(b"", file)
        return Opened(name, head, stream, kind, path)

    def _begin(self, stream: io.BufferedIOBase) -> tuple[bytes, io.BufferedReader]:
        """The first bytes of a stream, and the stream from its beginning."""
        head = b""
        broken: Exception | None = None
        try:
            while len(head) < HEAD and (
                self._patient or (b"\n" not in head and len(head) < _BLOCK)
            ):
                chunk = stream.read1(HEAD - len(head))
                if not chunk:
                    break
                head += chunk
        except BREAKS as error:
            broken = error
        return head, rejoined(head, stream, broken)


def _counts(name: str) -> bool:
    """Whether a member of an archive is a file that somebody packed, not a folder or what a system added."""
    return (
        not name.endswith("/")
        and not name.startswith("__MACOSX/")
        and (not PurePosixPath(name).name.startswith("."))
    )
