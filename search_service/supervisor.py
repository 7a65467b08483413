"""Keeps child processes running: starts them, starts a dead one again, and ends all of them in order.

The supervisor knows nothing of what its children do. It shares nothing with them but its output and one pipe.

* Each child leads a process group of its own. Ctrl-C of a terminal therefore reaches only the supervisor, which tells
  the children one after another. When a child has ended, the rest of its group is killed, so that the next one of its
  name finds no remains: no port that is taken, no lock that is held.
* The standard input of all children is a pipe that only the supervisor could write to. It never does. When the
  supervisor dies, even of SIGKILL, the children read the end of the pipe, and can end themselves.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.command_line import NOT_DONE, PARTLY

GRACE: Final = 15.0
"""Seconds that a child has to end after SIGTERM. The server's own workers take at most 10 (``web/server.py``)."""


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep running.

    If an ``essential`` child ends with exit code 2 in its first life, it never began its work: a setting is wrong, or its
    port is taken. To start it again would not help, so the supervisor ends too.
    """

    name: str
    command: tuple[str, ...]
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds before a dead child is started again: ``first``, then doubled up to ``longest``.

    After a life of ``healthy`` seconds or more the pause is ``first`` again.
    """

    first: float = 1.0
    longest: float = 30.0
    healthy: float = 60.0


def supervise(
    children: Sequence[Child], *, folder: Path, pauses: Pauses = Pauses(), grace: float = GRACE
) -> int:
    """Keep ``children`` running in ``folder`` until SIGTERM, SIGINT or SIGHUP, then end them in the given order.

    A child gets SIGTERM when the one before it has ended. If it takes longer than ``grace`` seconds, it is killed. Must be
    called in the main thread.

    Returns:
        The exit code: 0 if all ended by themselves, 1 if one had to be killed, 2 if an essential child cannot work.
    """
    return asyncio.run(_supervise(children, folder, pauses, grace))


async def _supervise(children: Sequence[Child], folder: Path, pauses: Pauses, grace: float) -> int:
    ending = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:  # as nohup leaves it
            asyncio.get_running_loop().add_signal_handler(each, ending.set)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(children)))
    stdin, held = os.pipe()
    try:
        async with asyncio.TaskGroup() as tasks:
            keepers = [_Keeper(child, folder, stdin, pauses, ending) for child in children]
            keeping = [tasks.create_task(keeper.keep()) for keeper in keepers]
            await ending.wait()
            in_time = [
                await keeper.end(task, grace) for keeper, task in zip(keepers, keeping, strict=True)
            ]
    finally:
        os.close(held)
        os.close(stdin)
    if not all(task.result() for task in keeping):
        return NOT_DONE
    return 0 if all(in_time) else PARTLY


class _Keeper:
    """Keeps one child running, one process after another, until ``ending`` is set."""

    def __init__(
        self, child: Child, folder: Path, stdin: int, pauses: Pauses, ending: asyncio.Event
    ) -> None:
        self._child, self._folder, self._stdin = child, folder, stdin
        self._pauses, self._ending = pauses, ending
        self._process: subprocess.Popen[bytes] | None = None

    async def keep(self) -> bool:
        """Start the child, and start it again whenever it has ended. False if it can never work."""
        pause, first = self._pauses.first, True
        while not self._ending.is_set():
            started = time.monotonic()
            code, how = await self._live()
            if self._ending.is_set():
                break
            if self._child.essential and first and code == NOT_DONE:
                self._ending.set()
                return False
            if time.monotonic() - started >= self._pauses.healthy:
                pause = self._pauses.first
            _say(f"{self._child.name} {how}: starting it again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            pause, first = min(2 * pause, self._pauses.longest), False
        return True

    async def end(self, keeping: asyncio.Task[bool], grace: float) -> bool:
        """End the running process, if there is one, and with it ``keeping``. False if it had to be killed."""
        if self._process is not None:
            self._process.terminate()
        done, _ = await asyncio.wait([keeping], timeout=grace)
        if done:
            return True
        _say(f"{self._child.name} did not end within {grace:g} s: it is killed")
        assert self._process is not None
        _kill_group(self._process.pid)
        await keeping
        return False

    async def _live(self) -> tuple[int | None, str]:
        """Run one process to its end. Returns its exit code, None if it could not be started, and how it ended."""
        try:
            self._process = subprocess.Popen(
                self._child.command, stdin=self._stdin, cwd=self._folder, process_group=0
            )
        except OSError as error:  # such as too little memory, which may pass
            return None, f"could not be started ({error.strerror})"
        code = await asyncio.to_thread(self._process.wait)
        _kill_group(self._process.pid)
        self._process = None
        how = f"ended with code {code}" if code >= 0 else f"was killed by signal {-code}"
        return code, how


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(leader, signal.SIGKILL)


def _say(line: str) -> None:
    """Write a line to standard error. Where it cannot be written (a full disk), the children matter more."""
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())
