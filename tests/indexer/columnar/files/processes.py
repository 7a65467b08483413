"""Real processes for tests: one that is asked a question, and one that works until it is killed.

They are forked from a small server process that has all modules loaded and no threads, so that one costs some
milliseconds and no state of the tests goes along.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def context() -> ForkServerContext:
    """Where processes come from."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.indexer.columnar.files.steps"])
    return found


def in_child(ask: Callable[..., Answer], *values: object) -> Answer:
    """What ``ask(*values)`` answers in a process of its own; its exception is raised here."""
    process, connection = started(_answer, ask, *values)
    try:
        good, answer = connection.recv()
    finally:
        process.join()
        connection.close()
    if not good:
        raise answer
    return answer  # type: ignore[no-any-return]


def started(work: Callable[..., None], *values: object) -> tuple[ForkServerProcess, Connection]:
    """A process that runs ``work(connection, *values)``, and our end of the connection."""
    ours, theirs = multiprocessing.Pipe()
    process = context().Process(target=work, args=(theirs, *values), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _answer(connection: Connection, ask: Callable[..., Any], *values: object) -> None:
    try:
        connection.send((True, ask(*values)))
    except Exception as error:  # noqa: BLE001 (raised again in the test)
        connection.send((False, error))
