"""Prints the generations and their checks. Decides and computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import click
from rich.box import SIMPLE
from rich.filesize import decimal
from rich.table import Table

from indexer.cli.output import hint
from indexer.command_line import results
from indexer.errors import ManifestDamaged
from indexer.generations import DamagedGeneration, Generation
from indexer.promotion_checks import PromotionChecks, read_checks


def show_checks(name: str, checks: PromotionChecks | None) -> None:
    """Print a line for each check of a generation, and below it the queries that moved most."""
    if checks is None:
        hint(f"generation {name} was made without checks")
        return
    for each in checks.checks:
        click.echo(f"{each.verdict:<9} {each.name}: {each.detail}")
        for moved in each.moved:
            expected, found = (" ".join(ids) or "nothing" for ids in (moved.expected, moved.found))
            click.echo(f"          {moved.query}: expected {expected}; found {found}")


def show_generations(
    listed: Iterable[Generation | DamagedGeneration], *, timezone: ZoneInfo
) -> None:
    """Print a line for each generation, oldest first."""
    table = Table(box=SIMPLE)
    for heading in ("name", "state", "engine", "made at", "checks"):
        table.add_column(heading)
    for heading in ("articles", "revision", "seconds", "size"):
        table.add_column(heading, justify="right")
    for each in listed:
        live = "live" if each.live else ""
        if isinstance(each, DamagedGeneration):
            table.add_row(each.name, f"{live} damaged: {each.why}".strip())
            continue
        made = each.manifest
        table.add_row(
            each.name,
            live or ("" if each.was_live else "never live"),
            made.engine,
            f"{made.made_at.astimezone(timezone):%Y-%m-%d %H:%M}",
            _checked(each),
            f"{made.doc_count:,}",
            f"{made.revision:,}",
            f"{made.seconds:,.1f}",
            "unknown" if (size := each.size()) is None else decimal(size),
        )
    results().print(table)


def _checked(generation: Generation) -> str:
    """The failed checks of a generation in short."""
    try:
        checks = read_checks(generation.folder)
    except ManifestDamaged as error:
        return f"damaged: {error.why}"
    if checks is None:
        return ""
    return ", ".join(f"{each.name} failed" for each in checks.failed) or "passed"
