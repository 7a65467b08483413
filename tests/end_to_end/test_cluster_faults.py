"""Nodes of a real cluster are killed, away or full while clients write and search: what was accepted comes into the index, and
searches are answered, or say clearly why not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from indexer.engines.opensearch.index import read_name
from indexer.generations import Generations
from indexer.store.database import open_store
from tests.conftest import PROJECT
from tests.end_to_end.publishing import (
    FIRST,
    Client,
    Portal,
    Searcher,
    Sent,
    Single,
    check,
    go_on,
    make_portal,
    store_url,
    up_to_date,
)
from tests.end_to_end.serving import PATIENCE, Server, serving, wait_until
from tests.factories import article
from tests.opensearch import OURS, SCRIPT, Nodes, cluster, place_for_nodes

pytestmark = pytest.mark.cluster

SMALL: Final = {"OPENSEARCH_HEAP": "256m"}
"""Memory of a node that holds some hundred articles."""
SEARCH: Final = f"/api/v1/search?q={quote('小学校')}"
ANSWERS: Final = 10
"""Answers that each client gets before, during and after a fault."""


@pytest.fixture(scope="module")
def three() -> Iterator[Nodes]:
    """A cluster of three nodes."""
    with cluster(3, **SMALL) as nodes:
        yield nodes


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """A cluster of one node, which minds how full its disk is, and which the engines of this process use."""
    with cluster(1, OPENSEARCH_DISK="on", **SMALL) as nodes:
        monkeypatch.setenv("SEARCH_OPENSEARCH_URL", nodes.url)
        yield nodes


def settings(nodes: Nodes) -> dict[str, str]:
    return {"SEARCH_ENGINE": "opensearch", "SEARCH_OPENSEARCH_URL": ",".join(nodes.urls)}


def test_killed_nodes_cost_no_change_and_no_search(
    three: Nodes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    """The manager of the cluster. A search that fails is asked once more at once; a second failure is one too many.

    One kill for every ten of `--fault-seeds`.
    """
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", ",".join(three.urls))
    key = make_portal(tmp_path, engine="opensearch")
    three.client.indices.put_settings(index=OURS, body={"index.number_of_replicas": 1})
    three.wait(3)
    with in_use(tmp_path, three, key) as (writers, clients):
        for _ in range(max(1, pytestconfig.getoption("--fault-seeds") // 10)):
            victim = three.manager()
            three.kill(victim)
            go_on(clients, ANSWERS)
            three.up(victim)
            three.wait(3)
            go_on(clients, ANSWERS)
    check(tmp_path, writers)


@contextmanager
def in_use(
    folder: Path, nodes: Nodes, key: str, write: type[Single] = Single
) -> Iterator[tuple[list[Client], Sequence[Client | Searcher]]]:
    """A service with two writers and two searchers at work: the writers, and all four.

    Afterwards every change is in the index, no search failed twice, and none found too little without saying so.
    """
    with serving(folder / "index", "app.py", **settings(nodes)) as server:
        portal = Portal(server, key)
        writers: list[Client] = [write(portal, f"w{n}", n) for n in range(2)]
        searchers = [Searcher(server, "山谷里的小学校", least=1) for _ in range(2)]
        clients: Sequence[Client | Searcher] = (*writers, *searchers)
        for each in clients:
            each.start()
        try:
            go_on(clients, ANSWERS)
            yield writers, clients
        finally:
            for each in clients:
                each.end()
        wait_until(lambda: up_to_date(server))
        _, printed = server.end()
    for searcher in searchers:
        assert (searcher.failed, searcher.untold) == ([], [])
    assert "Traceback" not in printed


def rebuild(folder: Path, nodes: Nodes) -> subprocess.Popen[str]:
    """Start a rebuild by command, in new indexes whose every article is on one node only until it is complete."""
    environment = {
        "SEARCH_INDEX_DIR": f"{folder / 'index'}",
        "SEARCH_STORE_URL": store_url(folder),
        "SEARCH_OPENSEARCH_SHARDS": "3",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "indexer", "rebuild"],
        cwd=PROJECT,
        env=os.environ | settings(nodes) | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.thorough
def test_a_node_that_is_killed_during_a_rebuild_costs_the_rebuild_at_most(
    three: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live generation answers on and takes every change. The rebuild goes on when the node is back, or says why not, and the next
    one succeeds.
    """
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", ",".join(three.urls))
    monkeypatch.setenv("SEARCH_OPENSEARCH_SHARDS", "3")
    key = make_portal(tmp_path, engine="opensearch")
    many = {f"many-{n}": f"第{n}号渡口" for n in range(MANY)}
    with closing(open_store(store_url(tmp_path))) as store:
        store.put(article(each, title=title, body=each * 50) for each, title in many.items())
    generations = Generations(tmp_path / "index")
    with in_use(tmp_path, three, key, Paced) as (writers, clients):
        with rebuild(tmp_path, three) as first:
            wait_until(lambda: is_being_filled(three, generations))
            victim = three.manager()
            three.kill(victim)
            go_on(clients, ANSWERS)
            three.up(victim)
            _, told = first.communicate(timeout=REBUILDS)
        assert "Traceback" not in told
        three.wait(3)
        if first.returncode:
            assert "error: " in told
            with rebuild(tmp_path, three) as second:
                _, told = second.communicate(timeout=REBUILDS)
            assert second.returncode == 0, told
        go_on(clients, ANSWERS)
    (live,) = (each for each in generations.list() if each.live)
    assert live.name >= "000002"
    writers[0].sent |= {each: Sent([title]) for each, title in many.items()}
    check(tmp_path, writers)


class Paced(Single):
    """Writes 25 times a second at most. What a rebuild cannot follow, it waits for."""

    def _write(self) -> None:
        super()._write()
        self._told.wait(1 / 25)


REBUILDS: Final = 3 * PATIENCE
"""Seconds for a rebuild: it waits up to two minutes for a shard that is away."""
MANY: Final = 1_000
"""Articles of a store whose rebuild takes some seconds."""


def is_being_filled(nodes: Nodes, generations: Generations) -> bool:
    """Whether a new index gets its articles now."""
    found = nodes.client.indices.stats(index=OURS, metric="indexing")["indices"]
    del found[read_name(generations.live().index)]
    return any(each["total"]["indexing"]["index_total"] > MANY // 10 for each in found.values())


def refused(server: Server) -> str:
    """The detail of how a search was refused."""
    status, body = server.get(SEARCH)
    problem = json.loads(body)
    assert (status, problem["code"]) == (503, "index_unavailable")
    return str(problem)


@pytest.mark.thorough
def test_a_service_says_that_its_cluster_is_away_and_goes_on_when_it_comes(
    one: Nodes, tmp_path: Path
) -> None:
    key = make_portal(tmp_path, engine="opensearch")
    one.kill(0)
    with serving(tmp_path / "index", "app.py", **settings(one)) as server:
        portal = Portal(server, key)
        for number in (1, 2):
            status, body = server.get("/readyz")
            assert (status, json.loads(body)["code"]) == (503, "index_unavailable")
            assert one.url.partition("//")[2] not in refused(server)
            status, page = server.get("/search?q=a")
            assert (status, "请过几秒钟再试一次" in page.decode()) == (503, True)
            assert portal.put(f"away-{number}", record("汽笛")).status == 201
            one.up(0)
            one.wait(1)
            wait_until(lambda: up_to_date(server))
            found = server.json(f"/api/v1/search?q={quote('汽笛')}&collapse=none")
            assert (found["total"], found["complete"]) == (number, True)
            if number == 1:
                one.kill(0)
                wait_until(lambda: server.get(SEARCH)[0] == 503)
        _, printed = server.end()
    assert f"OpenSearch at {one.url}: does not answer" in printed
    assert "Traceback" not in printed


@pytest.mark.thorough
def test_a_cluster_that_stands_still_is_told_not_waited_for_and_back_by_itself(
    one: Nodes, tmp_path: Path
) -> None:
    """Nobody waits until it goes on: all is asked while it stands still."""
    key = make_portal(tmp_path, engine="opensearch")
    with serving(tmp_path / "index", "app.py", **settings(one), SEARCH_TIME_LIMIT="1") as server:
        portal = Portal(server, key)
        wait_until(lambda: server.json(SEARCH)["complete"])  # on a busy machine a second is short
        with one.standing_still(0):
            for path in (SEARCH, f"/api/v1/articles/{FIRST}/related"):
                status, body = server.get(path)
                assert status == 503 or not json.loads(body)["complete"]
            assert server.get("/readyz")[0] == 503
            assert server.get("/healthz")[0] == 200
            assert portal.put("still-1", record("汽笛")).status == 201
        wait_until(lambda: up_to_date(server))
        wait_until(lambda: server.json(f"/api/v1/search?q={quote('汽笛')}")["total"] == 1)
        _, printed = server.end()
    assert "Traceback" not in printed


@pytest.mark.thorough
def test_on_a_full_disk_searches_go_on_and_changes_wait_with_a_reason(
    one: Nodes, tmp_path: Path
) -> None:
    """The disk counts as full because the cluster is told to leave more free than it has. It looks every ten seconds.

    The follower tries for half a minute before it tells.
    """
    key = make_portal(tmp_path, engine="opensearch")

    def leave_free(least: str | None) -> None:
        mark = "cluster.routing.allocation.disk.watermark"
        changes = {f"{mark}.{each}": least for each in ("low", "high", "flood_stage")}
        changes["cluster.info.update.interval"] = "10s"
        one.client.cluster.put_settings(body={"transient": changes})

    def is_blocked() -> bool:
        found = one.client.indices.get_settings(index=OURS).values()
        return all("blocks" in each["settings"]["index"] for each in found)

    with serving(tmp_path / "index", "app.py", **settings(one)) as server:
        portal = Portal(server, key)
        leave_free("1000tb")
        wait_until(is_blocked)
        assert portal.put("full-1", record("汽笛")).status == 201
        (hit,) = server.json(SEARCH)["hits"]
        assert hit["id"] == FIRST
        assert server.process.stdout is not None
        assert any("disk" in line for line in server.process.stdout)
        (hit,) = server.json(SEARCH)["hits"]
        assert hit["id"] == FIRST
        leave_free(None)
        wait_until(lambda: up_to_date(server))
        assert server.json(f"/api/v1/search?q={quote('汽笛')}")["total"] == 1
        _, printed = server.end()
    assert "Traceback" not in printed


def record(title: str) -> dict[str, object]:
    return {"title": title, "body": f"{title}在河口响了三声", "published_at": "2020-01-01"}


@pytest.mark.thorough
def test_nodes_in_the_foreground_end_with_ctrl_c() -> None:
    """As `make cluster` runs them."""
    with place_for_nodes(**SMALL) as (port, environment):
        with subprocess.Popen(
            [SCRIPT, "run", "1"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            try:
                assert url == f"http://127.0.0.1:{port}"
                again = subprocess.run([SCRIPT, "start"], env=environment, check=False)
                with urllib.request.urlopen(url, timeout=PATIENCE) as response:
                    assert json.load(response)["version"]["distribution"] == "opensearch"
            finally:
                os.killpg(process.pid, signal.SIGINT)
        assert (again.returncode, process.returncode) == (2, 0)
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=PATIENCE)
