"""What the proxies in front of the service say of a request: the client's address, the scheme, and the path below which the service is.

Absolute links need the scheme and the path: those of feeds, of fragments and of the search description.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from functools import cache
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

log = logging.getLogger(__name__)

_SCHEME: Final = re.compile("https?")
_PREFIX: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+/?")
"""A path of unreserved characters. Two slashes at its beginning would make another host of every link."""


def register_forwarding(app: Flask, proxies: int) -> None:
    """Let ``app`` believe this number of proxies. With 0, warn once if a request came through one."""
    if proxies:
        fixed = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)
        app.wsgi_app = _placed(fixed)  # type: ignore[method-assign, assignment]
        return

    @app.before_request
    def look_for_proxy() -> None:
        if "HTTP_X_FORWARDED_FOR" in request.environ:
            _warn_of_proxy()


def _placed(app: WSGIApplication) -> WSGIApplication:
    """``app`` with the scheme of X-Forwarded-Proto and the path of X-Forwarded-Prefix, as the nearest proxy sends them.

    Each is one value, whatever the number of proxies. A value that is none is ignored: a proxy that does not set the header passes on
    what the client sent.
    """

    def place(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if scheme := _nearest(environ, "HTTP_X_FORWARDED_PROTO", _SCHEME):
            environ["wsgi.url_scheme"] = scheme
        if prefix := _nearest(environ, "HTTP_X_FORWARDED_PREFIX", _PREFIX):
            environ["SCRIPT_NAME"] = prefix.rstrip("/")
        return app(environ, start)

    return place


def _nearest(environ: WSGIEnvironment, name: str, allowed: re.Pattern[str]) -> str:
    """The last value of a header if it is allowed, else nothing."""
    value: str = environ.get(name, "").rpartition(",")[2].strip()
    return value if allowed.fullmatch(value) else ""


@cache
def _warn_of_proxy() -> None:
    log.warning(
        "a request carries X-Forwarded-For, and SEARCH_PROXIES is 0: behind a proxy all readers are one to the "
        "query log and to SEARCH_RATE_LIMIT until SEARCH_PROXIES says how many stand in front"
    )
