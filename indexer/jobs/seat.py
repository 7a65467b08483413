"""How a process becomes the one runner of jobs, on whichever machine it is.

No clocks are compared. A runner is taken for dead when its signs of life stayed away for some looks, or when it ran on this machine and
does not live. Looks that fail do not count: while the store is away, nobody can give a sign.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from indexer.command_line import Stop
from indexer.errors import StoreError
from indexer.locks import is_running
from indexer.store.runners import Process, Runner, Seat

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the runner that there is."""
SILENT_LOOKS: Final = 20
"""Looks without a new sign of life after which another process becomes the runner: ten seconds. A runner gives one every second or two."""

log = logging.getLogger(__name__)


def become_runner(seat: Seat, stop: Stop) -> bool:
    """Wait until this process is the runner. False if it was asked to end before. Logs once who the runner is."""
    me = this_process()
    seen: Runner | None = None
    looks, told = 0, ""
    while not stop.asked:
        try:
            found = seat.runner()
            looks = looks + 1 if found == seen else 0
            seen = found
            if (_is_dead(found, me) or looks >= SILENT_LOOKS) and seat.take(me, after=found):
                return True
            waits_for = found.process and f"process {found.process.number} on {found.process.host}"
            trouble = f"{waits_for} is the runner: waiting until it ends" if waits_for else told
        except StoreError as error:
            trouble = f"the jobs wait for the store: {error}"
        if trouble != told:
            log.warning("%s", trouble)
            told = trouble
        time.sleep(LOOK_EVERY)
    return False


def this_process() -> Process:
    """This process, as the processes of other machines know it."""
    return Process(os.getpid(), socket.gethostname(), _kernel())


def _is_dead(runner: Runner, me: Process) -> bool:
    """Whether it is known that nobody is the runner."""
    process = runner.process
    if process is None:
        return True
    return bool(me.kernel) and process.kernel == me.kernel and not is_running(process.number)


def _kernel() -> str:
    """The boot of this machine, and the container of this process: who has both in common knows others by their numbers."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    return ""
