"""Articles as a sheet of a workbook: xlsx, xls, xlsb or ods, with the names of the columns above the rows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, cast
from zipfile import BadZipFile, ZipFile

import orjson

from indexer.errors import SourceUnreadable
from indexer.lines import MAX_LINE_BYTES, too_long
from indexer.records import Record, Rejection
from indexer.said import Said
from indexer.sources.columns import column_names
from indexer.sources.reading import Opened, opened, split_part
from indexer.sources.recognise import refuse_other_than

MAX_UNPACKED: Final = 512 * 1024**2
"""Bytes that a workbook may unpack to: 5 million short cells, or 170 million characters."""
MAX_MEMORY: Final = 2 * 1024**3
"""Bytes of address space of the process that reads a workbook. A sheet takes one to two times what it unpacks to."""
MAX_SECONDS: Final = 600
"""Seconds of CPU for a workbook. One at the limit takes under a minute."""

EXACT: Final = 2.0**53
"""Numbers from here on are not exact in a cell, which is a double. Two long ids could become one."""

_READER: Final = Path(__file__).with_name("sheet_reader.py")
_SKIP: Final = 64 * 1024
_SAVE_AS_CSV: Final = "save the sheet as CSV (UTF-8)"


class Workbook:
    """The records of one sheet. ``#`` and a name after the location name the sheet, such as ``news.xlsx#2025``. Else it is the first one
    that is shown.

    The sheet is loaded whole, by a process of its own with limits on memory and time.
    """

    def __init__(self, location: str) -> None:
        self._location, self._sheet = split_part(location)
        self.columns: tuple[str, ...] = ()

    def records(self) -> Iterator[Record | Rejection]:
        """See ``Source.records``. A record's place is the number of its row.

        The first row with two cells names the columns. Empty rows and rows that are one merged cell are skipped. A cell that
        is merged with those below it counts for each of their rows. A date is a datetime, a whole number an int.
        """
        with opened(self._location) as found, ExitStack() as stack:
            refuse_other_than("excel", found)
            path = found.path or _copied(found, stack)
            _check_size(path, found.name)
            sheet = stack.enter_context(_opened_sheet(path, found.name, self._sheet))
            for each in sheet.records():
                self.columns = sheet.names
                yield each
            self.columns = sheet.names

    def count(self) -> int:
        """See ``Source.count``: always 0, since the rows are known only when the sheet is loaded."""
        with opened(self._location) as found:
            refuse_other_than("excel", found)
        return 0


def _copied(found: Opened, stack: ExitStack) -> Path:
    """The workbook as a file, for one that was packed over or comes from standard input."""
    made = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the stack closes it
    file = stack.enter_context(made)
    shutil.copyfileobj(found.stream, file)
    file.flush()
    return Path(file.name)


def _check_size(path: Path, name: str) -> None:
    try:
        with ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except BadZipFile:
        return  # an old xls is no zip archive
    if size > MAX_UNPACKED:
        raise SourceUnreadable(
            name,
            Said(
                "unpacks to {size:,} bytes, the limit is {limit:,}: {fix}",
                size=size,
                limit=MAX_UNPACKED,
                fix=_SAVE_AS_CSV,
            ),
        )


@contextmanager
def _opened_sheet(path: Path, name: str, sheet: str) -> Iterator[_Sheet]:
    """Run the reader, and give what it prints as a sheet."""
    # Isolated, so that the modules beside the program do not hide those of the standard library.
    command = [
        sys.executable,
        "-I",
        str(_READER),
        str(path),
        sheet,
        str(MAX_MEMORY),
        str(MAX_SECONDS),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _Sheet(name, cast(IO[bytes], process.stdout))
        finally:
            process.kill()


class _Sheet:
    """The rows that the reader prints."""

    def __init__(self, name: str, output: IO[bytes]) -> None:
        self._name, self._output = name, output
        self.names: tuple[str, ...] = ()

    def records(self) -> Iterator[Record | Rejection]:
        first = self._line()
        if isinstance(first, dict) and "error" in first:
            raise SourceUnreadable(self._name, first["error"])
        place = f"{self._name}#{first['sheet']}"
        merged = _Merged(first["merged"])
        seen = False
        while (row := self._line()) is not None:
            number, cells = row
            seen = True
            where = f"{place}:{number}"
            if cells is None:
                yield Rejection.unread(where, too_long(MAX_LINE_BYTES))
                continue
            filled = sum(each != "" for each in cells)
            if not self.names:
                if filled > 1:
                    self.names = column_names([str(_value(each)) for each in cells], where)
            elif filled > 1 or not merged.across(number):
                yield _record(self.names, merged.completed(number, cells), where)
        if not self.names:
            why = Said("no row names the columns") if seen else Said("the sheet is empty")
            raise SourceUnreadable(
                place,
                Said("{why}: name another sheet, as in {file}#NAME", why=why, file=self._name),
            )

    def _line(self) -> Any:
        """The next line; a row without its cells if it is too long.

        Raises:
            SourceUnreadable: the reader was ended by its limits.
        """
        line = self._output.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := self._output.readline(_SKIP)) and not rest.endswith(b"\n"):
                pass
            return int(line[1 : line.index(b",")]), None
        if not line.endswith(b"\n"):
            raise SourceUnreadable(
                self._name,
                Said(
                    "takes more than {bytes:,} bytes of memory or {seconds} seconds, or is damaged: {fix}",
                    bytes=MAX_MEMORY,
                    seconds=MAX_SECONDS,
                    fix=_SAVE_AS_CSV,
                ),
            )
        return orjson.loads(line)


class _Merged:
    """The merged cells of a sheet: ranges of first row, first column, last row, last column, all from 0."""

    def __init__(self, ranges: Iterable[Sequence[int]]) -> None:
        self._across: set[int] = set()
        self._down: dict[int, list[tuple[int, int]]] = {}
        self._open: dict[int, tuple[int, object]] = {}
        for top, left, bottom, right in ranges:
            if right > left:
                self._across.add(top + 1)
            elif bottom > top:
                self._down.setdefault(top + 1, []).append((left, bottom + 1))

    def across(self, row: int) -> bool:
        """Whether cells of a row are merged with their neighbours."""
        return row in self._across

    def completed(self, row: int, cells: list[object]) -> list[object]:
        """The cells of a row, with the values of cells above that they are merged with. Rows are asked for in order."""
        for column, (last, value) in list(self._open.items()):
            if row > last:
                del self._open[column]
            else:
                cells[column] = value
        for column, last in self._down.get(row, ()):
            if column < len(cells):
                self._open[column] = last, cells[column]
        return cells


def _record(names: Sequence[str], cells: Sequence[object], where: str) -> Record | Rejection:
    values = {name: _value(cell) for name, cell in zip(names, cells, strict=False)}
    for column, cell in enumerate(cells, 1):
        why: Said | None = None
        if column > len(names) and cell != "":
            why = Said(
                "column {column} holds a cell and has no name in the first row", column=column
            )
        if isinstance(cell, float) and abs(cell) >= EXACT:
            why = Said(
                "column {column}: of the number {number:.0f} only 15 digits are certain: make it a text",
                column=column,
                number=cell,
            )
        if why is not None:
            rest = "\t".join(str(_value(each)) for each in cells[len(names) :])
            return Rejection.unread(where, why, values, text=rest)
    return Record(where, values, orjson.dumps(values).decode())


def _value(cell: object) -> object:
    return datetime.fromisoformat(cell["time"]) if isinstance(cell, dict) else cell
