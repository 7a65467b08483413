"""The desk in a real browser: the whole round of a newcomer, from a fresh ``make run`` on, and the other pages beside.

It takes longer than ten seconds because all processes of the service start, three generations are made, and axe-core goes through
every page in two looks.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from indexer.store.database import open_desk
from search_service.desk.passwords import hash_of
from tests.end_to_end.page_checks import WIDER
from tests.end_to_end.serving import PATIENCE, Server, free_port, run
from tests.end_to_end.test_accessibility import look_with_axe
from tests.end_to_end.test_pages_in_browser import browser
from tests.search_service.querylog.factory import BROWSER

__all__ = ["browser"]  # a fixture

NEWCOMER, COLLEAGUE = "覃望舒", "鲁一鸣"
PASSWORD: Final = "板凳会上商量的事情真多"
TABLE: Final = (
    "稿件编号,标题,内容,栏目\n"
    "c-1,晴川谷的渡船添了末班,天黑以后，谷里的人也能坐渡船过河了。,乡村/交通\n"
    "c-2,,,社会\n"
    "c-3,老樟树下的渡口茶会,茶会开到天黑，来了三个村的人。,乡村/文化\n"
    "c-4,晴川镇今年米贵、谷也贵,粮站门口排起了队。,经济\n"
)
FERRY, TEA, GRAIN = "晴川谷的渡船添了末班", "老樟树下的渡口茶会", "晴川镇今年米贵、谷也贵"
"""Titles of the articles that are imported."""
OTHER_PAGES: Final = (
    "/generations",
    "/jobs",
    "/keys",
    "/accounts",
    "/lists",
    "/lists/words/import",
    "/lists/words/new",
    "/lists/bans?where=hot",
    f"/articles?q={quote('板凳会')}",
    "/nothing",
)
"""Pages that the round does not look at."""
LOOKS: Final[tuple[tuple[int, Any], ...]] = ((390, "dark"), (1280, "light"))
"""Widths and schemes that pages are looked at in."""
WAIT: Final = PATIENCE * 1000
"""PATIENCE in the browser's milliseconds."""


@dataclass
class Desk:
    """The service, the URL of its store, the link that its start printed, a browser's page, and the errors that it logged."""

    server: Server
    store_url: str
    link: str
    page: Page
    errors: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.server.url + path)

    def open_until(self, path: str, right: Callable[[], bool]) -> None:
        """Open a page and load it anew until it is right. A browser keeps those for readers for ten seconds."""
        deadline = time.monotonic() + PATIENCE
        self.open(path)
        while not right():
            assert time.monotonic() < deadline, self.page.locator("main").inner_text()
            self.page.wait_for_timeout(200)
            self.page.reload()

    def go(self, *links: str) -> None:
        """Follow links from page to page."""
        for link in links:
            self.page.get_by_role("link", name=link, exact=True).click()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("row", name=text)

    def sees(self, text: str) -> None:
        """Wait until the page shows a text."""
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=WAIT)

    def log_in(self, name: str) -> None:
        self.fill("名字", name)
        self.fill("密码", PASSWORD)
        self.press("登录")
        expect(self.page.get_by_role("heading", name="概览")).to_be_visible()

    def search(self, query: str, right: Callable[[list[str]], bool]) -> None:
        """Search as a reader, until the titles on the first page are right."""
        titles = self.page.locator("ol.hits h2")
        self.open_until(f"/search?q={quote(query)}", lambda: right(titles.all_inner_texts()))

    def look(self) -> None:
        """Find no fault of accessibility in what is shown, and nothing wider than the window, in every look."""
        page = self.page
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert look_with_axe(page) == [], (page.url, width, scheme)
            assert page.evaluate(WIDER) == [], (page.url, width, scheme)


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, engine: dict[str, str]
) -> Iterator[Desk]:
    """What a first ``make run`` starts, with its files in a folder of its own. What it would install is there already."""
    folder = tmp_path_factory.mktemp("desk")
    settings = {
        "MAKEFLAGS": "",  # not those of a make that runs the tests
        "VENV": sys.prefix,
        "SEARCH_UPLOADS_DIR": str(folder / "uploads"),
        "SEARCH_QUERYLOG_URL": f"sqlite:///{folder / 'querylog.sqlite3'}",
        **engine,
    }
    installed = (f"--assume-old={sys.prefix}/{each}" for each in (".runtime", ".opensearch"))
    command = ("make", "run", *installed)
    server = run(command, port=free_port(), index=folder / "index", **settings)
    context = browser.new_context(locale="zh-CN", user_agent=BROWSER)
    errors: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if (
            said.type == "error" and "/desk" in page.url
        ):  # pages for readers hold pictures of a portal
            errors.append(said.text)

    try:
        page = context.new_page()
        page.on("console", note)
        yield Desk(
            server, f"sqlite:///{folder / 'articles.sqlite3'}", link_of(server), page, errors
        )
    finally:
        context.close()
        server.end(signal.SIGINT, group=True)  # as Ctrl-C in a terminal does


def link_of(server: Server) -> str:
    """The link that a first start prints. When it is there, the service answers."""
    assert server.process.stdout is not None
    printed = ""
    while line := server.process.stdout.readline():
        printed += line
        if found := re.search(r"Set up the desk .*: (http://\S+)", line):
            server.wait_until_it_answers("/readyz")
            return found[1]
    raise AssertionError(printed)


def test_a_newcomer_does_the_whole_round_from_the_setup_link_to_a_rollback(
    desk: Desk, tmp_path: Path
) -> None:
    come_in(desk)
    import_a_file(desk, tmp_path)
    watch_a_rebuild(desk)
    desk.search("轮渡", lambda found: found == [])
    withdraw_an_article(desk)
    add_a_word_and_apply_it(desk)
    make_a_synonym_of_a_query_that_found_nothing(desk)
    roll_back(desk)
    desk.open("/desk/audit")
    for what in ("退回", "撤下"):
        expect(desk.row(what).first).to_contain_text(NEWCOMER)
    desk.look()
    assert desk.errors == []


def come_in(desk: Desk) -> None:
    desk.open("/desk")
    desk.sees("还没有账号")
    desk.page.goto(desk.link)
    desk.fill("名字", NEWCOMER)
    desk.page.get_by_label("密码").fill(PASSWORD)
    desk.fill("再输入一次", PASSWORD)
    desk.look()
    desk.press("保存并登录")
    desk.sees("在运行")
    desk.press("退出")
    desk.look()
    desk.log_in(NEWCOMER)
    expect(desk.page.locator("b.good")).to_have_text(["在运行"] * 3, timeout=WAIT)
    desk.look()


def import_a_file(desk: Desk, folder: Path) -> None:
    file = folder / "稿件.csv"
    file.write_text(TABLE, encoding="utf-8")
    desk.go("导入")
    desk.page.get_by_label("文件").set_input_files(file)
    desk.press("上传并预览")
    desk.sees("前 4 条会变成")
    expect(desk.page.get_by_role("heading", name=FERRY)).to_be_visible()
    desk.look()
    desk.press("导入")
    desk.sees("已完成")
    expect(desk.row("稿件.csv:3")).to_be_visible()
    desk.look()
    desk.search("渡口茶会", lambda found: found[:1] == [TEA])


def watch_a_rebuild(desk: Desk) -> None:
    desk.open("/desk")
    desk.go("重建")
    desk.press("开始重建")
    desk.sees("重建已提交")
    expect(desk.page.get_by_text(re.compile("排队中|进行中"))).to_be_visible()
    desk.sees("已完成")  # which the page shows by itself
    desk.go("查看版本和检查", "000002")
    expect(desk.row("按标题能找到")).to_contain_text("通过")
    desk.look()


def withdraw_an_article(desk: Desk) -> None:
    desk.search("渡口茶会", lambda found: TEA in found)
    desk.open("/desk")
    desk.go("文章")
    desk.fill("找文章", "渡口茶会")
    desk.press("查找")
    desk.go(TEA, "撤下")
    desk.press("撤下")
    desk.sees("搜索里已经没有它了")
    desk.look()
    desk.search("渡口茶会", lambda found: TEA not in found)


def add_a_word_and_apply_it(desk: Desk) -> None:
    desk.search("晴川谷", lambda found: found == [FERRY, GRAIN])
    desk.open("/desk")
    desk.go("词表", "分词词表")
    desk.fill("词", "晴川谷")
    desk.press("添加")
    desk.go("应用")
    cut = desk.row(FERRY).locator("td")
    expect(cut.nth(2).locator("span").first).to_have_text("晴川谷")
    expect(cut.nth(1).locator("span").first).not_to_have_text("晴川谷")
    desk.press("先看读者的搜索会怎样变")
    expect(desk.row("晴川谷 2 条 1 条")).to_be_visible(
        timeout=WAIT
    )  # the page is loaded anew by itself
    desk.look()
    desk.press("应用")
    expect(desk.page.get_by_role("heading", name="应用分词词表 已完成")).to_be_visible(timeout=WAIT)
    desk.search("晴川谷", lambda found: found == [FERRY])


def make_a_synonym_of_a_query_that_found_nothing(desk: Desk) -> None:
    desk.open("/desk")
    desk.go("查询")
    desk.look()
    desk.go("轮渡")
    desk.fill("文章里的说法", "渡船")
    desk.page.locator("#c-synonyms").get_by_role("button", name="先看效果").click()
    expect(desk.page.get_by_role("region", name="现在的第一页")).not_to_contain_text(FERRY)
    expect(desk.page.get_by_role("region", name="改动以后的第一页")).to_contain_text(FERRY)
    desk.look()
    desk.page.locator("#c-synonyms").get_by_role("button", name="保存").click()
    expect(desk.page.get_by_role("status")).to_contain_text("已写进同义词")
    desk.search("轮渡", lambda found: FERRY in found)
    still_there = desk.page.get_by_role("link", name="轮渡", exact=True)
    desk.open_until("/desk/queries", lambda: not still_there.count())


def roll_back(desk: Desk) -> None:
    desk.open("/desk")
    desk.go("版本")
    expect(desk.row("000002")).to_contain_text("上线过")
    desk.go("退回版本 000002")
    desk.look()
    desk.press("退回")
    desk.sees("已完成")
    desk.search("晴川谷", lambda found: found == [FERRY, GRAIN])
    desk.search("渡口茶会", lambda found: TEA not in found)
    desk.search("轮渡", lambda found: FERRY in found)


@pytest.fixture
def admin(desk: Desk) -> Desk:
    """The desk, and a colleague of the newcomer who is logged in."""
    with closing(open_desk(desk.store_url)) as store:
        if store.accounts.find(COLLEAGUE) is None:
            invited = store.accounts.invite("admin")
            store.accounts.accept(invited, name=COLLEAGUE, password=hash_of(PASSWORD))
    desk.page.context.clear_cookies()
    desk.open("/desk")
    desk.log_in(COLLEAGUE)
    return desk


@pytest.mark.thorough
def test_no_other_page_has_a_fault_of_accessibility(admin: Desk) -> None:
    for path in OTHER_PAGES:
        admin.open(f"/desk{path}")
        assert admin.page.locator(".desk-nav").count(), path
        admin.look()


@pytest.mark.thorough
def test_the_pages_work_without_scripts(admin: Desk, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{admin.server.url}/desk/queries/query?q={quote('昨天的票')}")
    page.get_by_label("名字").fill(COLLEAGUE)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="确实没有可找的").click()
    expect(page.get_by_role("status")).to_contain_text("已写进确无内容")
    expect(page.get_by_role("link", name="概览", exact=True)).to_be_hidden()
    page.get_by_text("导航").click()
    page.get_by_role("link", name="概览", exact=True).click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()
    context.close()
