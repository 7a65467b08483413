"""The production server: granian, with one process for each worker and a few threads in each (``rsgi.py``).

It knows nothing of what it serves: each worker makes its own application by calling the factory that it is given.
Why granian, and the figures, are in docs/operations.md.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from wsgiref.types import WSGIApplication

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from indexer.errors import InvalidSetting, PortUnavailable, SearchIndexError
from search_service.settings import SearchSettings
from search_service.web.rsgi import Bridge

THREADS: Final = 64
"""Threads of a worker, which only whole requests take. Most of them wait for the one that asks the index (``gate.py``)."""

KILL_AFTER: Final = 10
"""Seconds that a worker gets to finish its requests when the server ends."""


def serve(settings: SearchSettings, application: Callable[[], WSGIApplication]) -> None:
    """Serve until Ctrl-C or SIGTERM, then let running requests finish.

    ``application`` is called once in each worker; it must be a module's function, so that it can be sent there. A
    worker that dies is replaced; when its replacement dies within seconds too, the server ends with exit code 1.

    Raises:
        PortUnavailable, InvalidSetting: see `claim_port`.
    """
    server = _Server(
        "search_service",
        address=claim_port(settings.host, settings.port),
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER,
        log_level=LogLevels.error,  # granian 2.8 also warns of killing workers that had ended by themselves
        log_access=False,
    )
    _lose_no_signal_over_a_fork()
    server.on_startup(partial(_announce, settings))
    server.serve(target_loader=partial(_load, application), wrap_loader=False)


def claim_port(host: str, port: int) -> str:
    """See whether the port is free before granian listens on it; returns the host's numeric address.

    Granian's sockets share their port (SO_REUSEPORT), so a second server would start without a word and take half of
    the first one's requests. A socket that does not share is refused as it should be.

    Raises:
        PortUnavailable: it is taken, or this user may not use it.
        InvalidSetting: the host is no address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            return str(address[0])
    except socket.gaierror as error:
        raise InvalidSetting("SEARCH_HOST", host, "must be an address of this machine") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortUnavailable(host, port, "is taken by another program") from error
        if error.errno == errno.EACCES:
            raise PortUnavailable(host, port, "is not for this user to listen on") from error
        if error.errno == errno.EADDRNOTAVAIL:
            why = "must be an address of this machine"
            raise InvalidSetting("SEARCH_HOST", host, why) from error
        raise PortUnavailable(host, port, f"cannot be used ({error.strerror})") from error


class _Server(MPServer):
    """Granian, but a worker that is still starting ends when it is told to.

    Until it sets its own, a forked worker has its parent's signal handlers, which end nothing in it.
    """

    def signal_handler_interrupt(self, *arguments: Any) -> None:
        if os.getpid() == self.pid:
            super().signal_handler_interrupt(*arguments)  # type: ignore[no-untyped-call]
        elif arguments[0] == signal.SIGTERM:
            os._exit(0)


def _lose_no_signal_over_a_fork() -> None:
    """Hold SIGTERM back while a worker is forked: Python forgets what reaches a process just after its birth."""
    hold = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM})
    let = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.register_at_fork(before=hold, after_in_parent=let, after_in_child=let)


def _announce(settings: SearchSettings) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(f"Serving at http://{host}:{settings.port} (Ctrl-C ends it)\n")
    sys.stdout.flush()


def _load(application: Callable[[], WSGIApplication]) -> Bridge:
    """Make the application, in the worker. A reason that we know is one line, not a traceback.

    A worker ends by the SIGTERM of its parent alone: Ctrl-C reaches all processes of a terminal, and granian 2.8's
    workers hang when they get both.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return Bridge(application(), threads=THREADS)
    except SearchIndexError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
