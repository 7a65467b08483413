"""Changes while readers search: how soon a change is found, and what the changes cost the searches.

    SEARCH_INDEX_DIR=... SEARCH_STORE_URL=sqlite:///... python -m benchmarks.following
        [--changes 50] [--searches 20] [--seconds 300] [--workers 1] [--queries FILE] [--rebuild [--at-most 300]]

The benchmark copies the index and its store into a temporary folder and runs ``python app.py`` over the copies: the web, the
follower and the runner of jobs. Real queries come at a fixed rate, whether or not earlier ones are answered, over several
connections. They come first without changes and then with them, after a warm-up; each phase takes ``--seconds``.

A change is a PUT over HTTP, at a fixed rate: every third one corrects an article, every tenth one deletes one, the others are new.
With ``--rebuild`` the changes come during a rebuild of the whole index, and last until its generation is live, or until the rebuild is
cancelled after ``--at-most`` seconds: on a machine that is busy with searches it may take an hour. Without ``--searches`` the rate is
half of what the service answers when all connections always wait for an answer.

Every answer of a search names the revision of its index. A change counts as found when no later answer names a lower revision: then
every worker shows it. The times of a search count from when it was due, so waiting behind others counts.

Memory is the peak resident set (VmHWM) of each process, the mapped index included. The exit code is 1 if a request failed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice
from math import inf
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import orjson

from benchmarks.corpora import SEED
from benchmarks.over_http import Connection, Request
from benchmarks.real_queries import real_queries
from indexer.article import article_to_record
from indexer.settings import PROJECT, IndexSettings, read_settings
from indexer.store.database import open_jobs, open_keys, open_store

_SQLITE: Final = "sqlite:///"
CONNECTIONS: Final = 8
"""Connections of the searches, and of the changes."""
IDLE: Final = 20.0
"""Seconds after which an unused connection is opened anew. The server closes it after 30."""
WARM_UP: Final = 30.0
"""Seconds of searches before anything is measured."""
SETTLE: Final = 20.0
"""Seconds to wait after the last change until it is found."""


Lasts = Callable[[float], bool]
"""Whether a phase goes on after so many seconds."""


@dataclass(slots=True)
class Measured:
    """What a phase measured. Times are in seconds; ``seen`` are the end of each search and the revision that its answer named."""

    searches: list[float] = field(default_factory=list)
    puts: list[float] = field(default_factory=list)
    seen: list[tuple[float, int]] = field(default_factory=list)
    stored: list[tuple[float, int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def lags(self) -> list[float]:
        """For each change, the seconds from its answer until the last search whose answer did not show it had ended."""
        ends = np.array([end for end, _ in sorted(self.seen)])
        revisions = np.array([revision for _, revision in sorted(self.seen)])
        # The last answer that lacks a revision: from the end, the lowest revision that any later answer names.
        lowest = np.minimum.accumulate(revisions[::-1])[::-1]
        found = []
        for at, revision in self.stored:
            first = int(np.searchsorted(lowest, revision, side="left"))
            if first == len(ends):
                self.failures.append(f"revision {revision} was never found")
            else:
                found.append(max(0.0, float(ends[first]) - at))
        return found


class Load:
    """Requests at a fixed rate over several connections. Each is due at its time, whether or not earlier ones are answered.

    Without a rate, each is due when a connection is free.
    """

    def __init__(
        self, url: str, rate: float | None, make: Callable[[int], Request], headers: dict[str, str]
    ) -> None:
        self._url, self._rate, self._make, self._headers = url, rate, make, headers
        self._due: Queue[tuple[int, float]] = Queue(0 if rate else 1)

    def run(self, lasts: Lasts, take: Callable[[float, float, int, bytes], None]) -> None:
        """Send as long as the phase lasts. ``take`` gets the due time, the end, the status and the body of each answer, in any thread."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._send, args=(stop, take)) for _ in range(CONNECTIONS)
        ]
        for each in threads:
            each.start()
        began = time.monotonic()
        for number in count():
            due = began + number / self._rate if self._rate else time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            if not lasts(time.monotonic() - began):
                break
            self._due.put((number, due))
        self._due.join()
        stop.set()
        for each in threads:
            each.join()

    def _send(
        self, stop: threading.Event, take: Callable[[float, float, int, bytes], None]
    ) -> None:
        host, _, port = self._url.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        used = time.monotonic()
        while not stop.is_set():
            try:
                number, due = self._due.get(timeout=0.2)
            except Empty:
                continue
            if time.monotonic() - used > IDLE:
                connection.close()  # the next request opens another
            used = time.monotonic()
            request = self._make(number)
            try:
                connection.request(request.method, request.target, request.body, self._headers)
                response = connection.getresponse()
                take(due, time.monotonic(), response.status, response.read())
            except (OSError, http.client.HTTPException) as error:
                take(due, time.monotonic(), 0, repr(error).encode())
                connection.close()
            finally:
                self._due.task_done()
        connection.close()


def searching(
    url: str, rate: float | None, texts: Sequence[str], measured: Measured, lasts: Lasts
) -> None:
    """Search at a fixed rate, or as often as is answered, and note the times and revisions."""

    def make(number: int) -> Request:
        text = texts[number % len(texts)]
        return Request("GET", f"/api/v1/search?q={quote(text)}&facets=channel,month&log=off")

    def take(due: float, end: float, status: int, body: bytes) -> None:
        if status != http.client.OK:
            measured.failures.append(f"search: {status} {body[:200]!r}")
            return
        measured.searches.append(end - due)
        measured.seen.append((end, orjson.loads(body)["index"]["revision"]))

    Load(url, rate, make, {}).run(lasts, take)


def changing(
    url: str,
    rate: float,
    records: Sequence[dict[str, Any]],
    key: str,
    measured: Measured,
    lasts: Lasts,
) -> None:
    """Change articles at a fixed rate, and note the revisions."""

    def make(number: int) -> Request:
        record = records[number % len(records)]
        if number % 10 == 9:
            return Request("DELETE", f"/api/v1/articles?id={quote(record['id'])}")
        changed = {**record, "title": f"{record['title']} {number}"}
        changed.pop("id")
        name = record["id"] if number % 3 == 0 else f"new-{number}"
        return Request("PUT", f"/api/v1/articles?id={quote(name)}", orjson.dumps(changed))

    def take(due: float, end: float, status: int, body: bytes) -> None:
        if status not in (http.client.OK, http.client.CREATED):
            measured.failures.append(f"change: {status} {body[:200]!r}")
            return
        measured.puts.append(end - due)
        measured.stored.append((end, orjson.loads(body)["revision"]))

    Load(url, rate, make, {"Authorization": f"Bearer {key}"}).run(lasts, take)


def seconds(wanted: float) -> Lasts:
    """A phase of so many seconds."""
    return lambda passed: passed < wanted


class Rebuild:
    """A rebuild of the whole index as a job. Called, it says whether that still runs, which it looks up once a second."""

    def __init__(self, store_url: str, at_most: float) -> None:
        self._jobs, self._at_most = open_jobs(store_url), at_most
        self._job = self._jobs.add("rebuild", {})
        self._looked_at = time.monotonic()

    def __call__(self, passed: float) -> bool:
        if passed > self._at_most and not self._job.cancel:
            self._jobs.ask_to_cancel(self._job.id)
        if self.runs and time.monotonic() - self._looked_at > 1:
            self._looked_at = time.monotonic()
            job = self._jobs.get(self._job.id)
            assert job is not None
            self._job = job
        return self.runs

    @property
    def runs(self) -> bool:
        """Whether it had not ended when it was last looked up."""
        return self._job.state in ("queued", "running")

    def told(self) -> str:
        """How it ended. Closes the store."""
        self._jobs.close()
        return f"{self._job.state}, {self._job.done:,} of {self._job.total:,} of phase {self._job.phase}: {self._job.outcome}"


@contextmanager
def service(index: Path, store_url: str, workers: int) -> Iterator[tuple[str, int]]:
    """A whole service: its URL, and the number of its supervisor."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "PORT": str(port),
        "SEARCH_WORKERS": str(workers),
        "SEARCH_INDEX_DIR": str(index),
        "SEARCH_STORE_URL": store_url,
        "SEARCH_QUERYLOG_URL": "off",
    }
    process = subprocess.Popen(
        (sys.executable, "app.py"), cwd=PROJECT, env=os.environ | own, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_followed(url)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_until_followed(url: str) -> None:
    """Wait until an index answers that lacks nothing of the store."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        time.sleep(0.5)
        try:
            connection = Connection(url)
            answer = orjson.loads(connection.send(Request("GET", "/readyz")))
            connection.close()
        except OSError:
            continue
        if answer["index"]["behind"] == 0:
            return
    raise SystemExit("error: the service is not ready in time")


class Watch:
    """The peak resident set and the processor time of all processes below one, those that have ended meanwhile included."""

    def __init__(self, pid: int) -> None:
        self._pid, self._stop = pid, threading.Event()
        self.found: dict[str, tuple[float, float]] = {}
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            with suppress(OSError):  # a process ended while it was looked at
                self.found |= used(self._pid)

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()


def used(pid: int) -> dict[str, tuple[float, float]]:
    """The peak resident set in MiB and the processor time in seconds of each process below ``pid``, by its command."""
    found: dict[str, tuple[float, float]] = {}
    for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split():
        status = Path(f"/proc/{each}/status").read_text(encoding="utf-8")
        command = Path(f"/proc/{each}/cmdline").read_bytes().split(b"\0")
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        name = " ".join(part.decode() for part in command[2:4])
        # Fields 14 and 15 of proc_pid_stat(5), counted after the command in brackets.
        fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        found[f"{name} {each}"] = peak, seconds
        found |= used(int(each))
    return found


def shown(times: Sequence[float]) -> str:
    """Percentiles in milliseconds."""
    p50, p95, p99 = (1000 * float(np.percentile(times, each)) for each in (50, 95, 99))
    return f"p50 {p50:,.0f} ms, p95 {p95:,.0f}, p99 {p99:,.0f}, max {1000 * max(times):,.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--changes", type=float, default=50.0, help="changes a second")
    parser.add_argument("--searches", type=float, help="searches a second")
    parser.add_argument("--seconds", type=float, default=300.0, help="seconds of each phase")
    parser.add_argument("--workers", type=int, default=1, help="processes of the web")
    parser.add_argument("--queries", type=Path, help="file of real queries")
    parser.add_argument("--rebuild", action="store_true", help="rebuild during the changes")
    parser.add_argument("--at-most", type=float, default=inf, help="seconds of the rebuild")
    chosen = parser.parse_args()
    settings = read_settings(IndexSettings, os.environ)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        index, store_url = folder / "index", f"{_SQLITE}{folder / 'articles.sqlite3'}"
        shutil.copytree(settings.index_dir, index)
        with (
            closing(sqlite3.connect(settings.store_url.removeprefix(_SQLITE))) as old,
            closing(sqlite3.connect(folder / "articles.sqlite3")) as new,
        ):
            old.backup(new)
        texts = [text for _, text in real_queries(chosen.queries)]
        random.Random(SEED).shuffle(texts)
        with closing(open_store(store_url)) as store, closing(open_keys(store_url)) as keys:
            articles = store.count()
            drawn = islice(store.changes(), 20_000)
            records = [article_to_record(each.article) for each in drawn if each.article]
            key, _ = keys.create("benchmark", "write", timedelta(days=1).days)
        print(
            f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores; {articles:,} articles, {chosen}"
        )
        with service(index, store_url, chosen.workers) as (url, pid):
            warm = Measured()
            searching(url, chosen.searches, texts, warm, seconds(WARM_UP))
            rate = chosen.searches or len(warm.searches) / WARM_UP / 2
            without, during = Measured(), Measured()
            searching(url, rate, texts, without, seconds(chosen.seconds))
            print(f"searches a second          {rate:.1f}")
            print(f"searches without changes   {shown(without.searches)}", flush=True)
            before, watch = used(pid), Watch(pid)
            rebuild = Rebuild(store_url, chosen.at_most) if chosen.rebuild else None
            changes = threading.Thread(
                target=changing,
                args=(
                    *(url, chosen.changes, records, key, during),
                    rebuild or seconds(chosen.seconds),
                ),
            )
            changes.start()
            searching(url, rate, texts, during, lambda _: changes.is_alive())
            searching(url, rate, texts, during, seconds(SETTLE))
            watch.stop()
            if rebuild:
                print(f"rebuild {rebuild.told()}")
    lags = during.lags()
    failures = without.failures + during.failures
    if not lags:
        raise SystemExit(f"error: no change was found: {failures[:3]}")
    print(f"searches with changes      {shown(during.searches)}")
    ratio = np.percentile(during.searches, 95) / np.percentile(without.searches, 95)
    print(f"ratio of the p95           {ratio:.2f}")
    print(f"answers to changes         {shown(during.puts)}")
    print(f"{len(lags):,} changes found in   {shown(lags)}")
    for name, (peak, taken) in watch.found.items():
        peak_before, taken_before = before.get(name, (0.0, 0.0))
        print(
            f"{name}: peak {peak_before:,.0f} MiB without, {peak:,.0f} MiB with changes; "
            f"{taken - taken_before:.1f} s of processor time with changes"
        )
    print(f"failures: {len(failures)} {failures[:3]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
