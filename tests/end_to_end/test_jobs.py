"""The runner as a process of its own: killed, stopped, started twice. What was begun is never shown as done, nothing comes twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.generations import Generations
from indexer.jobs.kinds import source_arguments
from indexer.reading import Options
from indexer.store.articles import ArticleStore
from indexer.store.database import open_jobs, open_store
from indexer.store.jobs import Job, JobStore
from tests.conftest import PROJECT
from tests.factories import article

PATIENCE = 60.0


@dataclass
class Site:
    """A store with its jobs, an index folder, and real runners."""

    root: Path
    store: ArticleStore
    jobs: JobStore

    def __post_init__(self) -> None:
        self.generations = Generations(self.root / "index_data")

    def start_runner(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "indexer", "work", *options],
            cwd=PROJECT,
            env=os.environ
            | {
                "SEARCH_INDEX_DIR": str(self.generations.root),
                "SEARCH_STORE_URL": self.store.url,
                "SEARCH_ENGINE": "whoosh",
            },
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def add_import(self, count: int) -> Job:
        path = self.root / "news.jsonl"
        path.write_text(
            "".join(
                f'{{"id": "a-{n}", "title": "第{n}号渡口重新开航", "body": "{"船来了。" * 9}{n}"}}\n'
                for n in range(count)
            ),
            encoding="utf-8",
        )
        rejects = self.root / "rejects-news.jsonl"
        arguments = source_arguments(str(path), source="json", options=Options(), rejects=rejects)
        return self.jobs.add("import", arguments)

    def get(self, job: Job) -> Job:
        found = self.jobs.get(job.id)
        assert found is not None
        return found

    def wait_until_ended(self, job: Job) -> Job:
        wait(lambda: self.get(job).finished_at is not None)
        return self.get(job)


def wait(come: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < until
        time.sleep(0.02)


def end(runner: subprocess.Popen[str]) -> str:
    """Wait for a runner that was told to end, and return what it logged."""
    _, err = runner.communicate(timeout=PATIENCE)
    assert runner.returncode == 0
    assert "Traceback" not in err
    return err


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path}/articles.sqlite3"
    with closing(open_store(url)) as store, closing(open_jobs(url)) as jobs:
        yield Site(tmp_path, store, jobs)


def test_a_second_runner_waits_and_goes_on_with_the_import_of_one_that_was_killed(
    site: Site,
) -> None:
    job = site.add_import(2_000)
    option = "--until-stdin-closes"
    with site.start_runner(option) as first, site.start_runner(option) as second:
        # Whichever of the two came first; it stands still in the middle of its work until the other one has waited for it.
        wait(site.store.count)
        process = site.jobs.seat.runner().process
        assert process is not None
        runner, waiting = (first, second) if process.number == first.pid else (second, first)
        assert runner.pid == process.number
        runner.send_signal(signal.SIGSTOP)
        assert waiting.stderr is not None
        named = f"process {process.number} on {process.host} is the runner"
        assert named in waiting.stderr.readline()
        assert site.store.count() < 2_000
        assert site.get(job).state == "running"
        runner.kill()
        runner.wait()
        ended = site.wait_until_ended(job)
        assert (ended.state, ended.attempts) == ("succeeded", 2)
        assert (ended.done, ended.total) == (2_000, 2_000)
        err = end(waiting)  # communicate() closes its standard input
    assert "is the runner" not in err, "it says so once"
    assert "unchanged" in ended.outcome
    assert (site.store.count(), site.store.revision()) == (2_000, 2_000)


@pytest.mark.thorough
def test_a_rebuild_ends_with_its_runner_and_the_live_index_stays(site: Site) -> None:
    site.store.put(article(f"a-{n}", title=f"第{n}号渡口重新开航") for n in range(100))
    killed, later = site.jobs.add("rebuild", {}), site.jobs.add("rebuild", {})
    with site.start_runner() as first:
        wait(site.generations.building)
        first.kill()
    assert site.get(killed).state == "running"
    with site.start_runner() as second:
        assert site.wait_until_ended(later).state == "succeeded"
        assert site.get(killed).state == "failed"
        assert site.get(killed).outcome.startswith("its runner died")
        assert site.generations.live_name() == "000001"
        stopped = site.jobs.add("rebuild", {})
        wait(site.generations.building)
        second.send_signal(signal.SIGTERM)
        end(second)
    assert site.get(stopped).state == "failed"
    assert site.get(stopped).outcome.startswith("stopped with the service")
    assert site.generations.live_name() == "000001"
    assert [each.name for each in site.generations.list()] == ["000001"]
