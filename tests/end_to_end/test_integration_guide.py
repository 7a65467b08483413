"""docs/integration.md as it stands: all its pages, programs and servers, seen by a browser on another origin.

docs/integration.zh-CN.md has the same blocks. Only addresses, ports and folders are replaced.
It takes longer than ten seconds because every way of the guide has a server of its own: nginx, PHP, Python.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import shlex
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import feedparser
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PROJECT
from tests.end_to_end.proxying import documented, proxying
from tests.end_to_end.serving import PATIENCE, Server, free_port, serving, wait_until
from tests.end_to_end.test_pages_in_browser import browser
from tests.end_to_end.test_writing_guide import require
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import BROWSER

pytestmark = pytest.mark.thorough

__all__ = ["browser"]  # a fixture

ARTICLES = [
    article(
        "a-20250126-001",
        title="云溪小学的板凳会",
        url="https://www.example.com/a-1.html",
        channel="情感",
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
    *(
        article(
            f"c-{n}",
            title=f"板凳会记事之{n}",
            channel="情感",
            body=f"第{n}天，板凳会议了修路的事。",
            url=f"https://www.example.com/c-{n}.html",
            published_at=f"2025-01-{n + 1:02}",
        )
        for n in range(20)
    ),
    article("a//b/../c", title="渡口", channel="社会", url="", published_at="2025-12-30"),
]
HEADINGS = ["相关阅读", "热门文章", "最新文章"]


class Site(NamedTuple):
    """The portal's nginx on two ports, another server of the same pages, their folder, the service, its query log, and the guide's 8001."""

    portal: str
    below: str
    framing: int
    pages: Path
    server: Server
    log: Path
    port: int


def text(language: str = "") -> str:
    """The guide, in English or another language."""
    return (PROJECT / "docs" / f"integration{language}.md").read_text(encoding="utf-8")


def guide(language: str, section: str, name: str = "") -> str:
    """The one block of a language in a section of the guide, or the one that follows the name of its file."""
    found = text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    if name:
        found = found.split(f"`{name}`:\n")[1].split("```\n")[0] + "```\n"
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", found, re.MULTILINE | re.DOTALL)
    return str(block)


@contextmanager
def portal(folder: Path) -> Iterator[tuple[str, str, int]]:
    """The addresses of nginx's two documented servers, and the port where they expect the service."""
    ports = free_port(), free_port()
    for name, section in (("pages", "nginx SSI"), ("below", "Below a path")):
        (folder / name).mkdir()
        (folder / name / "article.html").write_text(guide("html", section), encoding="utf-8")
    blocks = [
        block.replace("listen 80;", f"listen 127.0.0.1:{port};")
        .replace("/var/www/portal", str(folder / "pages"))
        .replace("location = /find {", f"root {folder / 'below'};\n    location = /find {{")
        for port, block in zip(
            ports,
            (
                documented("integration.md", "nginx SSI"),
                documented("operations.md", "Below a path"),
            ),
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
    log, port = folder / "querylog.sqlite3", free_port()
    promote(folder / "index", ARTICLES, engine="whoosh")
    with (
        portal(folder) as (address, below, upstream),
        other_origin(folder / "pages") as framing,
        serving(
            folder / "index",
            PORT=str(upstream),
            SEARCH_PROXIES="1",
            SEARCH_ORIGINS=f"http://localhost:{framing},http://127.0.0.1:{port}",
            SEARCH_QUERYLOG_URL=f"sqlite:///{log}",
        ) as server,
    ):
        yield Site(address, below, framing, folder / "pages", server, log, port)


def get(url: str, **headers: str) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        body: bytes = response.read()
        return (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def test_nginx_puts_the_lists_into_a_page(site: Site) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}):
        page = get(f"{site.portal}/article.html", **headers)
        assert headings(page) == HEADINGS
        assert page.count("<li>") == 15
        assert 'href="https://search.example.com/articles/b-7"' in page
        assert "板凳会 &amp; 议事" in page.replace("<wbr>", "")
        assert "<!--#" not in page
        assert page.count("<html") == page.count("</html>") == 1


def test_a_page_about_an_article_that_nobody_knows_has_no_hole(site: Site) -> None:
    changed = guide("html", "nginx SSI").replace("/related/a-20250126-001", "/related/nobody")
    (site.pages / "new.html").write_text(changed, encoding="utf-8")
    page = get(f"{site.portal}/new.html")
    assert headings(page) == HEADINGS[1:]
    assert "<h1>云溪小学的板凳会</h1>\n\n\n</main>" in page


def test_while_the_service_is_away_the_page_stands_without_lists(tmp_path: Path) -> None:
    with portal(tmp_path) as (address, _, _):
        page = get(f"{address}/article.html")
    assert headings(page) == []
    assert "nginx" not in page
    assert page.endswith("</aside>\n</body>\n</html>\n")


@contextmanager
def running(site: Site, folder: Path, section: str) -> Iterator[str]:
    """The address of the portal of a section: its files in ``folder``, served by its command."""
    found = text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    for name, code in re.findall(
        r"`([\w./]+)`:\n\n```\w+\n(.*?)^```$", found, re.MULTILINE | re.DOTALL
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(moved(site, code), encoding="utf-8")
    program, *rest = shlex.split(moved(site, guide("sh", section)))
    require(program, "php-cli")
    with (folder / "printed").open("w") as printed:
        process = subprocess.Popen(
            [program, *rest], cwd=folder, stdout=printed, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: listens(site.port))
        yield f"http://127.0.0.1:{site.port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def moved(site: Site, code: str) -> str:
    """``code`` with the ports of this run."""
    return code.replace("127.0.0.1:8000", f"127.0.0.1:{site.server.port}").replace(
        "8001", str(site.port)
    )


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def reading(browser: Browser, reader: str, **options: Any) -> Iterator[Page]:
    """A page of a reader. It must log no error."""
    context = browser.new_context(user_agent=f"{BROWSER} {reader}", **options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
    yield page
    context.close()
    assert not said


def views(site: Site) -> int:
    """How many views of the guide's article were counted so far. Those of one network are three at most."""
    with closing(sqlite3.connect(site.log)) as log:
        (count,) = log.execute(
            "SELECT count(*) FROM viewers WHERE article_id = 'a-20250126-001'"
        ).fetchone()
    return int(count)


def test_both_languages_have_the_same_blocks() -> None:
    english, chinese = (
        re.findall(r"^```(\w+)\n(.*?)^```$", text(language), re.MULTILINE | re.DOTALL)
        for language in ("", ".zh-CN")
    )
    assert english == chinese
    assert text().count("\n## ") == text(".zh-CN").count("\n## ")


def test_the_start_allows_the_portal_and_believes_it() -> None:
    settings = dict(part.split("=") for part in guide("sh", "Start").split()[:2])
    assert settings == {"SEARCH_ORIGINS": "http://127.0.0.1:8001", "SEARCH_PROXIES": "1"}


@pytest.mark.parametrize("policy", [False, True], ids=["no policy", "the documented policy"])
def test_plain_html_has_the_lists_and_a_search_that_leads_to_its_results(
    site: Site, browser: Browser, tmp_path: Path, policy: bool
) -> None:
    with running(site, tmp_path, "Plain HTML") as address, reading(browser, "HTML") as page:
        if policy:
            name, _, value = moved(site, guide("text", "Content-Security-Policy")).partition(": ")
            for file in (tmp_path / "portal").iterdir():
                meta = f'<head>\n<meta http-equiv="{name}" content="{value.strip()}">'
                file.write_text(file.read_text("utf-8").replace("<head>", meta), encoding="utf-8")
        page.goto(f"{address}/article.html")
        expect(page.get_by_role("heading", level=2)).to_have_text(HEADINGS)
        expect(page.locator("portal-related li")).to_have_count(6)
        page.get_by_role("combobox").fill("板凳会")
        expect(page.get_by_role("option").first).to_be_visible()
        page.get_by_role("combobox").press("Enter")
        page.wait_for_url(f"{address}/search.html?q=*")
        expect(page.locator("portal-results li").first).to_contain_text("板凳会")
        wait_until(lambda: views(site) == 1)


@pytest.mark.parametrize("section", ["PHP", "Python"])
def test_a_back_end_makes_the_lists_and_the_results_and_counts_its_reader(
    site: Site, browser: Browser, tmp_path: Path, section: str
) -> None:
    before = views(site)
    with (
        running(site, tmp_path, section) as address,
        reading(browser, section, java_script_enabled=False) as page,
    ):
        page.goto(address)
        expect(page.get_by_role("heading", level=2)).to_have_text(HEADINGS)
        expect(page.locator("section").first.locator("li")).to_have_count(6)
        page.get_by_role("searchbox").fill("<板凳会>")
        page.get_by_role("button", name="搜索", exact=True).click()
        page.wait_for_url(f"{address}/?q=*")
        expect(page.get_by_role("searchbox")).to_have_value("<板凳会>")
        expect(page.get_by_role("heading", level=2)).to_have_text(["搜索结果"])
        expect(page.locator("li mark").first).to_have_text("板凳会")
        expect(page.get_by_role("link", name="板凳会 & 议事").first).to_be_visible()
        wait_until(lambda: views(site) == before + 1)


@pytest.mark.parametrize("section", ["PHP", "Python"])
def test_a_back_end_shows_its_page_while_the_service_is_away(
    site: Site, tmp_path: Path, section: str
) -> None:
    away = site._replace(server=Server(free_port(), site.server.process))
    with running(away, tmp_path, section) as address:
        page = get(address)
    assert "<h1>末班大巴上的半只烧鸡</h1>" in page
    assert headings(page) == []
    assert "Warning" not in page


def test_below_a_path_the_page_is_of_the_same_origin(site: Site, browser: Browser) -> None:
    with reading(browser, "nginx") as page:
        counted: list[int] = []
        page.on(
            "response",
            lambda answer: counted.append(answer.status) if ":view" in answer.url else None,
        )
        page.goto(f"{site.below}/article.html", wait_until="networkidle")
        expect(page.get_by_role("heading", level=2)).to_have_text(HEADINGS)
        page.get_by_role("combobox").fill("板凳会")
        expect(page.get_by_role("option").first).to_be_visible()
        assert counted == [204]


def test_the_links_of_the_head_lead_to_what_they_say(site: Site) -> None:
    links = re.findall(
        r'type="(.*?)".* href="https://search\.example\.com(.*?)"',
        guide("html", "Feeds and the browser's search"),
    )
    assert len(links) == 2
    for kind, path in links:
        with urllib.request.urlopen(site.server.url + path, timeout=PATIENCE) as response:
            assert response.headers.get_content_type() == kind


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["allowed", "another"])
def test_a_frame_shows_the_list_to_the_allowed_origins_only(
    site: Site,
    browser: Browser,
    host: str,
) -> None:
    frame = guide("html", "An iframe").replace("https://search.example.com", site.server.url)
    framing = f'<!doctype html><meta charset="utf-8"><title>门户</title>{frame}'
    (site.pages / "framed.html").write_text(framing, encoding="utf-8")
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
    assert f'href="{site.below}/find/articles/b-1"' in get(
        f"{site.below}/find/embed/latest?exclude=b-0&size=100"
    )
    feed = feedparser.parse(get(f"{site.below}/find/feeds/latest.xml"))
    assert f"{site.below}/find/articles/b-1" in [each.link for each in feed.entries]
    assert f'template="{site.below}/find/search?q={{searchTerms}}"' in get(
        f"{site.below}/find/opensearch.xml"
    )
    described = json.loads(get(f"{site.below}/find/openapi.json"))
    assert described["servers"] == [{"url": "/find"}]
    stated = get(f"{site.below}/find/robots.txt", **{"X-Forwarded-Prefix": "/evil"})
    assert "Disallow: /find/search" in stated
