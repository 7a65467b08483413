"""Prints what rebuilds made. Decides and computes nothing."""

from __future__ import annotations

import click
from rich.filesize import decimal

from indexer.cli.generation_summaries import show_checks
from indexer.cli.output import counted, hint, pace, peak_memory
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
