"""The query log behind the real server: its workers share it, and lose nothing when they end."""

from __future__ import annotations

import sqlite3
import time
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import BROWSER


@pytest.fixture
def index(tmp_path: Path) -> Path:
    promote(tmp_path / "index", [article("a-1", published_at="2020-01-01")], engine="whoosh")
    return tmp_path / "index"


def search(server: Server, text: str, *, reader: str) -> int:
    asked = urllib.request.Request(
        f"{server.url}/api/v1/search?q={quote(text)}",
        headers={"User-Agent": f"{BROWSER} {reader}"},
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE) as response:
        status: int = response.status
        return status


def logged(path: Path) -> Counter[str]:
    with closing(sqlite3.connect(path)) as raw:
        return Counter(query for (query,) in raw.execute("SELECT query FROM queries"))


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.thorough), "2"])
def test_what_was_asked_just_before_the_end_is_written(
    index: Path, tmp_path: Path, workers: str
) -> None:
    path = tmp_path / "querylog.sqlite3"
    environ = {"SEARCH_QUERYLOG_URL": f"sqlite:///{path}", "SEARCH_WORKERS": workers}
    with serving(index, **environ) as server:
        texts = [f"小学校 {number}" for number in range(40)]
        for text in texts:
            assert search(server, text, reader="A") == 200
        code, printed = server.end()
    assert (code, printed.count("\n")) == (0, 1)
    assert logged(path) == Counter(texts)


@pytest.mark.thorough
def test_a_query_becomes_hot_for_every_worker(index: Path, tmp_path: Path) -> None:
    path = tmp_path / "querylog.sqlite3"
    environ = {"SEARCH_QUERYLOG_URL": f"sqlite:///{path}"}
    with serving(index, **environ) as server:
        for reader in "ABC":
            search(server, "小学校", reader=reader)
        server.end()
    with serving(index, SEARCH_WORKERS="2", **environ) as server:
        for _ in range(10):  # whichever worker it is that answers
            assert server.json("/api/v1/queries/hot")["hits"] == [
                {"text": "小学校", "visitors": 3, "pinned": False}
            ]
        status, page = server.get("/")
        assert (status, "热门搜索" in page.decode()) == (200, True)


def test_it_serves_although_the_log_cannot_be_opened(index: Path, tmp_path: Path) -> None:
    with serving(index, SEARCH_QUERYLOG_URL=f"sqlite:///{tmp_path}") as server:
        assert search(server, "小学校", reader="A") == 200
        deadline = time.monotonic() + PATIENCE
        while server.json("/healthz")["query_log"]["state"] != "away":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        code, printed = server.end()
    assert code == 0
    assert "query log sqlite" in printed
