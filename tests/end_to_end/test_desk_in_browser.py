"""The desk in a real browser, from a fresh start on: setup link, import, rebuild, search, and back.

It takes longer than ten seconds because every process of the service starts, and two indexes are built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.page_checks import WIDER
from tests.end_to_end.serving import PATIENCE, Server, free_port, launch, whole_index
from tests.end_to_end.test_accessibility import look_with_axe
from tests.end_to_end.test_pages_in_browser import browser

__all__ = ["browser"]  # a fixture

PASSWORD: Final = "板凳会上商量的事情真多"
TABLE: Final = (
    "稿件编号,标题,内容,栏目\n"
    "c-1,渡口茶会在老樟树下开了一天,茶会开到天黑，来了三个村的人。,乡村/文化\n"
    "c-2,,,社会\n"
)
PAGES: Final = ("", "/rebuilds", "/generations", "/generations/000002", "/generations/000001/promote", "/jobs", "/jobs/1", "/imports", "/keys", "/accounts", "/audit", "/password", "/nothing")  # fmt: skip
LOOKS: Final[tuple[tuple[int, Any], ...]] = ((390, "dark"), (1280, "light"))
"""Widths and schemes that pages are looked at in."""


@dataclass
class Round:
    """The service after a start, a page of the browser, and the link that the start printed."""

    server: Server
    page: Page
    link: str
    errors: list[str]

    def wait_for_job(self) -> None:
        """Wait on the page of a job, which changes by itself, until the job has ended well."""
        expect(self.page.get_by_text("已完成")).to_be_visible(timeout=PATIENCE * 1000)

    def search(self, query: str) -> int:
        """How many articles a search of readers finds."""
        total: int = self.server.json(f"/api/v1/search?q={quote(query)}")["total"]
        return total


@pytest.fixture(scope="module")
def round_(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Round]:
    folder = tmp_path_factory.mktemp("desk")
    port = free_port()
    settings = {
        "SEARCH_UPLOADS_DIR": str(folder / "uploads"),
        "SEARCH_QUERYLOG_URL": f"sqlite:///{folder / 'querylog.sqlite3'}",
    }
    server = launch("app.py", port=port, index=whole_index(folder), **settings)
    context = browser.new_context(locale="zh-CN")
    try:
        assert server.process.stdout is not None
        link = next(
            found[0]
            for line in server.process.stdout
            if (found := re.search(r"http://\S+/desk/invitations/\S+", line))
        )
        server.wait_until_it_answers("/readyz")
        page = context.new_page()
        errors: list[str] = []
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        yield Round(server, page, link, errors)
    finally:
        context.close()
        server.end()


def test_an_admin_does_the_whole_round(round_: Round, tmp_path: Path) -> None:
    page = round_.page
    page.goto(round_.link)
    page.get_by_label("名字").fill("覃望舒")
    page.get_by_label("密码").first.fill(PASSWORD)
    page.get_by_label("再输入一次").fill(PASSWORD)
    page.get_by_role("button", name="保存并登录").click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()

    page.get_by_role("button", name="退出").click()
    page.get_by_label("名字").fill("覃望舒")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("b.good")).to_have_text(["在运行"] * 3)

    file = tmp_path / "稿件.csv"
    file.write_text(TABLE, encoding="utf-8")
    page.get_by_role("link", name="导入", exact=True).click()
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="上传并预览").click()
    expect(page.get_by_text("前 2 条会变成")).to_be_visible()
    expect(page.get_by_role("heading", name="渡口茶会在老樟树下开了一天")).to_be_visible()
    page.get_by_role("button", name="导入", exact=True).click()
    round_.wait_for_job()
    expect(page.get_by_role("row", name="稿件.csv:3")).to_be_visible()

    page.get_by_role("link", name="重建", exact=True).click()
    page.get_by_role("button", name="开始重建").click()
    expect(page.get_by_text("重建已提交")).to_be_visible()
    round_.wait_for_job()
    assert round_.search("渡口茶会") == 1

    page.get_by_role("link", name="版本", exact=True).click()
    expect(page.get_by_role("row", name="000002")).to_contain_text("线上")
    page.get_by_role("link", name="退回上一个版本").click()
    page.get_by_role("button", name="退回").click()
    round_.wait_for_job()
    page.get_by_role("link", name="版本", exact=True).click()
    expect(page.get_by_role("row", name="000001")).to_contain_text("线上")
    page.get_by_role("link", name="启用版本 000002").click()
    page.get_by_role("button", name="启用").click()
    round_.wait_for_job()
    page.get_by_role("link", name="概览", exact=True).click()
    expect(page.get_by_text("000002")).to_be_visible()
    assert round_.errors == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_fault_of_accessibility(round_: Round, path: str) -> None:
    page = round_.page
    page.goto(f"{round_.server.url}/desk{path}")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert look_with_axe(page) == [], (width, scheme)
        assert page.evaluate(WIDER) == [], (width, scheme)


def test_the_pages_work_without_scripts(round_: Round, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{round_.server.url}/desk/jobs")
    page.get_by_label("名字").fill("覃望舒")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="任务")).to_be_visible()
    expect(page.get_by_role("link", name="概览")).to_be_hidden()
    page.get_by_text("导航").click()
    page.get_by_role("link", name="概览", exact=True).click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()
    context.close()
