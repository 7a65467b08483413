"""Databases of givers for the tests: each kind that the source sql is tested with, and tables in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

SERVERS: Final = ("postgresql", "mariadb")
KINDS: Final = ("sqlite", *SERVERS)


def execute(url: str, *statements: str) -> None:
    """Run statements, each with its percent signs as they are."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for each in statements:
            connection.execution_options(no_parameters=True).exec_driver_sql(each)


def make_table(
    url: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], *, name: str = "articles"
) -> None:
    """Make a table anew: ``columns`` are their names and types."""
    engine = create_engine(url, poolclass=NullPool)
    quote = engine.dialect.identifier_preparer.quote_identifier
    declared = ", ".join(f"{quote(each)} {kind}" for each, kind in columns.items())
    charset = " CHARACTER SET utf8mb4" if engine.dialect.name in ("mysql", "mariadb") else ""
    values = ", ".join(f":c{place}" for place in range(len(columns)))
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {quote(name)}"))
        connection.execute(text(f"CREATE TABLE {quote(name)} ({declared}){charset}"))
        given = [{f"c{place}": value for place, value in enumerate(row)} for row in rows]
        if given:
            connection.execute(text(f"INSERT INTO {quote(name)} VALUES ({values})"), given)


def cut_off(url: str) -> None:
    """Close the connections of everybody else to this database."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = current_user AND pid <> pg_backend_pid()"
            ).close()
            return
        others = connection.exec_driver_sql(
            "SELECT id FROM information_schema.processlist WHERE id <> connection_id()"
        )
        for number in others.scalars().all():
            with suppress(OperationalError):  # it ended meanwhile
                connection.exec_driver_sql(f"KILL {number}")
