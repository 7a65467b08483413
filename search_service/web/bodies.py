"""Bodies of requests, as granian's interface (RSGI) delivers them and as a WSGI application reads them.

A small body is received before a thread takes the request. A large one is received while a thread reads it: the thread
asks for a piece, the event loop waits for it. Nothing is received that nobody asked for, so TCP slows the client down.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, NoReturn

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestTimeout

BODY_BYTES: Final = 65_536
"""A body is small if its Content-Length is not above this."""

BODY_SECONDS: Final = 5.0
"""Seconds within which a small body must arrive."""

IDLE_SECONDS: Final = 30.0
"""Seconds that a thread waits for the next piece of a large body."""

LEAST_RATE: Final = 1_000
"""Bytes a second. A thread waits for a whole large body IDLE_SECONDS longer, at most, than this rate takes for what came."""

DRAIN_BYTES: Final = 16_777_216
"""Bytes that are received and dropped after an answer. Many clients read an answer only when they have sent everything."""

DRAIN_SECONDS: Final = 5.0
"""Seconds within which the rest of a body must arrive after an answer. Otherwise the connection ends."""

Pieces = AsyncGenerator[bytes, None]


def is_large(scope: Scope) -> bool:
    """Whether a request has a body that is longer than BODY_BYTES or does not tell its length. GET and HEAD have no body."""
    if scope.method in ("GET", "HEAD"):
        return False
    length = int(scope.headers.get("content-length", 0))
    return length > BODY_BYTES or "transfer-encoding" in scope.headers


async def small_body(scope: Scope, protocol: HTTPProtocol) -> io.IOBase:
    """Receive a small body. If it is late or cut short, reading it raises RequestTimeout or ClientDisconnected."""
    if scope.method in ("GET", "HEAD"):
        return io.BytesIO()
    try:
        async with asyncio.timeout(BODY_SECONDS), aclosing(pieces_of(protocol)) as pieces:
            return io.BytesIO(b"".join([piece async for piece in pieces]))
    except TimeoutError:
        return RefusedBody(RequestTimeout, "the body did not come in time")
    except ClientDisconnected:
        return RefusedBody(ClientDisconnected, "the body is cut short")


async def pieces_of(protocol: HTTPProtocol) -> Pieces:
    """The pieces of a body as they come.

    Granian 2.8 raises no error for a body that is cut short: it delivers two empty pieces. After a complete body it delivers
    one. A chunked body with trailers also ends with two, so it counts as cut short.

    Raises:
        ClientDisconnected: the client went before the body was complete, or its chunks are not valid.
    """
    empty = 0
    async for piece in protocol:
        if piece:
            yield piece
        else:
            empty += 1
    if empty != 1:
        raise ClientDisconnected("the body is cut short")


async def drain(pieces: Pieces) -> None:
    """Receive the rest of a body and drop it, within limits. Then the connection can take the next request."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for piece in pieces:
                size += len(piece)
                if size > DRAIN_BYTES:
                    break
    except (TimeoutError, ClientDisconnected):
        return  # granian ends the connection of a request whose body nobody received


class RefusedBody(io.RawIOBase):
    """A body that cannot be read. Reading it raises an error of ``kind``; a route that needs no body answers as always.

    It keeps no exception: a cycle of references would keep the request, and so granian would keep the connection.
    """

    def __init__(self, kind: type[HTTPException], why: str) -> None:
        self._kind, self._why = kind, why

    def readable(self) -> bool:
        """Whether the body can be read, for BufferedReader: yes."""
        return True

    def readinto(self, _: Any) -> NoReturn:
        """Raise the error."""
        raise self._kind(self._why)


class LargeBody(io.RawIOBase):
    """A body that a thread reads while it arrives. Only one thread may read it, and not the thread of the event loop.

    Reading raises, and then raises again:
        RequestTimeout: the client stalls (IDLE_SECONDS) or is too slow (LEAST_RATE).
        ClientDisconnected: the body is cut short.
    """

    def __init__(self, pieces: Pieces, loop: asyncio.AbstractEventLoop) -> None:
        self._pieces = pieces
        self._loop = loop
        self._piece = memoryview(b"")
        self._received = 0
        self._waited = 0.0
        self._refused: RefusedBody | None = None

    def readable(self) -> bool:
        """Whether the body can be read, for BufferedReader: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with what is there; wait only if nothing is. 0 is the end of a complete body."""
        if self._refused is not None:
            self._refused.readinto(buffer)
        if not self._piece:
            self._piece = memoryview(self._next())
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def _next(self) -> bytes:
        try:
            return asyncio.run_coroutine_threadsafe(self._receive(), self._loop).result()
        except HTTPException as error:
            self._refused = RefusedBody(type(error), error.description or "")
            raise

    async def _receive(self) -> bytes:
        spare = self._received / LEAST_RATE - self._waited
        started = self._loop.time()
        try:
            async with asyncio.timeout(IDLE_SECONDS + min(spare, 0.0)):
                piece = await anext(self._pieces, b"")
        except TimeoutError as error:
            raise RequestTimeout("the body comes too slowly") from error
        self._waited += self._loop.time() - started
        self._received += len(piece)
        return piece
