"""Runs a WSGI application under granian's own interface (RSGI). Slow clients do not occupy threads.

The event loop receives a body, within limits of time and size. A request takes a thread only when it is complete, and
frees it when its answer is made. A client that sends or reads slowly does not slow down other requests.
"""

from __future__ import annotations

import asyncio
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn
from wsgiref.types import WSGIApplication, WSGIEnvironment

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]
from werkzeug.exceptions import RequestTimeout

BODY_SECONDS: Final = 5.0
"""Seconds within which a body must arrive."""

BODY_BYTES: Final = 65_536
"""Reading stops once a body is longer than this. The application refuses much shorter ones."""


class Bridge:
    """Runs ``application`` in ``threads`` threads. A request takes one only when it is complete."""

    def __init__(self, application: WSGIApplication, *, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        try:
            body = await _body(scope, protocol)
        except ProtocolClosed:  # the client has gone
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._answer, scope, protocol, body)

    def _answer(self, scope: Scope, protocol: HTTPProtocol, body: io.BytesIO) -> None:
        started: list[tuple[int, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            started.append((int(status.partition(" ")[0]), headers))

        pieces = self._application(_environ(scope, body), start_response)
        try:
            whole = b"".join(pieces)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        protocol.response_bytes(*started[-1], whole)


class _Late(io.BytesIO):
    """A body that did not arrive in time. Reading it raises RequestTimeout."""

    def read(self, *_: object) -> NoReturn:
        raise RequestTimeout("the body did not come in time")

    readline = readlines = readinto = read


async def _body(scope: Scope, protocol: HTTPProtocol) -> io.BytesIO:
    if scope.method in ("GET", "HEAD"):
        return io.BytesIO()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in protocol:
                body += piece
                if len(body) > BODY_BYTES:
                    break
    except TimeoutError:
        return _Late()
    return io.BytesIO(body)


def _environ(scope: Scope, body: io.BytesIO) -> WSGIEnvironment:
    """The request as PEP 3333 defines it: non-ASCII bytes as Latin-1."""
    host, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:  # WSGI could not distinguish it from the header with a hyphen
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
