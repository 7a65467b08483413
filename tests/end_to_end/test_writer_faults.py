"""The writer of the index is killed at random under load: nothing accepted is lost, nothing comes twice, no search fails.

``--fault-seeds`` says how often: 3 kills for the usual 10, 50 for the 100 of ``make test-faults``. A seed says all but the speed of the
machine: a run that fails is run again with ``-k "[3]"``.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from threading import Thread
from typing import Final, Literal

import pytest

from indexer.ingest import accept
from indexer.reading import Reading
from indexer.records import Item, Record, Removal
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from search_service.answering.search import Question
from search_service.services import Services
from tests.end_to_end.followers import (
    PATIENCE,
    follower_of,
    revision_of,
    start_follower,
    wait,
)
from tests.indexer.site import SHANGHAI, Site
from tests.search_service.indexes import live_index
from tests.typed_queries import analyzer

WRITERS = 2
"""One is a thread, the others are processes."""
IDS = 40
"""Ids that a writer changes again and again."""
FIRM = 30
"""Articles that never change, so every search must find them."""

HOW: Final[tuple[Literal["delete", "withdraw"] | None, ...]] = (
    None,
    None,
    None,
    "delete",
    "withdraw",
)
"""How an article is removed; most are stored instead."""

State = dict[str, str]
"""The title of each article that exists; withdrawn articles count, and have the title they had."""

_spawn = multiprocessing.get_context("spawn")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        seeds = max(1, metafunc.config.getoption("--fault-seeds") // 20)
        metafunc.parametrize("seed", range(seeds))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        yield Site(tmp_path, store, analyzer(), "whoosh")


def change_on_and_on(store: ArticleStore, name: str, seed: int, ended: Event) -> State:
    """Change articles until ``ended``. Returns what was accepted."""
    random = Random(f"{name} {seed}")
    accepted: State = {}
    version = 0
    while not ended.is_set():
        after, items = dict(accepted), list[Item]()
        for _ in range(random.choice((1, 1, 2, 20))):
            version += 1
            article_id = f"{name}-{random.randrange(IDS)}"
            how = random.choice(HOW)
            if how is None:
                title = f"{name}的第{version}版"
                values = {"id": article_id, "title": title, "body": f"渡口开航。{title}" * 9}
                items.append(Record(f"{name}:{version}", values, ""))
                after[article_id] = title
            else:
                items.append(Removal(f"{name}:{version}", article_id, how))
                if how == "delete":
                    after.pop(article_id, None)
        report = accept(items, store, Reading(timezone=SHANGHAI))
        assert report.complete
        accepted = after
        time.sleep(random.random() * 0.1)
    return accepted


def write_in_a_process(url: str, name: str, seed: int, ended: Event, told: Connection) -> None:
    with closing(open_store(url)) as store:
        told.send(change_on_and_on(store, name, seed, ended))


def search_on_and_on(root: Path, ended: Event, told: Connection) -> None:
    """Search as the web does. Tells the number of searches at the end, and before it each fault."""
    searches = last = 0
    live = live_index(root, interval=0.05)
    with closing(Services(live, SHANGHAI, time_limit=PATIENCE)) as services:
        services.search(Question(text="灯塔"))
        told.send("ready")
        while not ended.is_set():
            try:
                answer = services.search(Question(text="灯塔", collapse="none"))
                everything = services.search(Question(collapse="none", size=100))
            except Exception as error:  # noqa: BLE001 (any is a fault)
                told.send(f"{type(error).__name__}: {error}")
                continue
            searches += 2
            ids = [hit.article.id for hit in everything.hits]
            if answer.total != FIRM or len(ids) != len(set(ids)) or everything.total < FIRM:
                told.send(f"{answer.total} found, of all {everything.total}: {ids}")
            if answer.index.revision < last:
                told.send(f"revision {answer.index.revision} after {last}")
            last = answer.index.revision
            time.sleep(0.02)
    told.send(searches)


@contextmanager
def under_load(site: Site, seed: int, accepted: State) -> Iterator[None]:
    """Changes from threads and processes, and searches, while the block runs. ``accepted`` gets what was accepted."""
    ended = _spawn.Event()
    heard, told = _spawn.Pipe()
    pipes = [_spawn.Pipe() for _ in range(WRITERS - 1)]
    processes = [
        _spawn.Process(target=search_on_and_on, args=(site.generations.root, ended, told)),
        *(
            _spawn.Process(
                target=write_in_a_process, args=(site.store.url, f"p{place}", seed, ended, there)
            )
            for place, (_, there) in enumerate(pipes)
        ),
    ]
    thread = Thread(target=lambda: accepted.update(change_on_and_on(site.store, "t", seed, ended)))
    for process in processes:
        process.start()
    for there in (told, *(there for _, there in pipes)):
        there.close()  # so that the end of a process ends its pipe
    thread.start()
    try:
        assert heard.poll(PATIENCE), "the searching process does not begin"
        assert heard.recv() == "ready"
        yield
    finally:
        ended.set()
        thread.join(PATIENCE)
        for process in processes:
            process.join(PATIENCE)
            process.kill()
    assert [process.exitcode for process in processes] == [0] * len(processes)
    for here, _ in pipes:
        accepted.update(here.recv())
    searches = heard.recv()
    assert isinstance(searches, int), searches
    assert searches > 0


def kill_at_random(site: Site, random: Random, log: Path) -> None:
    """Start a follower, and kill it while it starts, or some time after its first commit."""
    before = revision_of(site)
    with start_follower(site, log) as process:
        if random.random() < 0.25:
            time.sleep(random.random() * 2)
        else:
            wait(lambda: process.poll() is not None or revision_of(site) > before)
            time.sleep(random.random() * 2)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        process.kill()


@pytest.mark.thorough
def test_a_follower_killed_at_random_loses_nothing_and_no_search_fails(
    site: Site, seed: int, pytestconfig: pytest.Config
) -> None:
    kills = min(10, pytestconfig.getoption("--fault-seeds") // 3)
    random, log = Random(seed), site.root / "follow.log"
    site.fill(*(f"firm-{number}" for number in range(FIRM)), title="海边的灯塔")
    accepted: State = {}
    site.rebuild()
    with under_load(site, seed, accepted):
        for _ in range(kills):
            kill_at_random(site, random, log)
    with follower_of(site, log):
        wait(lambda: revision_of(site) == site.store.revision())
    accepted |= {f"firm-{number}": "海边的灯塔" for number in range(FIRM)}
    stored = site.stored()
    assert {each.id: each.title for each in stored.values()} == accepted
    assert site.indexed() == stored
    report = site.check()
    assert (report.faults, report.behind, report.doc_count) == ((), 0, len(accepted))
