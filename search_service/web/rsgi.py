"""Runs a WSGI application under granian's own interface (RSGI). Slow clients do not occupy threads.

The event loop receives a small body, within limits of time. A request with such a body takes a thread only when it is
complete. A few requests at a time may have a large body, which their thread reads while it arrives (``bodies.py``).

The answer frees the thread when it is made. A streamed answer is one without Content-Length: it is sent while it is made
(``outbox.py``).
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from itertools import chain
from typing import Any, Final
from wsgiref.types import WSGIApplication, WSGIEnvironment

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]
from werkzeug.exceptions import ServiceUnavailable

from search_service.web.bodies import (
    LargeBody,
    RefusedBody,
    drain,
    is_large,
    pieces_of,
    small_body,
)
from search_service.web.outbox import ClientGone, Outbox

LARGE_BODIES: Final = 4
"""Requests with a large body that a process takes at once. Each holds a thread while its body arrives."""

Headers = list[tuple[str, str]]


class Bridge:
    """Runs ``application`` in ``threads`` threads."""

    def __init__(self, application: WSGIApplication, *, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._large = asyncio.Semaphore(LARGE_BODIES)

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        if not is_large(scope):
            await self._run(scope, protocol, await small_body(scope, protocol))
            return
        async with aclosing(pieces_of(protocol)) as pieces:
            if self._large.locked():
                why = f"{LARGE_BODIES} other large bodies are being received"
                await self._run(scope, protocol, RefusedBody(ServiceUnavailable, why))
            else:
                async with self._large:
                    body = LargeBody(pieces, asyncio.get_running_loop())
                    await self._run(scope, protocol, io.BufferedReader(body))
            await drain(pieces)

    async def _run(self, scope: Scope, protocol: HTTPProtocol, body: io.IOBase) -> None:
        loop = asyncio.get_running_loop()
        sending = await loop.run_in_executor(
            self._threads, self._answer, scope, protocol, body, loop
        )
        if sending is not None:
            await asyncio.wrap_future(sending)

    def _answer(
        self,
        scope: Scope,
        protocol: HTTPProtocol,
        body: io.IOBase,
        loop: asyncio.AbstractEventLoop,
    ) -> Future[None] | None:
        """Run the application. A streamed answer may outlast this call: it is sent when the returned future is done."""
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, *_: object) -> Any:
            started.append((int(status.partition(" ")[0]), headers))

        made = self._application(_environ(scope, body), start_response)
        try:
            pieces = filter(None, made)
            first = next(pieces, b"")  # an application may call start_response as late as here
            status, headers = started[-1]
            if not first or scope.method == "HEAD":
                protocol.response_bytes(status, headers, b"")
                return None
            whole = chain([first], pieces)
            if any(name.lower() == "content-length" for name, _ in headers):
                protocol.response_bytes(status, headers, b"".join(whole))
                return None
            proxied = "x-forwarded-for" in scope.headers
            outbox = Outbox(loop, held=proxied and is_large(scope))
            sending = outbox.send(scope, protocol, status, headers)
            future = asyncio.run_coroutine_threadsafe(sending, loop)
            _fill(outbox, whole)
            return future
        finally:
            if hasattr(made, "close"):
                made.close()


def _fill(outbox: Outbox, pieces: Iterator[bytes]) -> None:
    try:
        for piece in pieces:
            outbox.put(piece)
    except ClientGone:
        pass  # the application learns it when its iterable is closed
    except Exception as error:  # noqa: BLE001 (``send`` raises it)
        outbox.end(error)
    else:
        outbox.end()


def _environ(scope: Scope, body: io.IOBase) -> WSGIEnvironment:
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
