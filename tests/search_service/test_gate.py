"""The gate before the index: one at a time, in order, and nobody for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, get_ident

import pytest

from indexer.errors import Overloaded
from search_service.answering.search import Question
from search_service.gate import MAX_WAITING, Gate
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from search_service.web.server import THREADS
from tests.factories import NOON, article
from tests.search_service.indexes import services
from tests.search_service.web.portal import as_problem

PATIENCE = 30.0
"""Seconds after which a test gives up; what it waits for takes milliseconds."""


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MAX_WAITING + 2) as made:
        yield made


class Held:
    """A gate whose turn somebody has until ``free`` is set."""

    def __init__(self, threads: ThreadPoolExecutor, gate: Gate) -> None:
        self.gate, self.free, self._threads = gate, Event(), threads
        began = Event()

        def hold() -> None:
            began.set()
            assert self.free.wait(PATIENCE)

        threads.submit(gate.pass_in_turn, hold, patience=PATIENCE)
        assert began.wait(PATIENCE)

    def stand_in_line(
        self, act: Callable[[], object], *, patience: float = PATIENCE
    ) -> Future[object]:
        """Let another thread wait for its turn, behind those that wait already."""
        behind = self.gate.waiting
        future = self._threads.submit(self.gate.pass_in_turn, act, patience=patience)
        wait_until(lambda: self.gate.waiting == behind + 1)
        return future


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_at_a_time_passes_in_the_order_of_coming(threads: ThreadPoolExecutor) -> None:
    held, order = Held(threads, Gate()), list[tuple[int, int]]()
    futures = [
        held.stand_in_line(lambda number=number: order.append((number, get_ident())))  # type: ignore[misc]
        for number in range(10)
    ]
    assert order == []
    held.free.set()
    for future in futures:
        future.result(PATIENCE)
    assert [number for number, _ in order] == list(range(10))
    assert len({thread for _, thread in order}) == 1


def test_what_is_asked_comes_back_or_is_raised() -> None:
    gate = Gate()
    assert gate.pass_in_turn(lambda: 7, patience=0.0) == 7
    with pytest.raises(ZeroDivisionError):
        gate.pass_in_turn(lambda: 1 // 0, patience=0.0)
    assert gate.pass_in_turn(lambda: 8, patience=0.0) == 8


def test_whose_turn_comes_too_late_is_refused_and_the_others_are_not(
    threads: ThreadPoolExecutor,
) -> None:
    held, acted = Held(threads, Gate()), list[str]()
    late = held.stand_in_line(lambda: acted.append("late"), patience=0.0)
    patient = held.stand_in_line(lambda: acted.append("patient"))
    held.free.set()
    with pytest.raises(Overloaded):
        late.result(PATIENCE)
    patient.result(PATIENCE)
    assert acted == ["patient"]


def test_too_long_a_line_is_refused_at_once(threads: ThreadPoolExecutor) -> None:
    held = Held(threads, Gate())
    waiting = [held.stand_in_line(lambda: None) for _ in range(MAX_WAITING)]
    with pytest.raises(Overloaded):
        held.gate.pass_in_turn(lambda: None, patience=PATIENCE)
    held.free.set()
    for each in waiting:
        each.result(PATIENCE)
    held.gate.pass_in_turn(lambda: None, patience=PATIENCE)


def test_the_line_leaves_threads_to_what_does_not_wait() -> None:
    assert MAX_WAITING + 4 < THREADS


@pytest.fixture
def busy(tmp_path: Path, threads: ThreadPoolExecutor) -> Iterator[Services]:
    """Services with as long a line before the index as there may be."""
    found = services(tmp_path, [article("a-1")])
    held = Held(threads, found.gate)
    for _ in range(MAX_WAITING):
        held.stand_in_line(lambda: None)
    yield found
    held.free.set()
    found.close()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/search?q=山谷",
        "/api/v1/suggest?q=山",
        "/api/v1/latest",
        "/api/v1/articles/a-1",
        "/api/v1/articles/a-1/related",
    ],
)
def test_what_does_not_get_its_turn_is_told_to_come_again(busy: Services, path: str) -> None:
    answer = create_app(busy, SearchSettings()).test_client().get(path)
    assert as_problem(answer)["code"] == "overloaded"
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("path", ["/", "/search?q=山谷", "/articles/a-1"])
def test_readers_are_told_so_on_a_page(busy: Services, path: str) -> None:
    answer = create_app(busy, SearchSettings()).test_client().get(path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert "现在搜索的人太多" in answer.text


def test_what_needs_no_turn_is_answered_meanwhile(busy: Services) -> None:
    client = create_app(busy, SearchSettings()).test_client()
    for path in ("/healthz", "/readyz", "/static/style.css", "/docs", "/api/v1/queries/hot"):
        assert client.get(path, buffered=True).status_code == 200
    click = {"query": "山谷", "article_id": "a-1", "position": 1}
    assert client.post("/api/v1/clicks", json=click).status_code == 204


def test_a_search_begins_when_its_turn_comes(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    coming = article("a-1", published_at=NOON + timedelta(seconds=1))
    now = [NOON]
    found = replace(services(tmp_path, [coming]), clock=lambda: now[0])
    held = Held(threads, found.gate)
    answer = threads.submit(found.search, Question())
    wait_until(lambda: found.gate.waiting == 1)
    now[0] += timedelta(seconds=2)
    held.free.set()
    assert answer.result(PATIENCE).total == 1
