"""The elements of embed.js in a real browser, on pages of a second origin with a strict policy."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.serving import PATIENCE, Server, free_port, serving, wait_until
from tests.end_to_end.test_pages_in_browser import browser
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import BROWSER

__all__ = ["browser"]  # a fixture

THINGS = ("水库", "果园", "车站", "博物馆", "油菜花田", "老磨坊")

EVENTS = """
  window.told = [];
  for (const name of ["portal-error", "portal-load"])
    document.addEventListener(name, (event) => told.push({name, on: event.target.localName, ...event.detail}));
"""


class Portal(ThreadingHTTPServer):
    """A site of another origin: every path shows ``body``, under a policy that allows the service's script and nothing else."""

    def __init__(self, port: int, service: str) -> None:
        super().__init__(("127.0.0.1", port), _Page)
        self.service, self.body = service, ""
        self.url = f"http://127.0.0.1:{port}"


class _Page(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        service = self.server.service
        page = (
            '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>门户</title><link rel="icon" href="data:,">'
            f'<script src="{service}/embed.js" defer></script><main>{self.server.body}</main></html>'
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src {service}; connect-src {service}; style-src 'none'; img-src data:; "
            "form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'",
        )
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The query log."""
    return tmp_path_factory.mktemp("elements") / "querylog.sqlite3"


@pytest.fixture(scope="module")
def site(log: Path) -> Iterator[tuple[Server, Portal]]:
    """The service, and a portal whose origin it lists."""
    articles = [
        article(
            f"a-{number:02}",
            title=f"山谷里的小学校<{number}>",
            body=f"小学校的孩子们沿着石板路走到{THINGS[number % 5]}，看见了{THINGS[number // 5]}和第{number}只山羊。"
            * (number % 3 + 1),
            url=f"/story/{number}" if number else "",
            published_at=f"2026-01-{number + 1:02}",
            channel="教育" if number % 2 else "社会",
        )
        for number in range(30)
    ]
    promote(log.parent / "index", articles, engine="whoosh")
    port = free_port()
    with serving(
        log.parent / "index",
        SEARCH_QUERYLOG_URL=f"sqlite:///{log}",
        SEARCH_ORIGINS=f"http://127.0.0.1:{port}",
    ) as served:
        portal = Portal(port, served.url)
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        yield served, portal
        portal.shutdown()
        portal.server_close()


@contextmanager
def showing(
    browser: Browser,
    portal: Portal,
    body: str,
    path: str = "/",
    *,
    faults: bool = False,
    **options: Any,
) -> Iterator[Page]:
    """A page of the portal with ``body``. Its scripts must not fail. Without ``faults`` it must log no error."""
    portal.body = body
    context = browser.new_context(base_url=portal.url, user_agent=BROWSER, **options)
    page = context.new_page()
    said: list[str] = []
    thrown: list[str] = []
    page.on("console", lambda each: said.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.add_init_script(EVENTS)
    page.goto(path)
    yield page
    context.close()
    assert not thrown
    assert faults or not said


def requests(page: Page) -> list[str]:
    """The paths that the page asks the API for, from now on."""
    asked: list[str] = []
    page.on(
        "request",
        lambda each: asked.append(urlsplit(each.url).path) if "/api/" in each.url else None,
    )
    return asked


def told(page: Page, name: str) -> list[dict[str, Any]]:
    """The events of this name so far."""
    events: list[dict[str, Any]] = page.evaluate("told")
    return [each for each in events if each["name"] == name]


def logged(log: Path, statement: str) -> Any:
    """The rows of ``statement``. Waits until there are some."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(log)) as raw:
            if found := raw.execute(statement).fetchall():
                return found
        time.sleep(0.1)
    raise AssertionError(statement)


def problem(status: int, code: str, **headers: str) -> dict[str, Any]:
    """An answer of the API that is an error."""
    shown = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
    return {"status": status, "headers": shown | headers, "body": json.dumps({"code": code})}


def test_one_request_fills_the_lists_of_a_page_and_a_view_is_counted(
    browser: Browser, site: tuple[Server, Portal], log: Path
) -> None:
    served, portal = site
    inside = "<portal-related size=3></portal-related><aside><portal-hot size=4></portal-hot><portal-latest></portal-latest></aside>"
    for body in (inside, ""):
        with showing(browser, portal, "") as page:
            asked = requests(page)
            portal.body = f'<portal-blocks article="a-07" view>{body}</portal-blocks>'
            page.reload()
            expect(page.locator("portal-related h2")).to_have_text("相关阅读")
            expect(page.locator("portal-related a")).to_have_count(3 if body else 6)
            expect(page.locator("portal-hot a")).to_have_count(4 if body else 10)
            expect(page.locator("portal-latest time")).to_have_count(10)
            assert sorted(asked) == ["/api/v1/articles:blocks", "/api/v1/articles:view"]
            links = page.locator("a").evaluate_all("all => all.map((each) => each.href)")
            own = f"{served.url}/articles?id=a-00"
            assert all(each.startswith(f"{portal.url}/story/") or each == own for each in links)
            assert f"{portal.url}/story/7" not in links
            assert told(page, "portal-error") == []
    assert logged(log, "SELECT DISTINCT article_id FROM views WHERE article_id = 'a-07'")


def test_each_list_works_alone(browser: Browser, site: tuple[Server, Portal]) -> None:
    lists = (
        '<portal-related article="a-03" size="2" heading="延伸阅读" show="lead"></portal-related><portal-hot size="3" heading=""></portal-hot>'
        '<portal-latest channel="教育" size="5" target="_blank"></portal-latest>'
    )
    with showing(browser, site[1], lists) as page:
        related, hot, latest = (
            page.locator(f"portal-{each}") for each in ("related", "hot", "latest")
        )
        expect(related.locator("h2")).to_have_text("延伸阅读")
        expect(related.locator("[part=lead]")).to_have_count(2)
        expect(hot.locator("li")).to_have_count(3)
        expect(hot.get_by_role("region", name="热门文章")).to_be_visible()
        expect(latest.locator("a").first).to_have_text("山谷里的小学校<29>")
        expect(latest.locator("a").first).to_have_attribute("target", "_blank")
        latest.evaluate("(each) => each.setAttribute('size', '2')")
        expect(latest.locator("a")).to_have_count(2)
        page.emulate_media(media="print")
        expect(latest).to_be_hidden()


def test_an_empty_list_leaves_no_hole(browser: Browser, site: tuple[Server, Portal]) -> None:
    with showing(browser, site[1], '<portal-latest channel="无此频道"></portal-latest>') as page:
        wait_until(lambda: page.evaluate("told.length") == 1)
        assert told(page, "portal-load") == [
            {"name": "portal-load", "on": "portal-latest", "kind": "latest", "count": 0}
        ]
        assert page.locator("portal-latest").bounding_box() is None


def test_a_page_that_the_index_lacks_is_known_by_its_text(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    body = '<portal-blocks article="new"{}></portal-blocks><h1>山谷里的小学校</h1><div id="story">小学校里有许多孩子。</div>'
    with showing(browser, site[1], body.format(' text="#story"'), faults=True) as page:
        expect(page.locator("portal-related a")).to_have_count(6)
        assert told(page, "portal-error") == []
    with showing(browser, site[1], body.format(""), faults=True) as page:
        expect(page.locator("portal-latest a")).to_have_count(10)
        expect(page.locator("portal-hot a")).to_have_count(10)
        expect(page.locator("portal-related")).to_be_hidden()
        assert [each["code"] for each in told(page, "portal-error")] == ["article_not_found"]


@pytest.mark.parametrize("fault", ["down", "refused", "slow"])
def test_an_api_that_fails_leaves_no_hole(
    browser: Browser, site: tuple[Server, Portal], fault: str
) -> None:
    with showing(browser, site[1], "", faults=True) as page:
        waiting: list[Route] = []
        if fault == "down":
            page.route("**/api/**", lambda route: route.abort())
        elif fault == "refused":
            page.route("**/api/**", lambda route: route.fulfill(**problem(500, "internal_error")))
        else:
            page.clock.install()
            page.route("**/api/**", lambda route: waiting.append(route))
        site[
            1
        ].body = '<portal-blocks article="a-01"></portal-blocks><portal-hot></portal-hot><portal-search></portal-search>'
        page.goto("/?q=小学校")
        if fault == "slow":
            expect(page.get_by_text("正在搜索…")).to_be_visible()
            page.clock.run_for(10_001)
        expect(page.get_by_text("搜索暂时不可用，请稍后再试。")).to_be_visible()
        wait_until(lambda: page.evaluate("told.length") == 3)
        code = {"down": "network", "refused": "internal_error", "slow": "timeout"}[fault]
        assert {each["code"] for each in told(page, "portal-error")} == {code}
        assert page.locator("portal-blocks").evaluate("(each) => each.clientHeight") == 0
        assert page.locator("portal-hot").last.bounding_box() is None


def test_a_429_is_respected_and_asked_once_more(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    with showing(browser, site[1], "", faults=True) as page:
        page.clock.install()
        busy = [problem(429, "too_many", **{"Retry-After": "30"})]
        page.route(
            "**/api/**", lambda route: route.fulfill(**busy.pop()) if busy else route.continue_()
        )
        asked = requests(page)
        site[1].body = "<portal-hot></portal-hot><portal-search></portal-search>"
        page.reload()
        wait_until(lambda: page.evaluate("told.length") == 1)
        page.get_by_role("combobox").fill("小学")
        page.clock.run_for(20_000)
        assert asked == ["/api/v1/hot"]
        assert [(each["status"], each["retryAfter"]) for each in told(page, "portal-error")] == [
            (429, 30)
        ]
        page.clock.run_for(11_000)
        expect(page.locator("portal-hot a")).to_have_count(10)
        assert asked == ["/api/v1/hot"] * 2


def test_a_reader_searches_turns_the_page_and_comes_back(
    browser: Browser, site: tuple[Server, Portal], log: Path
) -> None:
    with showing(
        browser, site[1], "<portal-search></portal-search>", viewport={"width": 320, "height": 640}
    ) as page:
        box = page.get_by_role("combobox", name="搜索词")
        box.fill("小学校")
        box.press("Enter")
        expect(page.get_by_role("status").filter(has_text="共 30 条，第 1 / 3 页")).to_be_visible()
        expect(page.locator("portal-results mark").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("link", name="下一页").click()
        expect(page.get_by_role("status").filter(has_text="第 2 / 3 页")).to_be_focused()
        page.get_by_role("link", name="山谷里的小学校").first.click()
        page.go_back()
        expect(page.get_by_text("共 30 条，第 2 / 3 页")).to_be_visible()
        expect(box).to_have_value("小学校")
        page.go_back()
        expect(page.get_by_text("共 30 条，第 1 / 3 页")).to_be_visible()
    assert logged(log, "SELECT position FROM clicks") == [(11,)]


def test_a_box_leads_to_the_page_of_results(browser: Browser, site: tuple[Server, Portal]) -> None:
    body = '<portal-search results="/found?from=box"></portal-search><portal-results size="5"></portal-results>'
    with showing(browser, site[1], body) as page:
        page.get_by_role("combobox", name="搜索词").fill("小学校")
        page.get_by_role("button", name="搜索", exact=True).click()
        expect(page).to_have_url(f"{site[1].url}/found?from=box&q=%E5%B0%8F%E5%AD%A6%E6%A0%A1")
        expect(page.locator("portal-results li")).to_have_count(5)
        expect(page.get_by_role("combobox", name="搜索词")).to_have_value("小学校")
        page.get_by_role("combobox", name="搜索词").fill("没有这样的词")
        page.get_by_role("button", name="搜索", exact=True).click()
        expect(page.get_by_text("没有找到与“没有这样的词”相符的文章。")).to_be_visible()


def test_a_reader_chooses_time_and_order_and_a_new_query_keeps_them(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    with showing(browser, site[1], "", "/?q=小学校&qsort=oldest&qtime=ever") as page:
        site[1].body = "<portal-search></portal-search><portal-results></portal-results>"
        page.reload()
        time, order = page.get_by_label("时间"), page.get_by_label("排序")
        expect(page.locator("portal-results li a").first).to_have_text("山谷里的小学校<0>")
        expect(order).to_have_value("oldest")
        expect(time).to_have_value("")
        order.focus()
        order.select_option("最新")
        expect(page.locator("portal-results li a").first).to_have_text("山谷里的小学校<29>")
        expect(order).to_be_focused()
        time.select_option("一天内")
        expect(page.get_by_text("没有找到与“小学校”相符的文章。")).to_be_visible()
        page.get_by_role("combobox", name="搜索词").fill("小学")
        page.get_by_role("button", name="搜索", exact=True).click()
        expect(page.get_by_text("没有找到与“小学”相符的文章。")).to_be_visible()
        assert urlsplit(page.url).query.endswith("&qsort=newest&qtime=day")
        time.select_option("不限时间")
        expect(page.locator("portal-results li")).to_have_count(10)
        page.go_back()
        expect(time).to_have_value("day")


def test_lines_of_titles_end_between_words(browser: Browser, site: tuple[Server, Portal]) -> None:
    body = '<portal-results size="3"></portal-results>'
    with showing(browser, site[1], body, "/?q=山谷") as page:
        title = page.locator("portal-results [part=link]").first
        expect(title.locator("mark")).to_have_text("山谷")
        pieces = title.evaluate("(each) => each.innerHTML.replaceAll('<wbr>', '|')")
        assert re.fullmatch(r"<mark>山谷</mark>[|里的]+\|小学校&lt;\d+&gt;", pieces), pieces


def test_a_ranked_title_begins_beside_its_number(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    with showing(browser, site[1], '<portal-hot size="1"></portal-hot>') as page:
        page.set_viewport_size({"width": 320, "height": 640})
        item = page.locator("portal-hot li")
        item.evaluate("(each) => { each.style.width = '5em'; }")
        tops = item.evaluate(
            "(each) => [each, each.firstChild].map((one) => one.getBoundingClientRect().top)"
        )
        assert item.evaluate("(each) => each.clientHeight") > 40
        assert tops[0] == tops[1]


def test_a_list_keeps_the_room_that_the_page_gives_it_until_it_is_known_to_be_empty(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    with showing(browser, site[1], "") as page:
        waiting: list[Route] = []
        page.route("**/api/**", lambda route: waiting.append(route))
        site[1].body = '<portal-latest channel="无此频道"></portal-latest>'
        with page.expect_request("**/api/**"):
            page.reload()
        latest = page.locator("portal-latest")
        page.evaluate(
            "const look = new CSSStyleSheet(); look.replaceSync('portal-latest { min-height: 20em }');"
            "document.adoptedStyleSheets = [look];"
        )
        expect(latest).to_have_attribute("aria-busy", "true")
        box = latest.bounding_box()
        assert box
        assert box["height"] == 320
        waiting.pop().continue_()
        expect(latest).to_be_hidden()
        assert latest.bounding_box() is None
        assert latest.get_attribute("aria-busy") is None


def test_a_suggested_title_opens_its_article(browser: Browser, site: tuple[Server, Portal]) -> None:
    with showing(browser, site[1], "<portal-search></portal-search>") as page:
        box = page.get_by_role("combobox")
        box.press_sequentially("shangu")
        titles = page.get_by_role("group", name="文章").get_by_role("option")
        expect(titles.first.locator("mark")).to_have_text("山谷")
        words = page.get_by_role("group", name="词语").get_by_role("option")
        expect(words.first.locator("mark")).to_have_text("山谷")
        box.press("ArrowUp")
        expect(titles.last).to_have_attribute("aria-selected", "true")
        expect(box).to_have_value("shangu")
        link = str(titles.last.get_attribute("href"))
        assert link.startswith(f"{site[1].url}/story/")
        box.press("Enter")
        expect(page).to_have_url(link)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-01-30T10:00:00+08:00", "2小时前"),
        ("2026-01-31T23:59:00+08:00", "昨天 08:00"),
        ("2026-02-02T00:01:00+08:00", "1月30日"),
        ("2027-01-01T00:00:00+08:00", "2026年1月30日"),
        ("2026-01-29T23:00:00+08:00", "2026-01-30 08:00"),
    ],
)
def test_lists_tell_days_in_the_services_zone(
    browser: Browser, site: tuple[Server, Portal], now: str, said: str
) -> None:
    body = "<portal-latest size=1></portal-latest>"
    with showing(browser, site[1], "", timezone_id="America/Los_Angeles") as page:
        page.clock.set_fixed_time(now)
        site[1].body = body
        page.reload()
        expect(page.locator("portal-latest time")).to_have_text(said)
        expect(page.locator("portal-latest time")).to_have_attribute("title", "2026-01-30 08:00")


def test_suggestions_are_chosen_with_the_keyboard_and_wait_for_the_input_method(
    browser: Browser, site: tuple[Server, Portal]
) -> None:
    with showing(browser, site[1], "<portal-search></portal-search>") as page:
        asked = requests(page)
        box, options = page.get_by_role("combobox"), page.get_by_role("option")
        box.press_sequentially("小学")
        expect(options.first).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        box.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
        expect(box).to_have_value(options.first.inner_text())
        box.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("小学")
        keyboard, before = page.context.new_cdp_session(page), len(asked)
        composed = {"text": "xiao", "selectionStart": 4, "selectionEnd": 4}
        keyboard.send("Input.imeSetComposition", composed)
        for key in ("ArrowDown", "Enter"):
            box.dispatch_event(
                "keydown", {"key": key, "isComposing": True, "bubbles": True, "cancelable": True}
            )
        page.wait_for_timeout(300)
        assert len(asked) == before
        with page.expect_response(lambda each: "suggest?" in each.url):
            keyboard.send("Input.insertText", {"text": "校"})
        expect(box).to_have_value("小学校")
        assert len(asked) == before + 1
        box.press("Enter")
        expect(page.get_by_text("共 30 条")).to_be_visible()
