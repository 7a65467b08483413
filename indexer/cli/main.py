"""The commands of ``python -m indexer``: parse, call, show. docs/cli.md describes each, and a test compares the two.

The commands decide nothing. They read settings from the environment when they run.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

import click

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.explain import explain
from indexer.asking import MakeAsking
from indexer.build_progress import Report
from indexer.cli import build_summaries, summaries
from indexer.cli.analyzing import current_analyzer
from indexer.cli.copying import copy_store_command
from indexer.cli.editorial import editorial_group
from indexer.cli.generations import FORCE_PROMOTION, NO_PROMOTE, generations_group
from indexer.cli.jobs import jobs_group, work_command
from indexer.cli.previews import preview_command
from indexer.cli.progress import show_build, show_ingest
from indexer.cli.reading import APPLY, FORCE, ONLY, WATERMARK, reading_options
from indexer.cli.words import words_group
from indexer.command_line import PARTLY, Stop, until_stdin_closes
from indexer.generations import Generations
from indexer.importing import given_source, import_source, rejects_of
from indexer.reading import Options
from indexer.rebuilding.catch_up import apply_changes
from indexer.rebuilding.follow import Follower
from indexer.rebuilding.if_needed import rebuild_if_needed
from indexer.rebuilding.rebuild import rebuild
from indexer.rebuilding.status import check, look
from indexer.reconcile import Plan, read_only, reconcile
from indexer.rejects import is_own_source, rejects_name
from indexer.settings import IndexSettings, read_settings, usable_cores
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Load articles into the store, and build the search index from it."""


_REJECTS = click.option(
    "--rejects",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for rejected records. Default: rejects-<name of FILE>.jsonl in the current folder.",
)

# Articles


@cli.command("ingest")
@click.argument("file")
@reading_options
@WATERMARK
@_REJECTS
@click.option("--if-empty", is_flag=True, help="Do nothing when the store already holds articles.")
def ingest_command(
    file: str, options: Options, rejects: Path | None, source: str | None, if_empty: bool
) -> int:
    """Store the articles of FILE (- for standard input), or of a database. Running it again changes nothing."""
    settings = _settings()
    reading = options.reading(timezone=settings.timezone, order=settings.date_order)
    rejects = _rejects(rejects, file, options)
    with _store(settings) as store:
        if if_empty and (count := store.count()):
            click.echo(f"nothing to do: the store holds {summaries.counted(count, 'article')}")
            return 0
        given = given_source(source, file, options)
        with show_ingest() as progress:
            report = import_source(
                given, store, reading, location=file, rejects=rejects, progress=progress
            )
    summaries.show_ingest(report, rejects=rejects)
    if report.failure is not None:
        raise report.failure
    if is_own_source(rejects, file) and not rejects.exists():
        summaries.hint(f"{file} is removed: none of its records is rejected any more")
    return 0 if report.complete else PARTLY


cli.add_command(preview_command)


@cli.command("reconcile")
@click.argument("file")
@reading_options
@ONLY
@APPLY
@FORCE
@_REJECTS
def reconcile_command(
    file: str,
    options: Options,
    source: str | None,
    only: str | None,
    apply: bool,
    force: bool,
    rejects: Path | None,
) -> int:
    """Compare what FILE, or a database, holds with the store: what is missing, stale or orphaned there. Repair it with --apply."""
    if apply and file == "-":
        raise click.UsageError("--apply reads FILE twice, so it cannot be standard input")
    settings = _settings()
    reading = options.reading(timezone=settings.timezone, order=settings.date_order)
    plan = Plan(belongs=read_only(only), apply=apply, force=force)
    given = given_source(source, file, options)
    rejects = _rejects(rejects, file, options)
    with _store(settings) as store, show_ingest() as progress:
        report = reconcile(given, store, reading, plan, rejects=rejects, progress=progress)
    summaries.show_reconciliation(report, rejects=rejects)
    if report.failure is not None:
        raise report.failure
    if report.refusal is not None:
        raise report.refusal
    return 0 if report.agree else PARTLY


def _rejects(named: Path | None, file: str, options: Options) -> Path:
    """The rejects file: the one that is named, or one named after FILE. It may replace FILE only if FILE is a rejects file."""
    rejects = named or rejects_of(file, options)
    if rejects.exists() and not rejects.is_file():  # it would be replaced
        raise click.BadParameter("is a device or a pipe: name a file", param_hint="--rejects")
    if is_own_source(rejects, file) and rejects_name(file) != rejects.name:
        raise click.BadParameter("is FILE itself: name another file", param_hint="--rejects")
    return rejects


@cli.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def delete_command(ids: tuple[str, ...]) -> int:
    """Delete articles from the store. A running service removes them from the index within a second or so."""
    with _store(_settings()) as store:
        done = store.delete(ids)
    unknown = [each.article_id for each in done if each.result == "absent"]
    deleted = len(done) - len(unknown)
    click.echo(f"deleted {summaries.counted(deleted, 'article')}")
    if unknown:
        summaries.hint(f"not in the store: {', '.join(unknown)}")
    if deleted:
        summaries.hint(
            "a running service applies this; otherwise: python -m indexer rebuild --changes"
        )
    return PARTLY if unknown else 0


@cli.command("regroup")
def regroup_command() -> None:
    """Find the duplicate groups of articles that an older release stored. Running it again changes nothing."""
    articles = changed = 0
    with _store(_settings()) as store, show_ingest() as progress:
        for each in store.regroup():
            articles, changed = articles + each.articles, changed + each.changed
            progress(articles)
    click.echo(f"looked at {summaries.counted(articles, 'article')}: {changed:,} changed group")
    if changed:
        summaries.hint(
            "a running service applies this; otherwise: python -m indexer rebuild --changes"
        )


cli.add_command(copy_store_command)


@cli.command("analyze")
@click.argument("text")
def analyze_command(text: str) -> None:
    """Show the tokens of TEXT in an article (index) and in a query."""
    summaries.show_analysis(explain(text, current_analyzer(_settings())))


# The index


@cli.command("rebuild")
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
    asking: MakeAsking | None,
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
    settings = _settings()
    generations = Generations(settings.index_dir)
    applied = rebuilt = None
    with _store(settings) as store, show_build() as progress:
        options: _Building = {
            **_means(settings),
            "keep": settings.keep_generations,
            "processes": processes or usable_cores(),
            "asking": asking,
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


@cli.command("follow")
@until_stdin_closes
def follow_command() -> None:
    """Apply the store's changes to the live index as they come, until SIGTERM or Ctrl-C. One process at a time does this."""
    settings = _settings()
    stop = Stop()
    stop.listen()
    with _store(settings) as store:
        Follower(
            store,
            Generations(settings.index_dir),
            analyzer=current_analyzer(settings),
            timezone=settings.timezone,
            tell=summaries.hint,
        ).run(stop)


@cli.command("status")
def status_command() -> None:
    """Show the store, the live index, and whether it needs a rebuild."""
    settings = _settings()
    generations = Generations(settings.index_dir)
    with _store(settings) as store:
        standing = look(store, generations, **_means(settings))
    summaries.show_status(
        standing,
        store_url=settings.store_url,
        building=generations.building(),
        timezone=settings.timezone,
    )


@cli.command("check")
def check_command() -> int:
    """Read the whole live index and every manifest, and report each fault."""
    settings = _settings()
    with _store(settings) as store:
        report = check(store, Generations(settings.index_dir), **_means(settings))
    summaries.show_check(report)
    return PARTLY if report.faults else 0


# Generations, jobs, and what editors decide

cli.add_command(generations_group)
cli.add_command(work_command)
cli.add_command(jobs_group)
cli.add_command(editorial_group)
cli.add_command(words_group)


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


def _settings() -> IndexSettings:
    return read_settings(IndexSettings, os.environ)


def _store(settings: IndexSettings) -> AbstractContextManager[ArticleStore]:
    return closing(open_store(settings.store_url))
