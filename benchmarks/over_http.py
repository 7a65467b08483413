"""Requests over HTTP for benchmarks: one client for all servers, and the product's own server, started for a benchmark."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from indexer.settings import PROJECT

PATIENCE: Final = 60.0
"""Seconds that a server has to become ready, and to answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    method: str
    target: str
    body: bytes | None = None
    content_type: str = "application/json"


class Connection:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port or 80, timeout=PATIENCE
        )

    def send(self, request: Request) -> bytes:
        """Send a request and return the whole body of the answer. An error status is an error."""
        headers = {"Content-Type": request.content_type} if request.body is not None else {}
        self._connection.request(request.method, request.target, request.body, headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status >= http.client.MULTIPLE_CHOICES:
            told = body.decode("utf-8", "replace")[:500]
            raise SystemExit(f"error: {request.target[:80]}: {response.status} {told}")
        return body

    def close(self) -> None:
        self._connection.close()


@contextmanager
def product(
    workers: int, environment: Mapping[str, str], *, ready: str = "/readyz"
) -> Iterator[str]:
    """The URL of the product's server with that many workers. The server runs until the context ends.

    It is ready when it answers ``ready``: ``/readyz`` needs an index, ``/healthz`` does not.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"SEARCH_HOST": "127.0.0.1", "PORT": str(port), "SEARCH_WORKERS": str(workers)}
    process = subprocess.Popen(
        (sys.executable, "-m", "search_service", "serve"),
        cwd=PROJECT,
        env=os.environ | environment | own,
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, ready, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(url: str, ready: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"error: the server ended with {process.returncode}")
        with suppress(OSError, http.client.HTTPException):
            connection = Connection(url)
            try:
                connection.send(Request("GET", ready))
                return
            finally:
                connection.close()
        time.sleep(0.2)
    raise SystemExit("error: the server is not ready in time")
