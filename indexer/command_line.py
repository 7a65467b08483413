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


class Parsed(click.ParamType[Any]):
    """The type of an argument that a function reads, which raises ValueError for a wrong one."""

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The argument's value. See click."""
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def run(
    command: click.Command,
    *,
    name: str,
    args: Sequence[str] | None = None,
    given: object = None,
) -> int:
    """Run a command line, called ``name`` in its help, and return the exit code. A command may return its own exit code.

    ``args`` are the process's arguments unless given. ``given`` is what a composition root hands the commands: their click object.
    """
    with _whoever_listens():
        return _run(command, name, args, given)


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


class Stopped(BaseException):
    """The process must end. Not an Exception, as KeyboardInterrupt is none: nobody shall take it for a failure."""


class Stop:
    """Whether SIGTERM or Ctrl-C has asked this process to end, for commands that run until they are stopped and then end well.

    The handler sets a plain attribute. An Event could be locked by the very code that the signal interrupts.
    """

    def __init__(self) -> None:
        self.asked = False
        self._abrupt = False

    def listen(self) -> None:
        """Take the signals over. Only the main thread may call this."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._ask)

    def wait(self, seconds: float) -> None:
        """Sleep, but not much longer than until somebody asks."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))

    @contextmanager
    def abruptly(self) -> Iterator[None]:
        """Let the signal raise Stopped inside the block, once, wherever the main thread is.

        Raises:
            Stopped: the signal came, perhaps before the block.
        """
        self._abrupt = True
        try:
            if self.asked:
                raise Stopped
            yield
        finally:
            self._abrupt = False

    def _ask(self, *_: object) -> None:
        self.asked = True
        if self._abrupt:
            self._abrupt = False
            raise Stopped


def end_with_stdin() -> None:
    """End this process as SIGTERM does when its standard input closes: the process that held the other end has died."""

    def wait() -> None:
        # Not through sys.stdin: a thread that waits in it holds a lock that the end of the interpreter needs.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="standard input", daemon=True).start()


def _run(command: click.Command, name: str, args: Sequence[str] | None, given: object) -> int:
    try:
        returned = command.main(args, prog_name=name, standalone_mode=False, obj=given)
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
