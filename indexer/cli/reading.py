"""The options that say what is read, and how, for ``ingest``, ``reconcile`` and the jobs that do the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from indexer.reading import TEXTS, Options, read_mapping
from indexer.sources.registry import SOURCES

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--map",
        "maps",
        metavar="KEY=FIELD",
        multiple=True,
        help="Read the article's FIELD from the record's KEY, such as channel from category: category=channel. Repeatable.",
    ),
    click.option(
        "--channels",
        metavar="PATH",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File of channels: a line such as '国内新闻 = 时政/国内' for each category of the records.",
    ),
    click.option(
        "--markup",
        type=click.Choice(TEXTS),
        multiple=True,
        help="This field holds HTML. Without it, HTML is found where a text has its tags. Repeatable.",
    ),
    click.option(
        "--hook",
        metavar="MODULE:FUNCTION",
        help="Function that changes each record's values, or drops the record by returning None. MODULE.py stands in the current folder.",
    ),
    click.option(
        "--deleted",
        metavar="KEY[=VALUE]",
        help="The record's KEY says that its article is deleted: by one of these VALUEs, such as status=trash,9; else by anything but nothing, 0, false, no, n, f.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="A value that cannot be used costs the article, not only the value.",
    ),
    click.option(
        "--source",
        type=click.Choice(sorted(SOURCES)),
        help="Kind of FILE. Default: recognised by what FILE holds.",
    ),
    click.option(
        "--table",
        metavar="NAME",
        help="With --source sql: the table, such as articles or cms.articles.",
    ),
    click.option(
        "--query",
        metavar="SQL",
        help="With --source sql: the query, a SELECT.",
    ),
)

WATERMARK = click.option(
    "--watermark",
    metavar="COLUMN",
    help="With --source sql: read only what changed since the last run. COLUMN grows with each change of a row, such as updated_at.",
)
"""For commands that need not read everything."""

ONLY = click.option(
    "--only",
    metavar="FIELD=VALUE",
    help="Only these articles of the store come from FILE: site=NAME, source=NAME or channel=PATH. Default: all.",
)
APPLY = click.option(
    "--apply",
    is_flag=True,
    help="Store the missing and the stale articles, and delete the orphaned ones.",
)
FORCE = click.option(
    "--force",
    is_flag=True,
    help="Apply it even if more than a fifth of the articles are orphaned, or rejected records have no id.",
)
"""What ``reconcile`` takes besides."""


def reading_options(command: _Command) -> _Command:
    """Give a command the options, as one parameter ``options``."""

    @wraps(command)
    def with_options(
        *args: object,
        maps: tuple[str, ...],
        channels: Path | None,
        markup: tuple[str, ...],
        hook: str | None,
        strict: bool,
        deleted: str | None,
        table: str | None,
        query: str | None,
        watermark: str | None = None,
        **more: object,
    ) -> object:
        if table and query:
            raise click.UsageError("--table and --query exclude each other")
        of_source = {"table": table, "query": query, "watermark": watermark}
        options = Options(
            mapping=read_mapping(maps),
            channels=str(channels.absolute()) if channels else None,
            markup=markup,
            hook=hook,
            hook_folder=str(Path.cwd()) if hook else None,
            strict=strict,
            deleted=deleted,
            of_source={name: value for name, value in of_source.items() if value},
        )
        return command(*args, options=options, **more)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options  # type: ignore[return-value]
