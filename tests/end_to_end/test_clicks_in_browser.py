"""Clicks on hits and views of articles in a real browser reach the query log, and never keep a reader from an article."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.end_to_end.test_pages_in_browser import browser, looking
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import BROWSER

__all__ = ["browser"]  # a fixture


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The query log, which all tests share."""
    return tmp_path_factory.mktemp("clicks") / "querylog.sqlite3"


@pytest.fixture(scope="module")
def server(path: Path) -> Iterator[Server]:
    articles = [article(f"a-{number}", published_at=f"202{number}-01-01") for number in range(4)]
    articles += [article(each, published_at="2019-01-01") for each in VIEWED]
    index = path.parent / "index"
    promote(index, articles, engine="whoosh")
    with serving(index, SEARCH_QUERYLOG_URL=f"sqlite:///{path}", SEARCH_LINKS="preview") as served:
        yield served


VIEWED = ("viewed", "新闻/4 b")
"""The articles that one test opens, and no other."""


CLICKS = (
    "SELECT queries.query, clicks.article_id, clicks.position "
    "FROM clicks JOIN queries ON queries.id = clicks.query_id ORDER BY clicks.id"
)
"""The clicks that were logged: query, article and position."""

VIEWS = (
    "SELECT article_id, sum(visitors) FROM views WHERE minutes = 360 "
    f"AND article_id IN {VIEWED} GROUP BY article_id ORDER BY article_id"
)


def logged(path: Path, statement: str, *, wanted: int) -> list[tuple[Any, ...]]:
    """The rows of ``statement``. Waits until there are enough."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(path)) as raw:
            found = raw.execute(statement).fetchall()
        if len(found) >= wanted:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_click_leads_to_the_article_and_is_logged(
    browser: Browser, server: Server, path: Path
) -> None:
    with looking(browser, server, user_agent=BROWSER) as page:
        page.goto("/search?q=小学校&sort=newest")
        page.locator(".hits h2 a").nth(2).click()
        expect(page.locator("article h1, h1").first).to_have_text("山谷里的小学校")
        page.go_back()
        with page.context.expect_page():
            page.locator(".hits h2 a").nth(0).click(button="middle")
        assert logged(path, CLICKS, wanted=2) == [("小学校", "a-1", 3), ("小学校", "a-3", 1)]


@pytest.mark.thorough
def test_a_click_that_leads_to_the_portal_is_logged_too(browser: Browser, path: Path) -> None:
    folder = path.parent / "portal"
    folder.mkdir()
    log, index = folder / "querylog.sqlite3", folder / "index"
    promote(index, [article("a-1", url="https://portal.example/a-1.html")], engine="whoosh")
    with (
        serving(index, SEARCH_QUERYLOG_URL=f"sqlite:///{log}", SEARCH_LINKS="marked") as served,
        looking(browser, served, user_agent=BROWSER) as page,
    ):
        page.goto("/search?q=小学校")
        page.locator(".hits h2 a").click()
        expect(page).to_have_title("portal")
        assert page.url.startswith("https://portal.example/a-1.html")
        assert logged(log, CLICKS, wanted=1) == [("小学校", "a-1", 1)]


def test_nothing_is_reported_of_a_search_that_is_not_logged(
    browser: Browser, server: Server
) -> None:
    addresses: list[str] = []
    with looking(browser, server, user_agent=BROWSER) as page:
        page.on("request", lambda asked: addresses.append(asked.url))
        page.goto("/search?q=小学校&f.log=off")
        page.locator(".hits h2 a").first.click()
        expect(page.locator("h1").first).to_have_text("山谷里的小学校")
    assert not [each for each in addresses if each.endswith("/api/v1/clicks")]


def test_an_article_opens_while_clicks_are_never_answered(browser: Browser, server: Server) -> None:
    left: list[Route] = []
    with looking(browser, server, user_agent=BROWSER) as page:
        page.route("**/api/v1/clicks", lambda route: left.append(route))
        page.goto("/search?q=小学校")
        page.locator(".hits h2 a").first.click()
        expect(page.locator("h1").first).to_have_text("山谷里的小学校")
        assert left


def test_the_page_of_an_article_reports_its_view_once(
    browser: Browser, server: Server, path: Path
) -> None:
    refused: list[str] = []
    with looking(browser, server, user_agent=BROWSER) as page:
        page.on("console", lambda message: refused.append(message.text))
        for address in ("/articles/viewed", "/articles/viewed", "/articles?id=新闻/4 b"):
            page.goto(address)
            expect(page.locator("h1").first).to_have_text("山谷里的小学校")
        assert logged(path, VIEWS, wanted=2) == [("viewed", 1), ("新闻/4 b", 1)]
    assert refused == []
