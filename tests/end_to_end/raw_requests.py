"""Requests byte by byte over a socket: what no library for HTTP would send."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.end_to_end.serving import PATIENCE, Server

CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def asked(
    server: Server, path: str, *headers: str, method: str = "POST"
) -> Iterator[socket.socket]:
    """A connection that sent the head of a request."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(head(path, *headers, method=method))
        yield connection


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", *headers, "", "")).encode()


def answer(connection: socket.socket, *, method: str = "POST") -> tuple[int, bytes]:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response.status, response.read()
