"""A backup of a running service, by the command, and its restoration: articles and the log of queries."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from indexer.store.database import open_jobs, open_keys, open_store
from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, Server, serving, wait_until, whole_index


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the indexer with the databases of ``folder``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEARCH_")}
    settings = {
        "SEARCH_STORE_URL": f"sqlite:///{folder / 'articles.sqlite3'}",
        "SEARCH_QUERYLOG_URL": f"sqlite:///{folder / 'log.sqlite3'}",
        "SEARCH_INDEX_DIR": str(folder / "index"),
    }
    return subprocess.run(
        [sys.executable, "-m", "indexer", *arguments],
        cwd=PROJECT,
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def put(server: Server, key: str, article_id: str) -> None:
    request = urllib.request.Request(
        f"{server.url}/api/v1/articles?id={article_id}",
        data=json.dumps({"title": "云溪", "body": "渡口。"}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        assert response.status in (200, 201)


def logged(log: Path) -> int:
    """The number of logged searches."""
    with closing(sqlite3.connect(log)) as connection:
        found: int = connection.execute("SELECT count(*) FROM queries").fetchone()[0]
        return found


@pytest.mark.thorough
def test_a_running_service_is_backed_up_and_restored_under_it(tmp_path: Path) -> None:
    index = whole_index(tmp_path)
    store, log = tmp_path / "articles.sqlite3", tmp_path / "log.sqlite3"
    archive = tmp_path / "backup.zip"
    with closing(open_keys(f"sqlite:///{store}")) as keys:
        key = keys.create("portal", "write")[0]
    with serving(index, SEARCH_QUERYLOG_URL=f"sqlite:///{log}") as server:
        put(server, key, "b-1")
        request = urllib.request.Request(
            f"{server.url}/api/v1/search?q=harbour", headers={"User-Agent": "Mozilla/5.0"}
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()

        wait_until(lambda: logged(log) == 1)  # the service writes its log within a second or so
        done = command(tmp_path, "backup", str(archive))
        assert done.returncode == 0, done.stderr
        assert "1 queries" in done.stdout
        put(server, key, "b-2")
        refused = command(tmp_path, "restore", str(archive))
        assert refused.returncode == 2
        assert "--force replaces it" in refused.stderr
        done = command(tmp_path, "restore", str(archive), "--force")
        assert done.returncode == 0, done.stderr
        assert re.search(r"store with .*\b2 articles", done.stdout)
        assert "querylog with" in done.stdout
        assert "a rebuild is queued" in done.stderr
        put(server, key, "b-3")
    with closing(open_store(f"sqlite:///{store}")) as restored:
        held = {each.article_id for each in restored.changes()}
    assert held == {"a-1", "b-1", "b-3"}
    with closing(open_jobs(f"sqlite:///{store}")) as jobs:
        assert [each.kind for each in jobs.list()] == ["rebuild"]
