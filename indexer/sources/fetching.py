"""Fetches a file from the web, over HTTP or HTTPS only, within limits of size, time and redirects.

What was fetched before a limit was reached, or before the connection broke, can be read.
"""

from __future__ import annotations

import io
import ssl
import string
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, socket
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from indexer.errors import SourceUnreadable
from indexer.said import Said
from indexer.sources.reading import rejoined

MAX_FETCHED: Final = 64 * 1024 * 1024
"""Bytes. The feeds of portals have some 100 KB to 5 MB. An archive can be fetched with another program, and read as a file."""
MAX_SECONDS: Final = 120.0
"""Seconds for a fetch in all, redirects included: MAX_FETCHED at 4.5 Mbit/s."""
MAX_SILENCE: Final = 20.0
"""Seconds without a byte. A server that makes its answer first needs a few."""
MAX_REDIRECTS: Final = 5
"""More are a loop, or a page that wants a login. Browsers follow 20."""

_SCHEMES: Final = ("http", "https")
_CHUNK: Final = 64 * 1024
_HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (compatible; portal-search-indexer)",
    "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
"""Some servers refuse the names of libraries. What is gzipped is unpacked by whoever reads it."""


class Fetched(NamedTuple):
    """An open file of the web, and the address that it was found at after redirects.

    The stream raises OSError at the end, if that is not the end of the file.
    """

    stream: io.BufferedReader
    url: str


def is_address(location: str) -> bool:
    """True for what begins with http:// or https://."""
    return location.lower().startswith(("http://", "https://"))


@contextmanager
def fetched(address: str) -> Iterator[Fetched]:
    """Fetch a file to a temporary one, which is gone afterwards. Proxies are those of the environment.

    Raises:
        SourceUnreadable: the server cannot be reached, or does not give the file; with what to do about it.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        with _Deadline(MAX_SECONDS) as deadline:
            url, broken = _fetch(address, file, deadline)
        file.seek(0)
        yield Fetched(rejoined(b"", file, broken), url)


class _Deadline:
    """Cuts connections when the time is up. A limit for each read does not stop a server that sends a byte a second."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket] = []
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for each in self._sockets:
            each.close()

    def watch(self, connected: socket) -> None:
        """Add a connection. It is watched through a second socket, since TLS replaces the first one."""
        self._sockets.append(connected.dup())
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        self.passed = True
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)


class _Connection(HTTPConnection):
    def __init__(self, host: str, *, watch: Callable[[socket], None], **options: Any) -> None:
        super().__init__(host, **options)
        self._watch = watch

    def connect(self) -> None:
        super().connect()
        self._watch(self.sock)


class _SafeConnection(HTTPSConnection, _Connection):
    """``HTTPSConnection.connect`` calls that of the class before it, and then begins TLS."""


class _Handler(HTTPHandler):
    def __init__(self, watch: Callable[[socket], None]) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, watch=self._watch), req)


class _SafeHandler(HTTPSHandler):
    def __init__(self, watch: Callable[[socket], None]) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: Request) -> HTTPResponse:
        context = ssl.create_default_context()
        return self.do_open(partial(_SafeConnection, watch=self._watch), req, context=context)


class _Redirects(HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in _SCHEMES:
            raise HTTPError(req.full_url, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(address: str, file: IO[bytes], deadline: _Deadline) -> tuple[str, Exception | None]:
    """Copy what stands at ``address``; its last address, and what cut it short, if something did."""
    broken: Exception | None = None
    try:
        with _opener(deadline).open(
            Request(_ascii(address), headers=_HEADERS), timeout=MAX_SILENCE
        ) as answer:
            url = answer.url
            try:
                while chunk := answer.read1(_CHUNK):
                    file.write(chunk)
                    if file.tell() > MAX_FETCHED:
                        broken = OSError(f"more than {MAX_FETCHED:,} bytes come")
                        break
            except (OSError, HTTPException) as error:
                broken = OSError(_why(error))
    except HTTPError as error:
        with error:
            raise SourceUnreadable(address, _refused(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        why = _too_slow() if deadline.passed else _why(error)
        raise SourceUnreadable(
            address,
            Said("cannot be fetched ({why}): check the address, and try it in a browser", why=why),
        ) from error
    if deadline.passed:
        broken = OSError(_too_slow())
    return url, broken


def _opener(deadline: _Deadline) -> OpenerDirector:
    """An opener that knows HTTP and HTTPS, and no other scheme."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        _Redirects(),
        _Handler(deadline.watch),
        _SafeHandler(deadline.watch),
    ):
        opener.add_handler(handler)
    return opener


def _ascii(address: str) -> str:
    """An address as it is sent: Chinese characters of the host as IDNA, others as UTF-8 with percent signs.

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(address.strip())
    if not parts.hostname:
        raise ValueError("no host")
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    return quote(urlunsplit(parts._replace(netloc=host, fragment="")), safe=string.punctuation)


def _refused(error: HTTPError) -> str:
    if error.code in (401, 403):
        return Said(
            "is not given to programs without a login ({code}): ask its publisher, or save it to a file",
            code=error.code,
        )
    if 300 <= error.code < 400:
        target = error.headers.get("location", "nowhere")
        return Said(
            "leads to {target}, which is not followed: give an address that leads to the file",
            target=target[:200],
        )
    if error.code >= 500 or error.code == 429:
        return Said(
            "cannot be had now ({code} {reason}): try again later",
            code=error.code,
            reason=error.reason,
        )
    return Said(
        "is not there ({code} {reason}): check the address, and try it in a browser",
        code=error.code,
        reason=error.reason,
    )


def _too_slow() -> str:
    return Said("it takes more than {seconds:g} seconds", seconds=MAX_SECONDS)


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return Said("the server takes too long")
    return str(reason) or type(reason).__name__
