"""The service behind a real nginx, and asked directly: every article is found by its link."""

from __future__ import annotations

import html
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.end_to_end.proxying import Proxy
from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.factories import article
from tests.search_service.indexes import promote

IDS = (
    *("a-1", "a/related", "a b", "新闻/2024/01", "a%2Fb", "100%", "a?b#c", "a//b", "../x", "a;b", "+", "/a", "a,b"),
    *("a&id=b", "a%00", "a\\b", '"a"', "...", "a/../b", "山" * 85 + "a", "𠮷\ufffd"),
)  # fmt: skip
LONG = [f"{n:03}-{'x' * 124}" for n in range(100)]
"""The ids of the articles with the longest keys."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, nginx: Proxy) -> Iterator[Server]:
    index = tmp_path_factory.mktemp("behind") / "index"
    odd = [
        article(each, title=f"渡口第{n}号", published_at="2020-01-02") for n, each in enumerate(IDS)
    ]
    long = [article(each, title="长长的名字", published_at="2020-01-01") for each in LONG]
    promote(index, [*odd, *long], engine="whoosh")
    with serving(index, PORT=str(nginx.upstream), SEARCH_PROXIES="1") as served:
        yield served


@pytest.fixture(params=["direct", "nginx"])
def port(request: pytest.FixtureRequest, server: Server, nginx: Proxy) -> int:
    return server.port if request.param == "direct" else nginx.port


def ask(port: int, target: str) -> tuple[int, str, http.client.HTTPMessage]:
    """The status, body and headers of the answer to exactly this request target: no client resolves ``..`` in it."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.putrequest("GET", target)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers


def test_every_article_is_found_by_its_link(port: int) -> None:
    links: dict[str, str] = {}
    for page in (1, 2, 3):
        status, text, _ = ask(port, f"/search?q={quote('渡口')}&page={page}")
        assert status == 200
        for link, title in re.findall(r'<h2><a href="([^"]*)">(.*?)</a>', text):
            links[re.sub("</?mark>", "", title)] = html.unescape(link)
    assert len(links) == len(IDS)
    for title, link in links.items():
        status, text, _ = ask(port, link)
        assert (status, f"<h1>{title}</h1>" in text) == (200, True), link


@pytest.mark.parametrize("each", IDS)
def test_every_article_is_found_by_its_id(port: int, each: str) -> None:
    for route in ("articles", "articles:related"):
        status, text, _ = ask(port, f"/api/v1/{route}?id={quote(each, safe='')}")
        assert (status, json.loads(text)["id"]) == (200, each)


@pytest.mark.parametrize(
    "each", ["a-1", "a b", "新闻/2024/01", "a%2Fb", "100%", "a//b", "a;b", "+"]
)
def test_a_path_goes_through_as_it_came(port: int, each: str) -> None:
    for spelt in (quote(each), quote(each, safe="")):
        status, text, _ = ask(port, f"/api/v1/articles/{spelt}")
        assert (status, json.loads(text)["id"]) == (200, each)


def test_bytes_that_are_no_utf_8_name_no_article(port: int) -> None:
    for target in (
        "/api/v1/articles/%F0%A0%AE%B7%ff",
        "/api/v1/articles?id=%ff",
        "/articles/%D0%C2",
    ):
        assert ask(port, target)[0] == 400


def test_the_longest_surrogate_keys_come_through(port: int) -> None:
    status, text, headers = ask(port, f"/api/v1/search?q={quote('长长的名字')}&size=100&log=off")
    assert status == 200
    shown = [f"article/{hit['id']}" for hit in json.loads(text)["hits"]]
    assert len(shown) == 100
    assert headers["Surrogate-Key"].split(" ") == shown
