"""The commands of ``python -m search_service``: parse arguments, call a service, print. See docs/cli.md.

The commands decide nothing. Settings are read from the environment when a command runs.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import click

from indexer.command_line import NOT_DONE, results, until_stdin_closes
from indexer.query import COLLAPSES, FACET_FIELDS, SORTS, Collapse, Sort
from indexer.settings import IndexSettings, read_settings
from search_service.answering.search import DEFAULT_SIZE, MAX_SIZE, Question
from search_service.assembly import make_services
from search_service.cli.desk import desk_group, first_account
from search_service.cli.evaluate import evaluate_command, evaluate_related_command
from search_service.cli.keys import keys
from search_service.cli.printing import print_answer
from search_service.cli.queries import queries
from search_service.desk.desk import make_desk
from search_service.services import LISTS_PATIENCE
from search_service.settings import SearchSettings
from search_service.understanding.parse import SYNTAXES, Syntax
from search_service.web.answers import search_payload
from search_service.web.factory import Application, create_app
from search_service.web.logs import log_as_json
from search_service.web.responses import json_bytes
from search_service.web.server import serve

_DAY = click.DateTime(["%Y-%m-%d"])


def application() -> Application:
    """Make a new application from the environment's settings, for a process that serves it."""
    return _served(read_settings(SearchSettings, os.environ))


def _served(settings: SearchSettings) -> Application:
    if settings.log == "json":
        log_as_json()
    return _application(settings)


def _application(settings: SearchSettings) -> Application:
    indexing = read_settings(IndexSettings, os.environ)
    services = make_services(indexing, settings)
    services.warm_up()
    return create_app(services, settings, make_desk(indexing, settings))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Search the index, and serve search over HTTP."""


cli.add_command(queries)
cli.add_command(keys)
cli.add_command(desk_group)
cli.add_command(evaluate_command)
cli.add_command(evaluate_related_command)


@cli.command("search")
@click.argument("text")
@click.option(
    "--channel",
    metavar="PATH",
    multiple=True,
    help="Only in this channel and its subchannels. Repeatable: any of them.",
)
@click.option(
    "--source",
    metavar="NAME",
    multiple=True,
    help="Only from this source. Repeatable: any of them.",
)
@click.option(
    "--author", metavar="NAME", multiple=True, help="Only by this author. Repeatable: any of them."
)
@click.option(
    "--tag", metavar="NAME", multiple=True, help="Only with this tag. Repeatable: any of them."
)
@click.option(
    "--site", metavar="NAME", multiple=True, help="Only of this site. Repeatable: any of them."
)
@click.option(
    "--group",
    metavar="N",
    type=click.IntRange(1),
    help="Only the articles of this duplicate group.",
)
@click.option("--from", "start", metavar="DAY", type=_DAY, help="Published on this day or later.")
@click.option("--to", "end", metavar="DAY", type=_DAY, help="Published on this day or earlier.")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="relevance",
    show_default=True,
    help="Order of the hits.",
)
@click.option(
    "--collapse",
    type=click.Choice(COLLAPSES),
    default="duplicates",
    show_default=True,
    help="With duplicates, a duplicate group is one hit; with none, each of its articles is one.",
)
@click.option("--page", metavar="N", type=click.IntRange(1), default=1, help="Number of the page.")
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1, MAX_SIZE),
    default=DEFAULT_SIZE,
    show_default=True,
    help="Articles per page.",
)
@click.option(
    "--syntax",
    type=click.Choice(SYNTAXES),
    default="default",
    show_default=True,
    help="With plain, operators in TEXT are ordinary text.",
)
@click.option("--explain", is_flag=True, help="Explain the score of each hit.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the JSON body of the HTTP API's answer."
)
def search_command(
    text: str,
    channel: tuple[str, ...],
    source: tuple[str, ...],
    author: tuple[str, ...],
    tag: tuple[str, ...],
    site: tuple[str, ...],
    group: int | None,
    start: datetime | None,
    end: datetime | None,
    sort: str,
    collapse: str,
    page: int,
    size: int,
    syntax: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Search for TEXT. Show how it was understood, the hits, and their number by channel, source, author, tag and month."""
    question = Question(
        text=text,
        syntax=cast(Syntax, syntax),
        channel=channel,
        source=source,
        author=author,
        tag=tag,
        site=site,
        group=group,
        start=start.date() if start else None,
        end=end.date() if end else None,
        sort=cast(Sort, sort),
        collapse=cast(Collapse, collapse),
        facets=FACET_FIELDS,
        explain=explain,
        page=page,
        size=size,
    )
    searching = read_settings(SearchSettings, os.environ)
    if sort != "hot":  # only the order by heat needs the query log
        searching = replace(searching, querylog_url=None)
    with closing(make_services(read_settings(IndexSettings, os.environ), searching)) as services:
        services.query_log.settle(LISTS_PATIENCE)
        answer = services.search(question)
    if as_json:
        click.echo(json_bytes(search_payload(answer, services.timezone), indented=True))
    else:
        print_answer(answer, services.timezone, to=results())


@cli.command("get")
@click.argument("path")
def get_command(path: str) -> int:
    """Answer GET PATH without a server, and print the body. The exit code is 0 for a status below 400, else 2."""
    # Whoever may run this command may read the store as well, so a private service asks for no key here.
    settings = replace(read_settings(SearchSettings, os.environ), private=False)
    with _application(settings).test_client() as client:
        response = client.get(path)
    click.echo(response.get_data(as_text=True))
    return 0 if response.status_code < 400 else NOT_DONE


@cli.command("serve")
@until_stdin_closes
def serve_command() -> None:
    """Serve search over HTTP until Ctrl-C."""
    # A dictionary that cannot be used is reported here once, not by every worker.
    make_services(read_settings(IndexSettings, os.environ)).close()
    settings = read_settings(SearchSettings, os.environ)
    with TemporaryDirectory(prefix="search-") as folder:
        counting = replace(settings, run_dir=settings.run_dir or Path(folder))
        serve(counting, partial(_served, counting), also_say=lambda: first_account(settings))
