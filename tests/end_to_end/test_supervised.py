"""The processes of ``python app.py``: what happens when one of them is killed, and how they end together."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import app
from tests.end_to_end.serving import (
    PATIENCE,
    Server,
    children,
    descendants,
    free_port,
    serving,
    start,
    wait_until,
    whole_index,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return whole_index(tmp_path)


def running(processes: set[int]) -> set[int]:
    """Those of ``processes`` that have not ended. One that has, and that nobody waited for, is a zombie."""
    found = set()
    for each in processes:
        try:
            state = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(") ")[2][0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.add(each)
    return found


def refuses(port: int) -> bool:
    """Whether nobody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def lines_with(word: str, printed: str) -> list[str]:
    return [line for line in printed.splitlines() if word in line]


def niceness(server: Server) -> dict[str, int]:
    return {
        child.name: os.getpriority(os.PRIO_PROCESS, server.child(child.command))
        for child in app.CHILDREN
    }


@pytest.mark.thorough
def test_each_killed_process_is_started_again_and_nothing_outlives_the_supervisor(
    index: Path,
) -> None:
    with serving(index, "app.py") as server:
        before = descendants(server.process.pid)
        wait_until(lambda: niceness(server) == {"web": 0, "follow": 0, "work": 10})
        for child in app.CHILDREN:
            os.kill(server.child(child.command), signal.SIGKILL)
        wait_until(lambda: not running(before))
        wait_until(lambda: len(children(server.process.pid)) == len(app.CHILDREN))
        server.wait_until_it_answers("/api/v1/search")
        after = descendants(server.process.pid)
        assert not after & before
        code, printed = server.end(signal.SIGKILL)
        wait_until(lambda: not running(after))
    restarted = [
        f"{child.name} was killed by signal 9: starting it again in 1 s" for child in app.CHILDREN
    ]
    assert code == -signal.SIGKILL
    assert sorted(lines_with("again", printed)) == sorted(restarted)
    assert lines_with("Serving", printed) == [f"Serving at {server.url} (Ctrl-C ends it)"] * 2


@pytest.mark.thorough
def test_a_request_that_has_begun_is_answered_before_all_end(index: Path) -> None:
    body = json.dumps({"query": "云", "article_id": "a-1", "position": 1}).encode()
    head = f"POST /api/v1/clicks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(index, "app.py") as server:
        processes = descendants(server.process.pid)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
            connection.sendall(head.encode() + body[:5])
            assert server.get("/healthz")[0] == 200  # the worker has also begun to read the click
            server.process.terminate()
            wait_until(lambda: refuses(server.port))
            connection.sendall(body[5:])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 204
        code, _ = server.end()
        assert code == 0
        assert not running(processes)


@pytest.mark.thorough
def test_of_two_that_start_at_once_one_serves_until_ctrl_c_and_the_other_ends(index: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        servers = [start("app.py", port=port, index=index) for _ in range(2)]
        for each in servers:
            stack.callback(each.end)
        wait_until(lambda: any(each.process.poll() is not None for each in servers))
        other, server = sorted(servers, key=lambda each: each.process.poll() is None)
        code, printed = other.end_by_itself()
        assert code == 2
        (error,) = lines_with("error", printed)
        assert error.startswith(f"error: port {port} is taken")
        server.wait_until_it_answers()
        code, printed = server.end(signal.SIGINT, group=True)
        assert code == 0
        assert lines_with("Serving", printed) == [f"Serving at {server.url} (Ctrl-C ends it)"]
        assert not lines_with("error", printed) + lines_with("Traceback", printed)


def test_workers_do_not_outlive_a_web_that_runs_alone(index: Path) -> None:
    with serving(index) as server:
        workers = children(server.process.pid)
        assert workers
        server.process.kill()
        wait_until(lambda: not running(workers))
        wait_until(lambda: refuses(server.port))
