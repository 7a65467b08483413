"""Clicks on hits in a real browser reach the query log, and never keep a reader from an article."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.end_to_end.test_pages_in_browser import browser, looking
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import BROWSER

__all__ = ["browser"]  # a fixture


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "querylog.sqlite3"


@pytest.fixture
def server(tmp_path: Path, path: Path) -> Iterator[Server]:
    articles = [article(f"a-{number}", published_at=f"202{number}-01-01") for number in range(4)]
    promote(tmp_path / "index", articles, engine="whoosh")
    with serving(tmp_path / "index", SEARCH_QUERYLOG_URL=f"sqlite:///{path}") as served:
        yield served


def clicks(path: Path, *, wanted: int) -> list[tuple[str, str, int]]:
    """The clicks that were logged: query, article and position. Waits until there are enough."""
    deadline = time.monotonic() + PATIENCE
    statement = (
        "SELECT queries.query, clicks.article_id, clicks.position "
        "FROM clicks JOIN queries ON queries.id = clicks.query_id ORDER BY clicks.id"
    )
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
        assert clicks(path, wanted=2) == [("小学校", "a-1", 3), ("小学校", "a-3", 1)]


def test_nothing_is_reported_of_a_search_that_is_not_logged(
    browser: Browser, server: Server
) -> None:
    methods: list[str] = []
    with looking(browser, server, user_agent=BROWSER) as page:
        page.on("request", lambda asked: methods.append(asked.method))
        page.goto("/search?q=小学校&log=off")
        page.locator(".hits h2 a").first.click()
        expect(page.locator("h1").first).to_have_text("山谷里的小学校")
    assert set(methods) == {"GET"}


def test_an_article_opens_while_clicks_are_never_answered(browser: Browser, server: Server) -> None:
    left: list[Route] = []
    with looking(browser, server, user_agent=BROWSER) as page:
        page.route("**/api/v1/clicks", lambda route: left.append(route))
        page.goto("/search?q=小学校")
        page.locator(".hits h2 a").first.click()
        expect(page.locator("h1").first).to_have_text("山谷里的小学校")
        assert left
