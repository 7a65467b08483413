"""Rate limits: how many uses are allowed, over threads and processes that share a file."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from search_service import limits as module
from search_service.limits import Limits


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def hits(limits: Limits, key: str, count: int) -> int:
    """How many of ``count`` uses are allowed: of ten in an hour."""
    return sum(limits.hit(key, limit=10, window=3600) == 0.0 for _ in range(count))


def test_a_key_may_use_up_its_limit_at_once_and_then_one_use_at_a_time() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    assert hits(limits, "read:a", 12) == 10
    assert limits.hit("read:a", limit=10, window=3600) == pytest.approx(360)
    clock.now += 359
    assert limits.hit("read:a", limit=10, window=3600) == pytest.approx(1)
    clock.now += 1
    assert hits(limits, "read:a", 3) == 1
    clock.now += 3600
    assert hits(limits, "read:a", 12) == 10


def test_keys_do_not_count_for_one_another() -> None:
    limits = Limits()
    assert [hits(limits, f"read:{name}", 11) for name in "abc"] == [10, 10, 10]


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    assert hits(limits, "read:a", 11) == 10
    clock.now -= 86_400
    assert hits(limits, "read:a", 11) == 10


def test_a_flood_of_keys_frees_no_key_that_used_up_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PLACES", 1)
    limits = Limits()
    assert hits(limits, "read:a", 11) == 10
    assert [hits(limits, f"read:{number}", 1) for number in range(100)] == [1] * 100
    assert hits(limits, "read:a", 1) == 0


def test_a_key_may_hold_any_text() -> None:
    assert Limits().hit("read:\udcff云\0", limit=1, window=60) == 0.0


def _use(file: Path, told: Callable[[int], None]) -> None:
    with closing(Limits(file)) as limits:
        told(hits(limits, "read:a", 50))


def test_processes_and_threads_that_share_a_file_share_a_limit(tmp_path: Path) -> None:
    """Each process uses the key 50 times, in threads; all together they may ten times."""
    file, context = tmp_path / "new" / "limits", multiprocessing.get_context("fork")
    counts = context.SimpleQueue()

    def work() -> None:
        threads = [Thread(target=_use, args=(file, counts.put)) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    processes = [context.Process(target=work) for _ in range(3)]
    for each in processes:
        each.start()
    allowed = sum(counts.get() for _ in range(6))
    for each in processes:
        each.join()
    assert allowed == 10
