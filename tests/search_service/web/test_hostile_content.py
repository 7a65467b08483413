"""Scripts in everything that is stored, and line ends in everything that is sent: neither gets out of its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.article import Article
from indexer.settings import IndexSettings
from indexer.store.database import open_editorial, open_store
from search_service.assembly import make_services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.indexer.store.test_editorial_lists import entries
from tests.search_service.indexes import PATIENCE, promote
from tests.search_service.querylog.factory import BROWSER
from tests.typed_queries import analyzer  # noqa: F401 (shares the dictionary)

EVIL = "\"'><script>alert(7)</script><img src=x onerror=alert(7)>&lt;b&gt;{{7*7}}"
"""Ends an attribute, begins a script, and would be something else if it were escaped twice, or read as a template."""

ADDRESS = "\"'><script>alert(7)</script>{{7*7}}"
WORD = "\"'><img src=x onerror=alert(7)>"
CHANNEL = EVIL.replace("/", "")
ID = "a\"'><script>alert(7)<.script>"

QUERIES = (f"云溪{EVIL}", f'"{EVIL}"', EVIL)


def hostile(number: int, **values: object) -> Article:
    """An article that has a script in each of its fields."""
    fields: dict[str, object] = {
        "title": f"云溪{EVIL}{number}",
        "body": f"云溪水库的水位{EVIL}{number}。\n第二段{EVIL}。",
        "lead": f"云溪导语{EVIL}",
        "channel": CHANNEL,
        "channels": [f"次{CHANNEL}"],
        "source": f"来源{EVIL}",
        "author": f"作者{EVIL}",
        "editor": f"编辑{EVIL}",
        "tags": [f"标签{EVIL}", "云溪"],
        "site": f"站{EVIL}",
        "attributes": {"section": EVIL},
        "url": f"https://portal.example/{number}?a={ADDRESS}",
        "image_url": f"https://portal.example/{number}.png?a={ADDRESS}",
        "published_at": f"2026-02-{number + 1:02}T08:00:00+08:00",
    }
    return article(f"{ID}{number}", **(fields | values))


class Elements(HTMLParser):
    """What a browser makes of a page: its elements and scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.data: list[str] = []
        self._in_data = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self._in_data = ("type", "application/ld+json") in attrs

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data.append(data)


def check_page(page: str) -> None:
    """A page runs nothing that was stored."""
    found = Elements(page)
    for tag, attributes in found.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes
        for name in ("href", "src", "action", "formaction", "poster", "data"):
            value = (attributes.get(name) or "").strip().lower()
            assert not value.startswith(("javascript:", "data:text", "vbscript:")), value
            assert value != "x", "the img of the script"
        if tag == "script" and attributes.get("type") != "application/ld+json":
            assert (attributes.get("src") or "").startswith("/"), attributes
        assert tag not in ("b", "style", "iframe", "object", "embed")
    for data in found.data:
        assert isinstance(json.loads(data), dict | list)
        assert "</" not in data


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A service whose articles, lists and query log are full of scripts."""
    folder = tmp_path_factory.mktemp("hostile")
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    articles = [hostile(number) for number in range(6)]
    articles += [
        hostile(6, url="", image_url=f"/6.png?a={ADDRESS}"),
        hostile(7, url=f"/7?a={ADDRESS}", title=""),
    ]
    with closing(open_store(url)) as store:
        store.put(articles)
    with closing(open_editorial(url)) as lists:
        lists.put("hot", entries("hot", f"热{WORD}"))
        lists.put("synonyms", entries("synonyms", f"云溪,{WORD}"))
        lists.put("stopwords", entries("stopwords", "的"))
    promote(folder / "index", articles, engine="whoosh")
    searching = SearchSettings(
        time_limit=PATIENCE, querylog_url=f"sqlite:///{folder / 'log'}", site_name=f"站名{EVIL}"
    )
    services = make_services(IndexSettings(index_dir=folder / "index", store_url=url), searching)
    services.warm_up()
    app = create_app(services, searching)
    with closing(services):
        asking = app.test_client()
        for by in range(3):
            for query in QUERIES:
                asking.get(
                    "/api/v1/search",
                    query_string={"q": query},
                    headers={"User-Agent": BROWSER},
                    environ_base={"REMOTE_ADDR": f"198.18.{by}.2"},
                )
        assert services.query_log.settle(PATIENCE)
        yield asking


def asked(app: Flask) -> Iterator[tuple[str, dict[str, str]]]:
    """Every address that answers GET, with several queries. A new route is asked too."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(("static", "theme")):
            continue
        if rule.rule.startswith(("/api/v1/admin", "/metrics")) or rule.rule.endswith(
            ("/stored", ":stored")
        ):
            continue
        if "article_id" in rule.arguments:
            continue  # the form in the query string shows the same
        for query in QUERIES:
            yield rule.rule, {"q": query}
        for number in (0, 6, 7):
            yield rule.rule, {"id": f"{ID}{number}"}
        for made in ({}, {"format": "rss"}):
            yield rule.rule, made


def test_no_page_feed_or_fragment_runs_what_is_stored_or_sent(client: FlaskClient) -> None:
    kinds: dict[str, int] = {}
    for path, query in asked(client.application):
        answer = client.get(path, query_string=query)
        assert answer.status_code < 500, (path, query, answer.text)
        kind = answer.mimetype or ""
        kinds[kind] = kinds.get(kind, 0) + ("alert(7)" in answer.text)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if kind == "text/html":
            check_page(answer.text)
        elif kind.endswith("xml"):
            links = [
                each.text or each.get("href") or ""
                for each in ElementTree.fromstring(answer.text).iter()
                if each.tag.rpartition("}")[2] in ("link", "url", "guid")
            ]
            assert not [each for each in links if each.lower().startswith(("javascript:", "data:"))]
        elif kind.endswith("json"):
            json.loads(answer.text)
    assert {kind for kind, shown in kinds.items() if shown} >= {
        "text/html",
        "application/json",
        "application/atom+xml",
        "application/rss+xml",
        "application/x-suggestions+json",
        "application/problem+json",
    }


def test_an_article_page_shows_every_field_as_text(client: FlaskClient) -> None:
    page = client.get("/articles", query_string={"id": f"{ID}0"}).text
    assert page.count("&lt;script&gt;alert(7)&lt;/script&gt;") > 5
    assert "{{7*7}}" in page


LINE_ENDS = (
    "a\r\nX-Evil: 1",
    "a\nX-Evil: 1",
    "a\rX-Evil: 1",
    "a\u2028X-Evil: 1",
    "a\x00b",
    "a\x85X-Evil: 1",
)


@pytest.mark.parametrize("sent", LINE_ENDS)
def test_no_parameter_gets_into_another_header(client: FlaskClient, sent: str) -> None:
    """Each documented parameter of each route, and what pages take beside them."""
    document: Any = client.get("/openapi.json").json
    operations = [
        (method.upper(), path, [each["name"] for each in operation.get("parameters", [])])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    pages = [
        ("GET", path, ["q", "id", "f.channel", "page", "sort", "ie"])
        for path in ("/search", "/articles", "/")
    ]
    for method, path, names in operations + pages:
        for name in names:
            for place in {"query", "path"} if f"{{{name}}}" in path else {"query"}:
                address = re.sub(r"\{\w+\}", "x", path)
                if place == "path":
                    address = path.replace(f"{{{name}}}", sent.replace("\x00", ""))
                answer = client.open(address, method=method, query_string={name: sent}, json={})
                assert answer.status_code < 500, (method, path, name)
                _check_headers(answer.headers)


@pytest.mark.parametrize("sent", LINE_ENDS)
def test_no_header_of_a_request_gets_into_another_one_of_the_answer(
    client: FlaskClient, sent: str
) -> None:
    names = (
        "X_REQUEST_ID",
        "ORIGIN",
        "AUTHORIZATION",
        "HOST",
        "IF_NONE_MATCH",
        "X_FORWARDED_PREFIX",
        "X_FORWARDED_PROTO",
        "REFERER",
        "USER_AGENT",
        "ACCEPT_ENCODING",
    )
    for name in names:
        value = f"Bearer {sent}" if name == "AUTHORIZATION" else sent
        for path in ("/api/v1/search?q=a", "/search?q=a", "/feeds/latest.xml", "/embed/hot"):
            answer = client.get(
                path, environ_overrides={f"HTTP_{name}": value.encode().decode("latin-1")}
            )
            assert answer.status_code < 500, (name, path)
            _check_headers(answer.headers)


def _check_headers(headers: Any) -> None:
    assert "X-Evil" not in headers
    for name, value in headers:
        assert not re.search(r"[\r\n\x00\x85]", name + value), (name, value)
