"""Fragments: lists as bare HTML for other pages, and that they leave no hole where there is nothing to list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from search_service.settings import SearchSettings, origins
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import services
from tests.search_service.web.portal import SCRIPT, Portal, open_portal

FRAGMENTS = {
    "/embed/related/story-1": "/api/v1/articles/story-1/related",
    "/embed/related?id=story-1&size=3": "/api/v1/articles:related?id=story-1&size=3",
    "/embed/related/n-01?past_only=on&per_source=1": "/api/v1/articles/n-01/related?past_only=on&per_source=1",
    "/embed/hot?window=week&size=4": "/api/v1/hot?window=week&size=4",
    "/embed/latest?channel=社会&exclude=n-03": "/api/v1/latest?channel=社会&exclude=n-03",
    "/embed/latest?size=100": "/api/v1/latest?size=100",
}
"""Fragments and the lists of the API that have the same articles."""


def fragment(portal: Portal, path: str) -> str:
    response = portal.client.get(path)
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    return response.text


def shown(html: str) -> list[tuple[str, str]]:
    """The links of a fragment with their texts."""
    return re.findall(r'<a href="([^"]*)">([^<]*)</a>', html.replace("<wbr>", ""))


@pytest.mark.parametrize("path", FRAGMENTS)
def test_a_fragment_lists_what_the_api_lists(portal: Portal, path: str) -> None:
    hits = portal.json(FRAGMENTS[path])["hits"]
    html = fragment(portal, path)
    assert hits
    assert [url for url, _ in shown(html)] == [
        each["url"] or f"http://localhost/articles/{each['id']}" for each in hits
    ]
    assert re.findall('<time datetime="([^"]*)">', html) == [each["published_at"] for each in hits]
    assert html.count("<p>") == len(hits)
    assert html.startswith("<section ")
    assert html.rstrip().endswith("</section>")
    assert "<html" not in html


@pytest.mark.parametrize("path", FRAGMENTS)
def test_a_fragment_is_kept_and_purged_as_the_list_is(portal: Portal, path: str) -> None:
    got, of_api = portal.client.get(path), portal.client.get(FRAGMENTS[path])
    for name in ("Cache-Control", "Surrogate-Key"):
        assert got.headers[name] == of_api.headers[name]
    again = portal.client.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("path", "heading", "tag"),
    [
        ("/embed/related/story-1", "相关阅读", "ul"),
        ("/embed/hot", "热门文章", "ol"),
        ("/embed/latest", "最新文章", "ul"),
    ],
)
def test_a_frame_is_a_document_around_the_same_list(
    portal: Portal, path: str, heading: str, tag: str
) -> None:
    bare, framed = fragment(portal, path), fragment(portal, f"{path}?frame=1")
    assert f"<h2>{heading}</h2>\n<{tag}>" in bare
    assert bare.strip() in framed
    assert framed.startswith("<!doctype html>")
    assert f"<title>{heading} - 搜索</title>" in framed
    assert '<base target="_top">' in framed
    style = re.search('href="(/static/style.css[^"]*)"', framed)
    assert style
    assert portal.client.get(style[1], buffered=True).status_code == 200


def test_text_stays_text(portal: Portal) -> None:
    html = fragment(portal, "/embed/latest?size=100")
    assert SCRIPT not in html
    assert "&lt;script&gt;" in html
    assert "<!--" not in html


def test_what_an_article_lacks_is_left_out_and_links_lead_to_what_there_is(tmp_path: Path) -> None:
    bare = article("a/1", url="", title="", body="。", lead="", published_at=None)
    moved = article("b", url="/2026/b.html?x=1&y=2", published_at="2026-01-01")
    portal = open_portal(tmp_path, [bare, moved], engine="memory")
    html, framed = fragment(portal, "/embed/latest"), fragment(portal, "/embed/latest?frame=1")
    own = ("http://localhost/articles?id=a/1", "（无题）")
    assert shown(html)[1] == own
    assert html.count("<time") == 1
    assert shown(html)[0][0] == "/2026/b.html?x=1&amp;y=2"
    assert shown(framed)[0][0] == "http://localhost/articles/b"
    assert shown(framed)[1] == own


@pytest.mark.parametrize(
    "path",
    [
        "/embed/latest?channel=没有",
        "/embed/hot?channel=没有&frame=1",
        "/embed/related?id=a&frame=1",
    ],
)
def test_nothing_to_list_is_an_empty_body(tmp_path: Path, path: str) -> None:
    portal = open_portal(tmp_path, [article("a")], engine="memory")
    assert fragment(portal, path) == ""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/embed/related/nobody", 404),
        ("/embed/related?id=nobody&frame=1", 404),
        ("/embed/related/draft-1", 404),
        ("/embed/related", 400),
        ("/embed/hot?size=0", 400),
        ("/embed/latest?chanel=社会", 400),
        ("/embed/latest?channel=%C9%E7", 400),
        ("/embed/latest?size=1&size=2", 400),
        ("/embed/latest?frame=2", 400),
        ("/embed/nothing", 404),
    ],
)
def test_an_error_is_an_empty_body_with_its_status(portal: Portal, path: str, status: int) -> None:
    response = portal.client.get(path)
    assert (response.status_code, response.data) == (status, b"")
    assert response.headers["Cache-Control"] == "no-store"


def test_without_an_index_a_fragment_is_empty_too(tmp_path: Path) -> None:
    app = create_app(services(tmp_path / "a", [article("a")]), SearchSettings())
    (tmp_path / "a" / "CURRENT").unlink()
    response = app.test_client().get("/embed/latest")
    assert (response.status_code, response.data) == (503, b"")
    assert response.headers["Retry-After"] == "10"


def policies(folder: Path, allowed: str) -> set[Any]:
    """Who may frame the fragments, good ones and errors."""
    app = create_app(services(folder, [article("a")]), SearchSettings(origins=origins(allowed)))
    answers = [
        app.test_client().get(path)
        for path in ("/embed/hot", "/embed/latest?frame=1", "/embed/related/x", "/embed/hot?x=1")
    ]
    return {
        each.headers["Content-Security-Policy"].partition("frame-ancestors ")[2] for each in answers
    }


def test_the_listed_origins_may_frame_fragments_and_nobody_else(tmp_path: Path) -> None:
    two = "https://www.example.com, http://localhost:3000"
    assert policies(tmp_path, two) == {"'self' http://localhost:3000 https://www.example.com"}
    assert policies(tmp_path, "*") == {"*"}
    assert policies(tmp_path, "none") == {"'self'"}


def test_pages_of_the_listed_origins_may_fetch_fragments_and_feeds(tmp_path: Path) -> None:
    portal = "https://www.example.com"
    app = create_app(services(tmp_path, [article("a")]), SearchSettings(origins=origins(portal)))
    for path in ("/embed/latest", "/feeds/latest.xml"):
        response = app.test_client().get(path, headers={"Origin": portal})
        assert response.headers["Access-Control-Allow-Origin"] == portal


def test_a_fragment_is_no_page_of_its_own_for_crawlers(portal: Portal) -> None:
    response = portal.client.get("/embed/latest")
    assert response.headers["X-Robots-Tag"] == "noindex, indexifembedded"
