"""The columns of a table: the sign between them, and their names in its first row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from indexer.errors import SourceUnreadable

DELIMITERS: Final = (",", "\t", ";", "|")
MAX_COLUMNS: Final = 1_000
"""An export has some dozens. A line of a million signs is no table."""
MAX_NAME: Final = 200
"""Characters of a column's name. A longer one is a text, in a table without names."""

_ROWS: Final = 50
"""Rows that are compared to find the delimiter."""


def find_delimiter(head: str, *, cut: bool) -> str | None:
    """The sign that cuts most rows of a table into as many cells as its first row has; None if ``head`` is no table.

    ``cut`` says that the last row of ``head`` may be incomplete. At least one row must follow the first one.
    """
    found = [(_columns(head, each, cut=cut), each) for each in DELIMITERS]
    columns, delimiter = max(found, key=lambda each: each[0])
    return delimiter if columns > 1 else None


def _columns(head: str, delimiter: str, *, cut: bool) -> int:
    """The number of columns that a delimiter makes; 0 if the rows do not agree."""
    lines = io.StringIO(head, newline="")
    rows: list[list[str]] = []
    broken = False
    try:
        for row in islice(csv.reader(lines, delimiter=delimiter, strict=True), _ROWS):
            if any(row):
                rows.append(row)
    except csv.Error:
        broken = True
    if not rows or not _are_names(rows[0]):
        return 0
    names, *others = rows
    if cut and not broken and len(rows) < _ROWS and others:
        last = others.pop()
        if not others:
            return len(names) if 1 < len(last) <= len(names) else 0
    if not others:
        return len(names) if cut and broken else 0
    alike = sum(_fits(row, len(names)) for row in others)
    return len(names) if 2 * alike > len(others) else 0


def _fits(row: Sequence[str], count: int) -> bool:
    return len(row) >= count and not any(row[count:])


def _are_names(cells: Sequence[str]) -> bool:
    """Whether the cells of a first row can be names: short, and none twice."""
    names = [each.strip() for each in cells]
    while names and not names[-1]:
        names.pop()
    return (
        1 < len(names) <= MAX_COLUMNS
        and len(set(names)) == len(names)
        and all(0 < len(each) <= MAX_NAME and "\n" not in each for each in names)
    )


def column_names(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """The names in a table's first row, without empty ones at the end.

    Raises:
        SourceUnreadable: they cannot name columns. ``where`` is the row's place.
    """
    names = [each.strip() for each in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise SourceUnreadable(
            where, f"{len(names):,} columns, the limit is {MAX_COLUMNS:,}: is this a table?"
        )
    if "" in names:
        raise SourceUnreadable(
            where, f"column {names.index('') + 1} has no name: the first row must name every column"
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SourceUnreadable(
            where, f"two columns are called {twice[0][:MAX_NAME]!r}: rename one in the first row"
        )
    if too_long := next((each for each in names if len(each) > MAX_NAME), None):
        raise SourceUnreadable(
            where,
            f"{too_long[:40]!r}... is no name of a column: the first row must name the columns",
        )
    return tuple(names)
