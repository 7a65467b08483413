"""The commands ``backup`` and ``restore`` of ``python -m indexer``: parse, call, show. docs/cli.md describes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from indexer.cli.given import Given
from indexer.cli.output import hint
from indexer.settings import IndexSettings, read_settings
from indexer.store.backups import Database, back_up, restore, store_at


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(given: Given, target: Path) -> None:
    """Copy the store and the query log into an archive, while the service runs. FILE may be a folder: the archive then has the time as its name."""
    made = back_up(_databases(given), target)
    click.echo(f"{made.path}: {_told(made.rows)}")


@click.command("restore")
@click.argument("archive", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the store and the query log hold.")
@click.pass_obj
def restore_command(given: Given, archive: Path, force: bool) -> None:
    """Put the store and the query log of an archive in place, all of each or nothing."""
    restored = restore(archive, _databases(given), force=force)
    click.echo(
        f"restored the backup of {restored.made_at:%Y-%m-%d %H:%M:%S} UTC: {_told(restored.rows)}"
    )
    hint(
        "a rebuild is queued, because no index fits the restored store: the running service does it; otherwise run "
        "'python -m indexer rebuild'"
    )


def _databases(given: Given) -> list[Database]:
    store = store_at(read_settings(IndexSettings, os.environ).store_url)
    log = given.query_log()
    return [store] if log is None or log.url == store.url else [store, log]


def _told(rows: Mapping[str, Mapping[str, int]]) -> str:
    """The number of rows of each table that has any."""
    return "; ".join(
        f"{name} with "
        + (
            ", ".join(
                f"{count:,} {table.replace('_', ' ')}" for table, count in tables.items() if count
            )
            or "nothing"
        )
        for name, tables in rows.items()
    )
