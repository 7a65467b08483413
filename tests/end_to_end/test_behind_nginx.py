"""The service behind a real nginx, and asked directly: every article is found by its link."""

from __future__ import annotations

import html
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from indexer.store.articles import ArticleStore
from indexer.store.database import open_keys, open_store
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("behind")


@pytest.fixture(scope="module")
def server(folder: Path, nginx: Proxy) -> Iterator[Server]:
    index = folder / "index"
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


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[ArticleStore]:
    """The store behind the service."""
    with closing(open_store(f"sqlite:///{folder / 'articles.sqlite3'}")) as opened:
        yield opened


@pytest.fixture(scope="module")
def headers(store: ArticleStore) -> dict[str, str]:
    """The headers of a client that may write."""
    with closing(open_keys(store.url)) as keys:
        return {"Authorization": f"Bearer {keys.create('', 'write')[0]}"}


def test_a_large_article_comes_through(
    port: int, store: ArticleStore, headers: dict[str, str]
) -> None:
    """Larger than nginx takes by default."""
    body = json.dumps(
        {"title": "长长的渡口", "body": "渡口" * 200_000}, ensure_ascii=False
    ).encode()
    assert len(body) > 1_048_576
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("PUT", "/api/v1/articles?id=large%2F1", body, headers)
        response = connection.getresponse()
        assert response.status in (200, 201), response.read()
        assert response.headers["Surrogate-Key"].startswith("article/sha256-")
    assert store.get("large/1") is not None


def test_a_bulk_request_goes_through_as_a_stream(port: int, headers: dict[str, str]) -> None:
    """Some batches, in chunks, from a client that reads the answer only when it has sent everything.

    nginx would stop in the middle of the body if the answer to the first batch came before its end.
    """
    count = 1_100

    def lines() -> Iterator[bytes]:
        for number in range(count):
            record = {"id": f"bulk-{number}", "title": f"第{number}个渡口", "unused": "x" * 20_000}
            yield json.dumps(record, ensure_ascii=False).encode() + b"\n"

    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("POST", "/api/v1/articles:bulk", lines(), headers, encode_chunked=True)
        response = connection.getresponse()
        assert response.status == 200
        answers = [json.loads(each) for each in response.read().splitlines()]
    assert [each["line"] for each in answers[:-1]] == [*range(1, count + 1)]
    assert (answers[-1]["error"], answers[-1]["complete"]) == (None, True)
    assert answers[-1]["read"] == count
