"""Brings a database's schema up to date with alembic. Imported only when a migration is needed."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from indexer.errors import StoreTooNew
from indexer.store.dialects import shown


def migrate(connection: Connection, folder: str, *, version_table: str, found: str | None) -> None:
    """Run, in the caller's transaction, every migration of ``folder`` after ``found`` (None: all of them).

    Raises:
        StoreTooNew: ``found`` is not a revision of this chain.
    """
    config = Config()
    config.set_main_option("script_location", "indexer.store:migrations")
    config.set_main_option("version_locations", folder)
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreTooNew(shown(connection.engine.url), found)
    command.upgrade(config, "head")
