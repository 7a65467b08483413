"""Prints what rebuilds made, and the generations. Decides and computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import click
from rich.box import SIMPLE
from rich.filesize import decimal
from rich.table import Table

from indexer.cli.summaries import counted, hint, pace, peak_memory
from indexer.command_line import results
from indexer.errors import ManifestDamaged
from indexer.generations import DamagedGeneration, Generation
from indexer.promotion_checks import PromotionChecks, read_checks
from indexer.rebuilding.catch_up import ChangesReport
from indexer.rebuilding.rebuild import RebuildReport


def show_rebuild(report: RebuildReport) -> None:
    """Print what a rebuild made, and what to try."""
    became = "is live" if report.promoted else "is complete and waits"
    click.echo(
        f"generation {report.generation} {became}: {counted(report.articles, 'article')}, "
        f"revision {report.revision:,}, {decimal(report.size_bytes)}; "
        f"{pace(report.articles, report.seconds)}; {peak_memory()}"
    )
    if report.found_words:
        found = counted(report.found_words, "word")
        hint(f"found {found} that the dictionary lacks; see them: python -m indexer words found")
    if report.replayed:
        hint(f"applied {counted(report.replayed, 'change')} made meanwhile")
    if report.cleaned:
        hint(f"removed what an unfinished rebuild left: {', '.join(report.cleaned)}")
    if report.pruned:
        hint(f"removed old generations: {', '.join(report.pruned)}")
    _show_merge_failure(report.merge_failure)
    show_checks(report.generation, report.checks)
    promote = f"python -m indexer generations promote {report.generation}"
    if report.checks.failed and not report.promoted:
        hint(f"not live, for checks failed; if it is right all the same: {promote} --force")
    elif not report.promoted:
        hint(f"next: {promote}")
    elif report.articles:
        hint("try: python -m search_service search 乡村振兴")
    else:
        hint("the store is empty; next: python -m indexer ingest FILE")


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


def show_changes(report: ChangesReport) -> None:
    """Print what was applied to the live generation."""
    if report.follower:
        click.echo(
            f"generation {report.generation}: process {report.follower} follows the store and has applied its changes, "
            f"now {counted(report.doc_count, 'article')} at revision {report.revision:,}"
        )
        return
    click.echo(
        f"generation {report.generation}: {report.put:,} put, {report.deleted:,} deleted, "
        f"now {counted(report.doc_count, 'article')} at revision {report.revision:,}; "
        f"{pace(report.put + report.deleted, report.seconds)}"
    )
    _show_merge_failure(report.merge_failure)


def _show_merge_failure(why: str | None) -> None:
    if why is not None:
        hint(
            f"the changes are live, but segments could not be merged ({why}): put that right, "
            "the next changes try again"
        )


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
            decimal(each.size()),
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
