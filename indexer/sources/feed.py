"""Articles as a feed: RSS 0.9x, 1.0 and 2.0, and Atom; from a file, standard input, or an address of the web.

``feed_parts.py`` takes the feed apart, ``feed_values.py`` reads an entry, ``fetching.py`` fetches what stands in the web.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS
from indexer.records import Record, Rejection, one_line
from indexer.said import told
from indexer.sources.feed_parts import Entry, Head, count_entries, parts
from indexer.sources.feed_values import Reader
from indexer.sources.fetching import MAX_FETCHED, fetched, is_address
from indexer.sources.reading import STANDARD_INPUT, Text, opened_text, unpacked_text
from indexer.sources.recognise import refuse_other

_CHUNK: Final = 64 * 1024
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_STANDS_FOR: Final = {0xDC80 + byte: 0x10F080 + byte for byte in range(128)}
"""Bytes that are no text pass the parser as characters of private use, of a plane that no font and no encoding of feeds uses."""
_STOOD_FOR: Final = {stand_in: byte for byte, stand_in in _STANDS_FOR.items()}
_STAND_IN: Final = re.compile("[\U0010f080-\U0010f0ff]")


class Feed:
    """The records of one feed: of a file, an address that begins with http:// or https://, or standard input for ``-``."""

    def __init__(self, location: str) -> None:
        self._location = location

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. A record's place is the number of its entry, from 1.

        A byte that is no text stays in its field as a lone surrogate.
        """
        with self._opened() as (text, url):
            refuse_other("feed", text)
            reader: Reader | None = None
            for part in parts(_pieces(text, MAX_FETCHED if url else None), text.name):
                if isinstance(part, Head):
                    reader = Reader(part, url)
                elif reader:
                    yield _record(part, reader, f"{text.name}, entry {part.number}")

    def count(self) -> int:
        """See ``Source.count``: the beginnings of entries; 0 for what is read only once, standard input and the web.

        O(file): about two seconds for 1 GB.
        """
        if self._location == STANDARD_INPUT or is_address(self._location):
            return 0
        with opened_text(self._location) as text:
            return count_entries(_until_break(_pieces(text, None)))

    @contextmanager
    def _opened(self) -> Iterator[tuple[Text, str]]:
        """The feed, and the address that it was found at in the end; '' if it does not come from the web."""
        with ExitStack() as stack:
            if is_address(self._location):
                found = stack.enter_context(fetched(self._location))
                text = stack.enter_context(unpacked_text(found.stream, self._location))
                yield text, found.url
            else:
                yield stack.enter_context(opened_text(self._location)), ""


def _record(entry: Entry, reader: Reader, where: str) -> Record | Rejection:
    if entry.why:
        return Rejection.unread(where, entry.why, text=_restored(entry.text))
    try:
        values = reader.values(entry.text)
    except ValueError as error:
        return Rejection.unread(where, told(error), text=_restored(entry.text))
    values = {key: _with_bytes(value) for key, value in values.items()}
    return Record(where, values, one_line(values))


def _pieces(text: Text, limit: int | None) -> Iterator[str]:
    """The text, a piece at a time, with line breaks as XML has them.

    Raises:
        OSError: the text breaks off, or has more bytes than ``limit``.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
    read = 0
    while chunk := text.stream.read1(_CHUNK):
        read += len(chunk)
        if limit and read > limit:
            raise OSError(f"more than {limit:,} bytes come")
        yield _for_parser(decoder.decode(chunk))
    yield _for_parser(decoder.decode(b"", final=True))


def _until_break(pieces: Iterator[str]) -> Iterator[str]:
    with suppress(*BREAKS, SourceUnreadable):
        yield from pieces


def _for_parser(piece: str) -> str:
    return piece.translate(_STANDS_FOR) if _UNDECODED.search(piece) else piece


def _with_bytes(value: object) -> object:
    """The value of a field, or a list of them, with the bytes that are no text."""
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    return _restored(value) if isinstance(value, str) else value


def _restored(text: str) -> str:
    """A text with the bytes that are no text, for which others stood."""
    return text.translate(_STOOD_FOR) if _STAND_IN.search(text) else text
