"""A rebuild that is killed, refused or runs out of disk: the live index answers on, and the next one is clean."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.engines.base import Reader
from indexer.engines.registry import open_engine
from indexer.generations import Generations
from indexer.query import SearchRequest
from indexer.rebuilding.rebuild import RebuildReport, rebuild
from indexer.rebuilding.status import check
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from tests.conftest import PROJECT
from tests.factories import article
from tests.typed_queries import match

ARTICLES = 300
ENGINE = "whoosh"
SHANGHAI = ZoneInfo("Asia/Shanghai")

# A rebuild that kills its own process when it comes to the moment that it was given.
DYING = """
import os, signal, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from indexer import build_progress
from indexer.rebuilding import parallel
from indexer.analysis.analyzers import make_analyzer
from indexer.generations import Generations
from indexer.rebuilding.rebuild import rebuild
from indexer.store.database import open_store

moment, engine, index, store, processes = sys.argv[1:]
build_progress.TELL_EVERY = 0.0
parallel.LEAST = 50

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def progress(now):
    if moment in (now.phase, f"{now.phase} {now.done}", now.done and f"{now.phase} at work"):
        die()

generations = Generations(Path(index))
where, _, step = moment.partition(".")
if where == "generations":
    setattr(generations, step, die)
asking = None
if moment == "compare":
    from tests.indexer.site import asking_as_readers
    asking = lambda: asking_as_readers(store)
rebuild(open_store(store), generations, engine_name=engine, analyzer=make_analyzer(), asking=asking,
        timezone=ZoneInfo("Asia/Shanghai"), keep=2, processes=int(processes), progress=progress)
"""

# The command line, told of limits by its first argument; its processes take parts as small as the store of these tests. It heeds
# Ctrl-C even if the tests run in the background of a shell, which makes its processes ignore it.
LIMITED = """
import resource, signal, sys
from indexer import build_progress
from indexer.rebuilding import parallel
from indexer.cli.main import cli
from indexer.command_line import run
signal.signal(signal.SIGINT, signal.default_int_handler)
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
build_progress.WRITE_EVERY = 0.01
parallel.LEAST = 50
sys.exit(run(cli, name="indexer", args=sys.argv[2:]))
"""


@dataclass
class Site:
    """A store and an index folder that real processes work on."""

    root: Path
    store: ArticleStore
    analyzer: Analyzer

    def __post_init__(self) -> None:
        self.generations = Generations(self.root / "index_data")
        self.url = f"sqlite:///{self.root}/articles.sqlite3"
        self.environment = os.environ | {
            "SEARCH_INDEX_DIR": str(self.generations.root),
            "SEARCH_STORE_URL": self.url,
            "SEARCH_ENGINE": ENGINE,
            "SEARCH_KEEP_GENERATIONS": "2",
        }

    def rebuild(self) -> RebuildReport:
        """Rebuild here, in this process."""
        return rebuild(
            self.store,
            self.generations,
            engine_name=ENGINE,
            analyzer=self.analyzer,
            timezone=SHANGHAI,
            keep=2,
        )

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Start ``python -m indexer`` and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "indexer", *args],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def indexer(self, *args: str) -> tuple[int, str, str]:
        """Run ``python -m indexer`` to its end."""
        with self.start(*args) as started:
            out, err = started.communicate()
        assert b"Traceback" not in err
        return started.returncode, out.decode(), err.decode()

    def start_rebuild(self) -> subprocess.Popen[bytes]:
        """Start a rebuild and return as soon as it can be seen at work."""
        started = self.start("rebuild")
        while self.generations.building() is None:
            assert started.poll() is None, "the rebuild ended before it could be seen"
            time.sleep(0.01)
        return started

    @contextmanager
    def rebuild_in_suspense(self) -> Iterator[None]:
        """A rebuild that is stopped at work while the block runs, and then ends well."""
        with self.start_rebuild() as started:
            os.kill(started.pid, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(started.pid, signal.SIGCONT)
            assert started.wait() == 0

    def rebuild_killed_at(self, moment: str, *, processes: int = 1) -> None:
        """Its output is read to the end, which comes when the last of its processes has ended."""
        arguments = [moment, ENGINE, str(self.generations.root), self.url, str(processes)]
        killed = subprocess.run(
            [sys.executable, "-c", DYING, *arguments],
            cwd=PROJECT,
            check=False,
            stdout=subprocess.PIPE,
            timeout=60,
        )
        assert killed.returncode == -signal.SIGKILL

    def start_limited(self, *args: str, file_size: int = 0) -> subprocess.Popen[str]:
        """Start the command line in a group of its own, with a limit of file sizes or none, and parts of few articles."""
        return subprocess.Popen(
            [sys.executable, "-c", LIMITED, str(file_size), *args],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def reader(self) -> Reader:
        live = self.generations.live()
        engine = open_engine(ENGINE, live.index, analyzer=self.analyzer, timezone=SHANGHAI)
        return engine.reader()

    def answer(self) -> tuple[int, int]:
        """How many articles the live index holds, and how many it finds for one query."""
        with self.reader() as reader:
            return reader.doc_count, reader.search(SearchRequest(match("渡口"))).total

    def faults(self) -> tuple[str, ...]:
        return check(
            self.store,
            self.generations,
            engine_name=ENGINE,
            analyzer=self.analyzer,
            timezone=SHANGHAI,
        ).faults

    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.generations.root / "generations").iterdir())


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return make_analyzer()


@pytest.fixture
def site(tmp_path: Path, analyzer: Analyzer) -> Iterator[Site]:
    """A live generation of ARTICLES articles, and a store that has moved on since."""
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    made = Site(tmp_path, store, analyzer)
    store.put(
        article(
            f"a-{number}", title=f"第{number}号渡口重新开航", body="两岸的居民又坐上了船。" * 20
        )
        for number in range(ARTICLES)
    )
    made.rebuild()
    store.delete(["a-0"])
    store.put([article("new-1", title="渡口边开了一家茶馆"), article("new-2")])
    yield made
    store.close()


OLD, NEW = (ARTICLES, ARTICLES), (ARTICLES + 1, ARTICLES)


@pytest.mark.parametrize(
    "moment",
    [
        "index 150",
        "promote",
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in ("scan", "index", "catch up", "check", "compare", "generations.finish")
        ),
    ],
)
def test_a_rebuild_killed_before_promotion_changes_nothing(site: Site, moment: str) -> None:
    site.rebuild_killed_at(moment)
    assert (site.generations.root / "CURRENT").read_bytes() == b"000001\n"
    assert site.answer() == OLD
    assert site.generations.building() is None
    assert site.folders() == ["000001", "000002"]
    report = site.rebuild()
    assert (report.generation, report.cleaned) == ("000002", ("000002",))
    assert site.folders() == ["000001", "000002"]
    assert site.answer() == NEW
    assert site.faults() == ()


def test_a_rebuild_killed_before_the_pointer_moved_leaves_a_whole_generation_aside(
    site: Site,
) -> None:
    site.rebuild_killed_at("generations.promote")
    assert site.answer() == OLD
    assert [(each.name, each.live) for each in site.generations.list()] == [
        ("000001", True),
        ("000002", False),
    ]
    site.rebuild()
    assert site.answer() == NEW
    assert site.folders() == ["000001", "000003"]


def test_a_rebuild_killed_after_promotion_has_succeeded(site: Site) -> None:
    site.rebuild_killed_at("generations.prune")
    assert site.generations.live_name() == "000002"
    assert site.answer() == NEW
    assert site.indexer("rebuild", "--if-needed")[1].startswith("nothing: ")


@pytest.mark.thorough
def test_the_live_index_answers_while_rebuilds_are_killed_again_and_again(site: Site) -> None:
    with site.reader() as opened_before:
        for delay in (0.0, 0.1, 0.3):
            with site.start_rebuild() as started:
                until = time.monotonic() + delay
                while time.monotonic() < until and started.poll() is None:
                    assert site.answer() in (OLD, NEW)
                started.kill()
            assert site.answer() in (OLD, NEW)
        assert opened_before.search(SearchRequest(match("渡口"))).total == ARTICLES
    assert site.indexer("rebuild")[0] == 0
    assert site.answer() == NEW
    assert site.faults() == ()


@pytest.mark.thorough
def test_the_second_of_two_rebuilds_is_refused_and_the_first_goes_on(site: Site) -> None:
    with site.rebuild_in_suspense():
        code, out, err = site.indexer("rebuild")
        assert (code, out) == (2, "")
        assert err.startswith("error: another process is writing to ")
    assert site.answer() == NEW


@pytest.mark.thorough
def test_changes_reach_the_live_index_while_a_rebuild_runs_and_are_in_the_new_one(
    site: Site,
) -> None:
    with site.rebuild_in_suspense():
        site.store.put([article("late")])
        code, out, _ = site.indexer("rebuild", "--changes")
        assert (code, out[:18]) == (0, "generation 000001:")
        with site.reader() as reader:
            assert reader.get("late") is not None
        assert site.indexer("generations", "prune", "--keep", "1")[1] == "removed nothing\n"
    assert site.generations.live_name() == "000002"
    with site.reader() as reader:
        assert reader.get("late") is not None


@pytest.mark.thorough
def test_status_shows_a_rebuild_that_runs(site: Site) -> None:
    with site.rebuild_in_suspense():
        assert "rebuild     running (" in site.indexer("status")[1]
    assert "rebuild     running" not in site.indexer("status")[1]


@pytest.mark.thorough
def test_processes_end_when_the_rebuild_that_started_them_is_killed(site: Site) -> None:
    site.rebuild_killed_at("index at work", processes=2)
    assert site.answer() == OLD
    assert site.folders() == ["000001", "000002"]
    code, out, _ = site.indexer("rebuild", "--processes", "2")
    assert (code, "000002" in out) == (0, True)
    assert site.answer() == NEW
    assert site.faults() == ()


@pytest.mark.thorough
def test_control_c_ends_a_rebuild_by_several_processes_in_one_word(site: Site) -> None:
    with site.start_limited("rebuild", "--processes", "2") as started:
        while (now := site.generations.building()) is None or now.phase != "index":
            assert started.poll() is None, "the rebuild ended before it could be interrupted"
            time.sleep(0.01)
        os.killpg(started.pid, signal.SIGINT)
        out, err = started.communicate()
    # Where it comes inside an exec() of text, CPython ends by the signal itself; a shell shows 130 for both.
    assert started.returncode in (130, -signal.SIGINT)
    assert out == ""
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert site.answer() == OLD
    assert site.folders() == ["000001"]


@pytest.mark.parametrize("processes", ["1", pytest.param("2", marks=pytest.mark.thorough)])
def test_a_rebuild_that_runs_out_of_disk_says_so_and_leaves_the_live_index(
    site: Site, processes: str
) -> None:
    with site.start_limited("rebuild", "--processes", processes, file_size=40_000) as full:
        _, err = full.communicate()
    assert full.returncode == 2
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "cannot be written (File too large)" in last
    assert "Traceback" not in err
    assert site.answer() == OLD
    assert site.folders() == ["000001"]
