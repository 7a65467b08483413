"""The pages in a real browser: Debian's chromium, over the sample articles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.conftest import PROJECT
from tests.end_to_end.serving import Server, serving, wait_until

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
STORY = "/articles/a-20241104-001"
PAGES = (
    "/",
    "/search?q=乡村",
    "/search?page=2",
    "/search?q=子虚乌有&f.channel=社会",
    STORY,
    "/docs/errors",
)

CONTRAST = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const behind = (element) => {
    const colors = [];
    for (let each = element; each; each = each.parentElement) colors.unshift(getComputedStyle(each).backgroundColor);
    for (const color of ["white", ...colors]) {
      ground.fillStyle = color;
      ground.fillRect(0, 0, 1, 1);
    }
    return `rgb(${ground.getImageData(0, 0, 1, 1).data.slice(0, 3)})`;
  };
  const worst = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [high, low] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    worst.push([(high + 0.05) / (low + 0.05), element.className || element.tagName]);
  }
  return worst.sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sample articles, loaded and indexed by the commands that ``make run`` uses."""
    folder = tmp_path_factory.mktemp("samples")
    index, store = folder / "index", f"sqlite:///{folder / 'articles.sqlite3'}"
    environ = os.environ | {"SEARCH_INDEX_DIR": str(index), "SEARCH_STORE_URL": store}
    for command in (["ingest", "samples/articles.jsonl"], ["rebuild"]):
        subprocess.run(
            [sys.executable, "-m", "indexer", *command],
            cwd=PROJECT,
            env=environ,
            check=True,
            capture_output=True,
        )
    with serving(index, SEARCH_LINKS="preview") as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        sentence = f"none of the browsers {', '.join(BROWSERS)} is installed"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


OF_PORTAL = re.compile(r"https://portal\.example/")
PORTAL_ANSWERS: dict[bool, dict[str, Any]] = {
    True: {
        "content_type": "image/svg+xml",
        "body": '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>',
    },
    False: {"content_type": "text/html", "body": "<title>portal</title><h1>portal</h1>"},
}


def answering(answer: dict[str, Any]) -> Callable[[Route], None]:
    return lambda route: route.fulfill(**answer)


def is_picture(route: Route) -> bool:
    return route.request.resource_type == "image"


@contextmanager
def looking(browser: Browser, server: Server, **options: Any) -> Iterator[Page]:
    """A new page, which must log no error and ask nobody but the server, and the portal for pages and pictures."""
    context = browser.new_context(base_url=server.url, **({"viewport": DESKTOP} | options))
    context.route(OF_PORTAL, lambda route: route.fulfill(**PORTAL_ANSWERS[is_picture(route)]))
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((server.url, "data:", "blob:")) or OF_PORTAL.match(asked.url)
            else faults.append(asked.url)
        ),
    )
    yield page
    context.close()
    assert not faults


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_reader_searches_narrows_reads_and_goes_on(
    browser: Browser, server: Server, viewport: dict[str, int]
) -> None:
    with looking(browser, server, viewport=viewport) as page:
        page.goto("/")
        box = page.get_by_role("combobox", name="搜索词")
        expect(box).to_be_focused()
        box.fill("乡村振兴")
        box.press("Enter")
        expect(page).to_have_title("乡村振兴 - 搜索")
        expect(page.locator(".hits mark").first).to_be_visible()
        total = page.locator(".summary strong").inner_text()
        if viewport == PHONE:
            page.get_by_text("筛选", exact=True).click()
        page.get_by_role("navigation", name="来源").get_by_role("link").first.click()
        expect(page.locator(".filters")).to_contain_text("来源：")
        assert page.locator(".summary strong").inner_text() != total
        page.locator(".filters").get_by_title("去掉这个条件").click()
        expect(page.locator(".filters")).to_have_count(0)
        title = page.locator(".hits h2").first.inner_text()
        page.locator(".hits h2 a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(".related h3")).to_have_count(6)
        page.locator(".related h3 a").first.click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text(title)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_every_page_fits_a_phone_and_its_text_stands_out(
    browser: Browser, server: Server, path: str, scheme: str
) -> None:
    with looking(browser, server, viewport=PHONE, color_scheme=scheme) as page:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        contrast, where = page.evaluate(CONTRAST)
        assert contrast >= 4.5, where


TARGETS = """() => [...document.querySelectorAll("main a, main button, main summary, main input, .narrower")]
  .filter((each) => each.checkVisibility() && each.type !== "hidden" && !each.closest(".hidden, .skip, .summary p"))
  .map((each) => [each.getBoundingClientRect(), each.textContent])
  .filter(([box]) => box.width < 24 || box.height < 24)
  .map(([box, text]) => `${text} ${box.width}x${box.height}`)"""
NARROWED = "/search?q=乡村&f.source=青川日报&sort=newest&f.kept=1"


@pytest.mark.parametrize(("path", "script"), [("/search?q=乡村振兴", True), (NARROWED, False)])
def test_on_a_phone_one_row_opens_what_narrows_and_the_first_hit_is_high(
    browser: Browser, server: Server, path: str, script: bool
) -> None:
    phone = {"width": 390, "height": 844}
    with looking(browser, server, viewport=phone, java_script_enabled=script) as page:
        page.goto(path)
        box = page.locator(".hits h2").first.bounding_box()
        assert box
        assert box["y"] <= 200
        narrow = page.get_by_role("navigation", name="来源")
        expect(narrow).to_be_hidden()
        switch = page.get_by_role("checkbox", name="筛选和排序")
        switch.focus()
        page.keyboard.press("Space")
        expect(narrow).to_be_visible()
        expect(page.get_by_role("link", name="一周")).to_be_visible()
        page.get_by_text("自定日期").click()
        page.locator("[name='f.from']").fill("2024-01-01")
        page.get_by_role("button", name="确定").click()
        expect(page.locator(".filters")).to_contain_text("日期：2024-01-01 至 今天")


def test_on_a_phone_tags_give_their_room_to_the_next_hit(browser: Browser, server: Server) -> None:
    for viewport, tags in ((DESKTOP, True), (PHONE, False)):
        with looking(browser, server, viewport=viewport) as page:
            page.goto("/search?q=乡村")
            assert page.locator(".hits .tag").count()
            expect(page.locator(".hits .tag").first).to_be_visible(visible=tags)


def test_on_a_phone_the_title_of_a_suggested_article_has_the_whole_line(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server, viewport=PHONE) as page:
        page.goto("/")
        page.get_by_role("combobox").press_sequentially("乡村")
        title, about = (
            page.locator(f".suggestions .title {part}").first for part in (".text", ".about")
        )
        title.wait_for()
        texts = title.bounding_box(), about.bounding_box()
        assert texts[0]
        assert texts[1]
        assert texts[1]["y"] >= texts[0]["y"] + texts[0]["height"] - 1


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_target_of_the_results_can_be_hit(
    browser: Browser, server: Server, width: int
) -> None:
    with looking(browser, server, viewport={"width": width, "height": 844}) as page:
        page.goto(NARROWED)
        assert page.evaluate(TARGETS) == []
        if width < 960:
            page.get_by_text("筛选", exact=True).click()
        assert page.evaluate(TARGETS) == []
        assert page.evaluate("document.querySelector('main').scrollWidth") <= width


def test_the_names_of_facet_links_do_not_run_together(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto("/search?q=乡村振兴")
        facet = page.get_by_role("navigation", name="来源")
        expect(facet.get_by_role("link", name=re.compile(r"^青川日报 \d+ 篇$"))).to_be_visible()


def test_a_picture_that_does_not_load_shows_nothing_and_moves_nothing(
    browser: Browser, server: Server
) -> None:
    boxes = "[...document.querySelectorAll('.thumb, .hits > li')].map((e) => e.offsetHeight)"
    heights = []
    for answer in ({"status": 404}, PORTAL_ANSWERS[True]):
        with browser.new_context(base_url=server.url) as context:
            page = context.new_page()
            page.route(OF_PORTAL, answering(answer))
            page.goto("/search?q=三百箱蜂")
            wait_until(
                partial(page.evaluate, "[...document.images].every((each) => each.complete)")
            )
            heights.append(page.evaluate(boxes))
    assert heights[0] == heights[1]
    assert 80 in heights[0]


def test_print_shows_the_query_and_what_it_was_narrowed_to(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        page.goto(NARROWED)
        page.emulate_media(media="print")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text("“乡村”的搜索结果")
        assert heading.evaluate("(each) => each.offsetHeight") > 20
        expect(page.locator(".filters")).to_contain_text("来源：青川日报")
        for gone in (".masthead", ".facets", ".sorts", ".clear", ".narrower"):
            expect(page.locator(gone)).to_be_hidden()


def test_a_results_page_is_light(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        sizes: list[int] = []
        page.on(
            "response",
            lambda each: (
                sizes.append(int(each.headers.get("content-length", 10**9)))
                if each.url.startswith(server.url)
                else None
            ),
        )
        page.goto("/search?q=乡村")
        page.wait_for_load_state("networkidle")
        assert len(sizes) >= 4
        assert sum(sizes) < 40_000


def test_a_very_long_title_takes_three_lines(browser: Browser, server: Server) -> None:
    with looking(browser, server, viewport=PHONE) as page:
        page.goto("/search?q=乡村振兴")
        lines = page.locator(".hits h2").first.evaluate(
            """(heading) => {
              heading.querySelector("a").textContent = "长".repeat(1000);
              return heading.clientHeight / parseFloat(getComputedStyle(heading).lineHeight);
            }"""
        )
        assert round(lines) == 3


def test_dark_pages_are_dark(browser: Browser, server: Server) -> None:
    with looking(browser, server, color_scheme="dark") as page:
        page.goto("/")
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert max(int(part) for part in re.findall(r"\d+", ground)) < 64


def test_everything_works_without_javascript(browser: Browser, server: Server) -> None:
    with looking(browser, server, java_script_enabled=False) as page:
        page.goto("/")
        page.locator("input[name=q]").fill("板凳会")
        page.get_by_role("button", name="搜索", exact=True).click()
        expect(page.locator(".hits mark").first).to_be_visible()
        page.get_by_role("link", name="最新", exact=True).click()
        expect(page.locator(".sorts [aria-current]")).to_have_text("最新")
        page.locator(".hits h2 a").first.click()
        expect(page.locator(".related h3").first).to_be_visible()


def test_suggestions_are_chosen_with_the_keyboard(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto("/")
        box, options = page.get_by_role("combobox"), page.get_by_role("option")
        expect(box).to_have_attribute("aria-expanded", "false")
        box.press_sequentially("石坳村")
        expect(options.first).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        expect(page.locator("form p[role=status]")).to_have_text(f"有 {options.count()} 条建议")
        assert box.get_attribute("aria-activedescendant") is None
        box.press("ArrowDown")
        expect(options.first).to_have_attribute("aria-selected", "true")
        assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
        chosen = options.first.inner_text()
        expect(box).to_have_value(chosen)
        box.press("ArrowUp")
        expect(box).to_have_value("石坳村")
        box.press("ArrowUp")
        expect(options.last).to_have_attribute("aria-selected", "true")
        box.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("石坳村")
        box.press("End")
        box.press_sequentially("的")
        expect(options.first).to_be_visible()
        expect(options.first).to_have_attribute("href", re.compile(r"^/articles\?id="))
        box.press("Enter")
        expect(page).to_have_title("石坳村的 - 搜索")


def test_a_suggestion_is_chosen_with_the_mouse(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto("/search")
        page.get_by_role("combobox").press_sequentially("石坳村")
        first = page.get_by_role("option").first
        chosen = first.inner_text()
        first.click()
        expect(page.get_by_role("combobox")).to_have_value(chosen)
        expect(page.locator(".hits mark").first).to_be_visible()


def test_keys_belong_to_the_input_method_while_it_composes(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url) if "suggest?" in each.url else None)
        page.goto("/")
        box = page.get_by_role("combobox")
        keyboard = page.context.new_cdp_session(page)
        box.press_sequentially("石")
        expect(page.get_by_role("option").first).to_be_visible()
        before = len(asked)
        composed = {"text": "ao", "selectionStart": 2, "selectionEnd": 2}
        keyboard.send("Input.imeSetComposition", composed)
        expect(box).to_have_value("石ao")
        for key in ("ArrowDown", "Enter", "Escape"):
            box.dispatch_event(
                "keydown", {"key": key, "isComposing": True, "bubbles": True, "cancelable": True}
            )
        page.wait_for_timeout(400)
        assert len(asked) == before
        expect(box).to_have_value("石ao")
        expect(page.locator("[aria-selected=true]")).to_have_count(0)
        expect(page).to_have_url(f"{server.url}/")
        with page.expect_response(lambda each: "suggest?" in each.url):
            keyboard.send("Input.insertText", {"text": "坳村"})
        expect(box).to_have_value("石坳村")
        expect(page.get_by_role("option").first).to_contain_text("石坳村")
        assert len(asked) == before + 1


def test_a_slash_goes_to_the_box_unless_something_is_typed(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        page.goto(STORY)
        box = page.get_by_role("combobox")
        expect(box).not_to_be_focused()
        page.keyboard.press("/")
        expect(box).to_be_focused()
        expect(box).to_have_value("")
        page.keyboard.type("a/b")
        expect(box).to_have_value("a/b")


def test_the_keyboard_alone_is_enough_and_its_place_is_seen(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        page.goto(STORY)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
        expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="搜索", exact=True)).to_be_focused()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"


def test_print_shows_the_article_and_little_else(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto(STORY)
        page.emulate_media(media="print")
        expect(page.locator(".story .body")).to_be_visible()
        for gone in (".masthead", ".latest", ".related", ".footer"):
            expect(page.locator(gone)).to_be_hidden()


def test_the_interactive_docs_work_with_nothing_from_outside(
    browser: Browser, server: Server
) -> None:
    with looking(browser, server) as page:
        described = page.request.get("/openapi.json").json()["paths"]
        page.goto("/docs")
        expect(page.locator(".try")).to_have_count(sum(map(len, described.values())))
        expect(page.get_by_label("API key")).to_have_count(0)  # no key is in use
        page.locator("#search summary").click()
        page.locator("#search").get_by_label("q", exact=True).fill("乡村振兴")
        page.locator("#search").get_by_role("button", name="Send").click()
        expect(page.locator("#search [role=status]")).to_contain_text(": 200")
        expect(page.locator("#search pre")).to_contain_text('"total"')
        page.goto("/docs#article")
        page.locator("#article").get_by_label("article_id").fill("a-20241104-001")
        page.locator("#article").get_by_role("button", name="Send").click()
        expect(page.locator("#article [role=status]")).to_contain_text(
            "articles/a-20241104-001: 200"
        )


@pytest.mark.parametrize("path", ["/", STORY, "/docs", "/docs/errors"])
def test_long_words_fit_the_narrowest_screen(browser: Browser, server: Server, path: str) -> None:
    """Words are as long as an editor might write them: each link, title, fact and code is one word of 200 letters."""
    with looking(browser, server, viewport={"width": 320, "height": 640}) as page:
        page.goto(path)
        page.evaluate(
            """() => {
              for (const details of document.querySelectorAll("details")) details.open = true;
              for (const each of document.querySelectorAll(".articles a, .facts > span, .hot a, h1, .channels a, .tags a, code")) {
                each.textContent = "Longword".repeat(25);
              }
            }"""
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_box_ends_where_the_column_ends(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        for path, column in ((STORY, ".story"), ("/search?q=乡村", ".hits")):
            page.goto(path)
            ends = [page.locator(each).first.bounding_box() for each in (".box", column)]
            right = [each["x"] + each["width"] for each in ends if each]
            assert right[0] == pytest.approx(right[1], abs=0.5)


def test_the_outline_of_a_title_is_not_cut_off(browser: Browser, server: Server) -> None:
    with looking(browser, server) as page:
        page.goto(STORY)
        page.locator(".related h3 a").first.focus()
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement.parentElement).outlineStyle"
        assert page.evaluate("document.activeElement.closest('h3') !== null")
        assert page.evaluate(outline) == "solid"


def test_a_picture_that_cannot_be_loaded_leaves_no_hole(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.route("https://portal.example/**", lambda route: route.abort())
    page.goto("/articles/a-20260820-001")
    expect(page.locator(".story .body")).to_be_visible()
    expect(page.locator(".picture")).to_have_count(0)
    context.close()


def test_a_picture_has_its_room_before_it_comes(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.route("https://portal.example/**", lambda _: None)
    page.goto("/articles/a-20260820-001", wait_until="commit")
    size = page.locator(".picture").bounding_box()
    assert size
    assert size["height"] > 200
    context.close()


def test_a_page_can_be_looked_at(browser: Browser, server: Server, tmp_path: Path) -> None:
    with looking(browser, server) as page:
        page.goto("/search?q=乡村振兴")
        page.screenshot(path=tmp_path / "search.png", full_page=True)
        assert (tmp_path / "search.png").stat().st_size > 10_000
