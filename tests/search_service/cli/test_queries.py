"""The commands that show what the query log holds."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer import command_line
from indexer.editorial.lines import read_entry
from indexer.store.database import open_editorial
from search_service.cli.main import cli
from search_service.querylog.store import open_query_log
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import asked, clicked, fill


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    recently = datetime.now(UTC) - timedelta(seconds=5)
    made = f"sqlite:///{tmp_path / 'querylog.sqlite3'}"
    monkeypatch.setenv("SEARCH_QUERYLOG_URL", made)
    monkeypatch.setenv("SEARCH_STORE_URL", f"sqlite:///{tmp_path / 'articles.sqlite3'}")
    store = open_query_log(made, SHANGHAI)
    search = asked("云溪茶会", at=recently)
    store.write([search, asked("云溪水库", at=recently, total=0)], now=recently)
    fill(store, {"云溪茶会": 3, "云溪古塔": 2}, at=recently)
    opened = [
        clicked("a-1", query_id=search.id, at=recently, position=1),
        clicked("a-1", query="云溪茶会", by=2, at=recently, position=2),
        clicked("a-2", query="云溪古塔", at=recently, position=3),
    ]
    store.write(opened, now=recently)
    long_ago = recently - timedelta(days=40)
    fill(store, {"旧闻": 2}, at=long_ago)
    store.close()
    return made


def run(*args: str) -> int:
    return command_line.run(cli, name="python -m search_service", args=("queries", *args))


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The rows below a table's head."""
    return [line.split() for line in capsys.readouterr().out.splitlines()[1:]]


@pytest.mark.usefixtures("url")
def test_hot_shows_all_that_was_asked_in_the_window(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("hot") == 0
    assert rows(capsys) == [
        ["云溪茶会", "3", "3"],
        ["云溪古塔", "2", "2"],
        ["云溪水库", "1", "1", "nothing"],
    ]
    assert run("hot", "--window", "all", "--size", "3") == 0
    assert ["旧闻", "2", "2"] in rows(capsys)


@pytest.mark.usefixtures("url")
def test_zero_shows_what_was_not_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("zero") == 0
    assert rows(capsys) == [["云溪水库", "1", "1", "nothing"]]


@pytest.mark.usefixtures("url")
def test_clicks_show_what_was_opened_and_where_it_stood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("clicks") == 0
    assert rows(capsys) == [["云溪茶会", "a-1", "2", "1.5"], ["云溪古塔", "a-2", "1", "3.0"]]
    assert run("clicks", "雲溪茶會") == 0
    assert rows(capsys) == [["云溪茶会", "a-1", "2", "1.5"]]


@pytest.mark.usefixtures("url")
def test_related_shows_what_readers_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("related", "云溪茶会") == 0
    assert capsys.readouterr().out == "云溪古塔\n"
    with closing(open_editorial(os.environ["SEARCH_STORE_URL"])) as editorial:
        editorial.put("blocked", [read_entry("blocked", "古塔")])
    assert run("related", "云溪茶会") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("url")
def test_prune_closes_days_and_removes_what_is_old(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_QUERYLOG_DAYS", "30")
    assert run("prune") == 0
    assert "days closed: 1; removed: queries 2, clicks 0" in capsys.readouterr().out
    assert run("hot", "--window", "all") == 0
    assert ["旧闻", "2", "2"] in rows(capsys)


def test_a_log_that_is_switched_off_is_an_error_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_QUERYLOG_URL", "off")
    assert run("hot") == 2
    assert "the query log is switched off: name a database" in capsys.readouterr().err


def test_the_log_is_copied_whole_into_an_empty_database(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    assert run("clicks") == 0
    before = capsys.readouterr().out
    assert run("copy", url, target) == 0
    assert "copied and compared, in rows: 3 clicks" in capsys.readouterr().out
    monkeypatch.setenv("SEARCH_QUERYLOG_URL", target)
    assert run("clicks") == 0
    assert capsys.readouterr().out == before
    assert run("copy", url, target) == 2
    assert "is not empty" in capsys.readouterr().err
