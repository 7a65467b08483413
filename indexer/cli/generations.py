"""The commands ``python -m indexer generations ...``: parse, call, show. docs/cli.md describes them.

A generation keeps the words that it was made with. So these commands need no store, and a rollback loads no library for one.
"""

from __future__ import annotations

from functools import partial

import click

from indexer.analysis.analyzers import make_analyzer
from indexer.cli import generation_summaries
from indexer.cli.given import index_settings
from indexer.opening import is_sound
from indexer.promotion_checks import read_checks
from indexer.rebuilding.promotion import promote, roll_back
from indexer.shared_generations import generations_of

FORCE_PROMOTION = click.option(
    "--force", is_flag=True, help="Make it live even if checks of what it answers fail."
)
NO_PROMOTE = click.option(
    "--no-promote", is_flag=True, help="Leave it beside the live one, for 'generations promote'."
)
_NAME = click.argument("name")


@click.group("generations")
def generations_group() -> None:
    """List, promote and remove generations: complete copies of the index."""


@generations_group.command("list")
def list_command() -> None:
    """Show all generations, oldest first."""
    settings = index_settings()
    listed = generations_of(settings).list()
    generation_summaries.show_generations(listed, timezone=settings.timezone)


@generations_group.command("checks")
@_NAME
def checks_command(name: str) -> None:
    """Show the checks of generation NAME before its promotion, and the queries that moved most."""
    chosen = generations_of(index_settings()).get(name)
    generation_summaries.show_checks(chosen.name, read_checks(chosen.folder))


@generations_group.command("promote")
@_NAME
@FORCE_PROMOTION
def promote_command(name: str, force: bool) -> None:
    """Make generation NAME the live one, unless it failed a check. Readers follow within a second."""
    settings = index_settings()
    live = promote(
        generations_of(settings),
        name,
        analyzer=make_analyzer(),
        timezone=settings.timezone,
        force=force,
    )
    click.echo(f"generation {live.name} is live")


@generations_group.command("rollback")
def rollback_command() -> None:
    """Promote the newest generation that is older than the live one and was live."""
    settings = index_settings()
    live = roll_back(
        generations_of(settings),
        analyzer=make_analyzer(),
        timezone=settings.timezone,
    )
    click.echo(f"generation {live.name} is live")


@generations_group.command("prune")
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(min=1),
    help="Number of generations to keep, including the live one. Default: the setting SEARCH_KEEP_GENERATIONS.",
)
def prune_command(keep: int | None) -> None:
    """Remove old, damaged and unfinished generations, never the live one. Those that were never live go first."""
    settings = index_settings()
    generations = generations_of(settings)
    with generations.lock():
        left = generations.clean()
        removed = generations.prune(
            keep or settings.keep_generations,
            is_sound=partial(is_sound, analyzer=make_analyzer(), timezone=settings.timezone),
        )
    click.echo(f"removed {', '.join(left + removed) or 'nothing'}")
