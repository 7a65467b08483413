"""The commands ``python -m search_service keys ...``: make, list and revoke API keys. See docs/cli.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import click
from rich.table import Table

from indexer.command_line import PARTLY, results
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_keys
from indexer.store.keys import (
    MOST_ORIGINS,
    MOST_PER_MINUTE,
    NAME_LENGTH,
    SCOPES,
    ApiKey,
    KeyStore,
    Scope,
)
from search_service.settings import origin


def key_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """The name of a key. Raises BadParameter if it does not fit into a row of the list."""
    if len(text) > NAME_LENGTH or not text.isprintable():
        raise click.BadParameter(f"must be at most {NAME_LENGTH} printable characters")
    return text


def key_origins(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """The origins of a key, each once. Raises BadParameter if one is none, or if there are too many."""
    try:
        found = tuple(dict.fromkeys(map(origin, texts)))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if len(found) > MOST_ORIGINS:
        raise click.BadParameter(f"a key has at most {MOST_ORIGINS} origins: make another one")
    return found


@click.group("keys")
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("create")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="What the key is good for; admin: everything.",
)
@click.option(
    "--name", metavar="NAME", default="", callback=key_name, help="Who uses the key, for the list."
)
@click.option(
    "--days",
    metavar="D",
    type=click.IntRange(1, 36_500),
    help="The key expires after D days. Default: never.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, MOST_PER_MINUTE),
    help="Requests a minute that the key allows. Default: any number.",
)
@click.option(
    "--origin",
    "origins",
    metavar="ORIGIN",
    multiple=True,
    callback=key_origins,
    help="The key is for pages of this origin only, such as https://www.example.com; repeatable. Default: for any program.",
)
def create_command(
    scope: Scope, name: str, days: int | None, limit: int | None, origins: tuple[str, ...]
) -> None:
    """Make an API key and print it. It cannot be shown again."""
    with _keys() as (store, _):
        text, key = store.create(name, scope, days, requests_per_minute=limit, origins=origins)
    click.echo(f"key {key.id}, {_facts(key)}; it is shown only now:", err=True)
    click.echo(text)


@keys.command("list")
def list_command() -> None:
    """Show all API keys, without their texts."""
    columns = ("id", "scope", "state", "created", "expires", "revoked", "limit", "origins", "name")
    table = Table(*columns, box=None)
    with _keys() as (store, now):
        found = store.list()
    for key in found:
        times = (_shown(each) for each in (key.created_at, key.expires_at, key.revoked_at))
        limit = str(key.requests_per_minute or "")
        use = (limit, ", ".join(key.origins), key.name)
        table.add_row(str(key.id), key.scope, key.state(now), *times, *use)
    results().print(table)


@keys.command("revoke")
@click.argument("key_id", metavar="ID", type=click.IntRange(1))
def revoke_command(key_id: int) -> int:
    """Revoke the key ID for good. Running services refuse it within a second."""
    with _keys() as (store, _):
        key = store.revoke(key_id)
    if key is None:
        click.echo(f"there is no key {key_id}: see 'python -m search_service keys list'", err=True)
        return PARTLY
    click.echo(f"key {key.id} revoked at {_shown(key.revoked_at)}")
    return 0


@contextmanager
def _keys() -> Iterator[tuple[KeyStore, datetime]]:
    """The keys of the store, and the time now."""
    with closing(open_keys(read_settings(IndexSettings, os.environ).store_url)) as store:
        yield store, datetime.now(UTC)


def _facts(key: ApiKey) -> str:
    """What a new key is good for, until when, how often and where."""
    facts = [f"scope {key.scope}"]
    facts.append(
        "never expires" if key.expires_at is None else f"expires at {_shown(key.expires_at)}"
    )
    if key.requests_per_minute is not None:
        facts.append(f"{key.requests_per_minute} requests a minute")
    if key.origins:
        facts.append(f"for pages of {' and '.join(key.origins)}")
    return ", ".join(facts)


def _shown(time: datetime | None) -> str:
    """A time in the service's zone, to the minute."""
    zone = read_settings(IndexSettings, os.environ).timezone
    return "" if time is None else time.astimezone(zone).strftime("%Y-%m-%d %H:%M")
