"""The search page beside the ready-made interfaces of InstantSearch.js and Pagefind, over the same 200 real articles.

    CORPUS_DIR=... python -m benchmarks.search_pages --shots FOLDER

Needs npm, chromium and a network: the packages are installed into a temporary folder, and nothing stays but the screenshots.
InstantSearch shows the hits of our own API, through the client of ``search_pages_client.js``. Pagefind indexes one HTML page
for each article, and ranks by itself. All look as their own styles make them, with the widgets that their guides begin with.
Files are sent with gzip, as our pages are.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files as resources
from itertools import accumulate
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.corpora import records
from benchmarks.over_http import product
from indexer.analysis.dictionary import packaged_dictionary
from indexer.analysis.segmenter import ChineseSegmenter
from indexer.settings import PROJECT

PACKAGES: Final = (
    "instantsearch.js@4.118.1",
    "instantsearch.css@8.23.0",
    "pagefind@1.6.0",
    "@pagefind/default-ui@1.5.2",
)
ARTICLES: Final = 200
QUERY: Final = "经济发展"
NOTHING: Final = "乌有之乡查无此词"
WIDTHS: Final = {390: 844, 1280: 900}
SCHEMES: Final = ("light", "dark")
ROUNDS: Final = 5
AXE: Final = resources("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PHONE: Final = {"latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
"""A slow phone: 150 ms to the server, 1.6 Mbit/s. Its processor is a quarter as fast."""

CLIENT: Final = Path(__file__).with_name("search_pages_client.js")
PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "{head}</head><body>{body}</body></html>"
)
INSTANTSEARCH: Final = (
    '<link rel="stylesheet" href="/npm/instantsearch.css/themes/satellite-min.css">',
    '<main style="max-width: 1100px; margin: auto; padding: 1rem"><div id="box"></div><div id="stats"></div><div id="sort"></div>'
    '<div id="channel"></div><div id="source"></div><div id="hits"></div><div id="pages"></div></main>'
    '<script src="/npm/instantsearch.js/dist/instantsearch.production.min.js"></script><script src="/client.js" data-api="{api}"></script>',
)
PAGEFIND: Final = (
    '<link rel="stylesheet" href="/pagefind/pagefind-ui.css"><script src="/pagefind/pagefind-ui.js"></script>',
    '<main id="search" style="max-width: 1100px; margin: auto; padding: 1rem"></main><script>'
    'new PagefindUI({{element: "#search", showSubResults: false, showImages: false, autofocus: true}})'
    '.triggerSearch(new URLSearchParams(location.search).get("q") || "")</script>',
)
COMPONENTS: Final = (
    '<link rel="stylesheet" href="/pagefind/pagefind-component-ui.css"><script type="module" src="/pagefind/pagefind-component-ui.js"></script>',
    '<main style="max-width: 1100px; margin: auto; padding: 1rem"><pagefind-input></pagefind-input><pagefind-summary></pagefind-summary>'
    "<pagefind-filter-pane></pagefind-filter-pane><pagefind-results></pagefind-results></main>"
    '<script type="module">const words = new URLSearchParams(location.search).get("q"); const box = document.querySelector("pagefind-input input");'
    'if (words) {{ box.value = words; box.dispatchEvent(new Event("input", {{bubbles: true}})); }}</script>',
)

WATCH: Final = """(title) => {
  window.watched = {shift: 0, first: 0};
  new PerformanceObserver((list) => { for (const each of list.getEntries()) watched.shift += each.value; })
    .observe({type: "layout-shift", buffered: true});
  const look = () => {
    if (document.querySelector(title)?.getClientRects().length) watched.first = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}"""
"""The layout shift, and when the first hit's title has a place in the page (``first``)."""

LINES: Final = """(title) => [...document.querySelectorAll(title)].map((each) => {
  const walker = document.createTreeWalker(each, NodeFilter.SHOW_TEXT), ends = [], range = document.createRange();
  let text = "", top = null;
  for (let node; (node = walker.nextNode());)
    for (let at = 0; at < node.data.length; at += 1) {
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const box = range.getClientRects()[0];
      if (box && box.width && top !== null && box.top > top + 8) ends.push(text.length);
      if (box && box.width) top = box.top;
      text += node.data[at];
    }
  return {text, ends};
})"""
"""The text of each title, and the places in it where a line begins."""

PLACES: Final = """(title) => {
  const all = [...document.querySelectorAll(title)];
  const seen = all.filter((each) => each.closest("li").getBoundingClientRect().bottom <= innerHeight);
  return [Math.round(all[0].getBoundingClientRect().top + scrollY), seen.length];
}"""
"""Where the first title is, and how many hits are whole in the first window."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One contestant: its address with ``{}`` for the words, and where its first title and its box are."""

    name: str
    address: str
    title: str
    box: str

    def url(self, words: str) -> str:
        return self.address.format(quote(words))


class _Files(SimpleHTTPRequestHandler):
    """Static files, texts with gzip."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in (".html", ".css", ".js", ".json") or not path.is_file():
            super().do_GET()
            return
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def chosen() -> list[dict[str, str]]:
    """The articles: spread evenly over the corpus."""
    every = list(records())
    step = len(every) // ARTICLES
    return every[::step][:ARTICLES]


def build_index(folder: Path, articles: list[dict[str, str]]) -> dict[str, str]:
    """Our index of the articles. Returns the environment of a server over it."""
    lines = folder / "articles.jsonl"
    lines.write_bytes(b"\n".join(map(orjson.dumps, articles)))
    environment = {
        "SEARCH_INDEX_DIR": str(folder / "index"),
        "SEARCH_STORE_URL": f"sqlite:///{folder / 'store.sqlite3'}",
        "SEARCH_QUERYLOG_URL": "off",
    }
    for command in (["ingest", str(lines), "--map", "category=channel"], ["rebuild"]):
        subprocess.run(
            [sys.executable, "-m", "indexer", *command],
            cwd=PROJECT,
            env=os.environ | environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return environment


def build_site(folder: Path, articles: list[dict[str, str]]) -> Path:
    """A static site of the articles, with the packages and Pagefind's index of it."""
    site = folder / "site"
    (site / "story").mkdir(parents=True)
    subprocess.run(["npm", "install", "--silent", "--no-save", *PACKAGES], cwd=folder, check=True)
    (site / "npm").symlink_to(folder / "node_modules")
    for number, article in enumerate(articles):
        body = "".join(f"<p>{escape(each)}</p>" for each in article["body"].split("\n"))
        facts = (
            f'<p data-pagefind-ignore><span data-pagefind-filter="频道">{escape(article["category"] or "无")}</span> '
            f'<span data-pagefind-filter="来源">{escape(article["source"])}</span></p>'
        )
        title = escape(article["title"])
        page = PAGE.format(
            title=title,
            head="",
            body=f"<main data-pagefind-body><h1>{title}</h1>{facts}{body}</main>",
        )
        (site / "story" / f"{number}.html").write_text(page, encoding="utf-8")
    subprocess.run(
        [str(folder / "node_modules/.bin/pagefind"), "--site", str(site), "--glob", "story/*.html"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (site / "client.js").write_bytes(CLIENT.read_bytes())
    return site


def write_interfaces(site: Path, api: str) -> None:
    """The pages with the interfaces. ``api`` is the address of our API."""
    for name, (head, body) in {
        "instantsearch": INSTANTSEARCH,
        "pagefind": PAGEFIND,
        "components": COMPONENTS,
    }.items():
        page = PAGE.format(title="检索", head=head, body=body.format(api=api))
        (site / f"{name}.html").write_text(page, encoding="utf-8")


@contextmanager
def files(site: Path) -> Iterator[str]:
    """The address of a server of the static site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def opened(browser: Browser, width: int, scheme: str = "light", **options: Any) -> Iterator[Page]:
    """A new page with an empty cache."""
    looks: Any = {"viewport": {"width": width, "height": WIDTHS[width]}, "color_scheme": scheme}
    context = browser.new_context(**looks, **options)
    yield context.new_page()
    context.close()


def loaded(browser: Browser, interface: Interface, width: int, *, slow: bool) -> dict[str, float]:
    """What one visit costs: bytes, requests, layout shift, and the milliseconds to the first hit."""
    with opened(browser, width) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        sizes: list[float] = []
        network.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
        if slow:
            network.send("Network.emulateNetworkConditions", {"offline": False} | PHONE)
            network.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.add_init_script(f"({WATCH})({orjson.dumps(interface.title).decode()})")
        page.goto(interface.url(QUERY))
        page.wait_for_function("watched.first")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        seen: dict[str, float] = page.evaluate("watched")
        return seen | {"bytes": sum(sizes), "requests": len(sizes)}


def cut_titles(page: Page, interface: Interface, segmenter: ChineseSegmenter) -> tuple[int, int]:
    """The lines of titles that end inside a word, and all lines that have another after them."""
    inside, ends = 0, 0
    for each in page.evaluate(LINES, interface.title):
        borders = set(accumulate(map(len, segmenter.cut(each["text"]))))
        ends += len(each["ends"])
        inside += sum(end not in borders for end in each["ends"])
    return inside, ends


def stops(page: Page, interface: Interface) -> int:
    """How often Tab is pressed from the box until the first title has the focus; 0 if it never has."""
    page.locator(interface.box).first.focus()
    for count in range(1, 100):
        page.keyboard.press("Tab")
        if page.evaluate("(title) => document.activeElement.matches(title)", interface.title):
            return count
    return 0


def asked_while_composing(page: Page, interface: Interface) -> int:
    """The requests that the letters of an input method cause before a word is chosen."""
    page.locator(interface.box).first.fill("")
    page.wait_for_timeout(800)
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    keyboard = page.context.new_cdp_session(page)
    for size in range(1, 7):
        typed = "jingji"[:size]
        composed = {"text": typed, "selectionStart": size, "selectionEnd": size}
        keyboard.send("Input.imeSetComposition", composed)
        page.wait_for_timeout(120)
    page.wait_for_timeout(600)
    return len(asked)


def looked_at(browser: Browser, interface: Interface, shots: Path) -> None:
    """Take the screenshots, and print what is not about time."""
    segmenter = ChineseSegmenter(packaged_dictionary())
    broken: dict[str, set[str]] = {}
    for width in WIDTHS:
        for scheme in SCHEMES:
            with opened(browser, width, scheme) as page:
                page.goto(interface.url(QUERY))
                page.locator(interface.title).first.wait_for()
                page.wait_for_load_state("networkidle")
                name = f"{interface.name}-{width}-{scheme}"
                page.screenshot(path=shots / f"{name}.png")
                page.screenshot(path=shots / f"{name}-full.png", full_page=True)
                page.evaluate(AXE)
                for each in page.evaluate("axe.run()")["violations"]:
                    broken.setdefault(each["id"], set()).add(
                        f"{width} {scheme}: {len(each['nodes'])}"
                    )
                if scheme == "light":
                    top, whole = page.evaluate(PLACES, interface.title)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    tree = page.locator("body").aria_snapshot()
                    (shots / f"{name}.tree.txt").write_text(tree, encoding="utf-8")
                    print(f"  {width} px: first title at {top}, {whole} whole hits seen, page {wide} wide, lines cut in a word",
                          *cut_titles(page, interface, segmenter), "tab stops", stops(page, interface))  # fmt: skip
                    page.emulate_media(media="print")
                    page.screenshot(path=shots / f"{name}-print.png", full_page=True)
    print("  axe:", {rule: sorted(where) for rule, where in broken.items()} or "nothing")
    with opened(browser, 390) as page:
        page.goto(interface.url(QUERY))
        page.locator(interface.title).first.wait_for()
        print("  requests while composing:", asked_while_composing(page, interface))
        page.goto(interface.url(NOTHING))
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(800)
        page.screenshot(path=shots / f"{interface.name}-390-nothing.png", full_page=True)
    with opened(browser, 1280, java_script_enabled=False) as page:
        page.goto(interface.url(QUERY))
        print("  hits without JavaScript:", page.locator(interface.title).count())


def compare(browser: Browser, interfaces: list[Interface], shots: Path) -> None:
    """Print all figures."""
    for interface in interfaces:
        print(interface.name)
        for name, width, slow in (("desktop", 1280, False), ("slow phone", 390, True)):
            visits = [loaded(browser, interface, width, slow=slow) for _ in range(ROUNDS)]
            found = {each: statistics.median(visit[each] for visit in visits) for each in visits[0]}
            print(f"  {name}: {found['bytes'] / 1000:.1f} kB in {found['requests']:.0f} requests,",
                  f"first hit after {found['first']:.0f} ms, layout shift {found['shift']:.3f}")  # fmt: skip
        looked_at(browser, interface, shots)


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--shots", type=Path, required=True, help="folder for the screenshots")
    asked = read.parse_args()
    asked.shots.mkdir(parents=True, exist_ok=True)
    articles = chosen()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, site = build_index(folder, articles), build_site(folder, articles)
        with (
            files(site) as theirs,
            product(1, environment | {"SEARCH_ORIGINS": theirs}) as ours,
            sync_playwright() as playwright,
        ):
            write_interfaces(site, f"{ours}/api/v1/search")
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            interfaces = [
                Interface("ours", ours + "/search?q={}", ".hits h2 a", "input[name=q]"),
                Interface(
                    "instantsearch",
                    theirs + "/instantsearch.html?articles[query]={}",
                    ".ais-Hits-item a",
                    ".ais-SearchBox-input",
                ),
                Interface(
                    "pagefind",
                    theirs + "/pagefind.html?q={}",
                    ".pagefind-ui__result-link",
                    ".pagefind-ui__search-input",
                ),
                Interface(
                    "components",
                    theirs + "/components.html?q={}",
                    "pagefind-results a",
                    "pagefind-input input",
                ),
            ]
            compare(browser, interfaces, asked.shots)
            browser.close()


if __name__ == "__main__":
    main()
