"""Articles as a table: CSV or TSV, with the names of the columns in the first row of several cells; from a file or standard input.

A cell is text, always. What offices put around a table is passed over: a title above the names, the line ``sep=;``, empty rows, and
what is left where files were joined, byte order marks and the names once more. Rows follow RFC 4180: a text that holds the delimiter, a quote or a line break stands in double quotes, and
a quote in it is doubled.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import orjson

from indexer.errors import SourceUnreadable
from indexer.lines import BREAKS, MAX_LINE_BYTES, broken_off
from indexer.records import Record, Rejection
from indexer.said import Said
from indexer.sources.columns import DELIMITERS, column_names, find_delimiter, names_columns
from indexer.sources.reading import Text, opened_text, read_once
from indexer.sources.recognise import refuse_other

MAX_ROW: Final = MAX_LINE_BYTES
"""Characters of a row. A quote that is never closed makes one row of all that follows."""

_CHUNK: Final = 1024 * 1024
_SKIP: Final = 64 * 1024
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_FORMULA: Final = re.compile(r'="([^"]*)"')
"""How a table says to Excel that 007 is a text."""
_WIDE_QUOTES: Final = ("“", "”", "„", "＂", "「", "『")
_QUOTING: Final = {
    "unexpected end of data": Said("a quote opens a cell and is never closed"),
    "expected after": Said("a quote inside a quoted cell is not doubled"),
}
"""What the module csv says of a quoting error, and what is meant."""

csv.field_size_limit(MAX_ROW)  # the default is 131,072 characters, less than a long article has


class CsvFile:
    """The records of one file, or of standard input for ``-``."""

    def __init__(self, location: str) -> None:
        self._location = location
        self.columns: tuple[str, ...] = ()

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. A record's place is the line that its row begins in. Empty rows are skipped."""
        with opened_text(self._location) as text:
            refuse_other("csv", text)
            delimiter = find_delimiter(text.head, cut=text.cut) or _likely(text.head)
            table = _Table(text, delimiter)
            self.columns = table.names
            yield from table.records()

    def count(self) -> int:
        """See ``Source.count``: the line breaks outside quotes; 0 for standard input, which is read only once.

        O(file): about three seconds for 1 GB.
        """
        if read_once(self._location):
            return 0
        rows = -1
        quoted = False
        last = b"\n"
        with opened_text(self._location) as text, suppress(*BREAKS):
            while chunk := text.stream.read1(_CHUNK):
                parts = chunk.split(b'"')
                rows += sum(each.count(b"\n") for each in parts[quoted::2])
                quoted ^= len(parts) % 2 == 0
                last = chunk[-1:]
        return max(0, rows + (last != b"\n"))


def _likely(head: str) -> str:
    """The commonest delimiter of the first line that has one: that of a table whose rows do not agree."""
    first = next((each for each in head.splitlines() if any(map(each.count, DELIMITERS))), "")
    return max(DELIMITERS, key=first.count)


class _Table:
    """The rows of an open table."""

    def __init__(self, text: Text, delimiter: str) -> None:
        self._text = text
        self._lines = _Lines(text)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._delimiter = delimiter
        self._first: list[str] = []
        self._all = self._rows()
        self.names = self._read_names()

    def _read_names(self) -> tuple[str, ...]:
        """The names in the first row that can have them; none if there is no row.

        Raises:
            SourceUnreadable: they cannot name columns, or no row names two.
        """
        row: list[str] | Rejection | None = None
        for row in self._all:
            why = row.why if isinstance(row, Rejection) else self._undecoded(row)
            if isinstance(row, Rejection) or why:
                raise SourceUnreadable(
                    self._where(), Said("the first row must name the columns: {why}", why=why)
                )
            if names_columns(row):
                self._first = row
                return self._names(row)
        if row:
            raise SourceUnreadable(
                self._text.name,
                Said(
                    "no row names two columns: they must be parted by commas, tabs, semicolons or bars, not by signs of full width such as ，"
                ),
            )
        return ()

    def _names(self, cells: Sequence[str]) -> tuple[str, ...]:
        if all(each[:1] in _WIDE_QUOTES for each in cells):
            raise SourceUnreadable(
                self._where(),
                Said(
                    'the names of the columns stand in {mark}, which quotes no cell: replace it by " around the cells',
                    mark=cells[0][:1],
                ),
            )
        return column_names(cells, self._where())

    def records(self) -> Iterator[Record | Rejection]:
        """The rows after that of the names, which may come again where files were joined."""
        for each in self._all:
            if isinstance(each, Rejection):
                yield each
            elif each != self._first:
                yield self._record(each)

    def _rows(self) -> Iterator[list[str] | Rejection]:
        """The rows that are not empty. Of a row that cannot be read, the first line is rejected, and the next one is tried."""
        while True:
            self._lines.begin()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except _TooLong:
                yield Rejection.unread(self._where(), self._why_too_long())
                self._lines.put_back()
            except csv.Error as error:
                meant = (what for said, what in _QUOTING.items() if said in str(error))
                fault = next(meant, str(error))
                why = Said("line {line}: {why}", line=self._lines.number, why=fault)
                text = self._lines.first.rstrip("\r\n")
                yield Rejection.unread(self._where(), why, text=text)
                self._lines.put_back()
            else:
                if any(cells):
                    yield [
                        _FORMULA.sub(r"\1", each) if each[:2] == '="' else each for each in cells
                    ]

    def _record(self, cells: list[str]) -> Record | Rejection:
        values = dict(zip(self.names, cells, strict=False))
        if why := self._fault(cells):
            rest = self._delimiter.join(cells[len(self.names) :])
            return Rejection.unread(self._where(), why, values, text=rest)
        return Record(self._where(), values, orjson.dumps(values).decode())

    def _fault(self, cells: list[str]) -> str | None:
        names = self.names
        if why := self._undecoded(cells):
            return why
        if len(cells) < len(names):
            return Said(
                "{cells} cells for {columns} columns: a quote or a delimiter may be wrong",
                cells=len(cells),
                columns=len(names),
            )
        if any(cells[len(names) :]):
            return Said(
                "{cells} cells for {columns} columns: "
                "a text that holds {delimiter!r} must stand in double quotes",
                cells=len(cells),
                columns=len(names),
                delimiter=self._delimiter,
            )
        return None

    def _undecoded(self, cells: list[str]) -> str | None:
        if self._lines.undecoded:
            for number, cell in enumerate(cells, 1):
                if match := _UNDECODED.search(cell):
                    byte = ord(match[0]) - 0xDC00
                    return Said(
                        "column {column}: not {encoding} (byte 0x{byte:02X})",
                        column=number,
                        encoding=self._text.encoding.upper(),
                        byte=byte,
                    )
        return None

    def _where(self) -> str:
        return f"{self._text.name}:{self._lines.first_number}"

    def _why_too_long(self) -> str:
        if self._lines.number > self._lines.first_number:
            return Said(
                "a quote opens a cell and is not closed within {limit:,} characters", limit=MAX_ROW
            )
        return Said("longer than {limit:,} characters, not copied", limit=MAX_ROW)


class _TooLong(Exception):
    """The row is longer than MAX_ROW."""


class _Lines(Iterator[str]):
    """The lines of a text for the module csv, with those of the current row kept. Lines end as anywhere: LF, CR or both."""

    def __init__(self, text: Text) -> None:
        self._name = text.name
        self._text = io.TextIOWrapper(text.stream, "utf-8", errors="surrogateescape", newline="")
        self._read = 0
        self._waiting: deque[tuple[int, str | None]] = deque()
        self._row: list[tuple[int, str | None]] = []
        self._held = 0
        self.undecoded = False

    def begin(self) -> None:
        """Begin a row."""
        self._row.clear()
        self._held = 0
        self.undecoded = False

    def put_back(self) -> None:
        """Give all lines of the current row again, except the first one."""
        self._waiting.extendleft(reversed(self._row[1:]))

    @property
    def first(self) -> str:
        """The first line of the current row."""
        return self._row[0][1] or ""

    @property
    def first_number(self) -> int:
        """The number of that line, from 1."""
        return self._row[0][0]

    @property
    def number(self) -> int:
        """The number of the line that was given last."""
        return self._row[-1][0]

    def __next__(self) -> str:
        number, line = self._waiting.popleft() if self._waiting else self._next_line()
        if line == "":
            raise StopIteration
        self._row.append((number, line))
        self._held += len(line or "")
        if line is None or self._held > MAX_ROW:
            raise _TooLong
        self.undecoded = self.undecoded or bool(_UNDECODED.search(line))
        return line

    def _next_line(self) -> tuple[int, str | None]:
        """The next line with its number, from 1; None in place of one that is too long; empty at the end."""
        self._read += 1
        try:
            line: str | None = self._text.readline(MAX_ROW + 1)
            if line and len(line) > MAX_ROW and line[-1] not in "\r\n":
                line = None
                while (rest := self._text.readline(_SKIP)) and rest[-1] not in "\r\n":
                    pass
        except BREAKS as error:
            raise broken_off(f"{self._name}:{self._read}", error) from error
        # Where files were joined, the second one begins with a mark of its own. In a quoted cell it belongs to the text.
        return self._read, line.removeprefix("\ufeff") if line and not self._row else line
