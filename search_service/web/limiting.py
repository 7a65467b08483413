"""The limit of requests that one address may send without a key (SEARCH_RATE_LIMIT).

A reader's browser sends its requests from the reader's address. A portal's back end sends those of all readers from one address,
so it needs a key, which is never limited. A wrong key is no key: whoever guesses keys is limited too.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from flask import Flask, request

from search_service.querylog.visitors import client_of
from search_service.services import Services
from search_service.web.access import has_active_key, is_open
from search_service.web.errors import problem

WINDOW: Final = 60.0
"""Seconds in which an address may send as many requests as the limit says, all at once or not."""


def register_limiting(app: Flask, services: Services, limit: int | None) -> None:
    """Refuse what an address asks too often. Health checks, files and descriptions are free. Without ``limit`` nothing is limited.

    A request costs some microseconds.
    """
    if limit is None:
        return

    @app.before_request
    def count() -> None:
        if is_open() or has_active_key(services):
            return
        client = client_of(request.remote_addr or "")
        wait = services.limits.hit(f"read:{client}", limit=limit, window=WINDOW)
        if wait:
            made = problem("rate_limited", f"more than {limit} requests in a minute without a key")
            made.headers["Retry-After"] = str(ceil(wait))
            raise made
