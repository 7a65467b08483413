"""docs/fragments.md, and the service below a path, as they stand: a real nginx, PHP, and a browser on another origin."""

from __future__ import annotations

import gzip
import html
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import feedparser
import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import PROJECT
from tests.end_to_end.proxying import documented, proxying
from tests.end_to_end.serving import PATIENCE, Server, free_port, serving
from tests.end_to_end.test_pages_in_browser import browser
from tests.end_to_end.test_writing_guide import require
from tests.factories import article
from tests.search_service.indexes import promote

__all__ = ["browser"]  # a fixture

ARTICLES = [
    article(
        "a-1", title="云溪小学的板凳会", url="https://www.example.com/a-1.html", channel="情感"
    ),
    *(
        article(
            f"b-{n}",
            title=f"云溪小学的第{n}场板凳会 & 议事",
            channel="情感",
            body=f"云溪小学的第{n}场板凳会开到了很晚。",
            url="",
            published_at=f"2026-01-0{n + 1}",
        )
        for n in range(8)
    ),
    article("a//b/../c", title="渡口", channel="社会", url="", published_at="2025-12-30"),
]
HEADINGS = ["相关阅读", "热门文章", "最新文章"]


class Site(NamedTuple):
    """The portal's nginx on two ports, another server of the same pages, their folder, and the service."""

    portal: str
    below: str
    framing: int
    pages: Path
    server: Server


def guide(language: str, section: str) -> str:
    """The one block of a language in a section of the guide."""
    text = (PROJECT / "docs" / "fragments.md").read_text(encoding="utf-8")
    text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


@contextmanager
def portal(folder: Path) -> Iterator[tuple[str, str, int]]:
    """The addresses of nginx's two documented servers, and the port where they expect the service."""
    ports = free_port(), free_port()
    (folder / "pages").mkdir()
    (folder / "pages" / "a-1.html").write_text(guide("html", "nginx SSI"), encoding="utf-8")
    blocks = [
        block.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
            "/var/www/portal", str(folder / "pages")
        )
        for port, block in zip(
            ports,
            (documented("fragments.md", "nginx SSI"), documented("operations.md", "Below a path")),
            strict=True,
        )
    ]
    with proxying(folder, *blocks) as proxy:
        yield f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", proxy.upstream


@contextmanager
def other_origin(folder: Path) -> Iterator[int]:
    """The port of a server of the files in a folder. Its two names are two origins."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    promote(folder / "index", ARTICLES, engine="whoosh")
    with (
        portal(folder) as (address, below, upstream),
        other_origin(folder / "pages") as framing,
        serving(
            folder / "index",
            PORT=str(upstream),
            SEARCH_PROXIES="1",
            SEARCH_ORIGINS=f"http://localhost:{framing}",
        ) as server,
    ):
        yield Site(address, below, framing, folder / "pages", server)


def get(url: str, **headers: str) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        body: bytes = response.read()
        return (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def test_nginx_puts_the_lists_into_a_page(site: Site) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}):
        page = get(f"{site.portal}/a-1.html", **headers)
        assert headings(page) == HEADINGS
        assert page.count("<li>") == 15
        assert 'href="https://search.example.com/articles/b-7"' in page
        assert "板凳会 &amp; 议事" in page
        assert "<!--#" not in page
        assert page.count("<html") == page.count("</html>") == 1


def test_a_page_about_an_article_that_nobody_knows_has_no_hole(site: Site) -> None:
    text = guide("html", "nginx SSI").replace("/related/a-1", "/related/nobody")
    (site.pages / "new.html").write_text(text, encoding="utf-8")
    page = get(f"{site.portal}/new.html")
    assert headings(page) == HEADINGS[1:]
    assert "<h1>云溪小学的板凳会</h1>\n\n\n</main>" in page


def test_while_the_service_is_away_the_page_stands_without_lists(tmp_path: Path) -> None:
    with portal(tmp_path) as (address, _, _):
        page = get(f"{address}/a-1.html")
    assert headings(page) == []
    assert "nginx" not in page
    assert page.endswith("</aside>\n</body>\n</html>\n")


def php(script: str) -> str:
    require("php", "php-cli")
    ended = subprocess.run(
        ["php"], input=script, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return ended.stdout


def test_php_puts_the_lists_into_a_page(site: Site) -> None:
    script = guide("php", "PHP")
    assert script.count("http://127.0.0.1:8000") == 1
    page = php(script.replace("http://127.0.0.1:8000", site.server.url))
    assert headings(page) == HEADINGS
    assert page.count("<li>") == 15
    assert 'href="http://search.example.com/articles/b-7"' in page
    unknown = script.replace("'id' => 'a-1'", "'id' => '没有 & 这篇'")
    page = php(unknown.replace("http://127.0.0.1:8000", site.server.url))
    assert headings(page) == HEADINGS[1:]
    away = php(script.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{free_port()}"))
    assert headings(away) == []
    assert "Warning" not in away


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["allowed", "another"])
def test_a_frame_shows_the_list_to_the_allowed_origins_only(
    site: Site,
    browser: Browser,
    host: str,
) -> None:
    frame = guide("html", "A frame").replace("https://search.example.com", site.server.url)
    text = f'<!doctype html><meta charset="utf-8"><title>门户</title>{frame}'
    (site.pages / "framed.html").write_text(text, encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text))
    page.goto(f"http://{host}:{site.framing}/framed.html", wait_until="networkidle")
    inside = page.frame_locator("iframe[title=热门文章]")
    if host == "localhost":
        expect(inside.get_by_role("heading", name="热门文章")).to_be_visible()
        expect(inside.get_by_role("listitem")).to_have_count(3)
        assert page.frames[1].evaluate("document.documentElement.scrollWidth") <= 320
        inside.get_by_role("link", name="第6场").click()
        page.wait_for_url(f"{site.server.url}/articles/b-6")
    else:
        assert any("frame-ancestors" in each for each in said)
        expect(inside.get_by_role("listitem")).to_have_count(0)
    context.close()


def test_below_a_path_every_link_leads_on(site: Site) -> None:
    start = f"{site.below}/find/"
    assert get(f"{site.below}/find") == get(start)
    seen, waiting = set[str](), ["/find/", "/find/search?q=%E6%9D%BF%E5%87%B3%E4%BC%9A"]
    while waiting and len(seen) < 30:
        path = waiting.pop(0)
        seen.add(path)
        page = get(site.below + path)
        links = re.findall(r'(?:href|src|action|data-suggest|data-view)="(/[^"]*)"', page)
        assert all(each.startswith("/find/") for each in links), path
        pages = (html.unescape(each) for each in re.findall('<a [^>]*href="(/[^"#]*)', page))
        waiting += (each for each in dict.fromkeys(pages) if each not in {*seen, *waiting})
    assert "/find/articles?id=a//b/../c" in seen
    assert any(each.startswith("/find/articles/b-") for each in seen)


def test_below_a_path_addresses_come_as_they_were_sent(site: Site) -> None:
    assert "<h1>渡口</h1>" in get(f"{site.below}/find/articles/a%2F%2Fb%2F..%2Fc")
    assert 'href="http://127.0.0.1/find/articles/b-1"' in get(
        f"{site.below}/find/embed/latest?exclude=b-0&size=100"
    )
    feed = feedparser.parse(get(f"{site.below}/find/feeds/latest.xml"))
    assert "http://127.0.0.1/find/articles/b-1" in [each.link for each in feed.entries]
    assert 'template="http://127.0.0.1/find/search?q={searchTerms}"' in get(
        f"{site.below}/find/opensearch.xml"
    )
    stated = get(f"{site.below}/find/robots.txt", **{"X-Forwarded-Prefix": "/evil"})
    assert "Disallow: /find/search" in stated
