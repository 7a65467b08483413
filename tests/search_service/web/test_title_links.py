"""Where the titles of articles lead: the setting SEARCH_LINKS."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from indexer.article import Article
from search_service.excerpts.snippets import Marked
from search_service.settings import links
from search_service.web.addresses import text_fragment, title_link
from tests.factories import article
from tests.search_service.web.portal import open_portal

URL = "https://portal.example/a-1.html"


def title_of(page: str) -> str:
    """The address that the title of the first hit leads to."""
    found = re.search(r'<h2><a href="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        (URL, URL),
        ("http://portal.example/a?b=1&c=2#d", "http://portal.example/a?b=1&c=2#d"),
        ("HTTPS://Portal.example/a", "HTTPS://Portal.example/a"),
        ("/news/1.html", "/articles/a-1"),
        ("", "/articles/a-1"),
    ],
)
def test_a_title_leads_to_the_portals_page_if_its_address_names_a_host(
    tmp_path: Path, url: str, leads_to: str
) -> None:
    portal = open_portal(tmp_path, [article("a-1", url=url)], engine="memory")
    assert title_of(portal.client.get("/search").text) == leads_to
    assert f'<h3><a href="{html.escape(leads_to)}">' in portal.client.get("/").text
    assert portal.client.get("/articles/a-1").status_code == 200


def test_a_preview_leads_to_the_services_own_page(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article("a-1", url=URL)], engine="memory", links="preview")
    assert title_of(portal.client.get("/search").text) == "/articles/a-1"


def test_the_words_that_were_found_are_marked_on_the_portals_page(tmp_path: Path) -> None:
    articles = [
        article("a-1", url=URL, title="渡口的灯", body="渡口边，老人每天点灯。"),
        article("a-2", url=URL, title="山谷", body="山谷里的船。"),
    ]
    portal = open_portal(tmp_path, articles, links="marked")
    address = title_of(portal.client.get("/search?q=渡口").text)
    assert address.startswith(f"{URL}#:~:text=%")
    assert unquote(address) == f"{URL}#:~:text=渡口"
    assert title_of(portal.client.get("/search").text) == URL


def test_an_article_that_lacks_the_words_has_no_mark(tmp_path: Path) -> None:
    articles = [article("a-1", url=URL, title="渡口", body="老人。")]
    portal = open_portal(tmp_path, articles, links="marked")
    address = unquote(title_of(portal.client.get("/search?q=渡口 火星 恐龙").text))
    assert address == f"{URL}#:~:text=渡口"


@pytest.mark.parametrize(
    ("url", "text", "end"),
    [
        (URL, "a-b, c&d", "#:~:text=a%2Db%2C%20c%26d"),
        (f"{URL}#part", "渡口", ":~:text=%E6%B8%A1%E5%8F%A3"),
        (URL, "灯", ""),
        (URL, "长" * 41, ""),
    ],
)
def test_a_text_fragment_is_spelt_as_the_specification_wants(url: str, text: str, end: str) -> None:
    assert text_fragment(url, [Marked(text, ((0, len(text)),))]) == end


def test_a_text_fragment_names_a_few_texts_and_none_twice() -> None:
    text = "".join(f"词{n}" for n in range(6))
    marks = tuple((2 * n, 2 * n + 2) for n in range(6))
    end = text_fragment(URL, [Marked(text, marks), Marked(text, marks)])
    assert unquote(end) == "#:~:text=词0&text=词1&text=词2&text=词3"
    assert text_fragment(URL, [Marked(text)]) == ""


def test_an_address_that_runs_a_script_is_never_a_link(tmp_path: Path) -> None:
    hostile = Article(id="a-1", title="a", url="javascript:alert(1)")
    app = open_portal(tmp_path, [], engine="memory").client.application
    with app.test_request_context():
        assert title_link(hostile, "portal") == "/articles/a-1"


def test_a_wrong_setting_names_what_is_right() -> None:
    with pytest.raises(ValueError, match="must be one of portal, marked, preview"):
        links("redirect")
