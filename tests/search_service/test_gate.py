"""The gate before the index: one at a time, in order, and nobody for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from indexer.errors import Overloaded
from search_service.gate import MAX_WAITING, Gate
from search_service.search import Question
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
    with ThreadPoolExecutor(MAX_WAITING + 1) as made:
        yield made


def in_line(
    threads: ThreadPoolExecutor, gate: Gate, act: Callable[[], None], *, behind: int = 0
) -> Future[None]:
    """Let a thread stand in the line, behind so many others; it does ``act`` when its turn comes."""

    def enter() -> None:
        with gate.passing(PATIENCE):
            act()

    future = threads.submit(enter)
    wait_until(lambda: gate.waiting == behind + 1)
    return future


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_at_a_time_passes_in_the_order_of_coming(threads: ThreadPoolExecutor) -> None:
    gate, inside, order = Gate(), [0], list[int]()

    def pass_as(number: int) -> None:
        inside[0] += 1
        assert inside[0] == 1
        order.append(number)
        inside[0] -= 1

    with gate.passing(PATIENCE):
        futures = [
            in_line(threads, gate, lambda number=number: pass_as(number), behind=number)  # type: ignore[misc]
            for number in range(10)
        ]
        assert order == []
    for future in futures:
        future.result(PATIENCE)
    assert order == list(range(10))


def test_who_comes_later_overtakes_nobody(threads: ThreadPoolExecutor) -> None:
    gate, order = Gate(), list[str]()
    with gate.passing(PATIENCE):
        waiting = in_line(threads, gate, lambda: order.append("waited"))
    with gate.passing(PATIENCE):
        order.append("came later")
    waiting.result(PATIENCE)
    assert order == ["waited", "came later"]


def test_who_waited_long_enough_leaves_the_line_to_the_others(threads: ThreadPoolExecutor) -> None:
    gate, passed = Gate(), Event()
    with gate.passing(PATIENCE):
        with pytest.raises(Overloaded), gate.passing(0.0):
            raise AssertionError
        waiting = in_line(threads, gate, passed.set)
        with pytest.raises(Overloaded), gate.passing(0.0):
            raise AssertionError
        assert gate.waiting == 1
    waiting.result(PATIENCE)
    assert passed.is_set()
    with gate.passing(0.0):
        assert gate.waiting == 0


def test_an_error_inside_lets_the_next_one_in(threads: ThreadPoolExecutor) -> None:
    gate, fail, passed = Gate(), Event(), Event()

    def wait_and_fail() -> None:
        assert fail.wait(PATIENCE)
        raise ZeroDivisionError

    with gate.passing(PATIENCE):
        failing = in_line(threads, gate, wait_and_fail)
    waiting = in_line(threads, gate, passed.set)
    fail.set()
    with pytest.raises(ZeroDivisionError):
        failing.result(PATIENCE)
    waiting.result(PATIENCE)
    assert passed.is_set()


def test_too_long_a_line_is_refused_at_once(threads: ThreadPoolExecutor) -> None:
    gate = Gate()
    with gate.passing(PATIENCE):
        waiting = [
            in_line(threads, gate, lambda: None, behind=number) for number in range(MAX_WAITING)
        ]
        with pytest.raises(Overloaded), gate.passing(PATIENCE):
            raise AssertionError
    for each in waiting:
        each.result(PATIENCE)


def test_the_line_leaves_threads_to_what_does_not_wait() -> None:
    assert MAX_WAITING + 4 < THREADS


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Services]:
    """Services whose index somebody else asks for ever, and whose requests do not wait for that."""
    found = replace(services(tmp_path, [article("a-1")]), time_limit=0.0)
    with found.gate.passing(0.0):
        yield found
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
    with found.gate.passing(PATIENCE):
        answer = threads.submit(found.search, Question())
        wait_until(lambda: found.gate.waiting == 1)
        now[0] += timedelta(seconds=2)
    assert answer.result(PATIENCE).total == 1
