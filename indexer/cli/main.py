"""The commands of ``python -m indexer``. Each module beside this one holds some; docs/cli.md describes all, and a test compares the two.

The commands decide nothing: they parse, call and show. They read settings from the environment when they run.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from indexer.cli.given import Given

_COMMANDS: Final[Mapping[str, str]] = {
    "analyze": "index:analyze_command",
    "backup": "backups:backup_command",
    "check": "index:check_command",
    "copy-store": "copying:copy_store_command",
    "delete": "articles:delete_command",
    "editorial": "editorial:editorial_group",
    "follow": "index:follow_command",
    "generations": "generations:generations_group",
    "ingest": "articles:ingest_command",
    "jobs": "jobs:jobs_group",
    "preview": "previews:preview_command",
    "rebuild": "index:rebuild_command",
    "reconcile": "articles:reconcile_command",
    "regroup": "articles:regroup_command",
    "restore": "backups:restore_command",
    "status": "index:status_command",
    "words": "words:words_group",
    "work": "jobs:work_command",
}
"""The commands by name, each with its module and its name there."""


class _LazyGroup(click.Group):
    """Loads a command when it is used. All of them take a second to load, in which a rollback is done."""

    def list_commands(self, _: click.Context) -> list[str]:
        """See :class:`click.Group`."""
        return list(_COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """See :class:`click.Group`."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"indexer.cli.{module}"), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cli(context: click.Context) -> None:
    """Load articles into the store, and build the search index from it."""
    context.ensure_object(Given)
