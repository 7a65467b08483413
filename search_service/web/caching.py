"""ETags, conditional requests, Cache-Control and compression, for all answers in one place."""

from __future__ import annotations

import hashlib
from typing import Final

from flask import Flask, Response, g, request

from search_service.web.compression import compress, will_compress

MAX_AGE: Final = 10
"""Seconds that browsers and proxies may keep an answer. Changes thus show within seconds."""

PACKED: Final = "-gzip"
"""What the ETag of a compressed body ends in."""

_CONDITIONS: Final = frozenset(
    ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
)
"""Headers that ask for a part of an answer (Range), or for an answer on a condition (If-None-Match ...)."""


def except_from_etag(*pieces: str) -> None:
    """Exclude pieces of this answer's body from its ETag. They differ in every answer: the time taken, the query id.

    The ETag is then weak: it promises the same meaning, not the same bytes.
    """
    g.volatile = [piece.encode() for piece in pieces if piece]


def keep_nowhere() -> None:
    """Forbid keeping this answer: the next one may differ."""
    g.keep_nowhere = True


def keep_private() -> None:
    """Let only the client itself keep this answer, and no cache that it shares with others."""
    g.keep_private = True


def register_caching(app: Flask) -> None:
    """Give every answer of ``app`` its Cache-Control. A 200 also gets an ETag; it becomes a 304 if the client has that version.

    Errors are never kept. If a view sets Cache-Control itself, it stays. An answer that is streamed is left as it is.
    """

    @app.after_request
    def add_headers(response: Response) -> Response:
        packed = will_compress(response)
        if response.status_code >= 400 or g.get("keep_nowhere", False):
            response.headers["Cache-Control"] = "no-store"
        elif response.status_code == 200 and not response.is_streamed:
            body, volatile = response.get_data(), g.get("volatile", ())
            for piece in volatile:
                body = body.replace(piece, b"", 1)
            response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=bool(volatile))
            keeper = "private" if g.get("keep_private", False) else "public"
            response.headers.setdefault("Cache-Control", f"{keeper}, max-age={MAX_AGE}")
        if packed:
            _mark_etag(response)
        whole = response.status_code == 200 and (packed or not response.is_streamed)
        if whole and not _CONDITIONS.isdisjoint(request.environ):
            response.make_conditional(request)
        if packed and response.status_code != 304:
            compress(response)
        return response


def _mark_etag(response: Response) -> None:
    """Give the compressed body its own ETag. A shared ETag would promise that both bodies have the same bytes."""
    tag, weak = response.get_etag()
    if tag is not None:
        response.set_etag(f"{tag}{PACKED}", weak=bool(weak))
