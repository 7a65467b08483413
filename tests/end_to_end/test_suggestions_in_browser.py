"""The list under the box of the pages, in a real browser: kinds, marks, titles that open, recent and hot queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from indexer.editorial.lines import read_entry
from indexer.store.database import open_editorial
from tests.end_to_end.serving import Server, serving
from tests.end_to_end.test_pages_in_browser import PHONE, browser, looking
from tests.factories import article
from tests.search_service.indexes import promote

__all__ = ["browser"]  # a fixture

KEPT = "localStorage.setItem('recent-queries', JSON.stringify(['渡口', '夜灯', '石桥']))"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Articles about one village, one of them with an address on the portal, and a query that an editor made hot."""
    folder = tmp_path_factory.mktemp("suggestions")
    address = "http://127.0.0.1:1/story.html"
    articles = [
        article("a-1", title="渡口夜灯亮了", body="渡口夜灯亮了。", source="青川日报", published_at="2025-11-24"),
        article("a-2", title="渡口的石桥", body="石桥修好了。", url=address, published_at="2025-11-23"),
        article("a-3", title="渡口夜灯记", body="渡口夜灯又亮了。", url="/story/3", published_at="2025-11-22"),
    ]  # fmt: skip
    promote(folder / "index", articles, engine="whoosh")
    with closing(open_editorial(f"sqlite:///{folder / 'articles.sqlite3'}")) as lists:
        lists.put("hot", [read_entry("hot", "石桥修好")])
    with serving(folder / "index") as served:
        yield served


def open_list(page: Page, typed: str = "") -> None:
    box = page.get_by_role("combobox")
    box.click()
    if typed:
        box.press_sequentially(typed)
    expect(page.get_by_role("option").first).to_be_visible()


def test_words_and_titles_are_told_apart_and_the_typed_part_is_marked(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server, viewport=PHONE) as page:
        page.goto("/search")
        open_list(page, "duk")
        words = page.get_by_role("group", name="词语").get_by_role("option")
        titles = page.get_by_role("group", name="文章").get_by_role("option")
        expect(words.first).to_have_text("渡口")
        expect(words.first.locator("mark")).to_have_text("渡口")
        expect(titles).to_have_count(3)
        expect(titles.first.locator("mark")).to_have_text("渡口")
        expect(titles.first.locator(".about")).to_have_text(re.compile("^青川日报 .*11月24日$"))
        heights = page.evaluate(
            "[...document.querySelectorAll('[role=option]')].map((each) => each.offsetHeight)"
        )
        assert min(heights) >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_title_opens_the_article_on_the_portal_if_it_has_an_address_there(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        page.goto("/")
        open_list(page, "渡口")
        titles = page.get_by_role("group", name="文章").get_by_role("option")
        expect(titles).to_have_count(3)
        links = [each.get_attribute("href") for each in titles.all()]
        assert links == ["/articles?id=a-1", "http://127.0.0.1:1/story.html", "/articles?id=a-3"]
        page.get_by_role("combobox").press("ArrowUp")
        expect(titles.last).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("combobox")).to_have_value("渡口")
        page.get_by_role("combobox").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("渡口夜灯记")
        assert page.evaluate("localStorage.getItem('recent-queries')") is None


@pytest.mark.parametrize("way", ["ctrl", "middle"])
def test_a_title_opens_a_tab_as_any_link(browser: Browser, server: Server, way: str) -> None:
    with looking(browser, server) as page:
        page.goto("/")
        open_list(page, "渡口")
        title = page.get_by_role("group", name="文章").get_by_role("option").first
        with page.context.expect_page() as opened:
            if way == "ctrl":
                title.click(modifiers=["Control"])
            else:
                title.click(button="middle")
        expect(opened.value.get_by_role("heading", level=1)).to_have_text("渡口夜灯亮了")
        expect(page).to_have_url(f"{server.url}/")
        expect(page.get_by_role("combobox")).to_have_value("渡口")


def test_an_empty_box_offers_recent_and_hot_queries(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url + (each.post_data or "")))
        page.goto("/")
        box, options = page.get_by_role("combobox"), page.get_by_role("option")
        expect(box).to_be_focused()
        expect(box).to_have_attribute("aria-expanded", "false")
        box.click()
        expect(options).to_have_text(["石桥修好"])
        box.fill("渡口的灯")
        box.press("Enter")
        expect(page).to_have_title("渡口的灯 - 搜索")
        page.goto("/")
        asked.clear()
        page.get_by_role("combobox").click()
        expect(page.get_by_role("group", name="最近搜索").get_by_role("option").first).to_have_text(
            re.compile("^渡口的灯")
        )
        expect(page.get_by_role("group", name="热门搜索").get_by_role("option")).to_have_text(
            "石桥修好"
        )
        box.press("ArrowDown")
        expect(box).to_have_value("渡口的灯")
        assert any("queries/hot" in each for each in asked)
        assert "渡口的灯" not in unquote("".join(asked)), "what is recent stays in the browser"
        box.press("Enter")
        expect(page).to_have_title("渡口的灯 - 搜索")


def test_a_recent_query_is_removed_by_key_and_by_touch_and_all_by_their_entry(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server, viewport=PHONE, has_touch=True) as page:
        page.goto("/search")
        page.evaluate(KEPT)
        kept = "JSON.parse(localStorage.getItem('recent-queries'))"
        open_list(page)
        box = page.get_by_role("combobox")
        box.press("ArrowDown")
        box.press("Delete")
        assert page.evaluate(kept) == ["夜灯", "石桥"]
        expect(box).to_have_value("夜灯")
        page.locator(".remove").nth(1).tap()
        assert page.evaluate(kept) == ["夜灯"]
        expect(page).to_have_url(f"{server.url}/search")
        expect(box).to_be_focused()
        page.get_by_role("option", name="清除最近搜索").tap()
        assert page.evaluate(kept) == []
        expect(page.get_by_role("group", name="最近搜索")).to_have_count(0)
        expect(box).to_have_value("")


def test_one_touch_empties_the_box_and_leaves_the_focus_in_it(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server, viewport=PHONE, has_touch=True) as page:
        page.goto("/search?q=渡口")
        box, erase = page.get_by_role("combobox"), page.get_by_role("button", name="清空搜索词")
        size = erase.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 40
        erase.tap()
        expect(box).to_have_value("")
        expect(box).to_be_focused()
        expect(erase).to_be_hidden()
        expect(page.get_by_role("option")).to_have_text(["石桥修好"])
        box.press_sequentially("夜")
        expect(erase).to_be_visible()


def test_at_most_eight_queries_are_kept_each_once(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        for number in [*range(9), 3]:
            page.goto("/search")
            page.get_by_role("combobox").fill(f"夜灯{number}")
            page.get_by_role("combobox").press("Enter")
            expect(page).to_have_title(f"夜灯{number} - 搜索")
        kept = page.evaluate("JSON.parse(localStorage.getItem('recent-queries'))")
        assert kept == [f"夜灯{number}" for number in (3, 8, 7, 6, 5, 4, 2, 1)]


def test_a_browser_that_forbids_the_storage_searches_all_the_same(
    browser: Browser, server: Server
) -> None:
    forbidden = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    with looking(browser, server) as page:
        page.add_init_script(forbidden)
        page.goto("/")
        open_list(page)
        expect(page.get_by_role("option")).to_have_text(["石桥修好"])
        open_list(page, "渡口")
        page.get_by_role("combobox").press("Enter")
        expect(page.locator(".hits mark").first).to_be_visible()


@pytest.mark.parametrize(
    "trouble",
    [
        "down",
        "slow",
        *(pytest.param(each, marks=pytest.mark.thorough) for each in ("busy", "nonsense")),
    ],
)
def test_without_the_api_the_form_works(browser: Browser, server: Server, trouble: str) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if trouble == "down":
            route.abort()
        elif trouble == "busy":
            route.fulfill(status=429, headers={"Retry-After": "30"}, body="{}")
        elif trouble == "nonsense":
            route.fulfill(body="<html>")
        # else it stays without an answer

    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.route("**/api/v1/**", answer)
    page.goto("/search")
    box = page.get_by_role("combobox")
    box.click()
    page.wait_for_timeout(100)
    box.press_sequentially("渡口", delay=300)
    page.wait_for_timeout(300)
    expect(page.get_by_role("option")).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    assert trouble != "busy" or len(asked) == 1, "a server that wants quiet is asked no more"
    box.press("Enter")
    expect(page).to_have_title("渡口 - 搜索")
    context.close()
    assert not thrown


def test_nothing_opens_over_what_an_input_method_composes(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto("/search")
        page.evaluate(KEPT)
        open_list(page)
        box, keyboard = page.get_by_role("combobox"), page.context.new_cdp_session(page)
        composed = {"text": "du", "selectionStart": 2, "selectionEnd": 2}
        keyboard.send("Input.imeSetComposition", composed)
        expect(box).to_have_value("du")
        expect(page.get_by_role("option")).to_have_count(0)
        for key in ("ArrowDown", "Enter", "Delete"):
            keys = {"key": key, "isComposing": True, "bubbles": True, "cancelable": True}
            box.dispatch_event("keydown", keys)
        expect(box).to_have_attribute("aria-expanded", "false")
        with page.expect_response(lambda each: "suggest?" in each.url):
            keyboard.send("Input.insertText", {"text": "渡口"})
        expect(page.get_by_role("option").first).to_have_text("渡口")
