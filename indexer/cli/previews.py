"""The command ``python -m indexer preview``. See docs/cli.md."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any, Final

import click
from rich.table import Table

from indexer.cli.reading import reading_options
from indexer.command_line import results
from indexer.errors import SearchIndexError
from indexer.importing import given_source
from indexer.previewing import Preview, preview
from indexer.reading import Options
from indexer.said import to_json, told
from indexer.settings import IndexSettings, read_settings

MOST: Final = 100
"""Records that can be looked at."""


@click.command("preview")
@click.argument("file")
@reading_options
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(1, MOST),
    default=5,
    show_default=True,
    help="Records to look at.",
)
@click.option(
    "--guess",
    is_flag=True,
    help="Map usual keys of other systems, such as 标题, to the fields that they most likely mean.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the keys, their fields, and the articles."
)
def preview_command(
    file: str, options: Options, source: str | None, size: int, guess: bool, as_json: bool
) -> None:
    """Show what the first records of FILE would become. Stores nothing."""
    if guess and options.mapping:
        raise click.UsageError("--guess and --map exclude each other")
    settings = read_settings(IndexSettings, os.environ)
    reading = options.reading(timezone=settings.timezone, order=settings.date_order)
    try:
        found = preview(given_source(source, file, options), reading, size=size, guess=guess)
    except SearchIndexError as error:
        if as_json:
            click.echo(json.dumps({"told": to_json(told(error))}))
        raise
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        _print(found)


def _as_json(found: Preview) -> dict[str, Any]:
    """A preview as JSON. ``told`` holds the sentences with their templates and facts, for who says them in another language."""
    values = asdict(found)
    for record, each in zip(values["records"], found.records, strict=True):
        record["told"] = {"why": to_json(each.why), "notes": list(map(to_json, each.notes))}
    return values


def _print(found: Preview) -> None:
    keys = Table("key", "read as", "first value", box=None)
    for key, value in found.keys.items():
        keys.add_row(key, found.mapping.get(key, ""), value)
    results().print(keys)
    for each in found.records:
        click.echo(f"\n{each.where}" + (f": {each.why}" if each.why else ""))
        for name, value in (each.article or {}).items():
            click.echo(f"  {name}: {' '.join(str(value).split())[:200]}")
        for note in each.notes:
            click.echo(f"  ({note})")
