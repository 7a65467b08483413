"""The commands ``work`` and ``jobs`` of ``python -m indexer``: parse, call, show. docs/cli.md describes them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click

from indexer.analysis.analyzers import make_analyzer
from indexer.cli import summaries
from indexer.cli.reading import reading_options
from indexer.command_line import Stop, until_stdin_closes
from indexer.errors import JobNotFound
from indexer.generations import Generations
from indexer.jobs.kinds import Means, import_arguments
from indexer.jobs.work import work
from indexer.reading import Options
from indexer.rejects import rejects_name
from indexer.settings import IndexSettings, read_settings, usable_cores
from indexer.sources.registry import SOURCES
from indexer.store.database import open_jobs, open_store
from indexer.store.jobs import Kind

FORMAT = click.option(
    "--format",
    "source",
    type=click.Choice(sorted(SOURCES)),
    default="json_lines",
    show_default=True,
    help="Format of FILE.",
)
"""How a file is read, for the command ``ingest`` and for the job that does the same."""

_ID = click.argument("job_id", metavar="ID", type=click.IntRange(1))


@click.command("work")
@until_stdin_closes
def work_command() -> None:
    """Run the queued jobs, one after another, until SIGTERM or Ctrl-C."""
    stop = Stop()
    stop.listen()
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO
    )
    settings = _settings()
    with (
        closing(open_jobs(settings.store_url)) as jobs,
        closing(open_store(settings.store_url)) as store,
    ):
        means = Means(
            store=store,
            generations=Generations(settings.index_dir),
            engine_name=settings.engine,
            analyzer=partial(make_analyzer, user_dictionary=settings.user_dictionary),
            timezone=settings.timezone,
            date_order=settings.date_order,
            keep=settings.keep_generations,
            processes=usable_cores(),
        )
        work(jobs, means, stop=stop, hook=settings.on_trouble)


@click.group("jobs")
def jobs_group() -> None:
    """Queue jobs for 'python -m indexer work', look at them, and cancel them."""


@jobs_group.group("start")
def start_group() -> None:
    """Queue a job."""


@start_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@reading_options
@FORMAT
def import_command(file: Path, options: Options, source: str) -> None:
    """Queue an import: store the articles of FILE (plain or .gz), as ingest does."""
    rejects = Path(rejects_name(str(file)))
    settings = _settings()
    options.reading(
        timezone=settings.timezone, order=settings.date_order
    )  # what is wrong is said now
    _start("import", import_arguments(file, source=source, options=options, rejects=rejects))


@start_group.command("rebuild")
def rebuild_command() -> None:
    """Queue a rebuild of the index."""
    _start("rebuild")


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
    settings = _settings()
    with closing(open_jobs(settings.store_url)) as jobs:
        summaries.show_jobs(jobs.list(size=size), timezone=settings.timezone)


@jobs_group.command("show")
@_ID
def show_command(job_id: int) -> None:
    """Show job ID: its state, its progress, what came of it, and the first records that it rejected."""
    settings = _settings()
    with closing(open_jobs(settings.store_url)) as jobs:
        job = jobs.get(job_id)
    if job is None:
        raise JobNotFound(job_id)
    summaries.show_job(job, timezone=settings.timezone)


@jobs_group.command("cancel")
@_ID
def cancel_command(job_id: int) -> None:
    """Cancel job ID. One that runs ends at its next step; one that has ended stays as it is."""
    with closing(open_jobs(_settings().store_url)) as jobs:
        job = jobs.ask_to_cancel(job_id)
    if job is None:
        raise JobNotFound(job_id)
    state = "running and was asked to end" if job.state == "running" else job.state
    click.echo(f"job {job.id} is {state}")


def _start(kind: Kind, arguments: Mapping[str, Any] | None = None) -> None:
    with closing(open_jobs(_settings().store_url)) as jobs:
        job = jobs.add(kind, arguments or {})
    click.echo(f"job {job.id} is queued")
    summaries.hint(
        f"it needs a running 'python -m indexer work'; see: python -m indexer jobs show {job.id}"
    )


def _settings() -> IndexSettings:
    return read_settings(IndexSettings, os.environ)
