"""Processes that work for this one: started with what they need, and ended with it, whatever ends it. And how this one steps back."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from indexer.said import Said

NICE: Final = 10
"""How far work in the background steps back: a busy machine gives it about a tenth of what others get, an idle one all."""


def step_back() -> None:
    """Let searches, and all else on this machine, go before this process and those that it starts from now on."""
    os.nice(max(0, NICE - os.nice(0)))


@contextmanager
def started(
    work: Callable[..., None], *given: object, count: int = 1
) -> Iterator[dict[Connection, SpawnProcess]]:
    """``count`` processes that run ``work(*given, connection)``, each by our end of its connection. All have ended when the block is left.

    What is given is pickled. ``work`` begins with :func:`end_with_parent`.
    """
    # Spawned, not forked: this process has threads, and connections to the database.
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, SpawnProcess] = {}

    def start() -> None:
        resource_tracker.ensure_running()  # its start unblocks the signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(*given, theirs), daemon=True)
            process.start()
            theirs.close()
            workers[ours] = process

    try:
        # Ctrl-C reaches all processes of a terminal. Only the main thread of this one shall receive it, and it ends the others.
        # So the processes start with the signal blocked, from a thread that the signal cannot interrupt in the middle of a start.
        with ThreadPoolExecutor(1) as starter:
            starter.submit(start).result()
        yield workers
    finally:
        for process in workers.values():
            process.terminate()
        for connection, process in workers.items():
            process.join()
            connection.close()


def end_with_parent() -> None:
    """End this process when the one that started it ends."""
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def heeding_death(process: SpawnProcess, failure: Callable[[str], Exception]) -> Iterator[None]:
    """Raise the ``failure`` of a process that no longer holds its end of the connection. It is told how the process ended."""
    try:
        yield
    except (EOFError, OSError) as error:
        process.join()
        code = process.exitcode or 0
        how = (
            Said("was killed by signal {number}", number=-code)
            if code < 0
            else Said("ended with exit code {number}", number=code)
        )
        raise failure(how) from error
