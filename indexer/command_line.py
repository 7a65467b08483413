"""The outermost layer of both command lines: it turns errors into one line and an exit code, never a traceback.

    0    success
    1    partial success: some records were rejected, or a check found faults
    2    failure: a wrong option, or an error of this program
    130  interrupted with Ctrl-C

Commands raise; they neither print errors nor exit. Results go to standard output, everything else to standard error. When
the reader of an output goes away, the command still runs to its end.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TextIO

import click
from rich.console import Console

from indexer.errors import SearchIndexError

PARTLY: Final = 1
NOT_DONE: Final = 2
INTERRUPTED: Final = 130

_SLICE: Final = 0.1
"""Seconds of sleep between two looks whether to stop."""

_WIDE: Final = 240
"""Columns of a table that goes to a file or a pipe: so wide that no line is ever folded."""


def run(command: click.Command, *, name: str, args: Sequence[str] | None = None) -> int:
    """Run a command line, called ``name`` in its help, and return the exit code. A command may return its own exit code.

    ``args`` are the process's arguments unless given.
    """
    with _whoever_listens():
        return _run(command, name, args)


def _run(command: click.Command, name: str, args: Sequence[str] | None) -> int:
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
    except OSError as error:
        return _say(f"{error.filename or name}: {error.strerror or error}")
    return returned if isinstance(returned, int) else 0


@contextmanager
def _whoever_listens() -> Iterator[None]:
    """Let a command run to its normal end when no process reads its output any more, as in ``| head``."""
    before = sys.stdout, sys.stderr
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        sys.stdout = _lasting(sys.stdout)
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:
        sys.stderr = _lasting(sys.stderr)
    try:
        yield
    finally:
        for each in (sys.stdout, sys.stderr):
            if each is not None:
                each.flush()
        sys.stdout, sys.stderr = before


def _lasting(stream: TextIO) -> TextIO:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream is sys.__stderr__ or stream.isatty(),
    )


class _Output(io.FileIO):
    """An output that becomes the null device when its reader has gone: further writes are discarded without an error."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return super().write(data)


class Stop:
    """Whether a command that runs on and on has to end. A signal handler may set it at any moment.

    A threading.Event would not do: its lock is held for moments in ``wait``, and a handler that runs then would wait for ever.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self, *_: object) -> None:
        """Say so. Takes no lock."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether it was said."""
        return self._is_set

    def wait(self, seconds: float) -> None:
        """Sleep, but not much longer than until it is said."""
        until = time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """What SIGTERM and Ctrl-C set, for commands that run until they are stopped and then end well."""
    stop = Stop()
    before = {each: signal.signal(each, stop.set) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def end_with_stdin() -> None:
    """Send SIGTERM to this process when its standard input closes, because the process that started it has died."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def until_stdin_closes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the hidden option ``--until-stdin-closes``, for a supervisor that starts it."""

    def begin(_context: click.Context, _parameter: click.Parameter, given: bool) -> None:
        if given:
            end_with_stdin()

    option = click.option(
        "--until-stdin-closes", is_flag=True, hidden=True, expose_value=False, callback=begin
    )
    return option(command)


def results() -> Console:
    """The console for tables of results: standard output, with text printed literally and no markup."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(width=width, markup=False, highlight=False, emoji=False)


def _say(message: str) -> int:
    click.echo("error: " + " ".join(message.split()), err=True)
    return NOT_DONE
