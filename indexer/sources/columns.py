"""The columns of a table: the sign between them, and their names in its first row that has several cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from indexer.errors import SourceUnreadable
from indexer.said import Said

DELIMITERS: Final = (",", "\t", ";", "|")
MAX_COLUMNS: Final = 1_000
"""An export has some dozens. A line of a million signs is no table."""
MAX_NAME: Final = 200
"""Characters of a column's name. A longer one is a text, in a table without names."""

_ROWS: Final = 50
"""Rows that are compared to find the delimiter."""
_SAID: Final = re.compile(r'"?sep=(.)"?\s*?(?:\n|\Z)', re.IGNORECASE)
"""The line by which Excel is told the delimiter."""
_NAME: Final = re.compile(r"[\w ./()（）:-]{0,39}[\w)）]")
"""A name of a column, where there are no rows to show that it is one."""


def find_delimiter(head: str, *, cut: bool) -> str | None:
    """The sign that cuts most rows of a table into as many cells as its first row has; None if ``head`` is no table.

    ``cut`` says that the last row of ``head`` may be incomplete. Rows above the names are passed over. Of several signs the one with
    the fewest such rows counts, then the one that makes the most columns.
    """
    if said := said_delimiter(head):
        return said
    found = [(_columns(head, each, cut=cut), each) for each in DELIMITERS]
    (columns, _), delimiter = max(found, key=lambda each: (each[0][0] > 1, -each[0][1], each[0][0]))
    return delimiter if columns > 1 else None


def said_delimiter(head: str) -> str | None:
    """The delimiter that a first line such as ``sep=;`` names; None if there is no such line."""
    match = _SAID.match(head.lstrip("\ufeff\r\n "))
    return match[1] if match else None


def names_columns(cells: Sequence[str]) -> bool:
    """Whether a row can have the names of the columns. One with a single text is a title above them, or says something of the file."""
    return sum(not each.isspace() and each != "" for each in cells) > 1


def _columns(head: str, delimiter: str, *, cut: bool) -> tuple[int, int]:
    """The number of columns that a delimiter makes, 0 if the rows do not agree; and the number of rows above their names."""
    lines = io.StringIO(head, newline="")
    rows: list[list[str]] = []
    broken = False
    try:
        for row in islice(csv.reader(lines, delimiter=delimiter, strict=True), _ROWS):
            if any(row):
                rows.append(row)
    except csv.Error:
        broken = True
    above = next((at for at, row in enumerate(rows) if names_columns(row)), len(rows))
    if above == len(rows) or not _can_be_names(rows[above]):
        return 0, 0
    names, *others = rows[above:]
    count = len(_trimmed(names))
    if cut and not broken and len(rows) < _ROWS and others:
        last = others.pop()
        if not others:
            return (count if 1 < len(last) <= count else 0), above
    if not others:
        alone = all(_NAME.fullmatch(each) for each in _trimmed(names))
        return (count if (cut and broken) or (alone and not above) else 0), above
    alike = sum(_fits(row, count) for row in others)
    agree = alike == len(others) if above else 2 * alike > len(others)
    return (count if agree else 0), above


def _fits(row: Sequence[str], count: int) -> bool:
    return len(row) >= count and not any(row[count:])


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The names in a row, without empty ones at the end."""
    names = [each.strip() for each in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _can_be_names(cells: Sequence[str]) -> bool:
    """Whether the cells of a row can be names: they are short. That each names another column is checked when the table is read."""
    names = _trimmed(cells)
    return 1 < len(names) <= MAX_COLUMNS and all(
        len(each) <= MAX_NAME and "\n" not in each for each in names
    )


def column_names(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """The names in a table's first row, without empty ones at the end.

    Raises:
        SourceUnreadable: they cannot name columns. ``where`` is the row's place.
    """
    names = _trimmed(cells)
    if len(names) > MAX_COLUMNS:
        raise SourceUnreadable(
            where,
            Said(
                "{count:,} columns, the limit is {limit:,}: is this a table?",
                count=len(names),
                limit=MAX_COLUMNS,
            ),
        )
    if "" in names:
        raise SourceUnreadable(
            where,
            Said(
                "column {column} has no name: the first row must name every column; "
                "if the names stand further down, delete the rows above them",
                column=names.index("") + 1,
            ),
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SourceUnreadable(
            where,
            Said(
                "two columns are called {name!r}: rename one in the first row",
                name=twice[0][:MAX_NAME],
            ),
        )
    if too_long := next((each for each in names if len(each) > MAX_NAME), None):
        raise SourceUnreadable(
            where,
            Said(
                "{name!r}... is no name of a column: the first row must name the columns",
                name=too_long[:40],
            ),
        )
    return tuple(names)
