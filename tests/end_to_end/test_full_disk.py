"""A disk that is full: whoever writes says so, nothing is lost that was reported, and all goes on when there is room again.

The disk is a small file system in memory. Only root may mount one. Other users run these tests in a user namespace.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.errors import StoreUnavailable
from indexer.ingest import BATCH, Ingest, accept
from indexer.query import SearchRequest
from indexer.reading import Reading
from indexer.records import Record
from indexer.store.database import open_store
from tests.conftest import PROJECT
from tests.end_to_end.followers import follower_of, revision_of, wait
from tests.indexer.site import SHANGHAI, Site
from tests.typed_queries import analyzer, match

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="run by the last test, in a user namespace")

IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
BYTES = 16_000_000


def give_up(why: str) -> None:
    """Skip the test; fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass
class Disk:
    """A small disk. ``full`` keeps all room of it."""

    folder: Path

    @property
    def full(self) -> Path:
        return self.folder / "full"

    def fill(self, *, leave: int = 0) -> None:
        """Take all of its room but ``leave`` bytes."""
        free = os.statvfs(self.folder)
        with self.full.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)

    def make_room(self) -> None:
        self.full.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        give_up(f"no small disk: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def records(count: int) -> list[Record]:
    return [
        Record(
            f"news:{n}",
            {"id": f"a-{n}", "title": f"第{n}号渡口", "body": f"船来了{n}。" * 100},
            "",
        )
        for n in range(count)
    ]


@as_root
def test_an_ingest_into_a_full_store_keeps_what_it_reported_and_goes_on(disk: Disk) -> None:
    with closing(open_store(f"sqlite:///{disk.folder}/articles.sqlite3")) as store:
        disk.fill(leave=9_000 * BATCH)  # some batches
        reported: dict[str, int] = {}
        ingest = Ingest(store, Reading(timezone=SHANGHAI))

        def report_all() -> None:
            for outcomes in ingest.batches(records(9 * BATCH)):
                reported.update({each.article_id: each.revision for each in outcomes})

        with pytest.raises(StoreUnavailable, match="the disk is full: free some space"):
            report_all()
        assert 0 < store.count() == len(reported) == store.revision()
        more = len(reported) + BATCH
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            accept(records(more), store, Reading(timezone=SHANGHAI))
        disk.make_room()
        report = accept(records(more), store, Reading(timezone=SHANGHAI))
        assert (report.unchanged, report.created) == (len(reported), BATCH)
        found = {change.article_id: change.revision for change in store.changes()}
        assert found.items() >= reported.items()
        assert len(found) == store.count() == more


@as_root
def test_a_follower_on_a_full_disk_says_so_and_goes_on(disk: Disk, tmp_path: Path) -> None:
    log = tmp_path / "follow.log"
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as store:
        site = Site(tmp_path, store, analyzer(), "whoosh")
        site.generations.root.symlink_to(disk.folder)
        site.fill(*(f"firm-{n}" for n in range(20)), title="海边的灯塔")
        site.rebuild()
        with follower_of(site, log):
            wait(lambda: b"following" in log.read_bytes())
            disk.fill()
            accept(records(600), store, Reading(timezone=SHANGHAI))
            store.delete(["firm-0"])
            wait(lambda: b"make room on its disk" in log.read_bytes())
            assert len(site.indexed()) == 20
            assert log.read_bytes().count(b"make room") == 1
            disk.make_room()
            wait(lambda: revision_of(site) == store.revision())
            assert site.indexed() == site.stored()
            with site.engine().reader() as reader:
                assert reader.search(SearchRequest(match("灯塔"))).total == 19
        assert site.check().faults == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root has run the tests before this one")
def test_another_user_runs_these_tests_in_a_namespace(tmp_path: Path) -> None:
    allowed = subprocess.run([*IN_A_NAMESPACE, "true"], check=False, capture_output=True, text=True)
    if allowed.returncode:
        give_up(f"no small disk without root: {allowed.stderr.strip()}")
    tests = ["-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "ns")]
    run = subprocess.run(
        [*IN_A_NAMESPACE, sys.executable, *tests, __file__],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout
