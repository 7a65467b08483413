"""Several workers of a real server count as one: requests for Prometheus, and those of an address or a key for its limit."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from indexer.store.database import open_keys
from tests.end_to_end.serving import PATIENCE, Server, children, serving, wait_until, whole_index

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_index(tmp_path_factory.mktemp("service"))


def key_of(index: Path, limit: int | None = None) -> str:
    with closing(open_keys(f"sqlite:///{index.parent / 'articles.sqlite3'}")) as keys:
        return keys.create("", "search", requests_per_minute=limit)[0]


def get(server: Server, path: str, key: str) -> tuple[int, str]:
    """The status and the body of the answer to a request with a key."""
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(server.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def searches(server: Server, key: str) -> float:
    """How many searches all workers answered, as one of them says."""
    _, text = get(server, "/metrics", key)
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "search_searches_total"
    )


def counting(folder: Path) -> set[int]:
    """The workers that answered a request."""
    return {int(path.stem.rpartition("_")[2]) for path in folder.glob("histogram_*.db")}


@pytest.mark.thorough
def test_workers_count_together_and_what_a_dead_one_counted_stays(
    index: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with serving(index, SEARCH_WORKERS="2", SEARCH_RUN_DIR=str(folder)) as server:
        key, asked = key_of(index), 0

        def ask() -> None:
            nonlocal asked
            assert server.get("/api/v1/search")[0] == 200
            asked += 1

        def until_all_have_answered(workers: set[int]) -> bool:
            ask()
            return counting(folder) >= workers

        def workers() -> set[int]:
            found = children(server.process.pid)
            return found if len(found) == 2 else set()

        wait_until(lambda: bool(workers()))
        before = workers()
        wait_until(lambda: until_all_have_answered(before))
        assert [searches(server, key) for _ in range(4)] == [asked] * 4

        dead = min(before)
        os.kill(dead, signal.SIGKILL)
        wait_until(lambda: bool(workers()) and dead not in workers())
        server.wait_until_it_answers()
        wait_until(lambda: until_all_have_answered(workers()))
        assert [searches(server, key) for _ in range(4)] == [asked] * 4
        live = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*")}
        assert dead not in live


def test_workers_share_a_limit_and_log_json_with_a_folder_that_the_server_made(
    index: Path, tmp_path: Path
) -> None:
    """A limit of 20 a minute is one more request in three seconds, so a slow machine may see some more.

    A request without a key is none of the key's, and the other way round.
    """
    limited = {"SEARCH_WORKERS": "2", "SEARCH_RATE_LIMIT": "20", "TMPDIR": str(tmp_path)}
    with serving(index, **limited, SEARCH_LOG="json") as server:
        (folder,) = tmp_path.glob("search-*")
        wait_until(lambda: server.get("/healthz")[0] == 200 and len(counting(folder)) == 2)
        keys = [key_of(index, limit) for limit in (10, 15)]
        statuses = [server.get("/api/v1/latest")[0] for _ in range(60)]
        with_keys = [[get(server, "/api/v1/hot", key)[0] for _ in range(40)] for key in keys]
        _, printed = server.end()
    assert not folder.exists()
    assert set(statuses) == {200, 429}
    assert statuses[:20] == [200] * 20
    assert statuses.count(200) < 30
    for limit, answered in zip((10, 15), with_keys, strict=True):
        assert answered[:limit] == [200] * limit
        assert set(answered[limit:]) <= {200, 429}
        assert answered.count(200) < limit + 10
    announced, *lines = printed.splitlines()
    assert announced.startswith("Serving at")
    told = [json.loads(line) for line in lines]
    asked = {each["request_id"] for each in told if each["path"] == "/api/v1/latest"}
    assert len(asked) == len(statuses)
