"""Who is the runner: one process of all machines, until it ends, dies or gives no more signs of life."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import pytest

from indexer.command_line import Stop
from indexer.errors import StoreUnavailable
from indexer.jobs import seat as seat_module
from indexer.jobs.seat import become_runner, this_process
from indexer.store.database import open_jobs
from indexer.store.runners import Process, Runner, RunnerReplaced, Seat
from tests.databases import DATABASES
from tests.indexer.rebuilding.following import wait

pytestmark = pytest.mark.databases(*DATABASES)

ELSEWHERE = Process(4711, "web-1", "another boot")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat_module, "LOOK_EVERY", 0.02)


@pytest.fixture
def seat(store_url: str) -> Iterator[Seat]:
    with closing(open_jobs(store_url)) as jobs:
        yield jobs.seat


@pytest.fixture
def other(store_url: str) -> Iterator[Seat]:
    """The seat as another machine has it."""
    with closing(open_jobs(store_url)) as jobs:
        yield jobs.seat


@contextmanager
def becoming(seat: Seat) -> Iterator[Callable[[], bool]]:
    """Wait to become the runner, in a thread. Gives whether it has."""
    stop, became = Stop(), threading.Event()

    def wait_for_it() -> None:
        if become_runner(seat, stop):
            became.set()

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    try:
        yield became.is_set
    finally:
        stop.asked = True
        thread.join()


def take(seat: Seat, process: Process) -> None:
    assert seat.take(process, after=seat.runner())


def test_at_first_nobody_is_the_runner_and_whoever_comes_is(seat: Seat) -> None:
    assert seat.runner() == Runner(0, None, None)
    assert become_runner(seat, Stop())
    found = seat.runner()
    assert (found.number, found.process) == (1, this_process())
    assert found.process
    assert found.process.number == os.getpid()


def test_of_two_that_see_the_same_runner_one_takes_its_place(seat: Seat, other: Seat) -> None:
    before = seat.runner()
    assert seat.take(this_process(), after=before)
    assert not other.take(ELSEWHERE, after=before)
    assert seat.runner().process == this_process()
    seat.beat()


def test_who_gave_a_sign_of_life_meanwhile_keeps_the_place(seat: Seat, other: Seat) -> None:
    take(seat, ELSEWHERE)
    before = other.runner()
    seat.beat()
    assert not other.take(this_process(), after=before)


def test_a_runner_that_left_is_followed_at_once_and_has_no_place_to_leave_twice(
    seat: Seat, other: Seat, caplog: pytest.LogCaptureFixture
) -> None:
    take(seat, ELSEWHERE)
    seat.leave()
    assert become_runner(other, Stop())
    seat.leave()
    other.beat()
    assert not caplog.records


def test_a_runner_on_another_machine_is_waited_for_as_long_as_it_gives_signs_of_life(
    seat: Seat, other: Seat, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(other, ELSEWHERE)
    looks, look = 0, seat.runner

    def count() -> Runner:
        nonlocal looks
        looks += 1
        return look()

    def looked(times: int) -> bool:
        return looks >= times

    monkeypatch.setattr(seat, "runner", count)
    with caplog.at_level(logging.WARNING), becoming(seat) as became:
        for times in range(10, 60, 10):
            wait(partial(looked, times))
            other.beat()
            assert not became()
        wait(became)
    assert looks >= 50 + seat_module.SILENT_LOOKS
    (told,) = caplog.messages
    assert told == "process 4711 on web-1 is the runner: waiting until it ends"
    with pytest.raises(RunnerReplaced):
        other.beat()


def test_a_runner_of_this_machine_that_died_is_followed_at_once(seat: Seat, other: Seat) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    take(other, replace(this_process(), number=process.pid))
    assert become_runner(seat, Stop())
    assert seat.runner().process == this_process()


def test_without_knowing_the_machine_nobody_is_taken_for_dead_at_once(
    seat: Seat, other: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    monkeypatch.setattr(seat_module, "_kernel", lambda: "")
    monkeypatch.setattr(seat_module, "SILENT_LOOKS", 10**9)
    take(other, replace(this_process(), number=process.pid))
    with becoming(seat) as became:
        wait(lambda: threading.active_count() > 1)
        assert not became()


def test_while_the_store_is_away_no_look_counts(
    seat: Seat, other: Seat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take(other, ELSEWHERE)
    look, tries = seat.runner, 0

    def away() -> Runner:
        nonlocal tries
        tries += 1
        if tries % 2:
            raise StoreUnavailable("postgresql://db", "it does not answer")
        return look()

    monkeypatch.setattr(seat, "runner", away)
    assert become_runner(seat, Stop())
    assert tries >= 2 * seat_module.SILENT_LOOKS
    assert "the jobs wait for the store: article store postgresql://db" in caplog.text


def test_who_is_asked_to_end_while_it_waits_gives_up(seat: Seat, other: Seat) -> None:
    take(other, ELSEWHERE)
    with becoming(seat) as became:
        pass
    assert not became()
    assert other.runner().process == ELSEWHERE
