"""Rebuilds that are killed at random, and promotions and rollbacks again and again, while articles change and readers search.

`--fault-seeds` says how often a rebuild is killed: once for every ten seeds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from indexer.article import Article
from indexer.build_progress import Phase
from indexer.generations import Generations
from indexer.rebuilding.promotion import promote as promote_generation
from indexer.rebuilding.promotion import roll_back
from indexer.store.database import open_store
from search_service.answering.search import Question
from search_service.services import Services
from tests.conftest import PROJECT
from tests.factories import NOON, article
from tests.indexer.site import Site
from tests.search_service.indexes import PATIENCE, SHANGHAI, live_index, promote
from tests.typed_queries import analyzer

SWITCHES = 100
PHASES: tuple[Phase, ...] = ("scan", "index", "catch up", "check", "compare", "promote")

# A rebuild that comes to a phase, lets an article change and another one go, and kills itself there, or one of its processes.
FAULTY = """
import os, signal, sys
from multiprocessing import active_children
from pathlib import Path
from indexer import build_progress
from indexer.generations import Generations
from indexer.rebuilding import parallel
from indexer.rebuilding.rebuild import rebuild
from indexer.store.database import open_store
from tests.factories import article
from tests.indexer.site import SHANGHAI, asking_as_readers
from tests.typed_queries import analyzer

phase, victim, changed, deleted, index, url = sys.argv[1:]
build_progress.TELL_EVERY = 0.0
parallel.LEAST = 20
store = open_store(url)
come = []

def fault(now):
    if now.phase != phase or come:
        return
    children = active_children()
    if victim == "process" and not children:
        return
    come.append(now)
    store.put([article(changed, title=f"{phase}时改过的渡口")])
    store.delete([deleted])
    os.kill(children[0].pid if victim == "process" else os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    rebuild(store, Generations(Path(index)), engine_name="whoosh", analyzer=analyzer(), timezone=SHANGHAI, keep=2,
            processes=1 + (victim == "process"), asking=lambda: asking_as_readers(url), progress=fault)
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        runs = max(1, metafunc.config.getoption("--fault-seeds") // 10)
        metafunc.parametrize("seed", range(runs))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        made = Site(tmp_path, store, analyzer(), "whoosh")
        made.fill(*(f"a-{number}" for number in range(60)), title="渡口边的茶馆")
        made.rebuild()
        yield made


def killed(site: Site, random: Random) -> None:
    """Run a rebuild that is killed in a random phase, or whose process is."""
    phase = random.choice(PHASES)
    victim = random.choice(("process", "itself")) if phase == "index" else "itself"
    changed, deleted = random.sample(sorted(site.stored()), 2)
    program = site.root / "faulty.py"
    program.write_text(FAULTY, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, str(program), phase, victim, changed, deleted),
            *(str(site.generations.root), site.store.url),
        ],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if victim == "itself":
        assert done.returncode == -signal.SIGKILL, done.stderr
    else:
        assert "was killed by signal 9" in done.stderr
    assert deleted not in site.stored()


@pytest.mark.thorough
def test_a_rebuild_killed_in_any_phase_loses_nothing_and_the_live_index_answers(
    site: Site, seed: int
) -> None:
    random = Random(seed)
    before = site.indexed()
    killed(site, random)
    assert site.generations.live_name() == "000001"
    assert site.indexed() == before
    assert site.check().faults == ()
    site.apply_changes()
    assert site.indexed() == site.stored()
    report = site.rebuild()
    assert report.promoted
    assert site.indexed() == site.stored()
    assert site.check().faults == ()
    assert site.folders() == ["000001", report.generation]


class Answered(NamedTuple):
    """What one search answered: the generation that it names, and the articles of its page, its total and its facet."""

    generation: str
    ids: frozenset[str]
    total: int
    counted: int


def articles_of(name: str) -> list[Article]:
    """Articles that only the generation ``name`` holds. Each answers the same query."""
    return [article(f"{name}-{n}", title="渡口开航", channel=f"频道{name}") for n in range(8)]


def test_no_search_fails_or_mixes_generations_while_they_are_promoted_and_rolled_back(
    tmp_path: Path,
) -> None:
    first, second = (
        promote(tmp_path, articles_of(name), engine="whoosh").name for name in ("000001", "000002")
    )
    generations, live = Generations(tmp_path), live_index(tmp_path)
    services = Services(live, SHANGHAI, lambda: NOON, time_limit=PATIENCE)
    question = Question(text="渡口", facets=("channel",))
    ended = threading.Event()
    shown = {each: threading.Event() for each in (first, second)}
    answers: set[Answered] = set()
    failed: list[BaseException] = []

    def search() -> None:
        while not ended.is_set():
            try:
                answer = services.search(question)
            except BaseException as error:
                failed.append(error)
                raise
            ids = frozenset(hit.article.id for hit in answer.hits)
            counted = sum(each.count for each in answer.facets["channel"])
            answers.add(Answered(answer.index.generation, ids, answer.total, counted))
            shown[answer.index.generation].set()

    def switch(to: str, change: Callable[[], object]) -> None:
        shown[to].clear()
        change()
        assert failed or shown[to].wait(PATIENCE)

    promote_second = partial(
        promote_generation, generations, second, analyzer=analyzer(), timezone=SHANGHAI
    )
    back = partial(roll_back, generations, analyzer=analyzer(), timezone=SHANGHAI)
    threads = [threading.Thread(target=search) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        for number in range(SWITCHES):
            if number % 2:
                switch(second, promote_second)
            else:
                switch(first, back)
    finally:
        ended.set()
        for each in threads:
            each.join()
        services.close()
    assert not failed
    assert answers == {
        Answered(name, frozenset(each.id for each in articles_of(name)), 8, 8)
        for name in (first, second)
    }
