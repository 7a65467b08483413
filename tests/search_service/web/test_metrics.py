"""What Prometheus reads, and what /readyz says of what is amiss."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from indexer.settings import IndexSettings
from indexer.store.database import open_jobs, open_keys, open_store
from indexer.store.keys import Scope
from search_service.assembly import make_services
from search_service.readiness import FAULTS
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import MADE_AT, PATIENCE, promote
from tests.search_service.web.portal import as_problem


@dataclass
class Site:
    """A service over a real store, a real index and a real query log."""

    root: Path
    services: Services
    client: FlaskClient

    @property
    def url(self) -> str:
        return f"sqlite:///{self.root / 'store.sqlite3'}"

    def key(self, scope: Scope) -> dict[str, str]:
        with closing(open_keys(self.url)) as keys:
            return {"Authorization": f"Bearer {keys.create('', scope)[0]}"}

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """The value of each sample by its name and the values of its labels, those in the order of their names."""
        answer = self.client.get("/metrics", headers=self.key("search"))
        assert answer.status_code == 200, answer.text
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(answer.text):
            for name, labels, value, *_ in family.samples:
                key = tuple(labels[each] for each in sorted(labels))
                found.setdefault(name, {})[key] = value
        return found

    def degraded(self) -> list[str]:
        """The codes of what /readyz finds amiss."""
        answer = self.client.get("/readyz").json
        assert answer is not None
        return [each["code"] for each in answer["degraded"]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    stored = article("a-1", title="云溪水库")
    with closing(open_store(url)) as store:
        store.put([stored])
    promote(tmp_path / "index", [stored], engine="whoosh")
    searching = SearchSettings(time_limit=PATIENCE, querylog_url=f"sqlite:///{tmp_path / 'log'}")
    services = make_services(IndexSettings(index_dir=tmp_path / "index", store_url=url), searching)
    services.warm_up()
    services.live._interval = 0.0  # look at the folder before every request
    with closing(services):
        yield Site(tmp_path, services, create_app(services, searching).test_client())


def test_requests_are_counted_by_route_method_and_status(site: Site) -> None:
    for path in ("/api/v1/articles/a-1", "/api/v1/articles/b-2", "/nothing", "/also/nothing"):
        site.client.get(path)
    site.client.open("/nothing", method="BREW")
    counts = site.metrics()["search_http_request_seconds_count"]
    rule = "/api/v1/articles/<path:article_id>"
    assert counts[("GET", rule, "200")] == counts[("GET", rule, "404")] == 1
    assert counts[("", "", "404")] == 3
    assert site.metrics()["search_problems_total"] == {
        ("article_not_found",): 1,
        ("not_found",): 3,
    }


def test_searches_are_counted_by_rung_and_caches_by_result(site: Site) -> None:
    for query in ("云溪", "水库", "", "全然不同之事"):
        site.client.get(f"/api/v1/search?q={query}")
    for _ in range(2):
        site.client.get("/api/v1/articles/a-1/blocks")
    told = site.metrics()
    assert told["search_searches_total"][("words",)] >= 2
    assert told["search_searches_total"][("browse",)] == 1
    assert sum(told["search_searches_total"].values()) == 4
    assert told["search_cache_uses_total"][("blocks", "miss")] == 1
    assert told["search_cache_uses_total"][("blocks", "hit")] == 1
    assert told["search_gate_requests"][()] == 0


def test_a_search_that_the_time_limit_cuts_short_is_counted(site: Site) -> None:
    hurried = replace(site.services, time_limit=1e-9)
    site.client = create_app(hurried, SearchSettings()).test_client()
    for path in ("/api/v1/search?q=云溪", "/api/v1/suggest?q=云"):
        assert site.client.get(path).status_code == 200
    assert site.metrics()["search_cut_short_total"] == {("search",): 1, ("suggest",): 1}


def test_the_state_of_the_index_and_the_jobs_is_told(site: Site) -> None:
    with closing(open_jobs(site.url)) as jobs:
        jobs.add("rebuild", {})
        jobs.add("check", {})
    told = {name: samples.get((), samples) for name, samples in site.metrics().items()}
    assert told["search_ready"] == 1
    assert told["search_index_articles"] == 1
    assert told["search_index_bytes"] == site.services.live.generation().size()
    assert told["search_index_bytes"] > 1000
    assert told["search_index_built_timestamp_seconds"] == MADE_AT.timestamp()
    assert told["search_index_lag_changes"] == told["search_index_lag_seconds"] == 0
    assert told["search_jobs"] == {
        ("queued",): 2,
        ("running",): 0,
        ("succeeded",): 0,
        ("failed",): 0,
        ("cancelled",): 0,
    }
    assert told["search_degraded"] == {(fault,): 0 for fault in FAULTS}


def test_the_metrics_need_a_key_that_may_read(site: Site) -> None:
    assert as_problem(site.client.get("/metrics"))["code"] == "key_missing"
    assert as_problem(site.client.get("/metrics", headers=site.key("write")))["code"] == "key_scope"
    answer = site.client.get("/metrics", headers=site.key("admin"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type.startswith("text/plain")


def test_without_an_index_the_metrics_say_so_and_readiness_why(site: Site) -> None:
    assert site.degraded() == []
    shutil.rmtree(site.root / "index")
    assert site.metrics()["search_ready"][()] == 0
    unready = as_problem(site.client.get("/readyz"))
    assert (unready["status"], unready["code"], unready["degraded"]) == (503, "index_missing", [])


def test_changes_that_nobody_applies_are_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_store(site.url)) as store:
        store.put([article("a-2"), article("a-3")])
    watch: Any = site.services.store
    watch.settle()
    assert site.metrics()["search_index_lag_changes"][()] == 2
    assert site.degraded() == []
    monkeypatch.setattr(watch, "_clock", lambda: MADE_AT + timedelta(days=3650))
    assert site.degraded() == ["index_behind"]
    assert site.metrics()["search_degraded"][("index_behind",)] == 1


def test_an_outdated_index_and_a_store_that_cannot_be_read_leave_the_service_ready(
    site: Site,
) -> None:
    promote(site.root / "index", [article("a-1")], engine="whoosh", fingerprint="0" * 16)
    store: Any = site.services.store
    site.services.keys.close()
    (site.root / "store.sqlite3").write_bytes(b"no database, but a text of some length " * 100)
    for name in ("store.sqlite3-wal", "store.sqlite3-shm"):
        (site.root / name).unlink(missing_ok=True)
    store.settle()
    site.services.editorial.refresh()
    answer = site.client.get("/readyz")
    assert answer.status_code == 200
    assert {"index_outdated", "store_unavailable"} <= set(site.degraded())
    for each in answer.json["degraded"]:  # type: ignore[index]
        assert str(site.root) not in each["detail"]
