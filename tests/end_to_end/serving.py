"""A real server for tests: the web alone or the whole service, in processes of its own, on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from indexer.generations import Generations
from indexer.rebuilding.rebuild import rebuild
from indexer.store.database import open_desk, open_store
from tests.conftest import PROJECT
from tests.factories import article
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

PATIENCE = 60.0
"""Seconds to wait for a server, or for an answer, at most; it takes one or two."""

WEB: Final = ("-m", "search_service", "serve")


@dataclass
class Server:
    """A server that was started. ``process`` is its main process, and leads a process group of its own."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of an answer.

        Raises:
            OSError: nobody answers.
        """
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, path: str) -> Any:
        """The body of a good answer."""
        status, body = self.get(path)
        assert status == 200, body
        return json.loads(body)

    def child(self, command: tuple[str, ...]) -> int:
        """The id of the process that the supervisor started with ``command``. Linux only."""
        line = "\0".join((*command, ""))
        (found,) = (
            each
            for each in children(self.process.pid)
            if Path(f"/proc/{each}/cmdline").read_text(encoding="utf-8") == line
        )
        return found

    def wait_until_it_answers(self, path: str = "/healthz") -> None:
        """Wait for a 200."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.end()
            try:
                if self.get(path)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{path} does not answer")

    def end(self, sent: signal.Signals = signal.SIGTERM, *, group: bool = False) -> tuple[int, str]:
        """End the server, and return its exit code and all that it printed."""
        if self.process.poll() is None:
            if group:  # as a terminal does it
                os.killpg(self.process.pid, sent)
            else:
                self.process.send_signal(sent)
        printed, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, printed

    def end_by_itself(self) -> tuple[int, str]:
        """The exit code, and all that was printed, of a server that should not even start."""
        try:
            printed, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self.end()) from error
        return self.process.returncode, printed


def children(process: int) -> set[int]:
    """The ids of the processes that ``process`` started and that still run. Linux only."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return {int(each) for each in listed.split()}


def descendants(process: int) -> set[int]:
    """The children of ``process``, their children, and so on."""
    below = children(process)
    return below.union(*(descendants(each) for each in below))


def wait_until(come: Callable[[], bool]) -> None:
    """Wait for something that happens within PATIENCE seconds, or never."""
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def whole_index(folder: Path) -> Path:
    """A new index in ``folder`` that holds what the store beside it holds, so that every process can do its work."""
    generations = Generations(folder / "index")
    with closing(open_store(f"sqlite:///{folder / 'articles.sqlite3'}")) as store:
        store.put([article("a-1", published_at="2020-01-01")])
        rebuild(
            store,
            generations,
            engine_name="whoosh",
            analyzer=analyzer(),
            timezone=SHANGHAI,
            keep=1,
        )
    return folder / "index"


def start(*command: str, port: int, index: Path, **environ: str) -> Server:
    """Start the web alone, or another Python ``command``, over the index folder ``index``.

    The store beside the folder has the editors' lists, and an account: without one the start prints a link.
    """
    with closing(open_desk(f"sqlite:///{index.parent / 'articles.sqlite3'}")) as desk:
        if not desk.accounts.any():
            desk.accounts.accept(desk.accounts.invite("admin"), name="someone", password="none")
    return launch(*command, port=port, index=index, **environ)


def launch(*command: str, port: int, index: Path, **environ: str) -> Server:
    """Start the web alone, or another Python ``command``, over the index folder and the store beside it, as they are."""
    return run((sys.executable, *(command or WEB)), port=port, index=index, **environ)


def run(command: Sequence[str], *, port: int, index: Path, **environ: str) -> Server:
    """Start any program that becomes a server over the index folder and the store beside it, as they are."""
    url = f"sqlite:///{index.parent / 'articles.sqlite3'}"
    settings = {
        "PORT": str(port),
        "SEARCH_INDEX_DIR": str(index),
        "SEARCH_STORE_URL": url,
        "SEARCH_QUERYLOG_URL": "off",
        "SEARCH_WORKERS": "1",
        "SEARCH_TIME_LIMIT": str(PATIENCE),
    } | environ
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEARCH_")}
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=kept | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Server(port, process)


@contextmanager
def serving(index: Path, *command: str, **environ: str) -> Iterator[Server]:
    """A server that answers, for the length of the ``with`` block: on PORT, or else on a free port."""
    port = int(environ.pop("PORT", 0)) or free_port()
    server = start(*command, port=port, index=index, **environ)
    try:
        server.wait_until_it_answers()
        yield server
    finally:
        server.end()
