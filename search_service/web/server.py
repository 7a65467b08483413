"""The production server: granian, with one process for each worker and a few threads in each (``rsgi.py``).

The server knows nothing of the application. Each worker makes its own by calling the given factory. docs/operations.md
explains the choice of granian and has the figures.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, Final
from wsgiref.types import WSGIApplication

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from indexer.errors import SearchIndexError
from search_service.settings import SearchSettings
from search_service.web.port import claim_port
from search_service.web.rsgi import Bridge

THREADS: Final = 64
"""Threads of a worker. Most of them wait for the one that asks the index (``gate.py``)."""

KILL_AFTER: Final = 10
"""Seconds that a worker has to finish its requests when the server ends."""

_LOOK_EVERY: Final = 0.5
"""Seconds between two looks of a worker whether its main process lives."""


def serve(
    settings: SearchSettings,
    application: Callable[[], WSGIApplication],
    *,
    also_say: Callable[[], str] = str,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then let running requests finish. ``also_say`` gives the lines after the address.

    ``application`` is called once in each worker. It must be picklable, because it is sent to the workers. A
    dead worker is replaced. If its replacement also dies within seconds, the server ends with exit code 1.

    Raises:
        PortUnavailable, InvalidSetting: see `claim_port`.
    """
    with claim_port(settings.host, settings.port) as claim:
        server = _Server(
            "search_service",
            address=claim.getsockname()[0],
            port=settings.port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,  # in HTTP/2 granian 2.8 does not tell a complete body from one that is cut short
            workers=settings.workers,
            respawn_failed_workers=True,
            workers_kill_timeout=KILL_AFTER,
            log_level=LogLevels.error,  # granian 2.8 also warns of killing workers that already ended by themselves
            log_access=False,
        )
        _lose_no_signal_over_a_fork()
        server.on_startup(partial(_announce, settings, also_say))
        server.serve(target_loader=partial(_load, application, os.getpid()), wrap_loader=False)


class _Server(MPServer):
    """Granian, but a worker that is still starting ends on SIGTERM.

    A forked worker first has the signal handlers of its parent. They do not end the worker. Later it sets its own handlers.
    """

    def signal_handler_interrupt(self, *arguments: Any) -> None:
        if os.getpid() == self.pid:
            super().signal_handler_interrupt(*arguments)  # type: ignore[no-untyped-call]
        elif arguments[0] == signal.SIGTERM:
            os._exit(0)


def _lose_no_signal_over_a_fork() -> None:
    """Block SIGTERM while a worker is forked: Python loses a signal that reaches a process just after the fork."""
    hold = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM})
    let = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.register_at_fork(before=hold, after_in_parent=let, after_in_child=let)


def _announce(settings: SearchSettings, also_say: Callable[[], str]) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(f"Serving at http://{host}:{settings.port} (Ctrl-C ends it)\n")
    sys.stdout.write(also_say())
    sys.stdout.flush()


def _load(application: Callable[[], WSGIApplication], main: int) -> Bridge:
    """Make the application in a worker of the process ``main``. A known error is printed as one line, without a traceback.

    Only the SIGTERM of its parent ends a worker. Ctrl-C reaches all processes of a terminal, and workers of granian 2.8
    hang if they get both signals.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    Thread(target=_end_with, args=(main,), name="parent", daemon=True).start()
    try:
        return Bridge(application(), threads=THREADS)
    except SearchIndexError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


def _end_with(main: int) -> None:
    """End this worker when its main process was killed. Otherwise it would serve on, unknown to all, and keep the port."""
    while os.getppid() == main:
        time.sleep(_LOOK_EVERY)
    os._exit(1)
