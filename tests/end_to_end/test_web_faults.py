"""Processes of the service die, end, are started twice or find the store locked while clients write.

What was answered is stored, nothing else is stored, and the index holds the same. `--fault-seeds` scales the random tests: one
run for every ten.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from random import Random

import pytest

import app
from indexer.generations import Generations
from indexer.ingest import BATCH
from indexer.locks import WRITER
from indexer.store.database import open_store
from tests.end_to_end.publishing import (
    BROKEN,
    FIRST,
    Bulk,
    Client,
    Portal,
    Single,
    check,
    go_on,
    held,
    make_portal,
    store_url,
    up_to_date,
)
from tests.end_to_end.serving import (
    PATIENCE,
    children,
    descendants,
    serving,
    start,
    wait_until,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")

WEB = app.CHILDREN[0].command
SENTENCE = "渡口的船夫"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        runs = max(1, metafunc.config.getoption("--fault-seeds") // 10)
        metafunc.parametrize("seed", range(runs))


def followers(folder: Path) -> set[int]:
    """The process that says that it writes to the live generation."""
    holder = Generations(folder / "index").live().folder / f"{WRITER}.holder"
    with suppress(FileNotFoundError):
        return {int(holder.read_text(encoding="utf-8").split()[0])}
    return set()


@pytest.mark.thorough
def test_what_is_answered_is_stored_whenever_the_web_is_killed(tmp_path: Path, seed: int) -> None:
    """One worker, all workers, and the main process, in any order, each at a random moment."""
    random = Random(seed)
    key = make_portal(tmp_path)
    with serving(tmp_path / "index", "app.py", SEARCH_WORKERS="2") as server:
        portal = Portal(server, key)
        clients: list[Client] = [
            kind(portal, f"{kind.__name__}{n}", seed)
            for n, kind in enumerate((Single, Single, Bulk))
        ]

        def victims(kind: str) -> list[int]:
            main = server.child(WEB)
            workers = sorted(children(main))
            return {"worker": workers[:1], "workers": workers, "main": [main]}[kind]

        for client in clients:
            client.start()
        try:
            for kind in random.sample(("worker", "workers", "main"), 3):
                go_on(clients, 1)
                time.sleep(random.random() / 2)
                for each in victims(kind):
                    with suppress(ProcessLookupError):
                        os.kill(each, signal.SIGKILL)
                go_on(clients, 1)
        finally:
            for client in clients:
                client.end()
        wait_until(lambda: up_to_date(server))
    check(tmp_path, clients)


def lines(count: int, name: str) -> list[bytes]:
    return [
        json.dumps(
            {"id": f"{name}-{n}", "title": f"{SENTENCE}{n}", "published_at": "2020-01-01"},
        ).encode()
        + b"\n"
        for n in range(count)
    ]


def test_a_bulk_request_is_drained_when_the_service_ends_or_visibly_broken_off(
    tmp_path: Path, seed: int
) -> None:
    """Drained, if the client sends the rest in time. In every second run it never does."""
    key = make_portal(tmp_path)
    told = threading.Event()
    ended = threading.Event()
    sent = lines(2 * BATCH + 200, "b")

    def sending() -> Iterator[bytes]:
        yield from sent[: BATCH + 100]
        told.wait(PATIENCE)
        if seed % 2:
            ended.wait(PATIENCE)
        yield from sent[BATCH + 100 :]

    with serving(tmp_path / "index", "app.py") as server:
        answered: list[dict[str, object]] = []
        with Portal(server, key).bulk(sending()) as response:
            assert response.status == 200
            with suppress(*BROKEN):
                for line in response:
                    if not answered:
                        server.process.send_signal(signal.SIGTERM)
                        told.set()
                    answered.append(json.loads(line))
            ended.set()
        code, _ = server.end()
    assert code == 0
    with closing(open_store(store_url(tmp_path))) as store:
        found = held(store)
    ids = [json.loads(line)["id"] for line in sent]
    if seed % 2:
        assert [each["id"] for each in answered] == ids[:BATCH]  # and no line that sums up
    else:
        assert [each.get("id") for each in answered] == [*ids, None]
        assert answered[-1]["complete"] is True
    assert found.keys() - {FIRST} == {each["id"] for each in answered if "id" in each}


def lines_with(word: str, printed: str) -> list[str]:
    return [line for line in printed.splitlines() if word in line]


@pytest.mark.thorough
def test_of_two_services_over_the_same_data_one_indexes_until_it_ends(tmp_path: Path) -> None:
    """On the same port the second ends at once. On another port both answer and take changes, and the second takes over."""
    key = make_portal(tmp_path)
    index = tmp_path / "index"
    with ExitStack() as stack:
        first = stack.enter_context(serving(index, "app.py"))
        holder, runner = (first.child(each.command) for each in app.CHILDREN[1:])
        wait_until(lambda: followers(tmp_path) == {holder})
        before = descendants(first.process.pid)
        code, printed = start("app.py", port=first.port, index=index).end_by_itself()
        assert code == 2
        assert printed.startswith(f"error: port {first.port} is taken")
        assert descendants(first.process.pid) == before
        second = stack.enter_context(serving(index, "app.py"))
        clients: list[Client] = [
            kind(Portal(server, key), f"{kind.__name__}{server.port}", 0)
            for server in (first, second)
            for kind in (Single, Bulk)
        ]
        for client in clients:
            client.start()
        go_on(clients, 20)
        assert followers(tmp_path) == {holder}
        for client in clients[:2]:
            client.end()
        _, of_first = first.end()
        go_on(clients[2:], 1)
        for client in clients[2:]:
            client.end()
        wait_until(lambda: followers(tmp_path) == {second.child(app.CHILDREN[1].command)})
        wait_until(lambda: up_to_date(second))
        _, of_second = second.end()
    check(tmp_path, clients)
    assert not lines_with("Traceback", of_first + of_second)
    for waiting in (f"process {holder} (follow) is writing to", f"process {runner} on "):
        assert len(lines_with(waiting, of_second)) == 1, of_second
