"""The whole service with its index in an OpenSearch of one node: it answers as with the embedded engine, and is run in the same way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from indexer.generations import Generations
from indexer.rebuilding.rebuild import rebuild
from indexer.store.accounts import Account
from indexer.store.database import open_desk, open_keys, open_store
from tests.conftest import PROJECT
from tests.end_to_end.newsroom import articles
from tests.end_to_end.publishing import (
    Answer,
    Client,
    Portal,
    Searcher,
    Single,
    check,
    go_on,
    make_portal,
    store_url,
    up_to_date,
)
from tests.end_to_end.serving import PATIENCE, Server, serving, wait_until
from tests.opensearch import Nodes
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

pytestmark = pytest.mark.cluster

ASKED: Final = (
    "search?q={小学校}&facets=channel,source,tag&size=100",
    "search?q={渡口 山羊}&facets=month&size=100",
    "search?q={“石板路走到渡口”}",
    "search?q={标题:博物馆 -渡口}",
    "search?q={晓学校}&size=100",
    "search?q={llanfair}",
    "search?q=&sort=newest&channel={情感}",
    "search?q={油菜花田}&sort=oldest&collapse=none",
    "suggest?q={山谷}",
    "suggest?q=xiaox",
    "articles/a-07",
    "articles/a-07/related",
    "articles/a-07/blocks",
    "latest?size=20",
    "hot",
)
"""What is asked below ``/api/v1/``. What stands in braces is escaped."""

ITS_OWN: Final = frozenset({"index", "took_ms", "query_id", "score"})
"""What each of two services says in its own words. Scores differ a little, for the cluster rounds the lengths of long texts."""

PAGES: Final = (
    "/",
    f"/search?q={quote('小学校')}",
    "/articles/a-00",
    "/embed/related/a-07",
    "/feeds/latest.xml",
    "/readyz",
    "/healthz",
)
DESK: Final = (
    *("", "now", "generations", "generations/000001", "rebuilds", "jobs", "imports", "lists"),
    *("lists/words", f"articles?q={quote('小学校')}", "articles/article?id=a-00", "queries"),
    *("keys", "accounts", "audit"),
)


@dataclass(frozen=True)
class Service:
    """The service, its settings, and what came to be in its ``folder``: keys and the session of an admin."""

    server: Server
    folder: Path
    settings: dict[str, str]
    portal: Portal
    admin: Portal
    session: str

    def command(self, *command: str) -> str:
        """Run a command of the indexer, which must succeed, and return what it prints."""
        environment = {
            "SEARCH_INDEX_DIR": f"{self.folder / 'index'}",
            "SEARCH_STORE_URL": store_url(self.folder),
        }
        done = subprocess.run(
            [sys.executable, "-m", "indexer", *command],
            cwd=PROJECT,
            env=os.environ | environment | self.settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def total(self, query: str) -> int:
        """How many articles a search finds."""
        found: int = self.server.json(f"/api/v1/search?q={quote(query)}&collapse=none")["total"]
        return found

    def do(self, kind: str) -> Any:
        """Start a job and wait until it has ended well."""
        answer = self.admin.ask("POST", "/api/v1/admin/jobs", json.dumps({"kind": kind}).encode())
        assert answer.status == 202, answer.body
        address = answer.headers["Location"]
        wait_until(lambda: self.admin.ask("GET", address).json["finished_at"] is not None)
        job = self.admin.ask("GET", address).json
        assert job["state"] == "succeeded", job
        return job


def record(title: str, body: str) -> dict[str, object]:
    return {"title": title, "body": body, "published_at": "2020-01-01"}


def fill(folder: Path) -> None:
    """Put the articles into a store in ``folder``."""
    with closing(open_store(store_url(folder))) as store:
        store.put(articles())


def build(folder: Path, index: str, engine: str) -> Path:
    """Make an index of the store in ``folder``. The engine ``opensearch`` takes its address from the environment."""
    with closing(open_store(store_url(folder))) as store:
        rebuild(
            store,
            Generations(folder / index),
            engine_name=engine,
            analyzer=analyzer(),
            timezone=SHANGHAI,
            keep=1,
        )
    return folder / index


def admin_session(folder: Path) -> str:
    """Make an account, and return the token of a session."""
    with closing(open_desk(store_url(folder))) as desk:
        account = desk.accounts.accept(desk.accounts.invite("admin"), name="渡", password="none")
        assert isinstance(account, Account)
        return desk.sessions.begin(account.id)


@pytest.fixture(scope="module")
def service(opensearch_node: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """``app.py`` with the engine ``opensearch``. It ends well, without a failure that it did not foresee."""
    folder = tmp_path_factory.mktemp("service")
    settings = {"SEARCH_ENGINE": "opensearch", "SEARCH_OPENSEARCH_URL": opensearch_node.url}
    fill(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEARCH_OPENSEARCH_URL", opensearch_node.url)
        index = build(folder, "index", "opensearch")
    session = admin_session(folder)
    with closing(open_keys(store_url(folder))) as keys:
        write, admin = (keys.create("", scope)[0] for scope in ("write", "admin"))
    with serving(index, "app.py", **settings) as server:
        server.wait_until_it_answers("/readyz")
        yield Service(
            server, folder, settings, Portal(server, write), Portal(server, admin), session
        )
        code, printed = server.end()
    opensearch_node.empty()
    assert code == 0
    assert "Traceback" not in printed


@pytest.fixture(scope="module")
def embedded(service: Service) -> Iterator[Server]:
    """The web alone, over an embedded index of the same store."""
    with serving(build(service.folder, "embedded", "whoosh")) as server:
        yield server


@pytest.mark.parametrize("asked", ASKED)
def test_it_answers_as_with_the_embedded_engine(
    service: Service, embedded: Server, asked: str
) -> None:
    plain, *quoted = asked.split("{")
    parts = (each.split("}") for each in quoted)
    path = f"/api/v1/{plain}" + "".join(quote(inside) + after for inside, after in parts)
    answer, expected = service.server.json(path), embedded.json(path)
    assert answer["index"]["generation"] == "000001"
    assert without_its_own(answer) == without_its_own(expected)
    assert answer.get("complete", True)


def without_its_own(value: Any) -> Any:
    """What an answer says, without what is ITS_OWN. Hits in the order of scores, which are nearly equal here, are ordered by id."""
    if isinstance(value, dict):
        kept = {name: without_its_own(each) for name, each in value.items() if name not in ITS_OWN}
        if kept.get("sort") == "relevance":
            kept["hits"].sort(key=lambda hit: hit["id"])
        return kept
    return [without_its_own(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", PAGES)
def test_pages_fragments_and_feeds_are_there(service: Service, path: str) -> None:
    assert service.server.get(path)[0] == 200


@pytest.mark.parametrize("page", DESK)
def test_the_pages_of_the_desk_are_there(service: Service, page: str) -> None:
    request = urllib.request.Request(
        f"{service.server.url}/desk/{page}", headers={"Cookie": f"desk={service.session}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        assert response.status == 200
        assert "/desk/login" not in response.url


def test_commands_tell_of_the_index_in_the_cluster(service: Service) -> None:
    assert "opensearch" in service.command("status")
    assert service.command("check")
    assert "000001" in service.command("generations", "list")


def test_a_change_is_found_when_its_answer_says_so(service: Service) -> None:
    def put(title: str) -> Answer:
        return service.portal.put("t-1", record(title, "灯塔守夜人换班"), "?refresh=wait_for")

    for title in ("灯塔来信", "灯塔回信"):
        answer = put(title)
        assert (answer.status in (200, 201), answer.json["searchable"]) == (True, True)
        (hit,) = service.server.json(f"/api/v1/search?q={quote('灯塔守夜人')}")["hits"]
        assert hit["title"] == title
    answer = service.portal.ask("DELETE", "/api/v1/articles/t-1?refresh=wait_for")
    assert answer.json["searchable"]
    assert service.total("灯塔守夜人") == 0


def test_after_a_rebuild_and_a_rollback_every_change_is_still_there(service: Service) -> None:
    def generation() -> str:
        name: str = service.server.json("/readyz")["index"]["generation"]
        return name

    def put(article_id: str) -> None:
        answer = service.portal.put(article_id, record("渔火点名", f"渔火{article_id}"))
        assert answer.status == 201

    before = generation()
    put("r-1")
    assert "is live" in service.do("rebuild")["outcome"]
    wait_until(lambda: generation() > before)
    put("r-2")
    wait_until(lambda: service.total("渔火点名") == 2)
    service.do("rollback")
    wait_until(lambda: generation() == before)
    wait_until(lambda: service.total("渔火点名") == 2)
    put("r-3")
    wait_until(lambda: service.total("渔火点名") == 3)


def test_a_service_moves_to_a_cluster_and_back_while_it_is_written_and_searched(
    opensearch_node: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/scale.md says. No change is lost, and no search fails, not even once."""
    settings = {"SEARCH_OPENSEARCH_URL": opensearch_node.url, "SEARCH_OPENSEARCH_NAME": "moving"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    key = make_portal(tmp_path)
    with serving(tmp_path / "index", "app.py", **settings) as server:
        portal = Portal(server, key)
        moving = Service(
            server, tmp_path, settings | {"SEARCH_ENGINE": "opensearch"}, portal, portal, ""
        )
        writers: list[Client] = [Single(portal, f"w{n}", n) for n in range(2)]
        searcher = Searcher(server, "山谷里的小学校", least=1)
        clients: Sequence[Client | Searcher] = (*writers, searcher)
        for each in clients:
            each.start()
        try:
            go_on(writers, 10)
            moving.command("rebuild")
            wait_until(lambda: server.json("/readyz")["index"]["generation"] == "000002")
            go_on(writers, 10)
            moving.command("generations", "rollback")
            wait_until(lambda: server.json("/readyz")["index"]["generation"] == "000001")
            go_on(writers, 10)
        finally:
            for each in clients:
                each.end()
        wait_until(lambda: up_to_date(server))
        moving.command("generations", "promote", "000002")
        wait_until(lambda: server.json("/readyz")["index"]["generation"] == "000002")
        wait_until(lambda: up_to_date(server))
        _, printed = server.end()
    check(tmp_path, writers)
    assert searcher.answered > 10
    assert (searcher.failed, searcher.repeated, searcher.untold) == ([], 0, [])
    assert "Traceback" not in printed
