"""The demonstration: a portal of another origin beside the service, over the sample articles.

``article.html`` is a complete page, and the template of all others: this program writes a page for each sample article, then runs the
service and a server of the pages until Ctrl-C. Everything it makes is in ``instance/demo``, so it never touches the articles and the
index of ``make run``. Nothing here is needed to use the service.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import orjson
from lxml import html

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = HERE.parent.parent
SAMPLES: Final = HERE.parent / "articles.jsonl"
SHOWN_SERVICE: Final = "http://127.0.0.1:8000"
"""The service's address in the pages as they stand."""
SAMPLE_PORTAL: Final = "https://portal.example"
"""The origin of the sample articles' addresses."""
FIRST: Final = "/2025/0126/a-20250126-001.html"
"""The article that ``article.html`` shows."""

FOLDER: Final = Path(os.environ.get("DEMO_DIR") or PROJECT / "instance" / "demo")
SERVICE: Final = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
PORTAL_PORT: Final = os.environ.get("PORTAL_PORT") or "8001"
PORTAL: Final = f"http://127.0.0.1:{PORTAL_PORT}"

POLICY: Final = (
    f"default-src 'none'; script-src {SERVICE}; connect-src {SERVICE}; style-src 'self'; img-src data:; "
    f"form-action 'self' {SERVICE}; base-uri 'none'; frame-ancestors 'none'"
)
"""A strict policy of the portal: the elements need ``script-src`` and ``connect-src``, the form for readers without scripts ``form-action``."""


class _Pages(SimpleHTTPRequestHandler):
    """The portal's files, under a strict policy."""

    def end_headers(self) -> None:
        """Add the policy to the headers."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def sample_articles() -> list[dict[str, Any]]:
    """The sample articles, with addresses at the portal of the demonstration."""
    lines = SAMPLES.read_text(encoding="utf-8").replace(SAMPLE_PORTAL, PORTAL).splitlines()
    return [orjson.loads(line) for line in lines]


def write_site(site: Path, articles: Iterable[Mapping[str, Any]]) -> None:
    """Write all files of the portal into the folder ``site``, among them a page for each article at the path of its ``url``."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    shutil.copy(HERE / "portal.css", site)
    pages = {
        name: (HERE / name).read_text(encoding="utf-8").replace(SHOWN_SERVICE, SERVICE)
        for name in ("index.html", "search.html", "article.html")
    }
    for name in ("index.html", "search.html"):
        (site / name).write_text(pages[name], encoding="utf-8")
    now = datetime.now(UTC)
    for article in articles:
        if "status" in article or datetime.fromisoformat(article["published_at"]) > now:
            continue  # a draft, withdrawn, or not yet published
        path = site / urlsplit(article["url"]).path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(article_page(pages["article.html"], article), encoding="utf-8")


def article_page(template: str, article: Mapping[str, Any]) -> str:
    """The page of an article: ``template`` with the words of this one in the place of those that stand there."""
    page = html.document_fromstring(template)

    paragraphs = article["body"].split("\n")
    published = datetime.fromisoformat(article["published_at"])
    page.find(".//title").text = f"{article['title']} - 汀上新闻"
    page.find(".//h1").text = article["title"]
    page.find(".//meta[@name='description']").set("content", article.get("lead") or paragraphs[0])
    page.find(".//link[@rel='canonical']").set("href", article["url"])
    page.find(".//portal-blocks").set("article", article["id"])
    (text,) = page.xpath("//*[@id='text']")
    text[:] = [html.fromstring("<p></p>") for _ in paragraphs]
    for element, paragraph in zip(text, paragraphs, strict=True):
        element.text = paragraph
    top, _, below = article["channel"].partition("/")
    steps = page.xpath("//*[@class='crumbs']//li")
    (channel,) = page.xpath(f"//*[@class='channels']//a[text()='{top}']")
    steps[1][0].text = top
    steps[1][0].set("href", channel.get("href"))
    steps[2].text = below
    clock, source, author = page.xpath("//*[@class='facts']/*")
    clock.set("datetime", article["published_at"])
    clock.text = f"{published.year}年{published.month}月{published.day}日 {published:%H:%M}"
    source.text = f"来源：{article['source']}"
    (signed,) = page.xpath("//*[@class='signed']")
    for element, label, value in ((author, "作者", "author"), (signed, "责任编辑", "editor")):
        if value in article:
            element.text = f"{label}：{article[value]}"
        else:
            element.drop_tree()
    return str(html.tostring(page, encoding="unicode", doctype="<!doctype html>"))


def prepare(environ: Mapping[str, str], articles: Iterable[Mapping[str, Any]]) -> None:
    """Store the articles and build the index, or only what of both is new."""
    records = FOLDER / "articles.jsonl"
    records.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in articles))
    for command in (("ingest", str(records)), ("rebuild", "--if-needed")):
        subprocess.run(
            [sys.executable, "-m", "indexer", *command], cwd=PROJECT, env=environ, check=True
        )


def answers() -> bool:
    """Whether the service answers searches."""
    try:
        with urlopen(f"{SERVICE}/readyz"):
            return True
    except OSError:
        return False


def main() -> int:
    """Run the portal and the service until Ctrl-C, and return the exit code of the service."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    if answers():
        print(f"A service answers at {SERVICE} already. End it, or set PORT.", file=sys.stderr)
        return 2
    try:
        server = ThreadingHTTPServer(
            ("127.0.0.1", int(PORTAL_PORT)), partial(_Pages, directory=str(FOLDER / "site"))
        )
    except (OSError, OverflowError, ValueError) as error:  # in use; above 65535; no number
        print(f"{PORTAL} cannot be used: {error}. Set PORTAL_PORT.", file=sys.stderr)
        return 2
    environ = {
        **os.environ,
        "SEARCH_INDEX_DIR": str(FOLDER / "index"),
        "SEARCH_STORE_URL": f"sqlite:///{FOLDER / 'articles.sqlite3'}",
        "SEARCH_QUERYLOG_URL": f"sqlite:///{FOLDER / 'querylog.sqlite3'}",
        "SEARCH_ORIGINS": PORTAL,
        "SEARCH_SITE_NAME": "汀上新闻",
    }
    articles = sample_articles()
    write_site(FOLDER / "site", articles)
    prepare(environ, articles)
    with server, subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT, env=environ) as service:
        Thread(target=server.serve_forever, daemon=True).start()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the service as well
        signal.signal(signal.SIGTERM, lambda *_: service.terminate())
        while service.poll() is None and not answers():
            time.sleep(0.2)
        if service.poll() is None:
            print(f"The portal: {PORTAL}{FIRST}\nThe service: {SERVICE}/", flush=True)
        code = service.wait()
        server.shutdown()
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while the index is built
        sys.exit(130)
