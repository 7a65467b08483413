"""No page and no element has a fault of accessibility: axe-core in a real browser, and what it does not measure.

Every page is loaded once for a test and then looked at in several widths, schemes and options.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.newsroom import LONG_CHANNEL, LONG_WORD, PICTURES, articles, portal
from tests.end_to_end.page_checks import (
    APART,
    FOCUS_RINGS,
    OPEN_EVERYTHING,
    OUT_OF_ORDER,
    SIDEWAYS,
    WIDER,
)
from tests.end_to_end.serving import free_port, serving
from tests.end_to_end.test_pages_in_browser import browser
from tests.factories import article
from tests.search_service.indexes import promote

__all__ = ["browser"]  # a fixture

HEIGHT: Final = 844
WIDTHS: Final = (390, 1280)
SEARCH, STORY = f"/search?q={quote('小学校')}", "/articles/a-00"

PAGES: Final = {
    "home": "{service}/",
    "search": "{service}" + SEARCH,
    "all": "{service}/search?page=2",
    "nothing": "{service}/search?q=" + quote("乌有之乡"),
    "corrected": "{service}/search?q=" + quote("小雪校"),
    "filtered": "{service}" + SEARCH + "&f.channel=" + quote("体育/NBA") + "&f.time=year&sort=newest",
    "filtered-for-nothing": "{service}" + SEARCH + "&f.channel=" + quote(LONG_CHANNEL) + "&f.tag=" + LONG_WORD + "&f.source=x",
    "wrong-filter": "{service}" + SEARCH + "&f.from=abc",
    "article": "{service}" + STORY,
    "bare-article": "{service}/articles/a-38",
    "lone-home": "{lone}/",
    "lone-article": "{lone}/articles/a-1",
    "404": "{service}/articles/unknown",
    "400": "{service}/articles?id=",
    "docs": "{service}/docs",
    "docs-errors": "{service}/docs/errors",
    "elements": "{portal}/elements",
    "results": "{portal}/results?q=" + quote("小学校"),
    "frames": "{portal}/frames",
}  # fmt: skip
"""All pages for readers and developers, and pages of a portal with everything that can be embedded."""

READY: Final = {
    "docs": "h1, h2",
    "elements": "portal-related a, portal-hot a",
    "results": "portal-results a",
}
"""What a script of the page makes, and must be there before it is looked at."""

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

PORTAL: Final = {
    "/elements": '<header><a href="/">门户</a><portal-search></portal-search></header><main><h1>山谷新闻</h1><p>小学校的一天。</p>'
    '<portal-blocks article="a-00"><portal-related show="lead"></portal-related><portal-hot></portal-hot>'
    '<portal-latest show="lead"></portal-latest></portal-blocks></main>',
    "/results": "<main><h1>检索</h1><portal-search></portal-search><portal-results></portal-results></main>",
    "/frames": "<main><h1>山谷新闻</h1>"
    + "".join(
        f'<iframe src="{{service}}/embed/{each}frame=1" title="{each}" width="320" height="640"></iframe>'
        for each in ("related/a-00?", "latest?", "hot?")
    )
    + "</main>",
}

AXE: Final = Axe().axe_script
RUN_AXE: Final = """() => axe.run({resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}).then(({violations}) =>
  violations.flatMap(({id, nodes}) => nodes.map(({target, html}) => `${id}: ${target.join(" ")} ${html.slice(0, 120)}`)))"""
"""All rules of axe-core, with the size and spacing of targets (WCAG 2.2), which it leaves out by default."""


@dataclass(frozen=True, slots=True)
class Site:
    """A page of the browser, and where all pages are."""

    page: Page
    origins: dict[str, str]

    def show(self, name: str, width: int = 1280) -> Page:
        """Load a page of PAGES, and wait until it is complete."""
        self.page.emulate_media(color_scheme="light", forced_colors="none", reduced_motion=None)
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.goto(PAGES[name].format(**self.origins))
        for each in READY.get(name, "").split(", "):
            if each:
                expect(self.page.locator(each).first).to_be_visible()
        return self.page


def answer_for_pictures(route: Route) -> None:
    """The picture of an article, as another site sends it."""
    route.fulfill(
        content_type="image/svg+xml",
        body='<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800"><rect width="1200" height="800" fill="#777"/></svg>',
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("accessibility")
    promote(folder / "full" / "index", articles(), engine="whoosh")
    promote(folder / "lone" / "index", [article()], engine="whoosh")
    port = free_port()
    log = f"sqlite:///{folder / 'querylog.sqlite3'}"
    with (
        serving(
            folder / "full" / "index",
            SEARCH_QUERYLOG_URL=log,
            SEARCH_ORIGINS=f"http://127.0.0.1:{port}",
        ) as service,
        serving(folder / "lone" / "index") as lone,
        portal(port, service.url, {}) as other,
    ):
        other.pages.update(
            {path: body.format(service=service.url) for path, body in PORTAL.items()}
        )
        context = browser.new_context()
        context.route(f"{PICTURES}/**", answer_for_pictures)
        origins = {"service": service.url, "lone": lone.url, "portal": other.url}
        yield Site(context.new_page(), origins)
        context.close()


def look_with_axe(page: Page) -> list[str]:
    """The violations that axe-core finds, in frames too."""
    for frame in page.frames:
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(site: Site, name: str) -> None:
    page, faults = site.show(name), {}
    page.evaluate(OPEN_EVERYTHING)
    widths = (320, *WIDTHS) if name in EVERYWHERE else WIDTHS
    schemes = ("light", "dark") if name in EVERYWHERE else ("light",)
    for width, scheme in itertools.product(widths, schemes):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        faults[width, scheme] = look_with_axe(page)
    assert not {key: each for key, each in faults.items() if each}


@pytest.mark.parametrize("options", PAIRS, ids=str)
def test_readers_may_set_their_browser_as_they_like(site: Site, options: tuple[Any, ...]) -> None:
    name, width, scheme, forced, motion, text, typed = options
    page = site.show(name, width)
    page.emulate_media(color_scheme=scheme, forced_colors=forced, reduced_motion=motion)
    page.evaluate(
        "(times) => { const root = document.documentElement; root.style.fontSize = `${times * parseFloat(getComputedStyle(root).fontSize)}px`; }",
        text,
    )
    if typed:
        page.get_by_role("combobox").press_sequentially(typed)
        expect(page.get_by_role("option").first).to_be_visible()
    assert not look_with_axe(page)
    if text == 1 or width > 320:
        assert not page.evaluate(WIDER)


def test_the_options_of_readers_meet_in_pairs() -> None:
    values = [set(column) for column in zip(*PAIRS, strict=True)]
    for (left, ones), (right, others) in itertools.combinations(enumerate(values), 2):
        met = {(row[left], row[right]) for row in PAIRS}
        assert met == set(itertools.product(ones, others))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_narrow_phone(site: Site, name: str) -> None:
    page = site.show(name, 320)
    assert not page.evaluate(WIDER)
    page.evaluate(OPEN_EVERYTHING)
    assert not page.evaluate(WIDER)
    assert not page.evaluate(SIDEWAYS)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [each for each in PAGES if each != "frames"])
def test_what_has_the_focus_shows_a_whole_ring(site: Site, name: str, width: int) -> None:
    page = site.show(name, width)
    page.evaluate(OPEN_EVERYTHING)
    page.keyboard.press("Tab")
    assert not page.evaluate(FOCUS_RINGS)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_seen_apart_is_read_apart(site: Site, name: str) -> None:
    page = site.show(name)
    page.evaluate(OPEN_EVERYTHING)
    heard = page.locator("body").aria_snapshot()
    together = [f"{left}{right}" for left, right in page.evaluate(APART)]
    assert not [each for each in together if each in heard]


@pytest.mark.parametrize("name", [each for each in PAGES if each != "docs"])
def test_a_phone_is_read_from_top_to_bottom(site: Site, name: str) -> None:
    page = site.show(name, 390)
    page.evaluate(OPEN_EVERYTHING)
    assert not page.evaluate(OUT_OF_ORDER)


@pytest.mark.parametrize("name", [each for each in PAGES if "{portal}" not in PAGES[each]])
def test_pages_say_that_they_are_chinese(site: Site, name: str) -> None:
    assert site.show(name).locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize("name", ["home", "search", "article"])
def test_the_box_is_high_enough_for_a_thumb(site: Site, name: str) -> None:
    page = site.show(name, 390)
    for control in (page.get_by_role("combobox"), page.get_by_role("button", name="检索")):
        box = control.evaluate(
            "(each) => (each.closest('.box') || each).getBoundingClientRect().height"
        )
        assert box >= 44
