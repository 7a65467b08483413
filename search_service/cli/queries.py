"""The commands ``python -m search_service queries ...``: what the query log holds. See docs/cli.md.

They read the database directly, so they also show what the service hides from readers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

import click
from rich.table import Table

from indexer.analysis.analyzers import make_analyzer
from indexer.command_line import Parsed, results
from indexer.errors import InvalidSetting
from indexer.settings import IndexSettings, database_url, read_settings
from indexer.store.copying import Part, copy_database
from search_service.live.decisions import DecidedOn, LiveEditorial
from search_service.querylog.counts import QueryCount, clicked_articles
from search_service.querylog.entries import normal_form
from search_service.querylog.lists import WINDOWS, Window
from search_service.querylog.reading import ListReader, counts_between
from search_service.querylog.store import QueryLogStore, open_query_log, stored
from search_service.querylog.tables import CHAIN, metadata
from search_service.settings import SearchSettings

_days = click.option(
    "--days",
    metavar="N",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    help="Only the last N days.",
)
_size = click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Maximum number of rows.",
)


@click.group("queries")
def queries() -> None:
    """Show what readers search for and open, and remove old entries."""


@queries.command("hot")
@click.option(
    "--window",
    type=click.Choice(WINDOWS),
    default="day",
    show_default=True,
    help="day: the last 24 hours; week: today and the six days before it; all: all time.",
)
@_size
def hot_command(window: Window, size: int) -> None:
    """Show the queries that most readers asked, including those that the service never shows to readers."""
    with _log() as (store, now):
        counts = _reader().counts(store, now=now)[window]
    _print_counts(counts[:size])


@queries.command("zero")
@_days
@_size
def zero_command(days: int, size: int) -> None:
    """Show the queries that found nothing when they were last asked."""
    with _log() as (store, now), store.reading() as connection:
        counts = counts_between(connection, store, *_last(days, now))
    _print_counts([each for each in counts if not each.found][:size])


@queries.command("clicks")
@click.argument("query", required=False)
@_days
@_size
def clicks_command(query: str | None, days: int, size: int) -> None:
    """Show the articles that readers opened, for all queries or for QUERY."""
    asked = None if query is None else normal_form(query)
    with _log() as (store, now), store.reading() as connection:
        opened = clicked_articles(connection, *_last(days, now), query=asked)
    table = Table("query", "article", "visitors", "position", box=None)
    for each in opened[:size]:
        table.add_row(each.query, each.article_id, str(each.visitors), f"{each.position:.1f}")
    results().print(table)


@queries.command("related")
@click.argument("query")
@_size
def related_command(query: str, size: int) -> None:
    """Show the queries related to QUERY. The service shows readers those of them that still find something."""
    settings = read_settings(IndexSettings, os.environ)
    with _log() as (store, now), closing(LiveEditorial(settings.store_url)) as editorial:
        lists = _reader().read(store, now=now)
        today = now.astimezone(settings.timezone).date()
        decided = DecidedOn(editorial.decisions(), today)
    for text in lists.related(query, size=size, editorial=decided):
        click.echo(text)


@queries.command("prune")
def prune_command() -> None:
    """Store the counts of the days that are over, and remove queries and clicks older than SEARCH_QUERYLOG_DAYS days, and views older than a week."""
    keep_days = read_settings(SearchSettings, os.environ).querylog_days
    with _log() as (store, now):
        closed = store.close_days(now=now)
        pruned = store.prune(now=now, keep_days=keep_days)
    click.echo(
        f"days closed: {closed}; removed: queries {pruned.queries}, clicks {pruned.clicks}, "
        f"counts of rare queries {pruned.rare_counts}, counts of views {pruned.views}"
    )


@queries.command("copy")
@click.argument("source", metavar="FROM", type=Parsed(database_url))
@click.argument("target", metavar="TO", type=Parsed(database_url))
def copy_command(source: str, target: str) -> None:
    """Copy the query log from one database into another, empty one: all of it, or nothing."""
    copied = copy_database(
        source,
        target,
        [Part(each) for each in metadata.sorted_tables],
        CHAIN,
    )
    rows = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in copied.rows.items())
    click.echo(f"copied and compared, in rows: {rows}")


@contextmanager
def _log() -> Iterator[tuple[QueryLogStore, datetime]]:
    """The query log's database, and the time now."""
    url = read_settings(SearchSettings, os.environ).querylog_url
    if url is None:
        why = "the query log is switched off: name a database"
        raise InvalidSetting("SEARCH_QUERYLOG_URL", "off", why)
    zone = read_settings(IndexSettings, os.environ).timezone
    with closing(open_query_log(url, zone)) as store:
        yield store, datetime.now(UTC)


def _reader() -> ListReader:
    return ListReader(cache(make_analyzer))


def _last(days: int, now: datetime) -> tuple[datetime, datetime]:
    return stored(now - timedelta(days=days)), stored(now)


def _print_counts(counts: Sequence[QueryCount]) -> None:
    table = Table("query", "visitors", "searches", "found", box=None)
    for each in counts:
        found = "" if each.found else "nothing"
        table.add_row(each.text, str(each.visitors), str(each.searches), found)
    results().print(table)
