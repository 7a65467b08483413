"""What editors do at the desk, in a real browser, with every process of the service running.

It takes longer than ten seconds because the service starts, an index is built twice, and axe-core goes through every page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from indexer.store.database import open_desk, open_store
from search_service.desk.passwords import hash_of
from search_service.querylog.store import open_query_log
from tests.end_to_end.page_checks import WIDER
from tests.end_to_end.serving import PATIENCE, Server, serving, whole_index
from tests.end_to_end.test_accessibility import look_with_axe
from tests.end_to_end.test_pages_in_browser import browser
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import fill
from tests.search_service.web.portal import all_articles

__all__ = ["browser"]  # a fixture

PASSWORD: Final = "板凳会上商量的事情真多"
PAGES: Final = (
    "/queries",
    f"/queries/query?q={quote('云溪')}",
    "/lists",
    "/lists/bans?where=hot",
    "/lists/words/import",
    "/lists/words/apply",
    "/lists/words/new",
    f"/articles?q={quote('云溪')}",
    "/articles/article?id=hostile-1",
)
LOOKS: Final[tuple[tuple[int, Any], ...]] = ((390, "dark"), (1280, "light"))
"""Widths and schemes that pages are looked at in."""


@dataclass
class Editor:
    """The service, and the page of an editor's browser."""

    server: Server
    page: Page

    def search(self, query: str) -> list[str]:
        """The ids of the articles on the first page of a reader's search."""
        found = self.server.json(f"/api/v1/search?q={quote(query)}")
        return [each["id"] for each in found["hits"]]

    def go(self, *links: str) -> None:
        """Follow links from page to page."""
        for link in links:
            self.page.get_by_role("link", name=link, exact=True).click()


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("editors")
    url, log_url = (f"sqlite:///{folder / name}.sqlite3" for name in ("articles", "querylog"))
    with closing(open_store(url)) as store:
        store.put(all_articles())
    index = whole_index(folder)
    with closing(open_desk(url)) as desk:
        invited = desk.accounts.invite("editor", name="鲁一鸣")
        desk.accounts.accept(invited, name="鲁一鸣", password=hash_of(PASSWORD))
    with closing(open_query_log(log_url, SHANGHAI)) as log:
        now = datetime.now(UTC)
        fill(log, {"青石大坝": 3, "昨天的票": 2}, at=now - timedelta(seconds=9), total=0)
        fill(log, {"云溪": 4}, at=now - timedelta(days=1))
    with serving(index, "app.py", SEARCH_QUERYLOG_URL=log_url) as server:
        page = browser.new_page(locale="zh-CN")
        page.goto(f"{server.url}/desk/queries")
        page.get_by_label("名字").fill("鲁一鸣")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        yield Editor(server, page)
        page.close()


def test_two_clicks_make_a_query_find_something(editor: Editor) -> None:
    page = editor.page
    assert editor.search("青石大坝") == []
    editor.go("查询", "青石大坝")
    page.get_by_label("文章里的说法").fill("水库")
    page.locator("#c-synonyms").get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已写进同义词")
    expect(page.locator(".hits li")).to_have_count(10)
    assert len(editor.search("青石大坝")) == 10


def test_a_pin_is_seen_before_and_after(editor: Editor) -> None:
    page = editor.page
    page.goto(f"{editor.server.url}/desk/queries/query?q={quote('水库')}")
    pins = page.locator("#c-pins")
    pins.get_by_label("文章", exact=True).fill("板凳会")
    pins.get_by_role("button", name="先看效果").click()
    pins.get_by_label("云溪小学的板凳会").check()
    pins.get_by_role("button", name="先看效果").click()
    before, after = (
        page.get_by_role("region", name=f"{when}的第一页") for when in ("现在", "改动以后")
    )
    expect(before).not_to_contain_text("story-1")
    expect(after.locator("li").first).to_contain_text("story-1")
    assert "story-1" not in editor.search("水库")
    pins.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("已写进置顶")
    assert editor.search("水库")[0] == "story-1"
    editor.go("词表", "置顶")
    page.get_by_role("row", name="水库").get_by_role("button", name="停用").click()
    expect(page.get_by_role("row", name="水库")).to_contain_text("已停用")
    assert "story-1" not in editor.search("水库")


def test_a_withdrawn_article_is_seen_to_leave_search(editor: Editor) -> None:
    page = editor.page
    assert "story-1" in editor.search("板凳会")
    editor.go("文章")
    page.get_by_label("找文章").fill("板凳会")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="云溪小学的板凳会").click()
    editor.go("撤下")
    page.get_by_role("button", name="撤下").click()
    expect(page.get_by_text("搜索里已经没有它了")).to_be_visible(timeout=PATIENCE * 1000)
    assert "story-1" not in editor.search("板凳会")
    editor.go("重新发布")
    page.get_by_role("button", name="重新发布").click()
    expect(page.get_by_text("读者能搜到它。")).to_be_visible(timeout=PATIENCE * 1000)
    assert "story-1" in editor.search("板凳会")


def test_a_word_is_previewed_and_applied(editor: Editor) -> None:
    page = editor.page
    editor.go("词表", "分词词表")
    page.get_by_label("词", exact=True).fill("溪小学")
    page.get_by_role("button", name="添加").click()
    editor.go("应用")
    row = page.get_by_role("row", name="云溪小学的板凳会")
    expect(row.locator("td").nth(1).locator("span")).to_contain_text(["云溪", "小学"])
    expect(row.locator("td").nth(2).locator("span")).to_contain_text(["云", "溪小学"])
    page.get_by_role("button", name="先看读者的搜索会怎样变").click()
    page.get_by_role("link", name="看结果").click(timeout=PATIENCE * 1000)
    expect(page.get_by_text("最近 3 个搜索词里")).to_be_visible()
    page.get_by_role("button", name="应用", exact=True).click()
    expect(page.get_by_role("heading", name="应用分词词表 已完成")).to_be_visible(
        timeout=PATIENCE * 1000
    )
    until = time.monotonic() + PATIENCE
    while not page.get_by_text(
        "没有还没应用的改动"
    ).is_visible():  # a worker needs a moment to follow
        assert time.monotonic() < until
        page.reload()
    assert editor.search("溪小学")[0] == "story-1"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_fault_of_accessibility(editor: Editor, path: str) -> None:
    page = editor.page
    page.goto(f"{editor.server.url}/desk{path}")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert look_with_axe(page) == [], (width, scheme)
        assert page.evaluate(WIDER) == [], (width, scheme)


def test_the_pages_work_without_scripts(editor: Editor, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{editor.server.url}/desk/queries")
    page.get_by_label("名字").fill("鲁一鸣")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="昨天的票").click()
    page.get_by_role("button", name="确实没有可找的").click()
    page.get_by_role("link", name="查询", exact=True).last.click()
    expect(page.get_by_role("link", name="昨天的票")).to_have_count(0)
    context.close()
