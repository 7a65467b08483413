"""The hook for trouble: what a real server on this machine receives, and what becomes of a hook that does not answer."""

from __future__ import annotations

import http.server
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.command_line import Stop
from indexer.errors import InvalidSetting
from indexer.generations import Generations
from indexer.jobs import trouble
from indexer.jobs.kinds import Means
from indexer.jobs.trouble import LAG_LIMIT, Hook, LagWatch
from indexer.jobs.work import work
from indexer.opening import live_revision
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_jobs, open_store
from tests.factories import article
from tests.indexer.site import SHANGHAI, Site
from tests.typed_queries import analyzer

TOLD = 30.0
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Receiver(http.server.ThreadingHTTPServer):
    """Answers each POST with the next of its statuses, and keeps what came."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: list[tuple[str, str | None, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/search?token=geheim"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.statuses.pop(0))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    with Receiver(*statuses) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "PAUSES", (0.0, 0.0))


def test_the_hook_gets_each_event_as_json_in_order() -> None:
    with receiving(200, 204) as server:
        hook = Hook(server.url)
        hook.tell("job_failed", "任务 3 失败 \udcff", job=3, kind="import")
        hook.tell("index_behind", "late", changes=7)
        hook.close(TOLD)
    first, second = server.received
    assert first[:2] == ("/hooks/search?token=geheim", "application/json; charset=utf-8")
    at = datetime.fromisoformat(first[2].pop("at"))
    assert at.utcoffset() == timedelta(0)
    assert first[2] == {
        "event": "job_failed",
        "detail": "任务 3 失败 \\udcff",
        "job": 3,
        "kind": "import",
    }
    assert (second[2]["event"], second[2]["changes"]) == ("index_behind", 7)


def test_a_hook_that_fails_is_tried_three_times_and_the_next_event_is_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiving(500, 404, 503, 500, 200) as server:
        hook = Hook(server.url)
        hook.tell("job_failed", "first")
        hook.tell("job_failed", "second")
        hook.close(TOLD)
    assert [body["detail"] for *_, body in server.received] == ["first"] * 3 + ["second"] * 2
    assert "the hook at 127.0.0.1 was not told of" in caplog.text
    assert "geheim" not in caplog.text


def test_a_hook_that_is_not_there_or_hangs_up_is_logged_and_nothing_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    hook = Hook(f"http://127.0.0.1:{port}/")
    hook.tell("job_failed", "nobody listens")
    hook.close(TOLD)
    assert "nobody listens" in caplog.text


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "a.example", "https://", "https://a.example:http/", "http://a.example:0/",
     "https://name:secret@a.example/", "https://a.example/a b", "https://a.example/钩子"],
)  # fmt: skip
def test_a_url_that_cannot_be_told_is_no_setting(url: str) -> None:
    with pytest.raises(InvalidSetting):
        read_settings(IndexSettings, {"SEARCH_ON_TROUBLE": url})


def test_without_the_setting_there_is_no_hook() -> None:
    assert read_settings(IndexSettings, {}).on_trouble is None
    url = "https://portal.example:8443/hooks/@search?token=a%20b"
    assert read_settings(IndexSettings, {"SEARCH_ON_TROUBLE": url}).on_trouble == url


def test_the_runner_tells_of_a_failed_job_and_of_an_index_that_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(trouble, "LAG_LIMIT", timedelta(0))
    url = f"sqlite:///{tmp_path}/articles.sqlite3"
    with (
        receiving(200, 200) as server,
        closing(open_store(url)) as store,
        closing(open_jobs(url)) as jobs,
    ):
        store.put([article("a")])
        job = jobs.add("check", {})
        means = Means(
            store=store,
            generations=Generations(tmp_path / "index_data"),
            engine_name="memory",
            analyzer=analyzer,
            timezone=SHANGHAI,
            date_order=None,
            keep=2,
            processes=1,
        )
        stop = Stop()
        runner = threading.Thread(
            target=work, args=(jobs, means), kwargs={"stop": stop, "hook": server.url}
        )
        runner.start()
        while len(server.received) < 2 and runner.is_alive():
            time.sleep(0.01)
        stop.asked = True
        runner.join()
    bodies = {body["event"]: body for *_, body in server.received}
    assert bodies["job_failed"]["job"] == job.id
    assert "there is no index" in bodies["job_failed"]["detail"]
    assert bodies["index_behind"]["changes"] == 1


def told_by(site: Site) -> tuple[LagWatch, list[dict[str, object]]]:
    told: list[dict[str, object]] = []

    def tell(event: trouble.Event, detail: str, **facts: object) -> None:
        told.append({"event": event, "detail": detail, **facts})

    def revision() -> int:
        return live_revision(
            site.generations, analyzer=site.analyzer, timezone=site.means["timezone"]
        )

    return LagWatch(site.store, revision, tell, began=NOW), told


def date_changes(site: Site, moment: datetime | None) -> None:
    changed_at = None if moment is None else round(moment.timestamp() * 1000)
    with closing(sqlite3.connect(site.root / "articles.sqlite3")) as raw, raw:
        raw.execute("UPDATE articles SET changed_at = ?", (changed_at,))


def test_an_index_that_stays_behind_is_told_once_until_it_has_recovered(site: Site) -> None:
    watch, told = told_by(site)
    site.fill("a")
    site.rebuild()
    watch.look(NOW + timedelta(hours=1))
    assert told == []
    site.fill("b", "c")
    since = NOW + timedelta(hours=2)
    date_changes(site, since)
    watch.look(since + LAG_LIMIT)
    assert told == []
    for seconds in (1, 2, 3_600):
        watch.look(since + LAG_LIMIT + timedelta(seconds=seconds))
    assert [(each["event"], each["changes"], each["since"]) for each in told] == [
        ("index_behind", 2, "2026-03-01T14:00:00+00:00")
    ]
    site.apply_changes()
    watch.look(since + timedelta(hours=2))
    site.store.delete(["b"])
    date_changes(site, since + timedelta(hours=3))
    watch.look(since + timedelta(hours=4))
    assert len(told) == 2


def test_an_index_that_keeps_up_under_steady_changes_has_recovered(site: Site) -> None:
    watch, told = told_by(site)
    site.fill("a")
    date_changes(site, NOW)
    watch.look(NOW + timedelta(minutes=2))
    date_changes(site, NOW + timedelta(minutes=9))
    watch.look(NOW + timedelta(minutes=9, seconds=2))
    watch.look(NOW + timedelta(minutes=11))
    assert len(told) == 2


@pytest.mark.parametrize("moment", [NOW - timedelta(days=3), None])
def test_changes_from_before_the_watch_wait_since_it_began(
    site: Site, moment: datetime | None
) -> None:
    watch, told = told_by(site)
    site.fill("a")
    date_changes(site, moment)
    watch.look(NOW + LAG_LIMIT)
    assert told == []
    watch.look(NOW + LAG_LIMIT + timedelta(seconds=1))
    assert [each["since"] for each in told] == ["2026-03-01T12:00:00+00:00"]


def test_a_clock_that_is_set_back_raises_no_alarm(site: Site) -> None:
    watch, told = told_by(site)
    site.fill("a")
    date_changes(site, NOW + timedelta(hours=1))
    watch.look(NOW)
    assert told == []
