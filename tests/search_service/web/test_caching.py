"""Caching: ETags, conditional requests, and what may be kept for how long."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Response

from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, live_index, promote, services
from tests.search_service.web.portal import Portal, open_portal

CACHED = [
    "/",
    "/search?q=水库",
    "/search?q=没有这样的词",
    "/articles/story-1",
    "/api/v1/search?q=水库",
    "/api/v1/suggest?q=云溪",
    "/api/v1/latest",
    "/api/v1/articles/story-1",
    "/api/v1/articles/story-1/related",
    "/openapi.json",
    "/docs",
    "/docs/errors",
]
TIMED = [path for path in CACHED if "/api/v1/search" in path]


@pytest.mark.parametrize("path", CACHED)
def test_the_same_answer_has_the_same_tag_however_long_it_took(portal: Portal, path: str) -> None:
    tags = {portal.client.get(path).headers["ETag"] for _ in range(5)}
    assert len(tags) == 1
    assert tags.pop().startswith('W/"' if path in TIMED else '"')


@pytest.mark.parametrize("path", CACHED)
def test_who_has_the_answer_already_is_told_so_in_few_bytes(portal: Portal, path: str) -> None:
    first = portal.client.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=10"
    again = portal.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize("path", CACHED)
def test_head_answers_as_get_does_without_the_body(portal: Portal, path: str) -> None:
    got, head = portal.client.get(path), portal.client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Type", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


def test_different_answers_have_different_tags(portal: Portal) -> None:
    tags = {portal.client.get(path).headers["ETag"] for path in CACHED}
    assert len(tags) == len(CACHED)


def test_a_change_of_the_index_changes_the_tag(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article("a-1")], engine="memory")
    before = portal.client.get("/api/v1/search").headers["ETag"]
    promote(tmp_path, [article("a-1"), article("a-2")], revision=2)
    after = portal.client.get("/api/v1/search", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_health_is_never_kept(portal: Portal) -> None:
    for path in ("/healthz", "/readyz"):
        assert portal.client.get(path).headers["Cache-Control"] == "no-store"


def test_the_address_of_a_file_changes_with_its_content_so_it_may_be_kept(portal: Portal) -> None:
    page = portal.client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "?v=" in address
    file = portal.client.get(address, buffered=True)
    assert file.mimetype == "text/css"
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    tag = file.headers["ETag"]
    again = portal.client.get(address, headers={"If-None-Match": tag}, buffered=True)
    assert (again.status_code, again.headers["Cache-Control"]) == (
        304,
        file.headers["Cache-Control"],
    )
    for other in (address.split("?")[0], address + "0"):
        file = portal.client.get(other, buffered=True)
        assert file.headers["Cache-Control"] == "public, max-age=86400"


FILES = ["/static/style.css", "/static/suggest.js", "/static/docs.js"]
GZIP = {"Accept-Encoding": "br, gzip"}


@pytest.mark.parametrize(
    "path", ["/", "/search?q=水库", "/api/v1/search?q=水库", "/openapi.json", *FILES]
)
def test_what_is_long_is_compressed_for_who_asks_for_it(portal: Portal, path: str) -> None:
    plain = portal.client.get(path, buffered=True)
    packed = portal.client.get(path, headers=GZIP, buffered=True)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"]
    assert "Accept-Encoding" in packed.vary
    assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain.data)
    if "/search" not in path:  # which holds a time taken
        assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    head = portal.client.head(path, headers=GZIP, buffered=True)
    assert head.data == b""
    for name in ("ETag", "Content-Encoding", "Vary"):
        assert head.headers[name] == packed.headers[name]
    for tag, accepted in ((packed.headers["ETag"], GZIP), (plain.headers["ETag"], {})):
        again = portal.client.get(path, headers={"If-None-Match": tag} | accepted, buffered=True)
        assert (again.status_code, again.data) == (304, b"")
        assert (again.headers["ETag"], again.headers["Vary"]) == (tag, plain.headers["Vary"])


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_nothing_is_compressed_for_who_does_not_ask(portal: Portal, accepted: str) -> None:
    answer = portal.client.get("/api/v1/search?q=水库", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/nothing", "/static/icon.svg"])
def test_what_is_short_is_not_compressed(portal: Portal, path: str) -> None:
    answer = portal.client.get(path, headers=GZIP, buffered=True)
    assert "Content-Encoding" not in answer.headers


def test_a_part_of_a_file_is_not_compressed(portal: Portal) -> None:
    part = portal.client.get(FILES[0], headers=GZIP | {"Range": "bytes=0-1999"}, buffered=True)
    assert (part.status_code, len(part.data)) == (206, 2000)
    assert "Content-Encoding" not in part.headers


def test_a_long_error_is_compressed_too(portal: Portal) -> None:
    address = "/api/v1/search?" + "&".join(f"a{number}=1" for number in range(30))
    answer = portal.client.get(address, headers=GZIP)
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (400, "gzip")
    assert b"invalid_parameter" in gzip.decompress(answer.data)


@pytest.mark.parametrize("path", [*CACHED, "/healthz", "/nothing", "/api/v1/nothing"])
def test_every_answer_carries_security_headers_and_no_cookie(portal: Portal, path: str) -> None:
    headers = portal.client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("media", ["application/json", "application/x-ndjson"])
def test_an_answer_that_is_streamed_is_neither_read_nor_tagged_nor_compressed(
    media: str,
) -> None:
    made = []

    def lines() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"x" * 2000

    app = create_app(Services(live_index(Path()), SHANGHAI), SearchSettings())
    app.add_url_rule("/stream", view_func=lambda: Response(lines(), content_type=media))
    answer = app.test_client().get("/stream", headers=GZIP)
    assert len(made) <= 1  # the test client reads the first piece
    assert not {"ETag", "Content-Length", "Content-Encoding"} & set(answer.headers.keys())
    assert len(answer.data) == 6000


def test_a_page_is_a_new_one_when_it_tells_a_time_in_other_words(tmp_path: Path) -> None:
    clock = [NOON]
    index = services(
        tmp_path, [article("a", title="渡口夜灯", published_at="2026-03-01T11:50:00+00:00")]
    )
    app = create_app(replace(index, clock=lambda: clock[-1]), SearchSettings())
    client = app.test_client()
    first = client.get("/")
    assert ">10分钟前</time>" in first.text
    clock.append(NOON + timedelta(seconds=30))
    held = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/", headers=held).status_code == 304
    clock.append(NOON + timedelta(minutes=1))
    later = client.get("/", headers=held)
    assert (later.status_code, later.headers["Cache-Control"]) == (200, "public, max-age=10")
    assert ">11分钟前</time>" in later.text
