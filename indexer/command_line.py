"""The edge of every command line of ours: errors become one line and an exit code, never a traceback.

    0    all right
    1    done in part: some records were rejected, or a check found faults
    2    not done: a wrong option, or an error of ours
    130  interrupted with Ctrl-C

Commands raise; they neither print errors nor exit. What they print as a result goes to standard output, everything
else to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import click
from rich.console import Console

from indexer.errors import SearchIndexError

PARTLY: Final = 1
NOT_DONE: Final = 2
INTERRUPTED: Final = 130

_WIDE: Final = 240
"""Columns of a table that goes into a file or a pipe: wide enough never to be folded."""


def run(command: click.Command, *, name: str, args: Sequence[str] | None = None) -> int:
    """Run a command line, as ``name`` in its help, and return the exit code. A command may return one itself.

    ``args`` are those of the process unless given.
    """
    try:
        returned = command.main(args, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return NOT_DONE
    except click.ClickException as error:
        where = (
            error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else name
        )
        return _say(f"{error.format_message().rstrip('.')}: see '{where} --help'")
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except SearchIndexError as error:
        return _say(str(error))
    except BrokenPipeError:
        # The reader of our output has gone, as in '| head'. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PARTLY
    except OSError as error:
        return _say(f"{error.filename or name}: {error.strerror or error}")
    return returned if isinstance(returned, int) else 0


def results() -> Console:
    """Where tables of results are printed: standard output, with text as it stands and no markup."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(width=width, markup=False, highlight=False, emoji=False)


def _say(message: str) -> int:
    click.echo("error: " + " ".join(message.split()), err=True)
    return NOT_DONE
