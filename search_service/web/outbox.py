"""Answers that are sent while they are made. Neither side waits for the other: pieces that the client does not take yet lie here.

Many clients read an answer only when they have sent their whole body. If sending blocked the thread that reads the body,
both sides would wait for ever. So the thread puts the pieces into an outbox: some memory, then a temporary file.

Granian 2.8 keeps everything in memory that is sent with its own ``response_stream``, however slowly the client reads. It
reads a file only as fast as the client does. So the answer is given to it as a file: one end of a pipe.

Nginx stops sending a body when the answer begins. So the answer to a request that a proxy passed on is held back.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import stat
import tempfile
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from threading import Condition
from typing import Final

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]

OUTBOX_MEMORY: Final = 262_144
"""Bytes of an outbox that are kept in memory. Beyond this, all of it lies in a temporary file."""

OUTBOX_BYTES: Final = 268_435_456
"""Bytes that an outbox holds at most. A thread that makes more waits for the client."""

ANSWER_SECONDS: Final = 120.0
"""Seconds in which a client must take something of an answer to which nothing is added. Otherwise the connection ends."""

_SEND_BYTES: Final = 65_536
"""Bytes that are taken at once: what a pipe of Linux holds."""


class ClientGone(Exception):
    """The client takes no more of the answer."""


class Outbox:
    """A streamed answer on its way from a thread (``put``, ``end``) to a client (``send``). The bytes form a ring in a file."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, held: bool = False) -> None:
        """If ``held``, nothing is sent before the answer is complete or OUTBOX_BYTES are full."""
        self._loop, self._held = loop, held
        self._file = tempfile.SpooledTemporaryFile(OUTBOX_MEMORY, buffering=0)  # noqa: SIM115 (``send`` closes it)
        self._changed = Condition()
        self._filled = asyncio.Event()
        self._start = 0
        self._length = 0
        self._total = 0
        self._ended = False
        self._error: Exception | None = None
        self._closed = False

    def put(self, data: bytes) -> None:
        """Add ``data`` to the answer. Waits only if OUTBOX_BYTES are full.

        Raises:
            ClientGone: nobody takes the answer any more.
            OSError: the temporary file cannot be written.
        """
        rest = memoryview(data)
        while rest:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._length < OUTBOX_BYTES)
                if self._closed:
                    raise ClientGone
                end = (self._start + self._length) % OUTBOX_BYTES
                room = min(OUTBOX_BYTES - self._length, OUTBOX_BYTES - end)
                self._file.seek(end)
                written = self._file.write(rest[:room])
                begins = self._length == 0
                self._length += written
                self._total += written
                if self._held:
                    begins = self._length == OUTBOX_BYTES
                    self._held = not begins
            rest = rest[written:]
            if begins:
                self._loop.call_soon_threadsafe(self._filled.set)

    def end(self, error: Exception | None = None) -> None:
        """Say that the answer is complete, or that it failed with ``error``."""
        with self._changed:
            self._ended, self._error = True, error
        self._loop.call_soon_threadsafe(self._filled.set)

    async def send(
        self, scope: Scope, protocol: HTTPProtocol, status: int, headers: list[tuple[str, str]]
    ) -> None:
        """Send the answer to the client until it is complete.

        An answer that failed ends its connection, so that the client cannot take it for a complete one.

        Raises:
            Exception: the error that ``end`` was called with.
        """
        try:
            await self._filled.wait()
            first = await self._take()
            if self._error is not None and not first:
                raise self._error  # granian answers 500
            receiving, sending = os.pipe()
            with os.fdopen(receiving, "rb", 0) as reading, os.fdopen(sending, "wb", 0):
                os.set_blocking(sending, False)
                protocol.response_file(status, headers, f"/dev/fd/{receiving}")
                try:
                    await self._write(sending, first)
                    await _until_read(receiving, protocol)
                    reading.close()  # granian has its own: when it closes it, writing fails
                    while data := await self._take():
                        await self._write(sending, data)
                    if self._error is not None:
                        raise self._error
                except ClientGone:
                    _break_off(scope)  # it may still be connected, and take nothing
                except Exception:
                    _break_off(scope)
                    raise
        finally:
            self._close()

    async def _take(self) -> bytes:
        """The next bytes for the client, or nothing at the end."""
        while True:
            self._filled.clear()
            data, ended = await asyncio.to_thread(self._cut)
            if data or ended:
                return data
            await self._filled.wait()

    def _cut(self) -> tuple[bytes, bool]:
        with self._changed:
            size = min(self._length, OUTBOX_BYTES - self._start, _SEND_BYTES)
            self._file.seek(self._start)
            data = self._file.read(size)
            self._length -= len(data)
            self._start = (self._start + len(data)) % OUTBOX_BYTES if self._length else 0
            self._changed.notify_all()
            return data, self._ended

    async def _write(self, pipe: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                await self._until_writable(pipe)
            except BrokenPipeError as error:
                raise ClientGone from error

    async def _until_writable(self, pipe: int) -> None:
        total = self._total
        writable = asyncio.Event()
        self._loop.add_writer(pipe, writable.set)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await writable.wait()
        except TimeoutError as error:
            if total == self._total:  # else the client may still be sending, to read afterwards
                raise ClientGone from error
        finally:
            self._loop.remove_writer(pipe)

    def _close(self) -> None:
        with self._changed:
            self._closed = True
            self._file.close()
            self._changed.notify_all()


async def _until_read(pipe: int, protocol: HTTPProtocol) -> None:
    """Wait until the pipe is empty. Nothing tells when granian opens a file; it has done so when it has read from it.

    Raises:
        ClientGone: the client went before, so granian never opens it; or it took nothing for ANSWER_SECONDS.
    """
    look = select.poll()
    look.register(pipe, select.POLLIN)
    pause = 0.001
    left = asyncio.ensure_future(_left(protocol))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while look.poll(0):
                if left.done():
                    raise ClientGone
                await asyncio.wait({left}, timeout=pause)
                pause = min(pause * 2, 0.1)
    except TimeoutError as error:
        raise ClientGone from error
    finally:
        left.cancel()


async def _left(protocol: HTTPProtocol) -> None:
    await protocol.client_disconnect()


def _break_off(scope: Scope) -> None:
    """End the connection of a request at once. Granian has no call for it, so this looks for the connection's socket."""
    ends = [_end(*address.rsplit(":", 1)) for address in (scope.server, scope.client)]
    for each in Path("/dev/fd").iterdir():
        descriptor = int(each.name)
        with suppress(OSError):  # closed meanwhile, or not connected
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as connection:
                if connection.family in (socket.AF_INET, socket.AF_INET6):
                    found = connection.getsockname(), connection.getpeername()
                    if [_end(*name[:2]) for name in found] == ends:
                        connection.shutdown(socket.SHUT_RDWR)


def _end(host: str, port: str | int) -> tuple[IPv4Address | IPv6Address, int]:
    return ip_address(host.strip("[]").partition("%")[0]), int(port)
