"""The command ``python -m search_service desk invite``, and the link for the first account. See docs/cli.md."""

from __future__ import annotations

import os

import click

from indexer.errors import SearchIndexError
from indexer.settings import IndexSettings, read_settings
from indexer.store.accounts import ROLES, Role
from indexer.store.audit import COMMAND_LINE
from search_service.desk.desk import invite, is_name, setup_token
from search_service.settings import SearchSettings


def account_name(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> str | None:
    """The name of an account. Raises BadParameter if it cannot be one."""
    if text is not None and not is_name(text):
        raise click.BadParameter(
            f"must be 1 to 64 printable characters, and not {COMMAND_LINE}, which is the command line in the log"
        )
    return text


@click.group("desk")
def desk_group() -> None:
    """Let people into the desk, the pages for editors and admins."""


@desk_group.command("invite")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="editor",
    show_default=True,
    help="What the new account may do; admin: everything.",
)
@click.option(
    "--name",
    metavar="NAME",
    callback=account_name,
    help="Name of the account. If there is one of this name, the link sets its password. Default: the guest chooses one.",
)
def invite_command(role: Role, name: str | None) -> None:
    """Print a link that makes an account or sets its password. It works once, for 24 hours."""
    token = invite(read_settings(IndexSettings, os.environ).store_url, role, name)
    click.echo(_link(read_settings(SearchSettings, os.environ), token))


def first_account(settings: SearchSettings) -> str:
    """The lines that a start prints while there is no account: a link that makes the first one. Nothing if there is one."""
    try:
        token = setup_token(read_settings(IndexSettings, os.environ).store_url)
    except SearchIndexError as error:  # the service itself goes on without the store
        return f"No link for the desk: {error}\n"
    if token is None:
        return ""
    return f"Set up the desk (once, within 24 hours): {_link(settings, token)}\n"


def _link(settings: SearchSettings, token: str) -> str:
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}/desk/invitations/{token}"
