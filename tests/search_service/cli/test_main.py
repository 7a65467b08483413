from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from indexer import command_line
from indexer.editorial.lines import read_entry
from indexer.store.database import open_editorial
from search_service.cli.main import cli
from search_service.querylog.store import open_query_log
from tests.conftest import PROJECT
from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.querylog.factory import viewed

ARTICLES = [
    article(
        "tea",
        title="云溪茶会开幕",
        body="茶会上，茶农罗秋满带来了新茶。",
        channel="文化/节会",
        source="云溪晚报",
        author="姜禾",
        tags=["茶"],
        published_at="2026-02-10T00:30:00+08:00",
    ),
    article(
        "tower",
        title="[bold]古塔",
        body="塔下的茶会。",
        channel="文化",
        published_at="2025-06-01T08:00:00+08:00",
        duplicate_group=7,
    ),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEARCH_INDEX_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'articles.sqlite3'}"
    monkeypatch.setenv("SEARCH_STORE_URL", url)
    open_editorial(url).close()
    monkeypatch.setenv("SEARCH_QUERYLOG_URL", "off")
    return tmp_path


@pytest.fixture
def index(root: Path) -> Path:
    promote(root, ARTICLES)
    return root


def run(*args: str) -> int:
    return command_line.run(cli, name="python -m search_service", args=args)


def found(capsys: pytest.CaptureFixture[str]) -> list[str]:
    body = json.loads(capsys.readouterr().out)
    return [hit["id"] for hit in body["hits"]]


@pytest.mark.usefixtures("index")
def test_search_shows_what_was_understood_and_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "茶会的 -灯笼") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("茶会的 -灯笼 · 2 found by all words · page 1 of 1, ")
    assert lines[1] == "ignored: 的"
    assert "1. 云溪茶会开幕" in lines
    assert "   茶会上，茶农罗秋满带来了新茶。" in lines
    assert any(line.endswith(" · 2026-02-10 · 文化/节会 · 云溪晚报 · tea") for line in lines)
    assert "2. [bold]古塔" in lines
    assert lines[-5:] == [
        "channel: 文化 2  文化/节会 1",
        "source: 云溪晚报 1",
        "author: 姜禾 1",
        "tag: 茶 1",
        "month: 2026-02 1  2025-06 1",
    ]


@pytest.mark.usefixtures("index")
def test_notes_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "date:昨天") == 0
    assert "“昨天”不是日期，已当作文字搜索。" in capsys.readouterr().out


@pytest.mark.usefixtures("index")
def test_an_empty_text_browses(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "") == 0
    assert capsys.readouterr().out.startswith("(no text) · 2 found by everything, newest first")


@pytest.mark.usefixtures("index")
def test_the_order_by_heat_reads_the_query_log(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("search", "茶会", "--sort", "hot") == 0
    assert "最近七天还没有阅读记录" in capsys.readouterr().out
    url = f"sqlite:///{root / 'querylog.sqlite3'}"
    monkeypatch.setenv("SEARCH_QUERYLOG_URL", url)
    now = datetime.now(UTC)
    with closing(open_query_log(url, ZoneInfo("Asia/Shanghai"))) as log:
        log.write([viewed("tower", at=now)], now=now)
    assert run("search", "茶会", "--sort", "hot", "--json") == 0
    assert found(capsys) == ["tower", "tea"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["tea", "tower"]),
        (["--channel", "文化/节会"], ["tea"]),
        (["--source", "云溪晚报"], ["tea"]),
        (["--author", "姜禾"], ["tea"]),
        (["--tag", "茶"], ["tea"]),
        (["--from", "2026-02-10"], ["tea"]),
        (["--to", "2026-02-09"], ["tower"]),
        (["--sort", "oldest"], ["tower", "tea"]),
        (["--size", "1", "--page", "2"], ["tower"]),
        (["--group", "7"], ["tower"]),
        (["--collapse", "none", "--sort", "newest"], ["tea", "tower"]),
    ],
)
def test_options_narrow_and_order(
    options: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("search", "茶会", "--json", *options) == 0
    assert found(capsys) == expected


def test_what_editors_decided_holds_here_too(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_editorial(f"sqlite:///{index / 'articles.sqlite3'}")) as store:
        store.put("pins", [read_entry("pins", "茶会 => tower 1")])
    assert run("search", "茶会") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1. [bold]古塔" in lines
    assert any(line.endswith(" · tower · pinned") for line in lines)


@pytest.mark.usefixtures("index")
def test_plain_syntax(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "茶会 -罗秋满", "--syntax", "plain", "--json") == 0
    assert found(capsys)[0] == "tea"
    assert run("search", "茶会 -罗秋满", "--json") == 0
    assert "tea" not in found(capsys)


@pytest.mark.usefixtures("index")
def test_get_prints_the_body_that_the_api_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("get", "/api/v1/search?q=茶会") == 0
    body = json.loads(capsys.readouterr().out)
    assert {hit["id"] for hit in body["hits"]} == {"tea", "tower"}
    assert run("search", "茶会", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["hits"] == body["hits"]


@pytest.mark.usefixtures("index")
def test_get_needs_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEARCH_PRIVATE", "on")
    assert run("get", "/api/v1/latest") == 0
    assert [hit["id"] for hit in json.loads(capsys.readouterr().out)["hits"]] == ["tea", "tower"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("path", ["/api/v1/articles/nobody", "/api/v1/search?page=0", "/nowhere"])
def test_get_of_an_error_prints_it_and_exits_with_2(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("get", path) == 2
    assert capsys.readouterr().out


@pytest.mark.usefixtures("root")
def test_without_an_index_one_line_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "茶会") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "python -m indexer rebuild" in printed.err


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    "args",
    [
        ["search"],
        ["search", "茶", "--size", "101"],
        ["search", "茶", "--page", "0"],
        ["search", "茶", "--from", "昨天"],
        ["search", "茶", "--sort", "best"],
        ["search", "茶", "--page", "9999999"],
        ["frobnicate"],
    ],
)
def test_a_wrong_command_is_one_line_and_exit_code_2(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*args) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("root")
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "http")
    assert run("serve") == 2
    assert "PORT='http'" in capsys.readouterr().err


@pytest.mark.usefixtures("index")
def test_it_runs_as_a_module() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "search_service", "search", "罗秋满"],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "1. 云溪茶会开幕" in ran.stdout
