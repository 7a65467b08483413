"""An upgrade to a release with another format of the index: it builds beside the running service, and no search fails.

The next release is this one with other numbers of its formats, which every process of it gets when Python starts. So neither can
read what the other writes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from indexer.generations import Generations
from indexer.rebuilding.promotion import roll_back
from indexer.store.database import open_store
from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, Server, serving, wait_until, whole_index
from tests.factories import article
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

NEXT_RELEASE = """
import indexer.fingerprint, indexer.columnar.files.arrays
indexer.fingerprint.SCHEMA_VERSION += 1
indexer.columnar.files.arrays.FORMAT_VERSION += 1
"""
READY = "/readyz"
SEARCH = "/api/v1/search?q=%E6%B8%A1%E5%8F%A3"


@dataclass
class Site:
    """A store of articles, and an index that this release made of it."""

    index: Path
    next_release: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        folder = self.index.parent / "next"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(NEXT_RELEASE, encoding="utf-8")
        self.next_release = {"PYTHONPATH": f"{folder}:{PROJECT}"}

    def indexer(self, *args: str, **environ: str) -> tuple[int, str]:
        """Run ``python -m indexer``; returns its exit code and all that it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "indexer", *args],
            cwd=PROJECT,
            env=os.environ
            | {
                "SEARCH_INDEX_DIR": str(self.index),
                "SEARCH_STORE_URL": f"sqlite:///{self.index.parent}/articles.sqlite3",
                "SEARCH_QUERYLOG_URL": "off",
            }
            | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Site:
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        store.put([article(f"ferry-{n}", title=f"第{n}号渡口重新开航") for n in range(8)])
    return Site(whole_index(tmp_path))


@contextmanager
def searched(*servers: Server) -> Iterator[None]:
    """Ask servers for all that they find, again and again. Each answer must be a good one and whole."""
    ended = Event()

    def ask(server: Server) -> int:
        asked = 0
        while not ended.is_set():
            assert server.json(SEARCH)["total"] == 8
            asked += 1
            ended.wait(0.02)
        return asked

    with ThreadPoolExecutor() as threads:
        asking = [threads.submit(ask, server) for server in servers]
        try:
            yield
        finally:
            ended.set()
        assert all(each.result() > 0 for each in asking)


@pytest.mark.thorough
def test_a_release_with_another_format_takes_over_without_a_failed_search(site: Site) -> None:
    """Takes over 10 s: it starts two servers and runs two commands."""
    with serving(site.index) as before:
        with searched(before):
            code, told = site.indexer("rebuild", "--no-promote", **site.next_release)
            assert code == 0, told
            assert "generation 000002 is complete and waits" in told
            assert before.json(READY)["index"]["held_back"] is None
            code, told = site.indexer("generations", "promote", "000002", **site.next_release)
            assert code == 0, told
            wait_until(lambda: before.json(READY)["index"]["held_back"] == "index_format")
            assert before.json(READY)["index"]["generation"] == "000001"
        with serving(site.index, **site.next_release) as after:
            assert after.json(READY)["index"]["generation"] == "000002"
            assert after.json(READY)["index"]["held_back"] is None
            with searched(before, after):
                # By the release before, which this process is.
                roll_back(Generations(site.index), analyzer=analyzer(), timezone=SHANGHAI)
                wait_until(lambda: before.json(READY)["index"]["held_back"] is None)
                wait_until(lambda: after.json(READY)["index"]["held_back"] == "index_format")
        _, printed = before.end()
    assert printed.count("answers still come from generation 000001") == 1
    assert "has a newer format" in printed


def test_an_index_that_is_deleted_under_the_service_comes_back_by_a_rebuild(site: Site) -> None:
    with serving(site.index) as server:
        assert server.json(SEARCH)["total"] == 8
        shutil.rmtree(site.index)
        wait_until(lambda: server.get(SEARCH)[0] == 503)
        status, body = server.get(READY)
        assert status == 503
        assert b"index_missing" in body
        whole_index(site.index.parent)
        wait_until(lambda: server.get(READY)[0] == 200)
        assert server.json(SEARCH)["total"] == 8
    assert Generations(site.index).live_name() == "000001"
