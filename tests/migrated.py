"""New SQLite databases as the migrations leave them, without running the migrations for each: they take eight times as long.

Most tests begin with a new database. The first one of each chain in a run is made by the migrations. The later ones get its tables
and rows. Databases of earlier releases, those of other kinds, and those that other processes make are always migrated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import Connection, inspect

Statement = tuple[str, list[tuple[Any, ...]]]
"""SQL, and the rows of values to run it with; none for a statement that takes no values."""


def remembering(migrate: Callable[..., None]) -> Callable[..., None]:
    """``migrate``, which repeats what it did to the first new database of each folder of migrations."""
    done: dict[str, list[Statement]] = {}

    @wraps(migrate)
    def instead(
        connection: Connection, folder: str, *, version_table: str, found: str | None
    ) -> None:
        new = connection.dialect.name == "sqlite" and not inspect(connection).get_table_names()
        if new and folder in done:
            for statement, rows in done[folder]:
                for values in rows or [()]:
                    connection.exec_driver_sql(statement, values)
            return
        migrate(connection, folder, version_table=version_table, found=found)
        if new:
            done[folder] = _statements(connection)

    return instead


def _statements(connection: Connection) -> list[Statement]:
    """What makes the tables, the indexes and the rows of a database."""
    made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    statements: list[Statement] = [
        (str(sql), []) for (sql,) in connection.exec_driver_sql(made).all()
    ]
    for table in inspect(connection).get_table_names():
        rows = [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()]
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            statements.append((f'INSERT INTO "{table}" VALUES ({marks})', rows))
    return statements
