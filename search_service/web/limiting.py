"""The limits of requests: of an address without a key (SEARCH_RATE_LIMIT), and of a key that has a limit.

A reader's browser sends its requests from the reader's address. A portal's back end sends those of all readers from one address,
so it needs a key, with which its address does not count. With a key for pages the reader's address counts as without: everybody can
take that key. A wrong key is no key: whoever guesses keys is limited too.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from flask import Flask, request

from search_service.querylog.visitors import client_of
from search_service.services import Services
from search_service.web.access import is_open, usable_key
from search_service.web.errors import problem

WINDOW: Final = 60.0
"""Seconds in which an address or a key may send as many requests as its limit says, all at once or not."""


def register_limiting(app: Flask, services: Services, limit: int | None) -> None:
    """Refuse what an address or a key asks too often. Health checks, files and descriptions are free.

    Without ``limit`` no address is limited. A request costs some microseconds.
    """

    @app.before_request
    def count() -> None:
        if is_open():
            return
        key = usable_key(services)
        if limit is not None and (key is None or key.origins):
            client = client_of(request.remote_addr or "")
            _hit(services, f"read:{client}", limit, "from this address")
        if key is not None and key.requests_per_minute is not None:
            _hit(services, f"key:{key.id}", key.requests_per_minute, "with this key")


def _hit(services: Services, counted: str, limit: int, whose: str) -> None:
    """Count one request, and raise the problem if it is one too many."""
    wait = services.limits.hit(counted, limit=limit, window=WINDOW)
    if wait:
        made = problem("rate_limited", f"more than {limit} requests in a minute {whose}")
        made.headers["Retry-After"] = str(ceil(wait))
        raise made
