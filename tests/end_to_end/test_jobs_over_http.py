"""A rebuild that is started over HTTP, done by a real runner, and polled to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from indexer.generations import Generations
from indexer.store.database import open_keys, open_store
from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, Server, serving
from tests.factories import article

JOBS = "/api/v1/admin/jobs"


def ask(
    server: Server, key: str, path: str, body: object = None, tag: str = ""
) -> tuple[int, Any, Any]:
    """The status, the headers and the body of an answer; with ``body`` to a POST."""
    request = urllib.request.Request(
        server.url + path,
        None if body is None else json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "If-None-Match": tag,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.headers, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.mark.thorough
def test_a_rebuild_is_started_over_http_and_polled_to_its_end(
    tmp_path: Path, engine: dict[str, str]
) -> None:
    index, url = tmp_path / "index_data", f"sqlite:///{tmp_path}/articles.sqlite3"
    with closing(open_store(url)) as store, closing(open_keys(url)) as keys:
        store.put(article(f"a-{n}", title=f"第{n}号渡口重新开航") for n in range(300))
        key, _ = keys.create("", "admin")
    environ = {"SEARCH_INDEX_DIR": str(index), "SEARCH_STORE_URL": url, **engine}
    generations = Generations(index)
    with serving(index, **engine) as server:
        status, headers, started = ask(server, key, JOBS, {"kind": "rebuild"})
        assert (status, started["state"]) == (202, "queued")
        address = headers["Location"]
        status, headers, _ = ask(server, key, JOBS, {"kind": "rebuild"})
        assert (status, headers["Location"]) == (202, address)
        _, headers, waiting = ask(server, key, address)
        assert waiting == started
        assert ask(server, key, address, tag=headers["ETag"])[0] == 304
        assert server.get("/readyz")[0] == 503

        runner = subprocess.Popen(
            [sys.executable, "-m", "indexer", "work"],
            cwd=PROJECT,
            env=os.environ | environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            tag, job, states = headers["ETag"], waiting, ["queued"]
            until = time.monotonic() + PATIENCE
            while job["finished_at"] is None:
                assert time.monotonic() < until
                time.sleep(0.2)
                status, headers, answer = ask(server, key, address, tag=tag)
                if status == 304:
                    continue
                tag, job = headers["ETag"], answer
                states.append(job["state"])
                if job["state"] == "succeeded":
                    assert generations.live_name() == "000001"
        finally:
            runner.send_signal(signal.SIGTERM)
            _, logged = runner.communicate(timeout=PATIENCE)
        assert job["state"] == "succeeded", logged
        assert set(states[:-1]) <= {"queued", "running"}
        assert (job["kind"], job["attempts"]) == ("rebuild", 1)
        assert "000001 is live: 300 articles" in job["outcome"]
        server.wait_until_it_answers("/readyz")
        assert server.json("/api/v1/search?q=%E6%B8%A1%E5%8F%A3")["total"] == 300
        status, _, listed = ask(server, key, f"{JOBS}?state=succeeded")
        assert (status, listed) == (200, {"hits": [job]})
