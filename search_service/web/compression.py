"""Compression of answers, for clients that ask for it. Only gzip: everybody reads it, and it comes with Python."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

from flask import Response, request

LEAST: Final = 1024
"""Bytes from which a body is compressed; a shorter one travels in one packet either way."""

LEVEL: Final = 5
"""Of zlib: beyond it a search's answer takes longer and gets no smaller."""

_TYPES: Final = frozenset(
    {
        "application/json",
        "application/javascript",
        "application/problem+json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    }
)


def will_compress(response: Response) -> bool:
    """Whether ``compress`` is to be called; the answer says that it depends on what the client accepts."""
    if response.status_code == 304:  # a file's, which no longer says what it is of
        response.vary.add("Accept-Encoding")
        return False
    if response.mimetype not in _TYPES or response.status_code == 206:
        return False
    if (response.content_length or response.calculate_content_length() or 0) < LEAST:
        return False
    response.vary.add("Accept-Encoding")
    return request.accept_encodings["gzip"] > 0


def compress(response: Response) -> None:
    """Compress the body. Its ETag must be one that only the compressed body has."""
    if response.direct_passthrough:
        response.direct_passthrough = False
        response.set_data(_file(response.get_data()))
    else:
        response.set_data(_body(response.get_data()))
    response.content_encoding = "gzip"


def _body(data: bytes) -> bytes:
    return gzip.compress(data, LEVEL, mtime=0)


_file = lru_cache(maxsize=32)(_body)
