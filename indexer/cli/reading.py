"""The options that say how a file's records are read, for the command ``ingest`` and for the job that does the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from indexer.reading import TEXTS, Options, read_mapping

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
        help="Function that changes each record's values, or drops the record by returning None.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="A value that cannot be used costs the article, not only the value.",
    ),
)


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
        **more: object,
    ) -> object:
        options = Options(
            mapping=read_mapping(maps),
            channels=str(channels.absolute()) if channels else None,
            markup=markup,
            hook=hook,
            strict=strict,
        )
        return command(*args, options=options, **more)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options  # type: ignore[return-value]
