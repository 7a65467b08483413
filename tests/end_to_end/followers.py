"""What tests of real followers share: ``python -m indexer follow`` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import PROJECT
from tests.indexer.site import Site

PATIENCE = 120.0


def wait(come: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < until
        time.sleep(0.01)


def revision_of(site: Site) -> int:
    """The revision of the live index."""
    with site.engine().reader() as reader:
        return reader.revision


def start_follower(site: Site, log: Path) -> subprocess.Popen[bytes]:
    """Start a follower, which adds what it tells to the file ``log``."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "indexer", "follow"],
            cwd=PROJECT,
            env=os.environ
            | {
                "SEARCH_INDEX_DIR": str(site.generations.root),
                "SEARCH_STORE_URL": site.store.url,
                "SEARCH_ENGINE": site.engine_name,
            },
            stdout=file,
            stderr=file,
        )


@contextmanager
def follower_of(site: Site, log: Path) -> Iterator[None]:
    """A follower for the length of the ``with`` block. At the end it is asked to stop, and does so well."""
    with start_follower(site, log) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
    assert process.returncode == 0
    assert b"Traceback" not in log.read_bytes()
