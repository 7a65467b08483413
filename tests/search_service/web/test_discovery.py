"""What browsers, crawlers and feed readers find by themselves, and where links lead behind proxies."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from flask.testing import FlaskClient

from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import services
from tests.search_service.web.portal import STORY, Portal

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def site(folder: Path, settings: SearchSettings) -> FlaskClient:
    return create_app(services(folder, [STORY, article("a-1")]), settings).test_client()


def templates(client: FlaskClient, **headers: str) -> dict[str, str]:
    """The templates of the description by their types."""
    response = client.get("/opensearch.xml", headers=headers)
    assert response.content_type == "application/opensearchdescription+xml; charset=utf-8"
    urls = fromstring(response.data).findall(f"{OPENSEARCH}Url")
    return {each.attrib["type"]: each.attrib["template"] for each in urls}


def test_a_browser_can_search_and_complete_by_the_description(portal: Portal) -> None:
    found = templates(portal.client)
    page = portal.client.get(found["text/html"].replace("{searchTerms}", quote("水库")))
    assert "<title>水库 - 搜索</title>" in page.text
    completed = portal.client.get(
        found["application/x-suggestions+json"].replace("{searchTerms}", quote("云溪"))
    )
    assert completed.content_type == "application/x-suggestions+json"
    typed, texts = completed.get_json(force=True)
    hits = portal.json("/api/v1/suggest", q="云溪")["hits"]
    assert (typed, texts) == ("云溪", [each["text"] for each in hits])
    assert texts
    feed = portal.client.get(found["application/atom+xml"].replace("{searchTerms}", quote("水库")))
    assert feedparser.parse(feed.data).entries


def test_nothing_typed_is_completed_by_nothing(portal: Portal) -> None:
    response = portal.client.get("/api/v1/suggest:opensearch?q=")
    assert response.get_json(force=True) == ["", []]


def test_the_description_names_the_site_and_keeps_the_lengths_of_its_standard(
    tmp_path: Path,
) -> None:
    client = site(tmp_path, SearchSettings(site_name="云溪 & 青川" * 300))
    root = fromstring(client.get("/opensearch.xml").data)
    name, text = root.findtext(f"{OPENSEARCH}ShortName"), root.findtext(f"{OPENSEARCH}Description")
    assert name == ("云溪 & 青川" * 3)[:16]
    assert text
    assert len(text) <= 1024
    image = root.findtext(f"{OPENSEARCH}Image")
    assert image
    assert client.get(image, buffered=True).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/search?q=水库&f.channel=社会&sort=hot", "/articles/story-1", "/nothing"]
)
def test_every_page_names_the_description_and_its_feeds(portal: Portal, path: str) -> None:
    head = portal.client.get(path).text.partition("</head>")[0]
    links = re.findall(
        r'<link rel="(search|alternate)" type="([^"]*)" title="([^"]*)" href="([^"]*)"', head
    )
    assert {kind for kind, *_ in links} == {"search", "alternate"}
    for _, content_type, title, url in links:
        response = portal.client.get(url.replace("&amp;", "&"))
        assert response.status_code == 200
        assert response.mimetype == content_type
        if content_type == "application/atom+xml":
            assert feedparser.parse(response.data).feed.title == title


def test_the_feed_of_a_search_page_is_the_same_search_newest_first(portal: Portal) -> None:
    page = portal.client.get("/search?q=水库&f.channel=社会&sort=hot&page=2").text
    (url,) = re.findall(r'href="(/feeds/search.xml[^"]*)"', page)
    assert url == f"/feeds/search.xml?q={quote('水库')}&amp;channel={quote('社会')}"


def crawler(client: FlaskClient, **headers: str) -> RobotFileParser:
    parser = RobotFileParser()
    parser.parse(client.get("/robots.txt", headers=headers).text.splitlines())
    return parser


def test_crawlers_read_articles_and_lists_but_no_searches(portal: Portal) -> None:
    may = crawler(portal.client)
    for path in (
        "/",
        "/articles/a-1",
        "/articles?id=a",
        "/embed/hot",
        "/feeds/latest.xml",
        "/static/style.css",
    ):
        assert may.can_fetch("Googlebot", path), path
    for path in ("/search", "/search?q=a", "/api/v1/latest", "/feeds/search.xml?q=a"):
        assert not may.can_fetch("Googlebot", path), path


def test_of_a_private_service_crawlers_read_nothing_and_browsers_learn_how_to_ask(
    tmp_path: Path,
) -> None:
    client = site(tmp_path, SearchSettings(private=True))
    assert not crawler(client).can_fetch("Googlebot", "/articles/a-1")
    assert templates(client)
    for path in ("/api/v1/suggest:opensearch?q=云", "/feeds/latest.xml", "/embed/latest"):
        assert client.get(path).status_code == 401


BEHIND = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/find", "Host": "www.example.com"}


def test_behind_a_proxy_links_have_its_scheme_and_path(tmp_path: Path) -> None:
    client = site(tmp_path, SearchSettings(proxies=2))
    assert (
        templates(client, **BEHIND)["text/html"]
        == "https://www.example.com/find/search?q={searchTerms}"
    )
    assert not crawler(client, **BEHIND).can_fetch("Googlebot", "/find/search?q=a")
    assert (
        '<a href="https://www.example.com/find/articles/a-1">'
        in client.get("/embed/latest", headers=BEHIND).text
    )
    links = re.findall(
        r'(?:href|src|action|data-suggest)="(/[^"]*)"',
        client.get("/articles/a-1", headers=BEHIND).text,
    )
    assert links
    assert all(each.startswith("/find/") for each in links)
    feed = feedparser.parse(client.get("/feeds/latest.xml?size=1", headers=BEHIND).data).feed
    assert feed.link == "https://www.example.com/find/"
    assert {"https://www.example.com/find/feeds/latest.xml?size=1"} == {
        each.href for each in feed.links if each.rel == "self"
    }


@pytest.mark.parametrize(
    ("prefix", "scheme", "start"),
    [
        ("/a/b-c/", "http", "http://localhost/a/b-c/"),
        ("/outer, /inner", "https, http", "http://localhost/inner/"),
        ("", "", "http://localhost/"),
        ("/", "https", "https://localhost/"),
        ("//evil.example", "https", "https://localhost/"),
        ("/a//b", "javascript", "http://localhost/"),
        ("/..", "HTTPS:", "http://localhost/"),
        ("/./x", "http", "http://localhost/"),
        ('/"><script>', "ftp", "http://localhost/"),
        ("https://evil.example", "http", "http://localhost/"),
    ],
)
def test_only_a_path_and_a_scheme_are_taken_from_the_headers(
    tmp_path: Path, prefix: str, scheme: str, start: str
) -> None:
    client = site(tmp_path, SearchSettings(proxies=1))
    told = {"X-Forwarded-Prefix": prefix, "X-Forwarded-Proto": scheme}
    assert templates(client, **told)["text/html"] == f"{start}search?q={{searchTerms}}"


def test_without_a_proxy_the_headers_are_not_believed(tmp_path: Path) -> None:
    client = site(tmp_path, SearchSettings())
    assert templates(client, **BEHIND)["text/html"].startswith("http://www.example.com/search")
