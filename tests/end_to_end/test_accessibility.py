"""No page and no element has a fault of accessibility: axe-core in a real browser, and what it does not measure.

Every page is loaded once for all tests and then looked at in several widths, schemes and options. It takes longer than ten seconds
because axe-core goes through all that a page holds, each time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.newsroom import LONG_CHANNEL, LONG_WORD, PICTURE, PICTURES, Newsroom
from tests.end_to_end.page_checks import (
    APART,
    FOCUS_RINGS,
    OPEN,
    OUT_OF_ORDER,
    SIDEWAYS,
    WIDER,
)
from tests.end_to_end.test_pages_in_browser import browser

__all__ = ["browser"]  # a fixture

HEIGHT: Final = 844
WIDTHS: Final = (390, 1280)
SEARCH, STORY = f"/search?q={quote('小学校')}", "/articles/a-00"

PAGES: Final = {
    "home": "{service}/",
    "search": "{service}" + SEARCH,
    "corrected": "{service}/search?q=" + quote("小雪校"),
    "filtered": "{service}" + SEARCH + "&f.channel=" + quote("体育/NBA") + "&f.time=year&f.from=abc&sort=newest",
    "filtered-for-nothing": "{service}" + SEARCH + "&f.channel=" + quote(LONG_CHANNEL) + "&f.tag=" + LONG_WORD + "&f.source=x",
    "article": "{service}" + STORY,
    "bare-article": "{service}/articles/a-38",
    "404": "{service}/articles/unknown",
    "docs": "{service}/docs",
    "docs-errors": "{service}/docs/errors",
    "elements": "{portal}/elements",
    "results": "{portal}/results?q=" + quote("小学校"),
    "frames": "{portal}/frames",
}  # fmt: skip
"""All pages for readers and developers, and pages of a portal with everything that can be embedded."""

READY: Final = {
    "docs": ("h1, h2",),
    "elements": ("portal-related a", "portal-latest a"),
    "results": ("portal-results a",),
}
"""What a script of the page makes, and must be there before it is looked at."""

FIRST: Final = ("search", "results")
"""The pages that `make test` looks at. The others are much like these."""

EVERYWHERE: Final = ("search", "article")
"""The pages that are looked at in every width and scheme."""

PAIRS: Final = (
    # page, width, scheme, forced colours, motion, size of text, what is typed
    ("article", 320, "light", "none", "reduce", 1, "小学"),
    ("article", 390, "dark", "none", "no-preference", 1, ""),
    ("article", 1280, "light", "active", "reduce", 2, "小学"),
    ("home", 320, "light", "active", "no-preference", 2, "小学"),
    ("home", 390, "light", "none", "reduce", 1, ""),
    ("home", 1280, "dark", "none", "no-preference", 2, ""),
    ("search", 320, "dark", "none", "no-preference", 1, ""),
    ("search", 390, "dark", "active", "reduce", 2, "小学"),
    ("search", 1280, "light", "active", "no-preference", 1, ""),
)
"""Options of readers: every value of one meets every value of each other one at least once."""

THUMB: Final = 44
"""Pixels that a main control is high on a phone."""
BOX_HEIGHTS: Final = """() => [...document.querySelectorAll("form[role=search] input[type=search], form[role=search] [type=submit]")]
  .map((each) => (each.closest(".box") || each).getBoundingClientRect().height)"""
ENLARGE: Final = """(times) => {
  const root = document.documentElement;
  root.style.fontSize = `${times * parseFloat(getComputedStyle(root).fontSize)}px`;
}"""
AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN_AXE: Final = """(contrast) => axe.run({
  resultTypes: ["violations"], rules: {"target-size": {enabled: true}, "color-contrast": {enabled: contrast}},
}).then(({violations}) =>
  violations.flatMap(({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target.join(" ")} ${html.slice(0, 120)}`)))"""
"""All rules of axe-core, with the size and spacing of targets (WCAG 2.2), which it leaves out by default."""


@dataclass(slots=True)
class Site:
    """A page of the browser, the addresses of the service and of the other origins, and what is shown."""

    page: Page
    origins: dict[str, str]
    name: str = ""

    def show(self, name: str) -> Page:
        """Load a page of PAGES, wait until it is complete, and open whatever can be opened."""
        self.look(1280)
        self.name = name
        self.page.goto(PAGES[name].format(**self.origins))
        for each in READY.get(name, ()):
            expect(self.page.locator(each).first).to_be_visible()
        self.page.evaluate(OPEN)
        return self.page

    def look(
        self, width: int, scheme: Any = "light", colors: Any = "none", motion: Any = None
    ) -> None:
        """Look at the page in a window of this width, as a reader with these preferences."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme, forced_colors=colors, reduced_motion=motion)


def answer_for_pictures(route: Route) -> None:
    """The picture of an article, as another site sends it."""
    route.fulfill(content_type="image/svg+xml", body=PICTURE)


@pytest.fixture(scope="module")
def site(newsroom: Newsroom, browser: Browser) -> Iterator[Site]:
    context = browser.new_context()
    context.route(f"{PICTURES}/**", answer_for_pictures)
    yield Site(context.new_page(), {"service": newsroom.service, "portal": newsroom.portal})
    context.close()


@pytest.fixture(
    scope="module",
    params=[
        each if each in FIRST else pytest.param(each, marks=pytest.mark.thorough) for each in PAGES
    ],
)
def shown(site: Site, request: pytest.FixtureRequest) -> Site:
    """A page of PAGES, loaded once for all tests that look at it."""
    site.show(request.param)
    return site


def look_with_axe(page: Page, colors: str = "none") -> list[str]:
    """The violations that axe-core finds, in frames too. With forced colours the reader has chosen the contrast."""
    for frame in page.frames:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE, colors == "none")
    return found


def test_axe_finds_no_violation(shown: Site) -> None:
    widths: tuple[int, ...] = (320, *WIDTHS) if shown.name in EVERYWHERE else WIDTHS
    widths = widths[:1] if shown.name == "docs" else widths  # long, and the same at every width
    schemes = ("light", "dark") if shown.name in EVERYWHERE else ("light",)
    found = {}
    for width, scheme in itertools.product(widths, schemes):
        shown.look(width, scheme)
        found[width, scheme] = look_with_axe(shown.page)
    assert {seen: each for seen, each in found.items() if each} == {}


def test_nothing_is_wider_than_a_narrow_phone(shown: Site) -> None:
    shown.look(320)
    assert shown.page.evaluate(WIDER) == []
    assert shown.page.evaluate(SIDEWAYS) == []


def test_what_has_the_focus_shows_a_whole_ring(shown: Site) -> None:
    shown.page.keyboard.press("Tab")
    for width in WIDTHS:
        shown.look(width)
        assert shown.page.evaluate(FOCUS_RINGS) == []


def test_what_is_seen_apart_is_read_apart(shown: Site) -> None:
    shown.look(1280)
    heard = shown.page.locator("body").aria_snapshot()
    together = [f"{left}{right}" for left, right in shown.page.evaluate(APART)]
    assert [each for each in together if each in heard] == []


def test_a_phone_is_read_from_top_to_bottom(shown: Site) -> None:
    shown.look(390)
    assert shown.page.evaluate(OUT_OF_ORDER) == []


def test_every_page_names_its_language(shown: Site) -> None:
    language = "en" if shown.name.startswith("docs") else "zh-CN"
    expect(shown.page.locator("html")).to_have_attribute("lang", language)


def test_a_thumb_finds_the_box_and_its_button(shown: Site) -> None:
    shown.look(390)
    heights = shown.page.evaluate(BOX_HEIGHTS)
    assert [height for height in heights if height < THUMB] == []


@pytest.mark.thorough
@pytest.mark.parametrize("options", PAIRS, ids=str)
def test_readers_may_set_their_browser_as_they_like(site: Site, options: tuple[Any, ...]) -> None:
    name, width, scheme, colors, motion, text, typed = options
    page = site.show(name)
    site.look(width, scheme, colors, motion)
    page.evaluate(ENLARGE, text)
    if typed:
        page.get_by_role("combobox").fill("")
        page.get_by_role("combobox").press_sequentially(typed)
        expect(page.get_by_role("option").first).to_be_visible()
    assert look_with_axe(page, colors) == []
    if text == 1 or width > 320:
        assert page.evaluate(WIDER) == []


def test_the_options_of_readers_meet_in_pairs() -> None:
    values = [set(column) for column in zip(*PAIRS, strict=True)]
    for (left, ones), (right, others) in itertools.combinations(enumerate(values), 2):
        met = {(row[left], row[right]) for row in PAIRS}
        assert met == set(itertools.product(ones, others))
