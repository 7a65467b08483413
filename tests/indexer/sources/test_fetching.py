"""Fetching over HTTP, from a real server, within its limits; and the feed that is read from there."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.sources import feed, fetching
from indexer.sources.feed import Feed
from indexer.sources.fetching import MAX_REDIRECTS, fetched

BEGIN = '<rss version="2.0"><channel><title>站</title>'
ITEM = "<item><title>题</title><link>a/1.html</link></item>"
END = "</channel></rss>"
FEED = (BEGIN + ITEM + END).encode()


class Site:
    """A server on the loopback interface that answers each path with a function, and counts requests."""

    def __init__(self) -> None:
        self.paths: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.ending = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                try:
                    site.paths[self.path](self)
                except OSError:
                    self.close_connection = True

            def log_request(self, *_: object) -> None:
                pass

            def log_error(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def gives(self, path: str, content: bytes, **headers: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(content)

        self.paths[path] = answer
        return self.address + path

    def leads(self, path: str, target: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", target)
            request.end_headers()

        self.paths[path] = answer
        return self.address + path

    def refuses(self, path: str, status: int) -> str:
        self.paths[path] = lambda request: request.send_error(status)
        return self.address + path

    def drips(self, path: str, first: bytes, then: bytes) -> str:
        """Gives ``first``, and then a piece again and again, slowly, until the test ends."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(first)
            while not self.ending.wait(0.02):
                request.wfile.write(then)
                request.wfile.flush()

        self.paths[path] = answer
        return self.address + path

    def close(self) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with closing(Site()) as started:
        yield started


def _read(address: str) -> tuple[list[Record | Rejection], SourceUnreadable | None]:
    found: list[Record | Rejection] = []
    try:
        for each in Feed(address).records():
            found.append(each)
    except SourceUnreadable as error:
        return found, error
    return found, None


def _failure(address: str) -> str:
    found, error = _read(address)
    assert not found
    assert error is not None
    assert error.where == address
    return error.why


def test_a_feed_is_read_from_the_web(site: Site) -> None:
    address = site.gives("/blog/feed", FEED)
    (record,), error = _read(address)
    assert error is None
    assert isinstance(record, Record)
    assert record.where == f"{address}, entry 1"
    assert record.values["url"] == f"{site.address}/blog/a/1.html"
    assert Feed(address).count() == 0
    assert site.asked == ["/blog/feed"]


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-16"])
def test_a_wrong_charset_of_the_server_does_no_harm(site: Site, encoding: str) -> None:
    content = f"{BEGIN}<item><title>山里的小路</title></item>{END}".encode(encoding)
    (record,), _ = _read(site.gives("/f", content, Content_Type="text/xml; charset=iso-8859-1"))
    assert isinstance(record, Record)
    assert record.values["title"] == "山里的小路"


def test_a_gzipped_answer_is_unpacked(site: Site) -> None:
    address = site.gives("/f", gzip.compress(FEED), Content_Encoding="gzip")
    found, error = _read(address)
    assert (len(found), error) == (1, None)


def test_links_resolve_against_the_last_address(site: Site) -> None:
    site.gives("/new/feed", FEED)
    (record,), _ = _read(site.leads("/old", "/new/feed"))
    assert isinstance(record, Record)
    assert record.values["url"] == f"{site.address}/new/a/1.html"


def test_chinese_characters_in_an_address_are_sent_as_they_should(site: Site) -> None:
    site.gives("/%E6%96%B0%E9%97%BB.xml?q=%20%E7%94%B2", FEED)
    found, error = _read(f"{site.address}/新闻.xml?q=%20甲#top")
    assert (len(found), error) == (1, None)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/f", "data:,x"])
def test_only_the_web_is_followed(site: Site, target: str) -> None:
    assert f"leads to {target}" in _failure(site.leads("/f", target))


def test_redirects_have_a_limit(site: Site) -> None:
    for number in range(20):
        site.leads(f"/{number}", f"/{number + 1}")
    assert "leads to" in _failure(f"{site.address}/0")
    assert len(site.asked) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "login"), (403, "login"), (404, "check the address"), (429, "later"), (503, "later")],
)
def test_a_refusal_says_what_to_do(site: Site, status: int, why: str) -> None:
    assert why in _failure(site.refuses("/f", status))


def test_what_is_no_feed_is_one_sentence(site: Site) -> None:
    page = "<!DOCTYPE html><html><body>请先登录</body></html>".encode()
    assert "is a page (HTML), not a feed" in _failure(site.gives("/f", page))
    assert "is no feed" in _failure(site.gives("/f", b""))


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/f", "http:///f", "http://[x/f"])
def test_a_server_that_is_not_there_is_said(address: str, site: Site) -> None:
    assert "cannot be fetched" in _failure(address)
    assert not site.asked


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n" + (BEGIN + ITEM).encode(), b" "),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
        (b"", b"\0"),
    ],
)
def test_a_server_that_drips_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch, first: bytes, then: bytes
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.3)
    found, error = _read(site.drips("/f", first, then))
    assert len(found) == first.count(b"<item>")
    assert error is not None
    assert "more than 0.3 seconds" in error.why


def test_a_server_that_is_silent_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_SILENCE", 0.2)
    begun = b"HTTP/1.1 200 OK\r\n\r\n" + (BEGIN + ITEM).encode()
    found, error = _read(site.drips("/f", begun, b""))
    assert len(found) == 1
    assert error is not None
    assert "the server takes too long" in error.why


def test_a_feed_that_never_ends_is_read_up_to_the_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_FETCHED", 200_000)
    begun = b"HTTP/1.1 200 OK\r\n\r\n" + BEGIN.encode()
    found, error = _read(site.drips("/f", begun, (ITEM + " " * 50_000).encode()))
    assert 3 <= len(found) <= 6
    assert error is not None
    assert "more than 200,000 bytes" in error.why


def test_a_packed_feed_has_the_limit_unpacked_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_FETCHED", 200_000)
    bomb = gzip.compress((BEGIN + (ITEM + " " * 50_000) * 1_000 + END).encode())
    found, error = _read(site.gives("/f", bomb))
    assert 2 <= len(found) <= 6
    assert error is not None
    assert "more than 200,000 bytes" in error.why


def test_a_connection_that_breaks_loses_nothing_that_came(site: Site) -> None:
    found, error = _read(
        site.gives("/f", (BEGIN + ITEM + "<item>").encode(), Content_Length="9999")
    )
    assert len(found) == 1
    assert error is not None
    assert error.where.endswith("entry 2")


def test_the_file_is_gone_afterwards(site: Site) -> None:
    with fetched(site.gives("/f", FEED)) as found:
        stream = found.stream
        assert stream.read(9) == FEED[:9]
    with pytest.raises(ValueError, match="closed"):
        stream.read()
