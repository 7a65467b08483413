"""``make demo`` in a real browser: the sample portal on its own origin, beside the service.

It takes longer than ten seconds because it starts as ``make demo`` does for the first time: it loads the articles and builds the index.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, free_port
from tests.end_to_end.test_pages_in_browser import browser
from tests.search_service.querylog.factory import BROWSER

__all__ = ["browser"]  # a fixture

FIRST = "/2025/0126/a-20250126-001.html"
LISTS = {"portal-related": 6, "portal-hot": 8, "portal-latest": 6}


class Demo(NamedTuple):
    """The demonstration that runs, and its two addresses."""

    process: subprocess.Popen[str]
    portal: str
    service: str


@contextmanager
def demonstrating(folder: Path) -> Iterator[Demo]:
    """``make demo`` with its files in ``folder``, from the line that says it is ready."""
    ports = free_port(), free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEARCH_")}
    process = subprocess.Popen(
        [sys.executable, "samples/portal/demo.py"],
        cwd=PROJECT,
        env=kept
        | {"DEMO_DIR": str(folder), "PORT": str(ports[0]), "PORTAL_PORT": str(ports[1])}
        | {"SEARCH_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if line.startswith("The service:"):
                break
        assert f"The portal: http://127.0.0.1:{ports[1]}{FIRST}\n" in printed, "".join(printed)
        yield Demo(process, f"http://127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[0]}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
        process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demonstrating(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(params=["light-1280", "dark-390"])
def page(request: pytest.FixtureRequest, browser: Browser, demo: Demo) -> Iterator[Page]:
    """A page of the portal, in two looks. It must log nothing: no error, no violation of the portal's strict policy."""
    scheme, width = request.param.split("-")
    context = browser.new_context(
        base_url=demo.portal,
        color_scheme=scheme,
        viewport={"width": int(width), "height": 844},
        user_agent=BROWSER,
    )
    shown = context.new_page()
    said: list[str] = []
    shown.on("console", lambda line: said.append(line.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    yield shown
    context.close()
    assert not said


@pytest.mark.thorough
def test_the_page_of_an_article_has_breadcrumb_article_and_three_lists_that_lead_to_the_portal(
    demo: Demo, page: Page
) -> None:
    page.goto(FIRST)
    assert page.locator(".crumbs li").all_inner_texts() == ["首页", "情感", "故事"]
    expect(page.get_by_role("heading", level=1)).to_have_text("末班大巴上的半只烧鸡")
    expect(page.locator(".facts")).to_contain_text("2025年1月26日 22:15")
    expect(page.locator(".facts")).to_contain_text("来源：云溪晚报")
    expect(page.locator(".signed")).to_have_text("责任编辑：尤未央")
    expect(page.locator(".text p")).to_have_count(4)
    links: list[str] = []
    for name, count in LISTS.items():
        titles = page.locator(f"{name} li a")
        expect(titles).to_have_count(count)
        links += titles.evaluate_all("each => each.map(link => link.href)")
    assert len({*links}) == sum(LISTS.values())
    assert all(re.fullmatch(rf"{demo.portal}/20\d\d/\d{{4}}/a-\S+\.html", each) for each in links)
    leads = page.locator(":is(portal-related, portal-latest) [part=lead]").all_inner_texts()
    assert len(leads) == 12
    assert all(20 <= len(each) <= 100 for each in leads)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.locator("portal-related li a").first.click()
    page.wait_for_url(links[0])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("portal-related li")).to_have_count(6)


@pytest.mark.thorough
def test_a_search_suggests_and_leads_to_results_on_a_page_of_the_portal(
    demo: Demo, page: Page
) -> None:
    page.goto(FIRST)
    box = page.get_by_role("combobox")
    box.press_sequentially("xiangcun")
    suggested = page.get_by_role("option")
    expect(suggested.filter(has_text="乡村").first).to_be_visible()
    box.fill("乡村振兴")
    box.press("Enter")
    page.wait_for_url(f"{demo.portal}/search.html?q=*")
    assert unquote(page.url).endswith("q=乡村振兴")
    titles = page.locator("portal-results [part=link]")
    expect(titles).to_have_count(10)
    expect(page.locator("portal-results mark").first).to_have_text("乡村振兴")
    title = titles.first.inner_text()
    titles.first.click()
    page.wait_for_url(f"{demo.portal}/20*/*/*.html")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.thorough
def test_the_front_page_has_a_list_for_each_channel_of_its_bar(page: Page) -> None:
    page.goto("/")
    channels = page.locator(".channels a").all_inner_texts()[1:]
    for name in channels:
        expect(page.locator(f'portal-latest[channel="{name}"] h2')).to_have_text(name)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


@pytest.mark.thorough
def test_a_page_on_paper_is_the_article_alone(page: Page) -> None:
    page.goto(FIRST)
    expect(page.locator("portal-hot li")).to_have_count(8)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for name in (*LISTS, ".channels", "footer", ".masthead portal-search"):
        expect(page.locator(name)).to_be_hidden()


@pytest.mark.thorough
def test_without_scripts_the_article_is_there_and_the_search_box_leads_to_the_service(
    browser: Browser, demo: Demo
) -> None:
    context = browser.new_context(base_url=demo.portal, java_script_enabled=False)
    page = context.new_page()
    page.goto(FIRST)
    expect(page.locator(".text p")).to_have_count(4)
    expect(page.locator(".panel").filter(visible=True)).to_have_count(1)
    page.get_by_role("searchbox").fill("烧鸡")
    page.get_by_role("button", name="搜索", exact=True).click()
    page.wait_for_url(f"{demo.service}/search?q=*")
    context.close()


@pytest.mark.thorough
def test_an_article_that_readers_must_not_see_has_no_page(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(base_url=demo.portal)
    for path in ("/2026/0926/a-20260926-001.html", "/2027/0101/a-20270101-001.html"):
        assert context.request.get(path).status == 404
    context.close()


def test_the_files_as_they_stand_name_the_service_of_make_run_only() -> None:
    for path in sorted((PROJECT / "samples" / "portal").glob("*.html")):
        origins = set(re.findall(r"https?://[^/\"\s]+", path.read_text(encoding="utf-8")))
        assert origins - {"https://portal.example"} == {"http://127.0.0.1:8000"}, path.name


@pytest.mark.thorough
def test_ctrl_c_ends_both_servers(demo: Demo) -> None:
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(timeout=PATIENCE) == 0
    for address in (demo.portal, demo.service):
        with pytest.raises(URLError, match="refused"):
            urlopen(address, timeout=PATIENCE)


@pytest.mark.thorough
def test_ctrl_c_while_the_articles_are_loaded_ends_the_demonstration_without_a_traceback(
    tmp_path: Path,
) -> None:
    ports = {"PORT": str(free_port()), "PORTAL_PORT": str(free_port())}
    process = subprocess.Popen(
        [sys.executable, "samples/portal/demo.py"],
        cwd=PROJECT,
        env=os.environ | ports | {"DEMO_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not (tmp_path / "articles.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, printed = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 130
    assert "samples/portal/demo.py" not in printed


def test_a_port_that_another_service_has_is_named_before_anything_is_made(tmp_path: Path) -> None:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Ready) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        ports = {"PORT": str(other.server_port), "PORTAL_PORT": str(free_port())}
        done = subprocess.run(
            [sys.executable, "samples/portal/demo.py"],
            cwd=PROJECT,
            env=os.environ | ports | {"DEMO_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        other.shutdown()
    assert done.returncode == 2
    assert "set PORT" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_a_port_that_cannot_be_is_named(tmp_path: Path, port: str) -> None:
    done = subprocess.run(
        [sys.executable, "samples/portal/demo.py"],
        cwd=PROJECT,
        env=os.environ | {"PORT": str(free_port()), "PORTAL_PORT": port, "DEMO_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Set PORTAL_PORT" in done.stderr
    assert "Traceback" not in done.stderr
