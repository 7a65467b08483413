"""The commands ``work`` and ``jobs`` of ``python -m indexer``: parse, call, show. docs/cli.md describes them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from indexer.cli import summaries
from indexer.cli.analyzing import current_analyzer
from indexer.cli.generations import FORCE_PROMOTION, NO_PROMOTE
from indexer.cli.given import Given, index_settings
from indexer.cli.output import hint
from indexer.cli.reading import APPLY, FORCE, ONLY, WATERMARK, reading_options
from indexer.cli.spans import read_span, spell_span
from indexer.command_line import Parsed, Stop, until_stdin_closes
from indexer.errors import JobNotFound
from indexer.importing import given_source, rejects_of
from indexer.jobs.kinds import Means, promote_arguments, rebuild_arguments, source_arguments
from indexer.jobs.work import work
from indexer.processes import step_back
from indexer.reading import Options
from indexer.reconcile import read_only
from indexer.settings import usable_cores
from indexer.shared_generations import generations_of
from indexer.sources.reading import split_part
from indexer.sources.recognise import is_elsewhere
from indexer.sources.registry import find_kind
from indexer.store.database import open_jobs, open_store
from indexer.store.jobs import Job, Kind

_ID = click.argument("job_id", metavar="ID", type=click.IntRange(1))
_EVERY = click.option(
    "--every",
    metavar="TIME",
    type=Parsed(read_span),
    help="Run the job again this long after each run, until it is cancelled, such as 30s, 10m, 1h or 1d.",
)


@click.command("work")
@until_stdin_closes
@click.pass_obj
def work_command(given: Given) -> None:
    """Run the queued jobs, one after another, until SIGTERM or Ctrl-C."""
    step_back()
    stop = Stop()
    stop.listen()
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO
    )
    settings = index_settings()
    with (
        closing(open_jobs(settings.store_url)) as jobs,
        closing(open_store(settings.store_url)) as store,
    ):
        means = Means(
            store=store,
            generations=generations_of(settings),
            engine_name=settings.engine,
            analyzer=partial(current_analyzer, settings),
            timezone=settings.timezone,
            date_order=settings.date_order,
            keep=settings.keep_generations,
            processes=usable_cores(),
            asking=given.asking,
        )
        work(jobs, means, stop=stop, hook=settings.on_trouble)


@click.group("jobs")
def jobs_group() -> None:
    """Queue jobs for 'python -m indexer work', look at them, and cancel them."""


@jobs_group.group("start")
def start_group() -> None:
    """Queue a job."""


@start_group.command("import")
@click.argument("file")
@reading_options
@WATERMARK
@_EVERY
def import_command(file: str, options: Options, source: str | None, every: int | None) -> None:
    """Queue an import: store the articles of FILE, or of a database, as ingest does."""
    options = replace(options, changes_only=every is not None)
    _start("import", _read_later(file, options, source), every=every)


@start_group.command("reconcile")
@click.argument("file")
@reading_options
@ONLY
@APPLY
@FORCE
@_EVERY
def reconcile_command(
    file: str,
    options: Options,
    source: str | None,
    only: str | None,
    apply: bool,
    force: bool,
    every: int | None,
) -> None:
    """Queue a comparison of FILE, or of a database, with the store, as reconcile does it."""
    arguments = _read_later(file, options, source)
    read_only(only)  # what is wrong is said now
    _start("reconcile", {**arguments, "only": only, "apply": apply, "force": force}, every=every)


@start_group.command("rebuild")
@NO_PROMOTE
@FORCE_PROMOTION
def rebuild_command(no_promote: bool, force: bool) -> None:
    """Queue a rebuild of the index, unless the same one is queued or running."""
    if no_promote and force:
        raise click.UsageError("--no-promote and --force exclude each other")
    _start_alone("rebuild", rebuild_arguments(promote=not no_promote, force=force))


@start_group.command("promote")
@click.argument("generation", metavar="NAME")
@FORCE_PROMOTION
def promote_command(generation: str, force: bool) -> None:
    """Queue the promotion of generation NAME, as generations promote does it."""
    _start_alone("promote", promote_arguments(generation, force=force))


@start_group.command("rollback")
def rollback_command() -> None:
    """Queue a rollback, as generations rollback does it."""
    _start_alone("rollback", {})


@start_group.command("words")
def words_command() -> None:
    """Queue applying the editors' words to the live index."""
    _start("words")


@start_group.command("preview")
def preview_command() -> None:
    """Queue a preview of the editors' words that are not applied yet. It is kept in the index folder."""
    _start("preview")


@start_group.command("check")
def check_command() -> None:
    """Queue a check of the live index and of every manifest. Faults fail the job."""
    _start("check")


@start_group.command("regroup")
def regroup_command() -> None:
    """Queue the search for the duplicate groups of articles that an older release stored."""
    _start("regroup")


@jobs_group.command("list")
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Maximum number of rows.",
)
def list_command(size: int) -> None:
    """Show the last jobs, newest first."""
    settings = index_settings()
    with closing(open_jobs(settings.store_url)) as jobs:
        summaries.show_jobs(jobs.list(size=size), timezone=settings.timezone)


@jobs_group.command("show")
@_ID
def show_command(job_id: int) -> None:
    """Show job ID: its state, its progress, what came of it, and the first records that it rejected."""
    settings = index_settings()
    with closing(open_jobs(settings.store_url)) as jobs:
        job = jobs.get(job_id)
    if job is None:
        raise JobNotFound(job_id)
    summaries.show_job(job, timezone=settings.timezone)


@jobs_group.command("cancel")
@_ID
def cancel_command(job_id: int) -> None:
    """Cancel job ID. One that runs ends at its next step; one that has ended stays as it is."""
    with closing(open_jobs(index_settings().store_url)) as jobs:
        job = jobs.ask_to_cancel(job_id)
    if job is None:
        raise JobNotFound(job_id)
    state = "running and was asked to end" if job.state == "running" else job.state
    click.echo(f"job {job.id} is {state}")


def _read_later(file: str, options: Options, source: str | None) -> dict[str, Any]:
    """The arguments of a job that reads a source. What is wrong is said now."""
    settings = index_settings()
    options.reading(timezone=settings.timezone, order=settings.date_order)
    kind = source or find_kind(file)
    given_source(kind, file, options)
    place, _ = split_part(file)
    if not is_elsewhere(file) and not Path(place).exists():
        raise click.BadParameter(f"{place} does not exist", param_hint="FILE")
    return source_arguments(file, source=kind, options=options, rejects=rejects_of(file, options))


def _start(
    kind: Kind, arguments: Mapping[str, Any] | None = None, *, every: int | None = None
) -> None:
    with closing(open_jobs(index_settings().store_url)) as jobs:
        if every is None:
            job = jobs.add(kind, arguments or {})
        else:
            job = jobs.repeat(kind, arguments or {}, every_seconds=every)
    _say_started(job, "" if every is None else f", and repeated every {spell_span(every)}")


def _start_alone(kind: Kind, arguments: Mapping[str, Any]) -> None:
    """Queue a job, or name the same one that is queued or running."""
    with closing(open_jobs(index_settings().store_url)) as jobs:
        job = jobs.add_if_none_waits(kind, arguments)
    _say_started(job)


def _say_started(job: Job, again: str = "") -> None:
    click.echo(f"job {job.id} is {job.state}{again}")
    hint(
        f"the running service does it, or 'python -m indexer work'; see: python -m indexer jobs show {job.id}"
    )
