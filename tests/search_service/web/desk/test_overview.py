"""The first page tells which processes run, on this machine or on another one."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import update

from indexer.engines.folder import LocalFiles
from indexer.locks import holding
from indexer.store.database import open_jobs
from indexer.store.runners import Process
from indexer.store.tables import runner
from tests.factories import NOON
from tests.search_service.web.desk.newsdesk import Newsdesk


@pytest.fixture(autouse=True)
def nobody_runs_jobs(newsdesk: Newsdesk) -> Iterator[None]:
    yield
    with newsdesk.desk.store.use() as store, store.engine.begin() as connection:
        connection.execute(update(runner).values(number=0, process=None, seen_at=None))


def processes(newsdesk: Newsdesk) -> list[str]:
    """What the page tells of each process, in one line."""
    page = newsdesk.person("editor").page("/desk")
    (told,) = re.findall(r"<dt>进程</dt><dd>(.*?)</dd>", page, re.DOTALL)
    each = re.findall(r"<span>(.*?)</span>", told, re.DOTALL)
    return [" ".join(re.sub("<[^>]*>", "", one).split()) for one in each]


def begin_to_run_jobs(newsdesk: Newsdesk, host: str, *, seen: timedelta = timedelta(0)) -> None:
    with closing(open_jobs(newsdesk.url)) as jobs:
        assert jobs.seat.take(Process(4711, host, "boot"), after=jobs.seat.runner())
    with newsdesk.desk.store.use() as store, store.engine.begin() as connection:
        connection.execute(update(runner).values(seen_at=NOON.replace(tzinfo=None) - seen))


def test_without_other_processes_the_page_says_so(newsdesk: Newsdesk) -> None:
    assert processes(newsdesk) == ["网页 在运行", "同步 没有运行", "任务 没有运行"]


def test_processes_of_this_machine_run(newsdesk: Newsdesk) -> None:
    begin_to_run_jobs(newsdesk, socket.gethostname())
    with holding(newsdesk.desk.generations.root, patience=0, name="follow", purpose="follow"):
        assert processes(newsdesk) == ["网页 在运行", "同步 在运行", "任务 在运行"]


def test_what_another_machine_does_is_told_with_its_name(
    newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalFiles, "writer_elsewhere", lambda *_: "web-2")
    begin_to_run_jobs(newsdesk, "web-1")
    told = ["网页 在运行", "同步 在 web-2 运行", "任务 在 web-1 运行"]
    assert processes(newsdesk) == told
    with holding(newsdesk.desk.generations.root, patience=0, name="follow", purpose="follow"):
        assert processes(newsdesk) == [told[0], told[1] + "，本机待命", told[2]]


def test_a_runner_that_left_or_gives_no_sign_of_life_is_gone(newsdesk: Newsdesk) -> None:
    begin_to_run_jobs(newsdesk, "web-1", seen=timedelta(minutes=1))
    assert processes(newsdesk)[2] == "任务 没有运行"
    with closing(open_jobs(newsdesk.url)) as jobs:
        assert jobs.seat.take(Process(4711, "web-1", "boot"), after=jobs.seat.runner())
        jobs.seat.leave()
    assert processes(newsdesk)[2] == "任务 没有运行"
