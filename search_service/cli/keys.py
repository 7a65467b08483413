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
from indexer.store.keys import NAME_LENGTH, SCOPES, KeyStore, Scope


def key_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """The name of a key. Raises BadParameter if it does not fit into a row of the list."""
    if len(text) > NAME_LENGTH or not text.isprintable():
        raise click.BadParameter(f"must be at most {NAME_LENGTH} printable characters")
    return text


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
def create_command(scope: Scope, name: str, days: int | None) -> None:
    """Make an API key and print it. It cannot be shown again."""
    with _keys() as (store, _):
        text, key = store.create(name, scope, days)
    until = "never expires" if key.expires_at is None else f"expires at {_shown(key.expires_at)}"
    click.echo(f"key {key.id}, scope {key.scope}, {until}; it is shown only now:", err=True)
    click.echo(text)


@keys.command("list")
def list_command() -> None:
    """Show all API keys, without their texts."""
    table = Table("id", "scope", "state", "created", "expires", "revoked", "name", box=None)
    with _keys() as (store, now):
        found = store.list()
    for key in found:
        times = (_shown(each) for each in (key.created_at, key.expires_at, key.revoked_at))
        table.add_row(str(key.id), key.scope, key.state(now), *times, key.name)
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


def _shown(time: datetime | None) -> str:
    """A time in the service's zone, to the minute."""
    zone = read_settings(IndexSettings, os.environ).timezone
    return "" if time is None else time.astimezone(zone).strftime("%Y-%m-%d %H:%M")
