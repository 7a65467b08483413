"""The running log: requests do not wait for it, whatever happens to its database, its queue or its process."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from search_service.answering.search import Question
from search_service.querylog.log import BackgroundQueryLog
from search_service.querylog.store import QueryLogStore
from tests.conftest import PROJECT
from tests.factories import NOON
from tests.search_service.indexes import SHANGHAI
from tests.search_service.querylog.factory import answer, visitor
from tests.typed_queries import analyzer

PATIENCE = 30.0


@contextmanager
def running(url: str, **options: int) -> Iterator[BackgroundQueryLog]:
    """A log whose clock stands still."""
    log = BackgroundQueryLog(
        url,
        keep_days=8,
        analyzer=analyzer,
        timezone=SHANGHAI,
        clock=lambda: NOON,
        **options,
    )
    try:
        yield log
    finally:
        log.close()


def search(log: BackgroundQueryLog, text: str = "山谷", *, by: int = 1) -> str | None:
    return log.searched(answer(Question(text=text)), visitor(by))


def logged(url: str, table: str = "queries") -> int:
    """How many rows there are, past everything of ours; 0 where there is no table yet."""
    path = url.removeprefix("sqlite:///")
    if not Path(path).exists():
        return 0
    with closing(sqlite3.connect(path)) as raw:
        made = "SELECT count(*) FROM sqlite_master WHERE name = ?"
        if not raw.execute(made, [table]).fetchone()[0]:
            return 0
        count: int = raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_log_that_nobody_uses_opens_nothing(url: str) -> None:
    threads = threading.active_count()
    with running(url):
        assert threading.active_count() == threads
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_entries_are_written_by_themselves(url: str) -> None:
    with running(url) as log:
        query_id = search(log)
        assert query_id is not None
        log.clicked(visitor(), article_id="a-1", position=2, query_id=query_id)
        wait_for(lambda: log.health().waiting == 0)
        wait_for(lambda: (logged(url), logged(url, "clicks")) == (1, 1))


def test_what_is_not_logged_has_no_id(url: str) -> None:
    with running(url) as log:
        assert search(log, "山") is None
        assert log.health().waiting == 0


def test_lists_are_read_in_the_background(url: str) -> None:
    with running(url) as log:
        for number in range(3):
            search(log, "山谷", by=number)
        assert log.lists.hot("all", size=5) == ()
        assert log.settle(PATIENCE)
        assert log.lists.hot("all", size=5) == ()  # nothing at NOON lies before NOON
        log.close()
    later = BackgroundQueryLog(url, keep_days=3650, analyzer=analyzer, timezone=SHANGHAI)
    assert later.settle(PATIENCE)
    assert [item.visitors for item in later.lists.hot("all", size=5)] == [3]
    later.close()


def test_threads_lose_nothing(url: str) -> None:
    def work(thread: int) -> int:
        return sum(search(log, f"话题 {thread} {number}") is not None for number in range(200))

    with running(url) as log, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 1600
        assert log.settle(PATIENCE)
        assert (logged(url), log.health().dropped) == (1600, 0)


def test_closing_writes_what_waits_and_takes_no_more(url: str) -> None:
    with running(url) as log:
        for number in range(700):
            search(log, f"话题 {number}")
        log.close()
        assert logged(url) == 700
        assert search(log) is None
        assert log.health().dropped == 1
        log.close()


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    blocked = f"sqlite:///{tmp_path}"  # a folder in place of the file
    with running(blocked, capacity=10) as log:
        ids = [search(log, f"话题 {number}") for number in range(25)]
        assert [each is None for each in ids] == [False] * 10 + [True] * 15
        assert (log.health().waiting, log.health().dropped) == (10, 15)
        assert not log.settle(PATIENCE)
        assert (log.health().state, log.health().waiting) == ("away", 10)


def test_a_database_that_is_away_costs_nothing_and_catches_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "log"
    folder.write_text("no folder yet", encoding="utf-8")
    url = f"sqlite:///{folder}/querylog.sqlite3"
    with running(url) as log, caplog.at_level(logging.ERROR):
        assert search(log) is not None
        assert not log.settle(PATIENCE)
        assert not log.settle(PATIENCE)
        assert log.health().state == "away"
        assert log.lists.hot("day", size=5) == ()
        assert [record.levelname for record in caplog.records] == ["ERROR"]  # said once
        folder.unlink()
        search(log, "茶会")
        assert log.settle(PATIENCE)
        assert (log.health().state, log.health().waiting, log.health().dropped) == ("on", 0, 0)
        assert logged(url) == 2


def test_a_database_that_breaks_and_comes_back_is_used_again(url: str) -> None:
    with running(url) as log:
        assert log.settle(PATIENCE)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
            raw.execute("ALTER TABLE queries RENAME TO away")
        search(log)
        assert not log.settle(PATIENCE)
        assert (log.health().state, log.health().waiting) == ("away", 1)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
            raw.execute("ALTER TABLE away RENAME TO queries")
        assert log.settle(PATIENCE)
        assert (log.health().state, logged(url)) == ("on", 1)


def test_a_file_that_is_removed_is_made_again_and_nothing_waits_in_vain(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    with running(url) as log:
        search(log)
        assert log.settle(PATIENCE)
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)
        search(log, "茶会")
        assert not log.settle(PATIENCE)
        assert (log.health().state, log.health().waiting) == ("away", 1)
        assert log.settle(PATIENCE)
        assert (log.health().state, log.health().waiting) == ("on", 0)
        assert logged(url) == 1


def test_what_is_being_written_waits_too(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, go_on = threading.Event(), threading.Event()
    write = QueryLogStore.write

    def slowly(*args: Any, **options: Any) -> int:
        writing.set()
        assert go_on.wait(PATIENCE)
        return write(*args, **options)

    with running(url) as log:
        monkeypatch.setattr(QueryLogStore, "write", slowly)
        search(log)
        assert writing.wait(PATIENCE)
        assert log.health().waiting == 1
        go_on.set()
        assert log.settle(PATIENCE)
        assert log.health().waiting == 0


def test_what_nobody_foresaw_is_told_and_the_log_goes_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(url) as log:
        monkeypatch.setattr("search_service.querylog.store.QueryLogStore.write", _fail)
        search(log)
        assert not log.settle(PATIENCE)
        health = log.health()
        assert health.state == "away"
        assert health.trouble is not None
        assert health.trouble.why == "RuntimeError: a fault of ours"
        monkeypatch.undo()
        search(log, "茶会")
        assert log.settle(PATIENCE)
        assert (log.health().state, log.health().trouble, logged(url)) == ("on", None, 1)


def _fail(*_: object, **__: object) -> int:
    raise RuntimeError("a fault of ours")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_logs_its_own_entries_and_not_those_of_its_parent(url: str) -> None:
    code = (
        "import os, sys, time\n"
        "from tests.search_service.querylog.test_log import running, search\n"
        "with running(sys.argv[1]) as log:\n"
        "    assert log.settle(30)\n"
        "    search(log, '父进程')\n"
        "    child = os.fork()\n"
        "    search(log, '子进程' if child == 0 else '又是父进程')\n"
        "if child:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, url]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=2 * PATIENCE)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        found = raw.execute("SELECT query FROM queries ORDER BY query").fetchall()
    assert found == [("又是父进程",), ("子进程",), ("父进程",)]


def test_the_end_of_the_main_thread_is_the_end_of_the_log(url: str) -> None:
    code = (
        "import sys\n"
        "from tests.search_service.indexes import SHANGHAI\n"
        "from tests.typed_queries import analyzer\n"
        "from search_service.querylog.log import BackgroundQueryLog\n"
        "from tests.search_service.querylog.test_log import search\n"
        "log = BackgroundQueryLog(sys.argv[1], keep_days=8, analyzer=analyzer, timezone=SHANGHAI)\n"
        "search(log)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, url]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=PATIENCE)
    assert logged(url) == 1
