"""Databases as earlier releases left them, made by the migrations."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, String, Table

from indexer.store.chain import Chain


def released(chain: Chain) -> list[str]:
    """The versions before the newest one, oldest first."""
    scripts = ScriptDirectory.from_config(_config(chain)).walk_revisions()
    return sorted(each.revision for each in scripts if each.revision != chain.newest)


def upgrade(engine: Engine, chain: Chain, version: str) -> None:
    """Bring a database to a version."""
    config = _config(chain)
    with engine.begin() as connection:
        config.attributes |= {"connection": connection, "version_table": chain.version_table}
        command.upgrade(config, version)


def table_of(engine: Engine, name: str) -> Table:
    """A table as it is in the database."""
    return Table(name, MetaData(), autoload_with=engine)


def differences(engine: Engine, chain: Chain, metadata: MetaData) -> object:
    """What distinguishes the tables in the database from ``metadata``. Empty if nothing does."""
    with engine.connect() as connection:
        options = {"compare_type": _differing_type, "version_table": chain.version_table}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def _config(chain: Chain) -> Config:
    config = Config()
    config.set_main_option("script_location", "indexer.store:migrations")
    config.set_main_option("version_locations", chain.folder)
    config.set_main_option("path_separator", "newline")
    return config


def _differing_type(
    context: MigrationContext,
    _found: object,
    _column: object,
    in_database: object,
    in_table: object,
) -> bool | None:
    """SQLite does not enforce lengths, so two texts of different lengths are of one type there."""
    both_texts = isinstance(in_database, String) and isinstance(in_table, String)
    return False if both_texts and context.dialect.name == "sqlite" else None
