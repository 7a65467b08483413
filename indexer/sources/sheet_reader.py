"""A program that prints one sheet of a workbook, a row a line. ``workbooks.py`` runs it as a process of its own.

The library loads a sheet whole, and gives each cell between its outermost ones a place: a file of 1 KB can demand
400 GB. Limits on a process are the only ones that hold, and they end this process alone.

Arguments: file, name of the sheet or nothing, bytes of memory, seconds. Each line is JSON: ``{"sheet", "merged"}``, then
``[row, cells]`` for each row that holds something, rows from 1, then ``null``. A line ``{"error"}`` ends the output instead. A time is
``{"time": ISO 8601}``.
"""

from __future__ import annotations

import resource
import sys
from datetime import date, datetime, time, timedelta

import orjson
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)


def main(path: str, name: str, memory: int, seconds: int) -> None:
    """Print the sheet, or why it cannot be read."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        _print_sheet(_sheet(load_workbook(path), name))
    except PasswordError:
        _print({"error": "is protected by a password: save it without one"})
    except _NoSheet as error:
        _print({"error": str(error)})
    except (CalamineError, OSError) as error:
        _print({"error": f"cannot be read ({error}): save the sheet as CSV (UTF-8)"})
    else:
        _print(None)
    sys.stdout.flush()


class _NoSheet(Exception):
    """The workbook has no such sheet."""


def _sheet(book: CalamineWorkbook, name: str) -> CalamineSheet:
    """The sheet of this name; the first one that is shown, if there is no name."""
    if name:
        if name not in book.sheet_names:
            known = ", ".join(book.sheet_names)
            raise _NoSheet(f"has no sheet {name!r}; its sheets are: {known}")
        return book.get_sheet_by_name(name)
    for each in book.sheets_metadata:
        if each.typ == SheetTypeEnum.WorkSheet and each.visible == SheetVisibleEnum.Visible:
            return book.get_sheet_by_name(each.name)
    raise _NoSheet("has no sheet that is shown")


def _print_sheet(sheet: CalamineSheet) -> None:
    merged = [(*begin, *end) for begin, end in sheet.merged_cell_ranges or ()]
    _print({"sheet": sheet.name, "merged": merged})
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if any(each != "" for each in cells):
            _print([number, [_plain(each) for each in cells]])


def _plain(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:  # else it is not exact
        return int(cell)
    if isinstance(cell, datetime):
        return {"time": cell.isoformat()}
    if isinstance(cell, date):
        return {"time": datetime.combine(cell, time()).isoformat()}
    return str(cell) if isinstance(cell, time | timedelta) else cell


def _print(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
