"""Generations of a real cluster: removed with their indexes, and shared by two machines, each with a folder of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.command_line import Stop
from indexer.engines.base import Engine
from indexer.engines.opensearch import leases
from indexer.engines.opensearch.cluster import the_cluster
from indexer.engines.opensearch.engine import OpenSearchEngine
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.index import RemoteIndex, read_name
from indexer.engines.opensearch.sharing import ClusterSharing
from indexer.errors import IndexFailure, RebuildFailed
from indexer.generations import CURRENT
from indexer.opening import open_generation
from indexer.rebuilding import follow
from indexer.rebuilding.follow import Follower
from indexer.rebuilding.promotion import roll_back
from indexer.shared_generations import SharedGenerations
from indexer.store.database import open_store
from tests.indexer.rebuilding.following import wait
from tests.indexer.site import SHANGHAI, Site, at
from tests.typed_queries import analyzer

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("opensearch")]


class Machine(Site):
    """A site whose generations are shared."""

    def __post_init__(self) -> None:
        self.generations = SharedGenerations(self.root / "index_data", ClusterSharing())

    def roll_back(self) -> str:
        return roll_back(self.generations, analyzer=self.analyzer, timezone=SHANGHAI).name

    def engine(self, name: str | None = None) -> Engine:
        """With the words that the generation keeps."""
        made = self.generations.get(name) if name else self.generations.live()
        return open_generation(made, analyzer=self.analyzer, timezone=SHANGHAI)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """Two machines with one database."""
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    one, two = (
        Machine(tmp_path / name, store, analyzer(), "opensearch") for name in ("one", "two")
    )
    yield one, two
    store.close()


def indexes() -> set[str]:
    """The indexes of generations that the cluster has."""
    cluster = the_cluster()
    named = cluster.client.indices.get(index=f"{cluster.name}-*")
    return {*named} - {f"{cluster.name}-generations"}


def of_folders(machine: Site) -> set[str]:
    """The indexes that the folders of a machine name."""
    folders = machine.generations.root / "generations"
    return {read_name(folder / "index") for folder in folders.iterdir()}


@contextmanager
def following(machine: Machine) -> Iterator[list[str]]:
    """A follower of a machine, as long as the block runs. Gives what it tells."""
    told: list[str] = []
    stop = Stop()
    follower = Follower(
        machine.store,
        machine.generations,
        analyzer=machine.analyzer,
        timezone=SHANGHAI,
        tell=told.append,
    )
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        yield told
    finally:
        stop.asked = True
        thread.join()


# One machine


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Site]:
    """A site of one machine."""
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    yield Site(tmp_path, store, analyzer(), "opensearch")
    store.close()


def test_pruned_generations_take_their_indexes_with_them(alone: Site) -> None:
    alone.fill("a")
    for _ in range(3):
        alone.rebuild()
    assert alone.folders() == ["000002", "000003"]
    assert indexes() == of_folders(alone)
    size = alone.generations.live().size()
    assert size is not None
    assert size > 1_000


def test_a_rebuild_that_failed_leaves_no_index(
    alone: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone.fill("a")
    alone.rebuild()
    monkeypatch.setattr(OpenSearchEngine, "check", lambda _: ["a fault"])
    with pytest.raises(RebuildFailed):
        alone.rebuild()
    assert alone.folders() == ["000001"]
    assert indexes() == of_folders(alone)


def test_the_index_of_a_killed_rebuild_goes_with_the_next_one(alone: Site) -> None:
    alone.fill("a")
    with alone.generations.lock():
        folder = alone.generations.begin()
    killed = OpenSearchEngine(folder / "index", analyzer=alone.analyzer, timezone=SHANGHAI)
    killed.create()
    assert len(indexes()) == 1
    assert alone.rebuild().cleaned == (folder.name,)
    assert indexes() == of_folders(alone)


def test_what_the_cluster_cannot_remove_now_is_removed_later(
    alone: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone.fill("a")
    alone.rebuild()
    first = read_name(alone.generations.live().index)

    def refuse(_: RemoteIndex) -> None:
        raise ClusterFailed("http://node", "does not answer")

    with monkeypatch.context() as away:
        away.setattr(RemoteIndex, "remove", refuse)
        assert alone.rebuild(keep=1).pruned == ()
    assert alone.generations.live().name == "000002"
    assert first in indexes()
    assert alone.rebuild(keep=1).cleaned == ("000001",)
    assert indexes() == of_folders(alone)


# Two machines


def test_what_one_machine_makes_live_is_live_on_the_other(
    machines: tuple[Machine, Machine],
) -> None:
    one, two = machines
    one.fill("a")
    one.rebuild()
    two.generations.agree()
    assert two.generations.live().manifest == one.generations.live().manifest
    assert set(two.indexed()) == {"a"}
    two.fill("b")
    assert two.rebuild().generation == "000002"
    assert one.generations.live_name() == "000001", "it has not looked yet"
    one.generations.agree()
    assert set(one.indexed()) == {"a", "b"}
    assert one.roll_back() == "000001"
    two.generations.agree()
    assert two.generations.live_name() == "000001"
    two.rebuild(keep=1)
    one.generations.agree()
    assert one.generations.live_name() == "000003"
    assert one.folders() == two.folders() == ["000003"]
    assert indexes() == of_folders(one) == of_folders(two)


def test_a_generation_that_waits_on_one_machine_is_promoted_on_the_other(
    machines: tuple[Machine, Machine],
) -> None:
    one, two = machines
    one.fill("a")
    one.rebuild()
    one.rebuild(promote=False)
    two.generations.agree()
    assert [(each.name, each.live, each.was_live) for each in two.generations.list()] == [  # type: ignore[union-attr]
        ("000001", True, True),
        ("000002", False, False),
    ]
    with two.generations.lock():
        two.generations.promote("000002")
    one.generations.agree()
    assert one.generations.live_name() == "000002"


def test_two_rebuilds_at_once_make_two_generations_and_the_last_is_live_on_both(
    machines: tuple[Machine, Machine],
) -> None:
    one, two = machines
    one.fill("a")
    made: list[str] = []
    between = at("check", lambda: made.append(two.rebuild().generation))
    assert one.rebuild(progress=between).generation == "000001"
    assert made == ["000002"]
    two.generations.agree()
    assert one.generations.live_name() == two.generations.live_name() == "000001"
    assert set(two.indexed()) == {"a"}


def test_an_agreement_that_was_lost_is_made_anew_from_what_a_machine_has(
    machines: tuple[Machine, Machine],
) -> None:
    one, two = machines
    one.fill("a")
    one.rebuild()
    one.rebuild()
    cluster = the_cluster()
    cluster.client.indices.delete(index=f"{cluster.name}-generations")
    two.generations.agree()
    assert two.generations.live_name() is None
    one.generations.agree()
    two.generations.agree()
    assert one.folders() == two.folders() == ["000001", "000002"]
    assert one.generations.live_name() == two.generations.live_name() == "000002"
    assert two.rebuild().generation == "000003"


def test_while_the_agreement_cannot_be_asked_nothing_goes_live_and_readers_go_on(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = machines
    one.fill("a")
    one.rebuild()
    one.rebuild(promote=False)
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", "http://127.0.0.1:9")
    with one.generations.lock(), pytest.raises(ClusterFailed):
        one.generations.promote("000002")
    with one.generations.lock(), pytest.raises(ClusterFailed):
        one.generations.begin()
    with pytest.raises(IndexFailure):
        one.generations.agree()
    assert one.generations.live_name() == "000001"
    assert (one.generations.root / CURRENT).read_text(encoding="utf-8") == "000001\n"


def test_one_of_two_followers_writes_and_the_other_takes_over(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "PAUSE", 0.1)
    monkeypatch.setattr(follow, "AGREE_EVERY", 0.1)
    monkeypatch.setattr(leases, "BEAT", 0.1)
    monkeypatch.setattr(leases, "_LOOK", 0.05)
    one, two = machines
    one.fill("a")
    one.rebuild()
    with following(two) as waits:
        with following(one) as writes:
            wait(lambda: "following" in " ".join(writes + waits))
            wait(lambda: "(follow) is writing to" in " ".join(writes + waits))
            one.fill("b")
            wait(lambda: set(two.indexed()) == {"a", "b"})
            two.rebuild()
            one.fill("c")
            wait(lambda: set(one.indexed()) == {"a", "b", "c"})
            wait(lambda: one.generations.live_name() == "000002")
            wait(lambda: set(one.indexed()) == {"a", "b", "c"})
        one.fill("d")
        wait(lambda: set(two.indexed()) == {"a", "b", "c", "d"})
    assert two.indexed() == two.stored()
