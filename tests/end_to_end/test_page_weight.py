"""Pages are light, stand still while they load, and need no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urljoin

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.newsroom import PICTURE, PICTURES, Newsroom
from tests.end_to_end.test_pages_in_browser import browser

pytestmark = pytest.mark.thorough

__all__ = ["browser"]  # a fixture

WIDTHS: Final = (390, 1280)
LIGHT: Final = 40_000
"""The bytes of a page with everything that it loads from the service, as sent."""
SEARCH: Final = f"/search?q={quote('小学校')}"
PAGES: Final = {"home": "/", "search": SEARCH, "article": "/articles/a-00"}

PICTURED: Final = ("search", "article")
"""The pages that show pictures."""

WATCH: Final = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const {value, sources} of list.getEntries())
      shifts.push([value, ...sources.map(({node}) => node ? (node.outerHTML || node.data || "").slice(0, 100) : "")]);
  }).observe({type: "layout-shift", buffered: true});
"""
STREAMED: Final = 0.01
"""The most that may move while the browser still reads the page: a centred row, when the rest of it comes. Up to 0.1 is good by
web.dev's Core Web Vitals.
"""
PAINTED: Final = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


class LatePictures:
    """The pictures of articles, from another site that answers when the page is complete."""

    def __init__(self) -> None:
        self.asked: list[Route] = []

    def keep(self, route: Route) -> None:
        self.asked.append(route)

    def send(self) -> int:
        """Answer all requests so far. Returns their number."""
        count = len(self.asked)
        while self.asked:
            self.asked.pop().fulfill(content_type="image/svg+xml", body=PICTURE)
        return count


@contextmanager
def opened(browser: Browser, width: int, **options: Any) -> Iterator[tuple[Page, LatePictures]]:
    """A page that holds nothing yet, with an empty cache."""
    pictures = LatePictures()
    context = browser.new_context(viewport={"width": width, "height": 844}, **options)
    context.route(f"{PICTURES}/**", pictures.keep)
    page = context.new_page()
    page.add_init_script(WATCH)
    yield page, pictures
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_everything_is_light(browser: Browser, newsroom: Newsroom, name: str) -> None:
    with opened(browser, 390) as (page, _):
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        asked: dict[str, str] = {}
        sizes: dict[str, int] = {}
        network.on(
            "Network.requestWillBeSent",
            lambda each: asked.update({each["requestId"]: each["request"]["url"]}),
        )
        network.on(
            "Network.loadingFinished",
            lambda each: sizes.update({asked[each["requestId"]]: each["encodedDataLength"]}),
        )
        page.goto(newsroom.service + PAGES[name], wait_until="domcontentloaded")
        expect(page.get_by_role("combobox")).to_be_visible()
        page.evaluate(PAINTED)
        own = {url: size for url, size in sizes.items() if url.startswith(newsroom.service)}
        assert len(own) > 2
        assert sum(own.values()) < LIGHT, own


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_when_pictures_come_late(
    browser: Browser, newsroom: Newsroom, name: str, width: int
) -> None:
    with opened(browser, width) as (page, pictures):
        page.goto(newsroom.service + PAGES[name], wait_until="domcontentloaded")
        page.evaluate(PAINTED)
        assert sum(value for value, *_ in page.evaluate("shifts.splice(0)")) < STREAMED
        assert pictures.send() > 0 or name not in PICTURED
        page.evaluate(PAINTED)
        page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
        page.evaluate(PAINTED)
        pictures.send()
        page.evaluate(PAINTED)
        assert page.evaluate("shifts") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_on_a_page_that_keeps_room_for_its_lists(
    browser: Browser, newsroom: Newsroom, width: int
) -> None:
    with opened(browser, width) as (page, _):
        answers: list[Route] = []
        page.route("**/api/**", lambda route: answers.append(route))
        page.goto(f"{newsroom.portal}/room")
        page.evaluate(PAINTED)
        assert len(answers) == 2
        for each in answers:
            each.continue_()
        expect(page.locator("portal-latest a")).to_have_count(5)
        page.evaluate(PAINTED)
        assert page.evaluate("shifts") == []


@pytest.mark.parametrize("name", PAGES)
def test_every_page_and_its_links_work_without_javascript(
    browser: Browser, newsroom: Newsroom, name: str
) -> None:
    with opened(browser, 390, java_script_enabled=False) as (page, _):
        page.goto(newsroom.service + PAGES[name], wait_until="domcontentloaded")
        box = page.get_by_label("搜索词")
        box.fill("石板路")
        box.press("Enter", no_wait_after=True)
        expect(page.locator(".hits h2 a").first).to_be_visible()
        page.go_back(wait_until="domcontentloaded")
        own = page.locator(f"main a[href^='/'], main a[href^='{newsroom.service}']")
        addresses = {each.get_attribute("href") or "" for each in own.all()}
        assert addresses
        for address in sorted(addresses)[:12]:
            assert page.request.get(urljoin(page.url, address)).ok, address
