"""The service on two machines, with one PostgreSQL and one cluster: what is made on one holds on the other, and either may die.

Each machine is a folder of its own. They have one kernel, so a runner of jobs that is killed is known to be dead at once. One that
stands still is missed as on another machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, func, select

from indexer.jobs.kinds import source_arguments
from indexer.reading import Options
from indexer.store.accounts import Account
from indexer.store.database import open_desk, open_jobs, open_keys, open_store
from indexer.store.jobs import Job, JobStore
from search_service.desk import passwords
from search_service.querylog.tables import viewers
from tests.conftest import PROJECT
from tests.databases import DatabaseServer
from tests.end_to_end.newsroom import articles
from tests.end_to_end.publishing import Answer, Portal
from tests.end_to_end.serving import (
    PATIENCE,
    Server,
    descendants,
    free_port,
    launch,
    wait_until,
)
from tests.opensearch import Nodes

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc"),
]

NAME: Final = "程远"
PASSWORD: Final = "板凳会上商量的事情真多"


@dataclass
class Machine:
    """One of the machines, and its service as it was started last."""

    folder: Path
    settings: Mapping[str, str]
    server: Server

    @property
    def processes(self) -> set[int]:
        """All processes of its service."""
        main = self.server.process.pid
        return {main, *descendants(main)}

    def start(self) -> None:
        """Start the service, and wait until it answers from the live index."""
        self.server = launch(
            "app.py", port=free_port(), index=self.folder / "index", **self.settings
        )
        self.server.wait_until_it_answers("/readyz")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all processes."""
        for each in self.processes:
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def die(self) -> None:
        """End all processes as a power cut would."""
        self.send(signal.SIGKILL)
        self.server.process.communicate(timeout=PATIENCE)

    def desk(self, cookie: str, method: str, path: str, **fields: str) -> Answer:
        """The answer of the desk to a browser with this cookie; with ``fields`` to a form."""
        headers = {
            "Cookie": cookie,
            "Origin": self.server.url,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)) as asked:
            asked.request(method, path, urllib.parse.urlencode(fields), headers)
            response = asked.getresponse()
            return Answer(response.status, response.headers, response.read())

    def page(self, cookie: str, path: str) -> str:
        """A page of the desk."""
        answer = self.desk(cookie, "GET", path)
        assert answer.status == 200
        return answer.body.decode()

    def ids(self, query: str) -> list[str]:
        """The articles that a search finds."""
        found = self.server.json(f"/api/v1/search?q={quote(query)}&collapse=none&size=100")
        return [each["id"] for each in found["hits"]]

    @property
    def generation(self) -> str:
        """The generation that answers."""
        name: str = self.server.json("/readyz")["index"]["generation"]
        return name

    def view(self, article_id: str, browser: str) -> None:
        """Report that a reader opened an article."""
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)) as asked:
            path = f"/api/v1/articles/{article_id}/view"
            asked.request("POST", path, headers={"User-Agent": browser})
            assert asked.getresponse().status == 204


@dataclass
class Pair:
    """Two machines, and what they share. ``key`` is an admin's, ``cookie`` a session's, begun on the first one."""

    one: Machine
    two: Machine
    store_url: str
    log_url: str
    key: str
    cookie: str = ""
    written: int = 0

    @property
    def machines(self) -> tuple[Machine, Machine]:
        return self.one, self.two

    def write(self, machine: Machine) -> Answer:
        """Store another article, whose text nobody else has."""
        self.written += 1
        name = f"w-{self.written}"
        return Portal(machine.server, self.key).put(name, record(f"{name}号渔船回港"))

    def last_is_found(self, machine: Machine) -> bool:
        """Whether the article that was stored last can be found."""
        return f"w-{self.written}" in machine.ids(f"w-{self.written}号渔船回港")

    def wait_until_found(self) -> None:
        """Wait until the article that was stored last can be found on both machines."""
        wait_until(lambda: all(map(self.last_is_found, self.machines)))

    def start_job(self, machine: Machine, kind: str) -> Answer:
        portal = Portal(machine.server, self.key)
        return portal.ask("POST", "/api/v1/admin/jobs", json.dumps({"kind": kind}).encode())

    def job(self, machine: Machine, address: str) -> Any:
        return Portal(machine.server, self.key).ask("GET", address).json

    def runner(self, jobs: JobStore) -> Machine | None:
        """The machine that runs the jobs."""
        process = jobs.seat.runner().process
        return next(
            (each for each in self.machines if process and process.number in each.processes), None
        )

    def other(self, machine: Machine) -> Machine:
        return self.two if machine is self.one else self.one


@pytest.fixture(scope="module")
def pair(
    opensearch_node: Nodes, postgresql: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two machines that answer. The second one has nothing but its settings when it starts."""
    folder = tmp_path_factory.mktemp("machines")
    store_url, log_url = postgresql.new(), postgresql.new()
    with closing(open_store(store_url)) as store:
        store.put(articles())
    with closing(open_desk(store_url)) as desk:
        token = desk.accounts.invite("admin")
        made = desk.accounts.accept(token, name=NAME, password=passwords.hash_of(PASSWORD))
        assert isinstance(made, Account)
    with closing(open_keys(store_url)) as keys:
        key = keys.create("", "admin")[0]
    settings = {
        "SEARCH_ENGINE": "opensearch",
        "SEARCH_OPENSEARCH_URL": opensearch_node.url,
        "SEARCH_STORE_URL": store_url,
        "SEARCH_QUERYLOG_URL": log_url,
        "SEARCH_UPLOADS_DIR": f"{folder / 'uploads'}",
    }
    subprocess.run(
        [sys.executable, "-m", "indexer", "rebuild"],
        cwd=PROJECT,
        env=os.environ | settings | {"SEARCH_INDEX_DIR": f"{folder / 'one' / 'index'}"},
        check=True,
        capture_output=True,
    )
    one, two = (
        Machine(
            folder / name,
            settings,
            launch("app.py", port=free_port(), index=folder / name / "index", **settings),
        )
        for name in ("one", "two")
    )
    try:
        for each in (one, two):
            each.server.wait_until_it_answers("/readyz")
        yield Pair(one, two, store_url, log_url, key)
    finally:
        for each in (one, two):
            _, printed = each.server.end()
            assert "Traceback" not in printed
        opensearch_node.empty()


@pytest.fixture
def cookie(pair: Pair) -> str:
    """The session of somebody who logged in at the first machine."""
    if not pair.cookie:
        answer = pair.one.desk("", "POST", "/desk/login", name=NAME, password=PASSWORD)
        assert answer.status == 303
        pair.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return pair.cookie


@pytest.fixture
def jobs(pair: Pair) -> Iterator[JobStore]:
    with closing(open_jobs(pair.store_url)) as opened:
        yield opened


def record(text: str) -> dict[str, object]:
    return {"title": text, "body": text, "published_at": "2020-01-01"}


def csrf(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def test_a_session_an_editors_change_and_a_key_that_one_machine_made_hold_on_the_other(
    pair: Pair, cookie: str
) -> None:
    token = csrf(pair.two.page(cookie, "/desk/keys"))
    assert "a-05" in pair.two.ids("小学校")
    fields = {"csrf": token, "query": "小学校", "article": "a-05"}
    assert pair.one.desk(cookie, "POST", "/desk/lists/hides", **fields).status == 303
    wait_until(lambda: "a-05" not in pair.one.ids("小学校") + pair.two.ids("小学校"))
    fields = {"csrf": token, "name": "门户", "scope": "write", "days": "30"}
    made = pair.two.desk(cookie, "POST", "/desk/keys", **fields).body.decode()
    (key,) = re.findall(r"ssk_write_[\w-]{43}", made)
    wait_until(lambda: Portal(pair.one.server, key).ask("GET", "/api/v1/latest").status == 200)
    assert Portal(pair.one.server, key).put("k-1", record("灯塔亮了")).status == 201


def test_what_is_written_to_either_machine_is_found_on_both_and_dated_alike(pair: Pair) -> None:
    for machine in pair.machines:
        began = datetime.now(UTC).replace(microsecond=0)
        assert pair.write(machine).status == 201
        pair.wait_until_found()
        indexes = (each.server.json("/readyz")["index"] for each in pair.machines)
        (as_of,) = {index["as_of"] for index in indexes}
        assert began <= datetime.fromisoformat(as_of) <= datetime.now(UTC)


def test_a_reader_of_both_machines_counts_once(pair: Pair) -> None:
    for browser in ("Mozilla/5.0 (X11) Firefox/140.0", "Mozilla/5.0 (Windows) Firefox/140.0"):
        for machine in pair.machines:
            machine.view("a-07", browser)
    engine = create_engine(pair.log_url)
    counted = select(func.count()).where(viewers.c.article_id == "a-07")

    def views() -> int:
        with engine.connect() as connection:
            found: int = connection.execute(counted).scalar_one()
            return found

    wait_until(lambda: views() == 2)
    engine.dispose()


def test_a_job_that_is_started_on_one_machine_is_seen_and_waited_for_on_the_other(
    pair: Pair,
) -> None:
    before = pair.two.generation
    answer = pair.start_job(pair.one, "rebuild")
    address = answer.headers["Location"]
    assert pair.job(pair.two, address)["kind"] == "rebuild"
    wait_until(lambda: pair.job(pair.two, address)["finished_at"] is not None)
    assert pair.job(pair.one, address)["state"] == "succeeded"
    wait_until(lambda: all(each.generation > before for each in pair.machines))
    assert pair.write(pair.two).status == 201
    pair.wait_until_found()


@pytest.mark.parametrize("victim", ["runs the jobs", "does not"])
def test_when_a_machine_is_killed_all_goes_on_on_the_other(
    pair: Pair, cookie: str, jobs: JobStore, tmp_path: Path, victim: str
) -> None:
    """An import runs when the machine dies. The runner of jobs, and the one that follows, may be on either machine."""
    wait_until(lambda: pair.runner(jobs) is not None)
    runner = pair.runner(jobs)
    assert runner
    killed = runner if victim == "runs the jobs" else pair.other(runner)
    left = pair.other(killed)
    job = begin_an_import(jobs, tmp_path)
    killed.die()
    try:
        assert "程远" in left.page(cookie, "/desk")
        assert pair.write(left).status == 201
        wait_until(lambda: pair.last_is_found(left))
        wait_until(lambda: ended(jobs, job).finished_at is not None)
        assert (ended(jobs, job).state, ended(jobs, job).done) == ("succeeded", IMPORTED)
        started = pair.start_job(left, "check")
        address = started.headers["Location"]
        wait_until(lambda: pair.job(left, address)["finished_at"] is not None)
        assert pair.job(left, address)["state"] == "succeeded"
    finally:
        killed.start()
    wait_until(lambda: pair.last_is_found(killed))


def test_a_machine_that_stood_still_is_replaced_and_stands_by_when_it_goes_on(
    pair: Pair, cookie: str, jobs: JobStore, tmp_path: Path
) -> None:
    """As one that was cut off from the network. It runs an import, and comes back when another machine has done that."""
    wait_until(lambda: pair.runner(jobs) is not None)
    still = pair.runner(jobs)
    assert still
    left = pair.other(still)
    job = begin_an_import(jobs, tmp_path)
    still.send(signal.SIGSTOP)
    try:
        # It may stand still in a change, whose locks PostgreSQL keeps for half a minute. Until then others are asked to try again.
        wait_until(lambda: pair.write(left).status == 201)
        wait_until(lambda: ended(jobs, job).finished_at is not None)
        wait_until(lambda: pair.last_is_found(left))
        done = ended(jobs, job)
        assert (done.state, done.attempts, done.done) == ("succeeded", 2, IMPORTED)
    finally:
        still.send(signal.SIGCONT)
    wait_until(lambda: pair.last_is_found(still))
    assert pair.runner(jobs) is left
    assert ended(jobs, job) == done
    wait_until(lambda: "本机待命" in still.page(cookie, "/desk"))
    assert "本机待命" not in left.page(cookie, "/desk")
    assert pair.write(still).status == 201
    pair.wait_until_found()


IMPORTED: Final = 4_000
"""Articles of an import that takes some seconds."""


def begin_an_import(jobs: JobStore, folder: Path) -> Job:
    """Start an import, and wait until a part of it is done."""
    path = folder / "news.jsonl"
    lines = (
        {"id": f"i-{folder.name}-{n}", "title": f"第{n}号渡口", "body": f"{n}号船来了。" * 9}
        for n in range(IMPORTED)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    arguments = source_arguments(
        str(path), source="json", options=Options(), rejects=folder / "rejects.jsonl"
    )
    job = jobs.add("import", arguments)
    wait_until(lambda: ended(jobs, job).done > 0)
    assert ended(jobs, job).state == "running"
    return job


def ended(jobs: JobStore, job: Job) -> Job:
    """The job as it is now."""
    found = jobs.get(job.id)
    assert found is not None
    return found
