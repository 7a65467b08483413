"""The commands of ``python -m indexer`` that change the articles of the store: parse, call, show. docs/cli.md describes them."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from pathlib import Path

import click

from indexer.cli import summaries
from indexer.cli.given import index_settings
from indexer.cli.output import counted, hint
from indexer.cli.progress import show_ingest
from indexer.cli.reading import APPLY, FORCE, ONLY, WATERMARK, reading_options
from indexer.command_line import PARTLY
from indexer.importing import given_source, import_source, rejects_of
from indexer.reading import Options
from indexer.reconcile import Plan, read_only, reconcile
from indexer.rejects import is_own_source, rejects_name
from indexer.settings import IndexSettings
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store

_REJECTS = click.option(
    "--rejects",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for rejected records. Default: rejects-<name of FILE>.jsonl in the current folder.",
)


@click.command("ingest")
@click.argument("file")
@reading_options
@WATERMARK
@_REJECTS
@click.option("--if-empty", is_flag=True, help="Do nothing when the store already holds articles.")
def ingest_command(
    file: str, options: Options, rejects: Path | None, source: str | None, if_empty: bool
) -> int:
    """Store the articles of FILE (- for standard input), or of a database. Running it again changes nothing."""
    settings = index_settings()
    reading = options.reading(timezone=settings.timezone, order=settings.date_order)
    rejects = _rejects(rejects, file, options)
    with _store(settings) as store:
        if if_empty and (count := store.count()):
            click.echo(f"nothing to do: the store holds {counted(count, 'article')}")
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
        hint(f"{file} is removed: none of its records is rejected any more")
    return 0 if report.complete else PARTLY


@click.command("reconcile")
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
    settings = index_settings()
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


@click.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def delete_command(ids: tuple[str, ...]) -> int:
    """Delete articles from the store. A running service removes them from the index within a second or so."""
    with _store(index_settings()) as store:
        done = store.delete(ids)
    unknown = [each.article_id for each in done if each.result == "absent"]
    deleted = len(done) - len(unknown)
    click.echo(f"deleted {counted(deleted, 'article')}")
    if unknown:
        hint(f"not in the store: {', '.join(unknown)}")
    if deleted:
        hint("a running service applies this; otherwise: python -m indexer rebuild --changes")
    return PARTLY if unknown else 0


@click.command("regroup")
def regroup_command() -> None:
    """Find the duplicate groups of articles that an older release stored. Running it again changes nothing."""
    articles = changed = 0
    with _store(index_settings()) as store, show_ingest() as progress:
        for each in store.regroup():
            articles, changed = articles + each.articles, changed + each.changed
            progress(articles)
    click.echo(f"looked at {counted(articles, 'article')}: {changed:,} changed group")
    if changed:
        hint("a running service applies this; otherwise: python -m indexer rebuild --changes")


def _store(settings: IndexSettings) -> AbstractContextManager[ArticleStore]:
    return closing(open_store(settings.store_url))
