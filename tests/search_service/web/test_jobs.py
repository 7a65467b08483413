"""Jobs over HTTP: who may start them, what polling shows, and that what was started is never shown as done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

from indexer.store.database import open_jobs, open_keys
from indexer.store.jobs import Job, JobStore, Rejected
from indexer.store.keys import Scope
from search_service.live.jobs import LiveJobs
from search_service.live.keys import LiveKeys
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import NOON, article
from tests.search_service.indexes import SHANGHAI, services
from tests.search_service.web.portal import as_problem

JOBS = "/api/v1/admin/jobs"
ROUTES = (("GET", JOBS), ("POST", JOBS), ("GET", f"{JOBS}/1"), ("POST", f"{JOBS}/1/cancel"))


@dataclass
class Site:
    """A service with jobs, its admin key, and a clock that a test may set. The keys are in a store of their own."""

    path: Path
    jobs: JobStore
    keys: dict[str, str]
    client: FlaskClient
    time: list[datetime]

    def ask(
        self, method: str, path: str, key: str | None = "admin", **options: Any
    ) -> TestResponse:
        """Ask with the key of a scope, or without."""
        headers = options.pop("headers", {})
        if key is not None:
            headers = headers | {"Authorization": f"Bearer {self.keys[key]}"}
        return self.client.open(path, method=method, headers=headers, **options)

    def with_services(self, others: Services) -> Site:
        """The same site with other services behind it, but for the keys."""
        made = replace(others, keys=LiveKeys(f"sqlite:///{self.path.parent}/keys.sqlite3"))
        return replace(self, client=create_app(made, SearchSettings()).test_client())

    def get(self, path: str) -> Any:
        """The body of a good answer to GET."""
        response = self.ask("GET", path)
        assert response.status_code == 200, response.text
        return response.json

    def start(self, kind: object, **more: object) -> TestResponse:
        return self.ask("POST", JOBS, json={"kind": kind, **more})

    def refused(self, response: TestResponse, status: int, code: str) -> Any:
        body = as_problem(response)
        assert (body["status"], body["code"]) == (status, code)
        return body

    def take(self) -> Job:
        job = self.jobs.take()
        assert job is not None
        return job


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return services(tmp_path_factory.mktemp("index"), [article("a-1", title="云溪茶会")])


@pytest.fixture(scope="module")
def shared(index: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests, because an application takes longer to make than most tests take."""
    root, time = tmp_path_factory.mktemp("site"), [NOON]
    keys_url, path = f"sqlite:///{root}/keys.sqlite3", root / "articles.sqlite3"
    url = f"sqlite:///{path}"
    live = LiveJobs(url)
    made = replace(index, keys=LiveKeys(keys_url), jobs=live, clock=lambda: time[0])
    with closing(open_keys(keys_url)) as keys, closing(open_jobs(url)) as jobs, closing(live):
        texts = {scope: keys.create("", scope)[0] for scope in get_args(Scope)}
        client = create_app(made, SearchSettings()).test_client()
        yield Site(path, jobs, texts, client, time)


@pytest.fixture
def site(shared: Site) -> Site:
    """A site without jobs."""
    with closing(sqlite3.connect(shared.path)) as connection:
        connection.execute("DELETE FROM jobs")
        connection.commit()
    return shared


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_admin_key_sees_and_changes_jobs(site: Site, method: str, path: str) -> None:
    job = site.jobs.add("rebuild", {})
    site.refused(site.ask(method, path, None, json={"kind": "check"}), 401, "key_missing")
    for scope in ("search", "write"):
        response = site.ask(method, path, scope, json={"kind": "check"})
        site.refused(response, 403, "key_scope")
    assert site.jobs.list() == (job,)


@pytest.mark.parametrize(
    ("kind", "sent", "arguments"),
    [
        ("rebuild", {}, {"promote": True, "force": False}),
        ("rebuild", {"promote": False}, {"promote": False, "force": False}),
        ("rebuild", {"force": True}, {"promote": True, "force": True}),
        ("check", {}, {}),
        ("regroup", {}, {}),
        ("promote", {"generation": "000007"}, {"generation": "000007", "force": False}),
        ("rollback", {}, {}),
        ("words", {}, {}),
        ("preview", {}, {}),
    ],
)
def test_a_started_job_is_a_queued_row_with_an_address(
    site: Site, kind: str, sent: dict[str, object], arguments: dict[str, object]
) -> None:
    response = site.start(kind, **sent)
    (job,) = site.jobs.list()
    assert (job.kind, job.state, job.arguments) == (kind, "queued", arguments)
    assert response.status_code == 202
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Location"] == f"{JOBS}/{job.id}"
    assert response.json == site.get(response.headers["Location"])
    assert response.json == {
        "id": job.id,
        "kind": kind,
        "state": "queued",
        "attempts": 0,
        "phase": "",
        "done": 0,
        "total": 0,
        "rate": 0.0,
        "seconds_left": None,
        "created_at": job.created_at.astimezone(SHANGHAI).isoformat(),
        "started_at": None,
        "heartbeat_at": None,
        "finished_at": None,
        "outcome": "",
        "rejections": [],
        "cancel_asked": False,
        "every_seconds": None,
        "due_at": None,
        "last_end": None,
    }
    assert response.json["created_at"].endswith("+08:00")


@pytest.mark.parametrize("kind", ["import", "reconcile"])
def test_what_reads_a_source_is_started_from_the_command_line_only(site: Site, kind: str) -> None:
    body = site.refused(site.start(kind), 400, "invalid_parameter")
    sentence = "that names a file of the server and is started from the command line only"
    assert sentence in body["detail"]
    (wrong,) = body["errors"]
    assert (wrong["parameter"], wrong["value"]) == ("kind", kind)
    assert wrong["allowed"] == "one of rebuild, check, regroup, promote, rollback, words, preview"
    assert site.jobs.list() == ()


@pytest.mark.parametrize(
    ("sent", "parameter"),
    [
        ({"json": {}}, "kind"),
        ({"json": {"kind": "work"}}, "kind"),
        ({"json": {"kind": ["rebuild"]}}, "kind"),
        ({"json": {"kind": "rebuild", "processes": 64}}, "processes"),
        ({"json": {"kind": "promote"}}, "generation"),
        ({"json": {"kind": "promote", "generation": 7}}, "generation"),
        ({"json": {"kind": "rollback", "generation": "000007"}}, "generation"),
        ({"json": {"kind": "promote", "generation": "000007", "promote": True}}, "promote"),
        ({"json": {"kind": "rebuild", "force": "perhaps"}}, "force"),
        ({"json": {"kind": "check", "force": True}}, "force"),
        ({"json": ["rebuild"]}, "body"),
        ({"json": {"kind": "rebuild"}, "query_string": "wait=1"}, "wait"),
    ],
)
def test_a_body_that_names_no_kind_starts_nothing(
    site: Site, sent: dict[str, Any], parameter: str
) -> None:
    body = site.refused(site.ask("POST", JOBS, **sent), 400, "invalid_parameter")
    assert [each["parameter"] for each in body["errors"]] == [parameter]
    assert site.jobs.list() == ()


def test_a_body_that_is_too_large_starts_nothing(site: Site) -> None:
    response = site.ask("POST", JOBS, json={"kind": "rebuild" + " " * 2_000})
    site.refused(response, 400, "bad_request")
    assert site.jobs.list() == ()


def test_a_second_request_answers_with_the_same_job_and_another_of_its_kind_is_refused(
    site: Site,
) -> None:
    started = site.start("rebuild")
    first = started.headers["Location"]
    for _ in range(2):  # queued, then running
        again = site.start("rebuild")
        assert (again.status_code, again.headers["Location"]) == (202, first)
        refused = site.start("rebuild", promote=False)
        body = site.refused(refused, 409, "job_waiting")
        assert f"job {first.rpartition('/')[2]} (rebuild)" in body["detail"]
        assert refused.headers["Location"] == first
        site.jobs.take()
    assert site.start("check").status_code == 202
    site.ask("POST", f"{first}/cancel")
    second = site.start("rebuild")
    assert second.status_code == 202
    assert second.headers["Location"] != first
    assert len(site.jobs.list()) == 3


def test_jobs_are_listed_newest_first(site: Site) -> None:
    for _ in range(25):
        site.jobs.add("check", {})
    site.take()
    assert [each["id"] for each in site.get(JOBS)["hits"]] == list(range(25, 5, -1))
    assert [each["id"] for each in site.get(f"{JOBS}?size=2")["hits"]] == [25, 24]
    assert [each["id"] for each in site.get(f"{JOBS}?state=running")["hits"]] == [1]
    assert site.get(f"{JOBS}?state=failed") == {"hits": []}
    assert site.get(f"{JOBS}?size=1")["hits"] == [site.get(f"{JOBS}/25")]


@pytest.mark.parametrize(
    "wrong", ["size=0", "size=101", "state=done", "state=queued&state=running", "page=2"]
)
def test_a_wrong_parameter_of_the_list_is_named(site: Site, wrong: str) -> None:
    body = site.refused(site.ask("GET", f"{JOBS}?{wrong}"), 400, "invalid_parameter")
    assert body["errors"][0]["parameter"] == wrong.partition("=")[0]


@pytest.mark.parametrize(
    "unknown",
    ["2", "0", "-1", "+1", "1.0", "1e0", "٣", "a", "1%20", "2147483648", "9" * 18, "9" * 5_000],
)
def test_an_unknown_job_is_not_found(site: Site, unknown: str) -> None:
    job = site.jobs.add("check", {})
    site.refused(site.ask("GET", f"{JOBS}/{unknown}"), 404, "job_not_found")
    site.refused(site.ask("POST", f"{JOBS}/{unknown}/cancel"), 404, "job_not_found")
    assert site.jobs.list() == (job,)


def test_a_poll_hears_of_a_change_of_the_row_and_of_nothing_else(site: Site) -> None:
    job = site.jobs.add("rebuild", {})
    site.take()

    def poll(path: str, tag: str = "") -> TestResponse:
        response = site.ask("GET", path, headers={"If-None-Match": tag})
        assert response.headers["Cache-Control"] == "private, no-cache"
        return response

    for path in (JOBS, f"{JOBS}/{job.id}"):
        site.jobs.beat(job.id, phase="index", done=10, total=100, seconds=2)
        tag = poll(path).headers["ETag"]
        for _ in range(3):
            site.time[0] += timedelta(seconds=7)
            same = poll(path, tag)
            assert (same.status_code, same.data) == (304, b"")
            assert same.headers["ETag"] == tag
        site.jobs.beat(job.id, phase="index", done=20, total=100, seconds=3)
        changed = poll(path, tag)
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag


def test_a_running_job_shows_its_figures_and_never_success(site: Site) -> None:
    job = site.jobs.add("import", {"file": "/srv/news.jsonl", "mapping": {}})
    site.take()
    site.jobs.beat(job.id, phase="import", done=30, total=90, seconds=3)
    seen = site.get(f"{JOBS}/{job.id}")
    assert (seen["state"], seen["phase"], seen["done"], seen["total"]) == (
        "running",
        "import",
        30,
        90,
    )
    assert (seen["rate"], seen["seconds_left"], seen["attempts"]) == (10.0, 6.0, 1)
    assert "/srv" not in str(seen), "the arguments name files of the server"
    site.jobs.beat(job.id, phase="import", done=90, total=90, seconds=9)
    seen = site.get(f"{JOBS}/{job.id}")
    assert (seen["state"], seen["outcome"], seen["finished_at"]) == ("running", "", None)
    rejected = [Rejected("news.jsonl:3", "title: 空")]
    site.jobs.finish(job.id, "succeeded", "read 90", rejections=rejected)
    seen = site.get(f"{JOBS}/{job.id}")
    assert (seen["state"], seen["outcome"], seen["seconds_left"]) == ("succeeded", "read 90", None)
    assert seen["rejections"] == [{"where": "news.jsonl:3", "why": "title: 空"}]
    assert datetime.fromisoformat(seen["finished_at"]).utcoffset() == timedelta(hours=8)


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked_to_end(site: Site) -> None:
    running, queued = site.jobs.add("rebuild", {}), site.jobs.add("check", {})
    site.take()

    def cancel(job: Job) -> Any:
        response = site.ask("POST", f"{JOBS}/{job.id}/cancel")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        return response.json

    asked, cancelled = cancel(running), cancel(queued)
    assert (asked["state"], asked["cancel_asked"], asked["finished_at"]) == ("running", True, None)
    assert (cancelled["state"], cancelled["cancel_asked"]) == ("cancelled", True)
    assert site.jobs.beat(running.id, phase="", done=0, total=0, seconds=0) is True
    site.jobs.finish(running.id, "succeeded", "it was too late")
    assert cancel(running)["state"] == "succeeded"


@pytest.mark.parametrize("damage", ["gone", "no table"])
def test_jobs_are_back_with_their_store(site: Site, damage: str) -> None:
    job = site.jobs.add("check", {})
    for method, path in ROUTES:
        assert site.ask(method, path, json={"kind": "rebuild"}).status_code < 400
    site.jobs.close()
    aside = site.path.with_suffix(".aside")
    if damage == "gone":
        site.path.rename(aside)
    else:
        with closing(sqlite3.connect(site.path)) as connection:
            connection.execute("ALTER TABLE jobs RENAME TO aside")
    for _ in range(2):
        for method, path in ROUTES[::2] if damage == "gone" else ROUTES:
            response = site.ask(method, path, json={"kind": "rebuild"})
            site.refused(response, 503, "store_unavailable")
            assert response.headers["Retry-After"] == "5"
            assert str(site.path) not in response.text
    if damage == "gone":
        assert not site.path.exists(), "a read makes no store"
        aside.rename(site.path)
    else:
        with closing(sqlite3.connect(site.path)) as connection:
            connection.execute("ALTER TABLE aside RENAME TO jobs")
    assert site.get(f"{JOBS}/{job.id}")["kind"] == "check"
    assert site.start("regroup").status_code == 202


def test_a_store_that_another_process_locks_can_still_be_polled(
    index: Services, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search_service.live.jobs.LOCK_PATIENCE", 0.1)
    job = site.jobs.add("check", {})
    with (
        closing(LiveJobs(f"sqlite:///{site.path}")) as live,
        closing(sqlite3.connect(site.path, isolation_level=None)) as other,
    ):
        site = site.with_services(replace(index, jobs=live))
        other.execute("BEGIN IMMEDIATE")
        assert site.get(f"{JOBS}/{job.id}")["state"] == "queued"
        site.refused(site.start("rebuild"), 503, "store_unavailable")
        cancel = site.ask("POST", f"{JOBS}/{job.id}/cancel")
        site.refused(cancel, 503, "store_unavailable")
        other.execute("ROLLBACK")
        assert site.get(JOBS)["hits"] == [site.get(f"{JOBS}/{job.id}")]
        assert site.start("rebuild").status_code == 202


def test_a_service_without_a_store_says_so(index: Services, site: Site) -> None:
    site = site.with_services(index)
    for method, path in ROUTES:
        response = site.ask(method, path, json={"kind": "rebuild"})
        site.refused(response, 503, "store_unavailable")


def test_every_answer_fits_its_schema(site: Site) -> None:
    document = site.get("/openapi.json")
    site.jobs.add("import", {})
    site.take()
    site.jobs.finish(1, "failed", "no", rejections=[Rejected("a:1", "no")])
    for (method, path), route, status in zip(
        ROUTES,
        (JOBS, JOBS, f"{JOBS}/{{job_id}}", f"{JOBS}/{{job_id}}/cancel"),
        ("200", "202", "200", "200"),
        strict=True,
    ):
        described = document["paths"][route][method.lower()]
        assert described["security"] == [{"key": []}]
        schema = described["responses"][status]["content"]["application/json"]["schema"]
        answer = site.ask(method, path, json={"kind": "rebuild"})
        assert str(answer.status_code) == status
        OAS31Validator({**schema, "components": document["components"]}).validate(answer.json)
