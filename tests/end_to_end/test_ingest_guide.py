"""docs/ingest.md is run as it stands, on a table of PostgreSQL, a folder of pages, a workbook and a feed on a server of its own.

It takes half a minute: seventeen programs start, one after another.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from indexer.store.articles import ArticleStore
from indexer.store.database import open_jobs, open_store
from tests.conftest import PROJECT
from tests.databases import DatabaseServer
from tests.end_to_end.serving import PATIENCE
from tests.indexer.sources.sheets import Cell, write_xlsx

pytestmark = pytest.mark.thorough

GUIDE: Final = (PROJECT / "docs" / "ingest.md").read_text(encoding="utf-8")
PAGE: Final = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>渡口的石阶修好了 - 云溪日报</title>
<link rel="canonical" href="https://portal.example/pages/1.html"></head><body>
<div class="nav">当前位置：<a href="/">首页</a> &gt; <a href="/local">地方</a> &gt; <a href="/local/river">渡口</a></div>
<h1>渡口的石阶修好了</h1><p>日期：2025-03-04 来源：云溪晚报 编辑：陆半夏</p>
<p>云溪渡口的石阶用了八十年，今年春天由石匠一块一块换过，老人下船不再打滑。</p>
<p>石匠说，青石是从上游的山里挑来的，每一块都试过，雨天也踩得稳，孩子们放学都爱坐在上面。</p>
<h3>相关阅读</h3><ul><li><a href="/2.html">茶会散了</a></li></ul></body></html>"""
FEED: Final = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>云溪广播</title>
<item><title>渡口夜航开通</title><link>https://portal.example/radio/1.html</link><category>广播</category>
<pubDate>Tue, 04 Mar 2025 08:00:00 +0800</pubDate><description>&lt;p&gt;渡口从今晚起有夜航。&lt;/p&gt;</description></item>
</channel></rss>"""
ROWS: Final = (
    (1, "渡口涨水", "水位升了一指。", "地方/渡口", "2025-03-01 08:00:00", "云溪日报", False, 1),
    (2, "茶会散了", "茶农收起茶具。", "文化", "2025-03-02 08:00:00", "云溪日报", False, 2),
)
ODD: Final = "id,title,body,published_at\nodd-1,集市开了,摊子摆到渡口。,昨天\nodd-2,灯会,满城灯火。,2025-03-05\nodd-3,,,\n"


def blocks(language: str) -> list[str]:
    """The guide's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies in the reader's folder."""
    made = tmp_path_factory.mktemp("ingest")
    (made / "saved-pages").mkdir()
    (made / "saved-pages" / "1.html").write_text(PAGE, encoding="utf-8")
    sheet: list[list[Cell]] = [
        ["编号", "标题", "正文", "日期", "标签"],
        [7, "渡口旧事", "船工说从前。", "2024年5月6日", "渡口、旧事"],
    ]
    write_xlsx(made / "archive.xlsx", {"说明": [["没有"]], "2024": sheet})
    (made / "odd.csv").write_text(ODD, encoding="utf-8")
    (made / "rss.xml").write_text(FEED, encoding="utf-8")
    (hook,) = blocks("python")
    (made / "portal.py").write_text(hook, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def feed_url(folder: Path) -> Iterator[str]:
    """The address of the feed."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/rss.xml"
        server.shutdown()


@pytest.fixture(scope="module")
def table_url(postgresql: DatabaseServer) -> str:
    """A database with the table of the guide."""
    url = postgresql.new()
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE news (nr integer PRIMARY KEY, headline text, text text, category text, "
                "created timestamp, paper text, gone boolean, changed integer)"
            )
        )
        for row in ROWS:
            values = ", ".join(f":v{place}" for place in range(len(row)))
            connection.execute(
                text(f"INSERT INTO news VALUES ({values})"),
                {f"v{place}": value for place, value in enumerate(row)},
            )
    return url


def store_url(folder: Path) -> str:
    """The store in the reader's folder."""
    return f"sqlite:///{folder}/articles.sqlite3"


def environment(folder: Path) -> dict[str, str]:
    """For a program with a store and an index of its own in the folder."""
    return os.environ | {
        "PYTHONPATH": str(PROJECT),
        "SEARCH_STORE_URL": store_url(folder),
        "SEARCH_INDEX_DIR": str(folder / "index"),
        "SEARCH_QUERYLOG_URL": "off",
        "SEARCH_TIME_LIMIT": str(PATIENCE),
    }


def run(typed: str, folder: Path) -> str:
    """What bash prints when this is typed in the folder, with a store and an index of its own there."""
    ended = subprocess.run(
        ["bash", "-eu"],
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
        cwd=folder,
        env=environment(folder),
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def typing(table_url: str, feed_url: str) -> Callable[[str], str]:
    """Puts the program and the addresses of this test into what the guide says to type."""

    def typed(block: str) -> str:
        return (
            block.replace(".venv/bin/python", sys.executable)
            .replace("postgresql+psycopg://reader:secret@db.example/cms", f"'{table_url}'")
            .replace("https://portal.example/rss.xml", feed_url)
        )

    return typed


def test_four_sources_become_one_searchable_index(
    folder: Path, table_url: str, feed_url: str
) -> None:
    typed = typing(table_url, feed_url)
    table, compared, pages, sheet, feed, odd, hooked, index, _ = map(typed, blocks("sh"))
    assert run(table, folder).startswith("read 2: 2 created")
    assert "1 unchanged" in run(table, folder), "the row of the last watermark comes again"
    assert "2 same" in run(compared, folder)
    assert run(pages, folder).startswith("read 1: 1 created")
    assert run(sheet, folder).startswith("read 1: 1 created")
    assert run(feed, folder).startswith("read 1: 1 created")
    said = run(odd, folder)
    (shown,) = blocks("text")
    assert said.startswith(shown.strip())
    assert "published_at dropped: 1 value" in said
    assert "2 updated" in run(hooked, folder)
    found = run(index, folder)
    for title in ("渡口涨水", "渡口的石阶修好了", "渡口旧事", "渡口夜航开通", "集市开了"):
        assert title in found
    with closing(open_store(store_url(folder))) as store:
        _check(store)


def test_repeated_jobs_keep_the_store_fresh(folder: Path, table_url: str, feed_url: str) -> None:
    typed = typing(table_url, feed_url)(blocks("sh")[-1])
    said = run(
        typed.replace("--every 10s", "--every 1s").replace("--every 1m", "--every 1s"), folder
    )
    assert re.findall(r"job (\d) is queued, and repeated every (\w+)", said) == [
        ("1", "1s"), ("2", "1s"), ("3", "10m"), ("4", "1d"),
    ]  # fmt: skip
    work = [sys.executable, "-m", "indexer", "work"]
    with (
        closing(open_store(store_url(folder))) as store,
        closing(open_jobs(store_url(folder))) as jobs,
        subprocess.Popen(work, cwd=folder, env=environment(folder)) as runner,
    ):
        try:
            wait(lambda: all(each.last_end == "succeeded" for each in jobs.list()), runner)
            with closing(create_engine(table_url, poolclass=NullPool).connect()) as connection:
                connection.execute(
                    text("UPDATE news SET headline = '渡口退水', changed = 9 WHERE nr = 1")
                )
                connection.commit()
            address = "https://portal.example/pages/2.html"
            page = PAGE.replace("https://portal.example/pages/1.html", address)
            (folder / "saved-pages" / "2.html").write_text(page, encoding="utf-8")
            wait(lambda: {"渡口退水", address} <= titles_and_addresses(store), runner)
        finally:
            runner.terminate()
    assert runner.returncode == 0


def titles_and_addresses(store: ArticleStore) -> set[str]:
    """The titles and the addresses of all articles."""
    held = [change.article for change in store.changes() if change.article]
    return {each.title for each in held} | {each.url for each in held}


def wait(come: Callable[[], bool], runner: subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds, as long as the runner runs."""
    until = time.monotonic() + PATIENCE
    while not come():
        assert runner.poll() is None, "the runner ended"
        assert time.monotonic() < until
        time.sleep(0.05)


def _check(store: ArticleStore) -> None:
    held = [change.article for change in store.changes() if change.article]
    page = next(each for each in held if each.url.endswith("/pages/1.html"))
    assert (page.title, page.channel, page.source) == ("渡口的石阶修好了", "地方/渡口", "云溪晚报")
    assert page.editor == "陆半夏"
    assert "茶会散了" not in page.body
    sheet = next(each for each in held if each.id == "7")
    assert sheet.tags == ("渡口", "旧事")
    radio = next(each for each in held if each.source == "云溪广播")
    assert (radio.channel, radio.body) == ("广播", "渡口从今晚起有夜航。")
    assert {each.source for each in held if each.id.startswith("odd")} == {"云溪论坛"}
