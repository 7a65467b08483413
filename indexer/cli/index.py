"""The commands of ``python -m indexer`` that make, follow and look at the index: parse, call, show. docs/cli.md describes them."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from typing import TypedDict
from zoneinfo import ZoneInfo

import click

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.explain import explain
from indexer.asking import MakeAsking
from indexer.build_progress import Report
from indexer.cli import build_summaries, summaries
from indexer.cli.analyzing import current_analyzer
from indexer.cli.generations import FORCE_PROMOTION, NO_PROMOTE
from indexer.cli.given import Given, index_settings
from indexer.cli.output import hint
from indexer.cli.progress import show_build
from indexer.command_line import PARTLY, Stop, until_stdin_closes
from indexer.processes import step_back
from indexer.rebuilding.catch_up import apply_changes
from indexer.rebuilding.follow import Follower
from indexer.rebuilding.if_needed import rebuild_if_needed
from indexer.rebuilding.rebuild import rebuild
from indexer.rebuilding.status import check, look
from indexer.settings import IndexSettings, usable_cores
from indexer.shared_generations import generations_of
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store


@click.command("analyze")
@click.argument("text")
def analyze_command(text: str) -> None:
    """Show the tokens of TEXT in an article (index) and in a query."""
    summaries.show_analysis(explain(text, current_analyzer(index_settings())))


@click.command("rebuild")
@click.option("--if-needed", is_flag=True, help="Do only what the index needs to match the store.")
@click.option("--changes", is_flag=True, help="Only apply the store's changes to the live index.")
@NO_PROMOTE
@FORCE_PROMOTION
@click.option(
    "--processes",
    metavar="N",
    type=click.IntRange(1, 256),
    help="Number of processes that analyse and write. Default: the number of usable cores.",
)
@click.pass_obj
def rebuild_command(
    given: Given,
    if_needed: bool,
    changes: bool,
    no_promote: bool,
    force: bool,
    processes: int | None,
) -> int:
    """Build a new generation of the index beside the live one, check it, and make it live."""
    _exclude(("--if-needed", if_needed), ("--changes", changes), ("--no-promote", no_promote))
    _exclude(("--changes", changes), ("--processes", processes), ("--force", force))
    _exclude(("--no-promote", no_promote), ("--force", force))
    step_back()
    settings = index_settings()
    generations = generations_of(settings)
    applied = rebuilt = None
    with _store(settings) as store, show_build() as progress:
        options: _Building = {
            **_means(settings),
            "keep": settings.keep_generations,
            "processes": processes or usable_cores(),
            "asking": given.asking,
            "force": force,
            "progress": progress,
        }
        if changes:
            applied = apply_changes(store, generations, progress=progress, **_means(settings))
        elif if_needed:
            outcome = rebuild_if_needed(store, generations, **options)
            applied, rebuilt = outcome.applied, outcome.rebuilt
            if outcome.words is not None:
                rebuilt = outcome.words.rebuilt
        else:
            rebuilt = rebuild(store, generations, promote=not no_promote, **options)
    if if_needed:
        click.echo(f"{outcome.did}: {outcome.why}")
    if applied is not None:
        build_summaries.show_changes(applied)
    if rebuilt is None:
        return 0
    build_summaries.show_rebuild(rebuilt)
    return PARTLY if rebuilt.checks.failed and not rebuilt.promoted else 0


@click.command("follow")
@until_stdin_closes
def follow_command() -> None:
    """Apply the store's changes to the live index as they come, until SIGTERM or Ctrl-C. One process at a time does this."""
    settings = index_settings()
    stop = Stop()
    stop.listen()
    with _store(settings) as store:
        Follower(
            store,
            generations_of(settings),
            analyzer=current_analyzer(settings),
            timezone=settings.timezone,
            tell=hint,
        ).run(stop)


@click.command("status")
def status_command() -> None:
    """Show the store, the live index, and whether it needs a rebuild."""
    settings = index_settings()
    generations = generations_of(settings)
    with _store(settings) as store:
        standing = look(store, generations, **_means(settings))
    summaries.show_status(
        standing,
        store_url=settings.store_url,
        building=generations.building(),
        timezone=settings.timezone,
    )


@click.command("check")
def check_command() -> int:
    """Read the whole live index and every manifest, and report each fault."""
    settings = index_settings()
    with _store(settings) as store:
        report = check(store, generations_of(settings), **_means(settings))
    summaries.show_check(report)
    return PARTLY if report.faults else 0


def _exclude(*options: tuple[str, object]) -> None:
    """Refuse two of these options at once."""
    given = [name for name, value in options if value]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} exclude each other")


class _Means(TypedDict):
    """What every command on the index needs."""

    engine_name: str
    analyzer: Analyzer
    timezone: ZoneInfo


class _Building(_Means):
    """What every command that may rebuild needs."""

    keep: int
    processes: int
    asking: MakeAsking | None
    force: bool
    progress: Report


def _means(settings: IndexSettings) -> _Means:
    return {
        "engine_name": settings.engine,
        "analyzer": current_analyzer(settings),
        "timezone": settings.timezone,
    }


def _store(settings: IndexSettings) -> AbstractContextManager[ArticleStore]:
    return closing(open_store(settings.store_url))
