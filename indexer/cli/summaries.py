"""Prints the results of the commands of ``python -m indexer``. Decides and computes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
from rich.box import SIMPLE
from rich.table import Table

from indexer.abbreviations import Abbreviation
from indexer.analysis.explain import Explanation
from indexer.build_progress import BuildProgress
from indexer.cli.output import counted, hint, pace, peak_memory
from indexer.cli.progress import figures
from indexer.cli.spans import spell_span
from indexer.command_line import results
from indexer.editorial.entries import (
    BlockPlacement,
    Entry,
    HotQuery,
    ListName,
    Placement,
    articles_of,
    spell_word,
)
from indexer.ingest import IngestReport
from indexer.mining import MinedWord
from indexer.reading import say_unseen
from indexer.rebuilding.status import CheckReport, Standing
from indexer.reconcile import Reconciliation
from indexer.store.copying import Copied
from indexer.store.editorial_lists import ListChange
from indexer.store.jobs import Job
from indexer.words_preview import FullPreview

SHOWN: Final = 5
"""The most printed rejections and unused keys. The rejects file has all rejections."""


def show_ingest(report: IngestReport, *, rejects: Path) -> None:
    """Print what happened to the records, and what to do next."""
    if report.failure is not None and not report.read:
        return
    click.echo(
        f"read {report.read:,}: {report.created:,} created, {report.updated:,} updated, "
        f"{report.unchanged:,} unchanged, {report.rejected:,} rejected"
        f"{f', {report.skipped:,} skipped' if report.skipped else ''}"
        f"{f', {report.deleted:,} deleted' if report.deleted else ''}"
        f"{f', {report.absent:,} already deleted' if report.absent else ''}; "
        f"{pace(report.read, report.seconds)}; {peak_memory()}"
    )
    if not report.read:
        hint("nothing was read: there are no records in it; if there should be, look into it")
    for each in report.rejections[:SHOWN]:
        hint(f"rejected {each.where}: {each.why}")
    if report.rejected > SHOWN:
        hint(f"... and {report.rejected - SHOWN:,} more")
    if report.rejected:
        hint(f"put right and ingest again: {rejects}")
    for name, count in report.notes.items():
        hint(f"{name}: {counted(count, 'value')}")
    for where, note in report.dropped[:SHOWN]:
        hint(f"{where}: {note}")
    if report.unseen_keys:
        hint(f"warning: {say_unseen(report.unseen_keys)}")
    if report.unused_fields:
        shown = list(report.unused_fields)[:SHOWN]
        hint(f"keys that were not used: {', '.join(shown)} (use one with --map KEY=FIELD)")
    if report.created or report.updated or report.deleted:
        hint("a running service applies this; otherwise: python -m indexer rebuild --if-needed")


def show_copy(copied: Copied) -> None:
    """Print what was copied into another store, and what to do next."""
    rows = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in copied.rows.items())
    click.echo(f"copied and compared, in rows: {rows}")
    if unfinished := copied.left["jobs"]:
        hint(f"{counted(unfinished, 'job')} that did not end stayed in the old database")
    hint("next: name the new database in SEARCH_STORE_URL, then start the service again")


def show_reconciliation(report: Reconciliation, *, rejects: Path) -> None:
    """Print how a source and the store compare, what was repaired, and what to do next."""
    for line in report.lines():
        click.echo(line)
    for each in report.rejections:
        hint(f"rejected {each.where}: {each.why}")
    different = any(each.count for each in (report.missing, report.stale, report.orphaned))
    if report.rejected and report.repaired:
        hint(f"put right and ingest again: {rejects}")
    if report.stored or report.deleted:
        hint("a running service applies this; otherwise: python -m indexer rebuild --if-needed")
    elif different and not report.repaired and not (report.failure or report.refusal):
        hint("repair the store with --apply")


def _without_password(url: str) -> str:
    return re.sub(r"//([^:/@]*):.*@", r"//\1:***@", url)


def show_check(report: CheckReport) -> None:
    """Print each fault, or that there is none."""
    for fault in report.faults:
        click.echo(f"fault: {fault}")
    if not report.faults:
        click.echo(
            f"generation {report.generation} is sound, {counted(report.doc_count or 0, 'article')}"
        )
    if report.behind and report.behind > 0:
        hint(
            f"it is {counted(report.behind, 'revision')} behind the store; "
            "next: python -m indexer rebuild --changes"
        )


def show_status(
    standing: Standing, *, store_url: str, building: BuildProgress | None, timezone: ZoneInfo
) -> None:
    """Print the store, the live index, and how they compare."""
    click.echo(
        f"store       {counted(standing.store_articles, 'article')}, "
        f"revision {standing.store_revision:,}, {_without_password(store_url)}"
    )
    live = standing.generation
    if live is not None:
        made = live.manifest
        click.echo(
            f"generation  {live.name}, {made.engine}, fingerprint {made.fingerprint}, "
            f"made {made.made_at.astimezone(timezone):%Y-%m-%d %H:%M}"
        )
        if made.words_applied:
            click.echo(
                f"words       {made.words_applied:,} applied since all articles were indexed"
            )
    if standing.doc_count is not None:
        held = counted(standing.doc_count, "article")
        click.echo(f"index       {held}, revision {standing.revision:,}")
    cure = {
        "nothing": "",
        "changes": "rebuild --changes",
        "words": "words apply",
        "rebuild": "rebuild",
    }[standing.need]
    click.echo(f"state       {standing.why}" + (f": python -m indexer {cure}" if cure else ""))
    if building is not None:
        click.echo(f"rebuild     running ({building.phase} {figures(building)})".replace(" )", ")"))


def show_jobs(jobs: Iterable[Job], *, timezone: ZoneInfo) -> None:
    """Print a line for each job: how far it is, or what came of it."""
    table = Table(box=SIMPLE)
    table.add_column("id", justify="right")
    for heading in ("kind", "of", "state", "added", ""):
        table.add_column(heading)
    for each in jobs:
        now = f"{each.phase} {figures(each)}".strip() if each.state == "running" else ""
        now = " · ".join(filter(None, (now, _repetition(each, timezone), each.outcome)))
        added = _moment(each.created_at, timezone)
        table.add_row(str(each.id), each.kind, _source_of(each), each.state, added, now)
    results().print(table)


def show_job(job: Job, *, timezone: ZoneInfo) -> None:
    """Print all that is known of a job."""
    click.echo(f"job         {job.id}, {job.kind}")
    for name, value in job.arguments.items():
        if isinstance(value, Mapping):
            value = " ".join(f"{key}={field}" for key, field in value.items())
        click.echo(f"{name:<11} {_without_password(str(value))}".rstrip())
    asked = ", asked to end" if job.cancel and job.state == "running" else ""
    click.echo(f"state       {job.state}{asked}, {counted(job.attempts, 'attempt')}")
    if job.phase:
        click.echo(f"phase       {job.phase} {figures(job)}".rstrip())
    for name, moment in (
        ("added", job.created_at),
        ("started", job.started_at),
        ("heartbeat", job.heartbeat_at),
        ("ended", job.finished_at),
    ):
        if moment is not None:
            click.echo(f"{name:<11} {_moment(moment, timezone)}")
    if repetition := _repetition(job, timezone):
        click.echo(f"repeated    {repetition}")
    if job.outcome:
        click.echo(f"outcome     {job.outcome}")
    for each in job.rejections:
        click.echo(f"rejected    {each.where}: {each.why}")


def _source_of(job: Job) -> str:
    """What a job reads, in short: the table, the address without its password, or the name of the file. Nothing if it reads nothing."""
    location = str(job.arguments.get("file", ""))
    table = job.arguments.get("of_source", {}).get("table")
    if "://" in location:
        location = _without_password(location).partition("?")[0]
    else:
        location = Path(location).name
    return f"{location} {table}" if table else location


def _repetition(job: Job, timezone: ZoneInfo) -> str:
    """``every 10m, next 2025-11-24 10:10:00; the last run succeeded``; nothing for a job that runs once."""
    if job.every_seconds is None or job.state == "cancelled":
        return ""
    text = f"every {spell_span(job.every_seconds)}"
    if job.state == "queued" and job.due_at is not None:
        text += f", next {_moment(job.due_at, timezone)}"
    return text if job.last_end is None else f"{text}; the last run {job.last_end}"


def _moment(moment: datetime, timezone: ZoneInfo) -> str:
    return f"{moment.astimezone(timezone):%Y-%m-%d %H:%M:%S}"


def show_analysis(explained: Explanation) -> None:
    """Print the tokens of a text in both modes, its grams, and the stopwords that a query drops."""
    console = results()
    for mode, tokens in (("index", explained.index), ("query", explained.query)):
        click.echo(mode)
        table = Table(box=SIMPLE)
        table.add_column("token")
        for heading in ("position", "start", "end"):
            table.add_column(heading, justify="right")
        for token in tokens:
            table.add_row(token.text, str(token.position), str(token.start), str(token.end))
        console.print(table)
    # A gram at the end of a run is a character and a space, which would be invisible.
    grams = " ".join(gram.replace(" ", "␣") for gram in explained.grams)
    click.echo(f"folded       {explained.folded}")
    click.echo(f"grams        {grams}".rstrip())
    click.echo(f"ignored      {' '.join(explained.ignored)}".rstrip())
    click.echo(f"fingerprint  {explained.fingerprint} ({explained.analyzer})")


def entries(count: int) -> str:
    """``1 entry``, ``2 entries``."""
    return "1 entry" if count == 1 else f"{count:,} entries"


def show_abbreviations(found: Iterable[Abbreviation]) -> None:
    """Print abbreviations as lines of synonyms, under comments that say how many articles introduce each."""
    for articles, group in groupby(found, lambda each: each.articles):
        click.echo(f"# {counted(articles, 'article')}")
        for each in group:
            click.echo(each.entry.spell())


def show_mined_word(mined: MinedWord) -> None:
    """Print a line of the list of words, under a comment that says how many articles hold it, with an example."""
    click.echo(f"# {counted(mined.articles, 'article')}: {mined.example}")
    click.echo(spell_word(mined.word))


def show_words_preview(made: FullPreview) -> None:
    """Print what words would change: a sentence, titles as they are cut and would be cut, and the queries that move most."""
    click.echo(made.sentence)
    for title in made.effect.titles:
        click.echo(f"{title.article_id}: {' '.join(title.before)} -> {' '.join(title.after)}")
    for query in made.queries:
        click.echo(
            f"{query.text}: {query.before.total:,} -> {query.after.total:,} found; "
            f"{' '.join(query.before.ids) or 'nothing'} -> {' '.join(query.after.ids) or 'nothing'}"
        )
    if made.effect.changes:
        hint("next: python -m indexer words apply")


def show_lists(counts: Mapping[ListName, int], version: int) -> None:
    """Print how many entries each editorial list has."""
    for name, count in counts.items():
        click.echo(f"{name:<10} {entries(count)}")
    click.echo(f"version    {version:,}")


def show_entries(listed: Iterable[Entry], titles: Mapping[str, str | None], *, today: date) -> None:
    """Print a line for each entry, what becomes of it today, and the title of its article."""
    table = Table(box=SIMPLE)
    for heading in ("entry", "today", "article"):
        table.add_column(heading)
    for each in listed:
        shown = " · ".join(_title(titles[named]) for named in articles_of(each))
        table.add_row(each.spell(), _today(each, today), shown)
    results().print(table)


def _title(title: str | None) -> str:
    return "not in the store" if title is None else title


def show_list_change(name: ListName, change: ListChange) -> None:
    """Print the changes of a list."""
    click.echo(
        f"{name}: {change.added:,} added, {change.changed:,} changed, {change.removed:,} removed, "
        f"{change.unchanged:,} unchanged"
    )


def _today(entry: Entry, today: date) -> str:
    if isinstance(entry, Placement | BlockPlacement) and not entry.active:
        return "off"
    if not isinstance(entry, Placement | BlockPlacement | HotQuery) or entry.days.hold(today):
        return "on"
    return "over" if entry.days.last and entry.days.last < today else "not yet"
