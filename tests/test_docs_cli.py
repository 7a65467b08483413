"""docs/cli.md is held to the commands: each with its sentence and its options, and none that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import click
import pytest

from indexer.cli.main import cli as indexer_cli
from search_service.cli.main import cli as search_cli
from tests.conftest import PROJECT

PROGRAMS = {"python -m indexer": indexer_cli, "python -m search_service": search_cli}


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            assert found.name == each
            yield from commands(f"{name} {each}", found)
    else:
        yield name, command


COMMANDS = dict(pair for name, program in PROGRAMS.items() for pair in commands(name, program))


@cache
def sections() -> dict[str, str]:
    """The section of each command by its whole name."""
    text = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
    parts = re.split(r"^#+ (?:`(.+)`|.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def usage(name: str, command: click.Command) -> str:
    """The heading of a command: its name and arguments."""
    arguments = (each for each in command.params if isinstance(each, click.Argument))
    return " ".join([name, *(each.metavar or (each.name or "").upper() for each in arguments)])


def row(option: click.Option) -> str:
    """An option's line in its section's table."""
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    value = option.metavar or "/".join(map(str, choices))
    name = option.opts[0] if option.is_flag else f"{option.opts[0]} {value}"
    default = f" Default: {option.default}." if option.show_default else ""
    return f"| `{name}` | {option.help}{default} |"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_its_sentence_and_options(name: str) -> None:
    command = COMMANDS[name]
    section = sections()[usage(name, command)]
    assert command.help is not None
    assert command.help in section
    options = (each for each in command.params if isinstance(each, click.Option))
    rows = [row(each) for each in options if not each.hidden]
    assert re.findall(r"^\| `-.*$", section, flags=re.MULTILINE) == rows


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = {name for name in sections() if name and name.startswith("python -m ")}
    assert documented == {usage(name, command) for name, command in COMMANDS.items()}
