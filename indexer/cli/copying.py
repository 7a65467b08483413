"""The command ``copy-store`` of ``python -m indexer``: parse, call, show. docs/cli.md describes it."""

from __future__ import annotations

import click

from indexer.cli import summaries
from indexer.cli.progress import show_copy
from indexer.command_line import Parsed
from indexer.settings import database_url
from indexer.store.copying import copy_store


@click.command("copy-store")
@click.argument("source", metavar="FROM", type=Parsed(database_url))
@click.argument("target", metavar="TO", type=Parsed(database_url))
def copy_store_command(source: str, target: str) -> None:
    """Copy the store from one database into another, empty one: all of it, or nothing."""
    with show_copy() as progress:
        copied = copy_store(source, target, progress=progress)
    summaries.show_copy(copied)
