"""A small WSGI application behind the product's own server, with short limits: ``python -m tests.end_to_end.streaming PORT``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException

from search_service.settings import SearchSettings
from search_service.web import bodies, outbox
from search_service.web.server import serve

IDLE = 1.5
"""Seconds in place of IDLE_SECONDS, BODY_SECONDS and DRAIN_SECONDS."""

TAKE = 1.0
"""Seconds in place of ANSWER_SECONDS."""

DRAIN = 1_000_000
"""Bytes in place of DRAIN_BYTES."""

Answer = Iterator[bytes]
Route = Callable[[WSGIEnvironment, StartResponse], Answer]

ended: list[str] = []
"""How the streamed answers ended, for ``/ended``."""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """One route for each case. An error of HTTP before the first piece is the answer."""
    try:
        yield from ROUTES[environ["PATH_INFO"]](environ, start_response)
    except HTTPException as error:
        start_response(f"{error.code} {error.name}", [("Content-Length", "0")])


def size(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """The size of the body."""
    read = 0
    while piece := environ["wsgi.input"].read(65_536):
        read += len(piece)
    answer = str(read).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    yield answer


def early(_: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """An answer that needs nothing of the body."""
    start_response("401 Unauthorized", [("Content-Length", "5")])
    yield b"early"


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """Each line of the body, as soon as it comes. If the body fails, the last line says why."""
    lines = iter(environ["wsgi.input"])
    first = next(lines, b"")
    start_response("200 OK", [("Content-Type", "text/plain")])
    how = "closed"
    try:
        yield first
        yield from lines
        how = "complete"
    except HTTPException as error:
        how = str(error.code)
        yield f"error {how}\n".encode()
    finally:
        ended.append(how)


def endless(_: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """An answer that goes on as long as somebody takes it."""
    start_response("200 OK", [])
    try:
        while True:
            yield b"x" * 100_000
    finally:
        ended.append("closed")


def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """An answer that fails: after its first piece, or before it if the query says so."""
    start_response("200 OK", [])
    if not environ["QUERY_STRING"]:
        yield b"first"
    raise ZeroDivisionError


def endings(_: WSGIEnvironment, start_response: StartResponse) -> Answer:
    """How the streamed answers before this request ended. Waits a while for one of them."""
    deadline = time.monotonic() + 30
    while not ended and time.monotonic() < deadline:
        time.sleep(0.01)
    answer = " ".join(ended).encode()
    ended.clear()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    yield answer


ROUTES: dict[str, Route] = {
    "/size": size,
    "/early": early,
    "/echo": echo,
    "/endless": endless,
    "/failing": failing,
    "/ended": endings,
}


def with_short_limits() -> WSGIApplication:
    """The application, in a process whose limits are short."""
    for module, name, value in (
        (bodies, "IDLE_SECONDS", IDLE),
        (bodies, "BODY_SECONDS", IDLE),
        (bodies, "DRAIN_SECONDS", IDLE),
        (bodies, "DRAIN_BYTES", DRAIN),
        (outbox, "ANSWER_SECONDS", TAKE),
    ):
        setattr(module, name, value)
    return application


if __name__ == "__main__":
    serve(SearchSettings(host="127.0.0.1", port=int(sys.argv[1]), workers=1), with_short_limits)
