"""Feeds, read with feedparser: valid, absolute and stable."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import fromstring

import feedparser
import pytest

from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import promote, services
from tests.search_service.web.portal import SCRIPT, Portal, as_problem, open_portal

FEEDS = {
    "/feeds/latest.xml": "/api/v1/latest?size=20",
    "/feeds/latest.xml?channel=社会&size=3": "/api/v1/latest?channel=社会&size=3",
    "/feeds/hot.xml?window=week": "/api/v1/hot?window=week&size=20",
    "/feeds/search.xml?q=水库": "/api/v1/search?q=水库&size=20&sort=newest",
    "/feeds/search.xml?q=水库&source=青川日报&from=2026-01-01&sort=oldest&size=4": "/api/v1/search?q=水库&source=青川日报"
    "&from=2026-01-01&sort=oldest&size=4",
    "/feeds/search.xml?attributes.section.min=2": "/api/v1/search?attributes.section.min=2",
    "/feeds/search.xml": "/api/v1/search?size=20",
}
"""Feeds and the lists of the API that have the same articles."""


def read(portal: Portal, path: str) -> Any:
    """A feed as feedparser reads it; it must be well formed."""
    response = portal.client.get(path)
    assert response.status_code == 200
    fromstring(response.data)
    found = feedparser.parse(response.data)
    assert not found.bozo
    return found


def in_form(path: str, form: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}format={form}"


@pytest.mark.parametrize("form", ["atom", "rss"])
@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_has_the_articles_of_the_list(portal: Portal, path: str, form: str) -> None:
    hits = portal.json(FEEDS[path])["hits"]
    found = read(portal, in_form(path, form))
    assert found.version == {"atom": "atom10", "rss": "rss20"}[form]
    assert hits
    assert [each.title for each in found.entries] == [each["title"] or "（无题）" for each in hits]
    assert [each.link for each in found.entries] == [
        each["url"] or f"http://localhost/articles/{each['id']}" for each in hits
    ]
    summaries = [each.get("summary", "") for each in found.entries]
    assert [unescape(each) if form == "rss" else each for each in summaries] == [
        each["lead"] for each in hits
    ]
    assert len({each.id for each in found.entries}) == len(hits)


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_an_entry_says_what_is_known_of_its_article(portal: Portal, form: str) -> None:
    found = read(portal, f"/feeds/latest.xml?size=1&format={form}")
    (entry,) = found.entries
    assert (entry.author, entry.publisher) == ("覃望舒", "青川日报")
    assert [each.term for each in entry.tags] == ["情感/故事", "板凳会", "云溪"]
    assert entry.published_parsed[:5] == (2026, 2, 1, 0, 30)
    assert found.feed.updated_parsed[:5] == (2026, 2, 2, 1, 0)
    if form == "atom":
        assert entry.updated == "2026-02-02T09:00:00+08:00"
    assert found.feed.title == "最新文章 - 搜索"
    assert found.feed.link == "http://localhost/"
    itself = next(each.href for each in found.feed.links if each.rel == "self")
    assert itself == f"http://localhost/feeds/latest.xml?size=1&format={form}"


@pytest.mark.parametrize("path", FEEDS)
def test_atom_has_all_that_rfc_4287_demands(portal: Portal, path: str) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    feed = fromstring(portal.client.get(path).data)
    for each in (feed, *feed.iter(f"{atom}entry")):
        for name in ("id", "title", "updated"):
            assert [bool(found.text) for found in each.findall(f"{atom}{name}")] == [True]
        assert each.findtext(f"{atom}id", "").startswith("urn:uuid:")
        (page,) = (link for link in each.findall(f"{atom}link") if link.get("rel") == "alternate")
        assert page.attrib["href"].startswith(("http://", "https://"))
        stamp = each.findtext(f"{atom}updated", "")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", stamp)
    assert feed.findtext(f"{atom}author/{atom}name") == "搜索"


def test_the_page_of_a_search_feed_is_the_same_search(portal: Portal) -> None:
    asked = f"q={quote('水库')}&channel={quote('社会')}&sort=newest"
    found = read(portal, f"/feeds/search.xml?{asked}&size=2")
    assert found.feed.title == "搜索：水库 - 搜索"
    page = asked.replace("channel", "f.channel")
    assert found.feed.link == f"http://localhost/search?{page}"


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_kept_and_purged_as_the_list_is(portal: Portal, path: str) -> None:
    got, of_api = portal.client.get(path), portal.client.get(FEEDS[path])
    assert got.headers["Cache-Control"] == "public, max-age=10"
    assert got.headers["Surrogate-Key"] == of_api.headers["Surrogate-Key"]
    again = portal.client.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_entry_keeps_its_id_and_a_feed_its_tag(tmp_path: Path) -> None:
    """Whatever becomes of the article, and whatever else is indexed."""
    first = article("a-1", url="https://portal.example/a", published_at="2026-01-01")
    portal = open_portal(tmp_path, [first], engine="memory")
    feed, tag = (
        "/feeds/latest.xml?channel=x",
        portal.client.get("/feeds/latest.xml").headers["ETag"],
    )
    before = read(portal, "/feeds/latest.xml").entries[0]
    promote(tmp_path, [first, article("a-2", status="draft")], revision=2)
    assert portal.client.get("/feeds/latest.xml").headers["ETag"] == tag
    moved = article("a-1", url="https://portal.example/b", title="改", published_at="2026-01-02")
    promote(tmp_path, [moved], revision=3)
    after = read(portal, "/feeds/latest.xml").entries[0]
    assert (before.id, before.link) == (after.id, "https://portal.example/a")
    assert (after.title, after.link) == ("改", "https://portal.example/b")
    over_tls = portal.client.get("/feeds/latest.xml", base_url="https://localhost/")
    assert feedparser.parse(over_tls.data).entries[0].id == before.id
    elsewhere = portal.client.get("/feeds/latest.xml", base_url="http://other.example/")
    assert feedparser.parse(elsewhere.data).entries[0].id != before.id
    assert read(portal, feed).entries == []


def test_text_stays_text_and_characters_that_xml_lacks_are_replaced(tmp_path: Path) -> None:
    odd = article("a", title=f"{SCRIPT}]]>&\uffff", body="。", published_at="2026-01-01")
    portal = open_portal(tmp_path, [odd], engine="memory")
    for form in ("atom", "rss"):
        response = portal.client.get(f"/feeds/search.xml?q=%EF%BF%BE<&format={form}")
        root = fromstring(response.data)
        assert "搜索：\ufffd< - 搜索" in [each.text for each in root.iter()]
        found = portal.client.get(f"/feeds/latest.xml?format={form}")
        assert f"{SCRIPT}]]>&\ufffd" in [each.text for each in fromstring(found.data).iter()]


def test_an_article_without_any_time_has_a_fixed_one(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path, [article("a", published_at=None, url="/a.html")], engine="memory"
    )
    (entry,) = read(portal, "/feeds/latest.xml").entries
    assert entry.updated_parsed[:4] == (1970, 1, 1, 0)
    assert "published" not in entry
    assert entry.link == "http://localhost/articles/a"
    assert "published" not in read(portal, "/feeds/latest.xml?format=rss").entries[0]


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/latest.xml?size=101",
        "/feeds/hot.xml?exclude=a",
        "/feeds/search.xml?page=2",
        "/feeds/search.xml?from=2026-02-01&to=2026-01-01",
        "/feeds/latest.xml?format=json",
        "/feeds/latest.xml?channel=%C9%E7",
    ],
)
def test_a_wrong_parameter_is_a_problem_as_in_the_api(portal: Portal, path: str) -> None:
    assert as_problem(portal.client.get(path))["code"] == "invalid_parameter"


def test_a_feed_names_the_site(tmp_path: Path) -> None:
    app = create_app(services(tmp_path, [article("a")]), SearchSettings(site_name="青川 & 网"))
    found = feedparser.parse(app.test_client().get("/feeds/latest.xml").data)
    assert found.feed.title == "最新文章 - 青川 & 网"
    assert found.feed.author == "青川 & 网"
