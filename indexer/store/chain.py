"""Opens a database: makes it if there is none, and runs the missing migrations.

Every database of this project has a chain of migrations, and one row with its position in the chain. This module does not know
what the tables hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from indexer.store.dialects import for_writing, make_engine, migration_lock, translated


@dataclass(frozen=True, slots=True)
class Chain:
    """The migrations of one kind of database.

    ``folder`` is their location, as ``package:path``. ``newest`` is the revision that the last of them makes.
    ``version_table`` is the name of the table with the one row.
    """

    folder: str
    newest: str
    version_table: str = "alembic_version"


def open_database(
    url: str, chain: Chain, *, existing: bool = False, patience: float | None = None
) -> Engine:
    """An engine for the database at ``url``. Makes the folder, the file and the tables if they are missing.

    With ``existing`` it makes no file, and only runs migrations. ``patience`` is :func:`make_engine`'s. Any number of processes may open the same database at once. An up-to-date database opens within milliseconds.

    Raises:
        StoreUnavailable: it cannot be opened, or it is not a database.
        StoreTooNew: a newer release has written it.
        FolderNotWritable: the folder of a SQLite file cannot be made.
    """
    engine = make_engine(url, existing=existing, patience=patience)
    try:
        with translated(engine.url):
            _bring_up_to_date(engine, chain)
    except BaseException:
        engine.dispose()
        raise
    return engine


def hold(connection: Connection, chain: Chain) -> None:
    """Keep other writers out until the end of this transaction, by the lock of the row with the position."""
    connection.execute(select(_version(chain).c.version_num).with_for_update())


def _bring_up_to_date(engine: Engine, chain: Chain) -> None:
    with engine.connect() as connection:
        if position(connection, chain) == chain.newest:
            return
    # Imported here: alembic takes longer to import than an up-to-date store takes to open.
    from indexer.store.migrate import migrate

    with for_writing(engine).begin() as connection, migration_lock(connection):
        found = position(connection, chain)  # again: another process may have been faster
        if found != chain.newest:
            migrate(connection, chain.folder, version_table=chain.version_table, found=found)


def position(connection: Connection, chain: Chain) -> str | None:
    """Where the database stands in the chain; None for a new database."""
    if not inspect(connection).has_table(chain.version_table):
        return None
    found: str | None = connection.execute(select(_version(chain).c.version_num)).scalar()
    return found


def _version(chain: Chain) -> Table:
    return Table(chain.version_table, MetaData(), Column("version_num", String(32)))
