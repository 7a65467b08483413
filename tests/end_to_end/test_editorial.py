"""What editors change by command shows in the answers of a server that runs, within about a second.

The first command is a process of its own. The others are run in this process, which takes a second less each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from indexer.cli.main import cli
from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.factories import article
from tests.search_service.indexes import promote


@pytest.fixture
def index(tmp_path: Path, engine: dict[str, str]) -> Path:
    articles = [
        article("reservoir", title="云溪水库放水", published_at="2020-01-01"),
        article("dam", title="堰塘放水", published_at="2020-01-02"),
        article("gate", title="云溪水库换闸", published_at="2020-01-03"),
        article("tea", title="茶会开幕", published_at="2020-01-04"),
    ]
    promote(tmp_path / "index", articles, engine=engine["SEARCH_ENGINE"])
    return tmp_path / "index"


def environ(index: Path) -> dict[str, str]:
    """The variables for a command over the store of the server."""
    return {"SEARCH_STORE_URL": f"sqlite:///{index.parent / 'articles.sqlite3'}"}


def edit(index: Path, *lines: str) -> None:
    """Run the command ``editorial``."""
    done = CliRunner().invoke(cli, ["editorial", *lines], env=environ(index))
    assert done.exit_code == 0, done.output


def edit_in_a_process(index: Path, *lines: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "indexer", "editorial", *lines],
        cwd=PROJECT,
        env=os.environ | environ(index),
        check=True,
        capture_output=True,
    )


def hits(server: Server, text: str) -> list[str]:
    answer = server.json(f"/api/v1/search?q={quote(text)}")
    assert answer["total"] == len(answer["hits"])
    return [hit["id"] + "!" * hit["pinned"] for hit in answer["hits"]]


def suggestions(server: Server, typed: str) -> list[str]:
    return [each["text"] for each in server.json(f"/api/v1/suggest?q={quote(typed)}")["hits"]]


def becomes(seen: Callable[[], bool]) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_editors_change_shows_without_a_restart(index: Path, engine: dict[str, str]) -> None:
    with serving(index, **engine) as server:
        assert sorted(hits(server, "水库")) == ["gate", "reservoir"]
        assert "云溪水库换闸" in suggestions(server, "云溪")
        edit_in_a_process(index, "add", "synonyms", "水库 => 堰塘")
        becomes(lambda: sorted(hits(server, "水库")) == ["dam", "gate", "reservoir"])
        edit(index, "add", "pins", "水库 => tea 1")
        becomes(lambda: hits(server, "水库")[0] == "tea!")
        edit(index, "add", "hides", "水库 => gate")
        becomes(lambda: sorted(hits(server, "水库")) == ["dam", "reservoir", "tea!"])
        edit(index, "add", "blocked", "换闸")
        becomes(lambda: "云溪水库换闸" not in suggestions(server, "云溪"))
        assert server.json("/healthz")["editorial"] == {
            "version": 4,
            "current": True,
            "trouble": None,
        }
        edit(index, "remove", "pins", "水库 => tea")
        becomes(lambda: sorted(hits(server, "水库")) == ["dam", "reservoir"])
