"""A disk that fills, a process that dies and a power cut, at each step of a commit and its merge.

What was committed stays readable, the lock is free, and the next writer leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.columnar.files import writer as writing
from indexer.columnar.files.check import check_index
from indexer.columnar.files.commit import remove_unused
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import CommitReport, Writer
from tests.indexer.columnar.files.processes import context, in_child
from tests.indexer.columnar.files.steps import (
    FullForMerges,
    Model,
    change,
    change_within,
    die_at,
    prepare,
    put_one,
    watch,
)
from tests.indexer.columnar.twins import LAYOUT, kept_names, keyed, names_in, seen_in, shown

State = frozenset[tuple[str, bytes]]
"""The files of a folder: name and content of each."""


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Path, Model, Model]:
    """An index to copy; what it holds, and what it holds after the change."""
    before = prepare(tmp_path / "origin")
    shutil.copytree(tmp_path / "origin", tmp_path / "changed")
    return tmp_path / "origin", before, change(tmp_path / "changed", before)


@pytest.fixture(params=[0, writing.FEW], ids=["merge after", "merge before"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The limit of merges before the commit: none, or all of this test."""
    few: int = request.param
    monkeypatch.setattr(writing, "FEW", few)
    return few


def copies(origin: Path) -> Iterator[Path]:
    """Fresh copies of an index, one after the other."""
    folder = origin.with_name("copy")
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(origin, folder)
        yield folder


def assert_goes_on(folder: Path, *allowed: Model) -> None:
    """The index is whole and holds one of what is allowed; a writer can commit, and leaves only what is used."""
    held = seen_in(open_snapshot(folder))
    assert held in allowed
    assert check_index(folder) == []
    with Writer(folder, LAYOUT) as writer:
        writer.put(keyed("after"), b"after")
        writer.commit()
    assert len(seen_in(open_snapshot(folder))) == len(held) + 1
    assert names_in(folder) == kept_names(folder)
    assert check_index(folder) == []


class FillingDisk:
    """Fails at a step that needs space, counted from 1, and at all that follow unless ``once``."""

    def __init__(self, fail_at: int, *, once: bool) -> None:
        self._left, self._once = fail_at, once
        self._replaced = 0
        self.failed = self.merging = False
        self.raised: int | None = None

    @property
    def published(self) -> bool:
        return self._replaced > 0

    def before(self, kind: str, what: object) -> None:
        """What ``watch`` calls."""
        if kind != "unlink":
            self._left -= 1
            if self._left == 0 or (self._left < 0 and not self._once):
                self.failed = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(what))
            self._after_publishing(kind)

    def _after_publishing(self, kind: str) -> None:
        """The commit's file is renamed, its folder is synced, and then the merge begins."""
        self.merging |= self.published and kind == "sync"
        self._replaced += kind == "replace"


def put_and_report(folder: Path, key: str, *, full: str | None = None) -> CommitReport:
    """One commit of one document, with a merge if one is due, for which the disk may be full at a kind of step."""
    with pytest.MonkeyPatch.context() as patch:
        if full:
            watch(patch, FullForMerges(full).before)
        with Writer(folder, LAYOUT) as writer:
            writer.put(keyed(key), key.encode())
            return writer.commit()


@pytest.mark.parametrize("once", [True, False])
def test_a_step_that_fails_leaves_the_last_commit_or_the_new_one(
    origin: tuple[Path, Model, Model], few: int, *, once: bool
) -> None:
    """Each opening, sync and renaming in turn fails for want of space: once, or from then on.

    A merge before the commit that fails once does not fail the commit.
    """
    source, before, after = origin
    for fail_at, folder in enumerate(copies(source), 1):
        filling = FillingDisk(fail_at, once=once)
        with pytest.MonkeyPatch.context() as patch:
            watch(patch, filling.before)
            try:
                change(folder, before)
            except OSError as error:
                filling.raised = error.errno
        if not filling.failed:
            break
        if filling.raised is None:
            assert filling.merging if few == 0 else filling.published
        else:
            assert filling.raised == errno.ENOSPC
            assert not (few == 0 and filling.merging)
        assert names_in(folder) == kept_names(folder)
        assert_goes_on(folder, after if filling.published else before)
    assert fail_at > (12 if few else 20)


@pytest.mark.parametrize("step", FullForMerges.ROOM)
def test_a_merge_that_finds_no_room_is_reported_and_tried_again(
    origin: tuple[Path, Model, Model], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The commit that it follows stands, and the next one merges."""
    monkeypatch.setattr(writing, "FEW", 0)
    source, before, _ = origin
    folder = next(copies(source))
    failed = put_and_report(folder, "one", full=step)
    assert failed.merge_failure == "No space left on device"
    assert len(open_snapshot(folder).leaves) == 4
    assert seen_in(open_snapshot(folder)) == before | {b"one": shown(keyed("one"))}
    assert names_in(folder) == kept_names(folder)
    assert put_and_report(folder, "two").merge_failure is None
    assert len(open_snapshot(folder).leaves) == 1
    assert len(seen_in(open_snapshot(folder))) == len(before) + 2
    assert check_index(folder) == []


def test_a_damaged_segment_is_not_merged(origin: tuple[Path, Model, Model]) -> None:
    """The merged one would have a checksum that is right."""
    source, _, _ = origin
    folder = next(copies(source))
    path = folder / open_snapshot(folder).commit.segments[1].file
    content = bytearray(path.read_bytes())
    content[content.index(b"1-01-11-2")] ^= 1
    path.write_bytes(content)
    report = put_and_report(folder, "one")
    assert report.merge_failure is not None
    assert f"{path.name}: array 'p/id/term_bytes' was altered" in report.merge_failure
    assert len(open_snapshot(folder).leaves) == 4
    assert any(path.name in fault for fault in check_index(folder))


def test_where_nothing_can_be_merged_the_number_of_segments_stays_bounded(
    origin: tuple[Path, Model, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, before, _ = origin
    folder = next(copies(source))
    monkeypatch.setattr(writing, "MOST_SEGMENTS", 6)
    for key in ("one", "two", "three"):
        assert put_and_report(folder, key, full="open").merge_failure
    with pytest.raises(OSError, match="No space left"):
        put_and_report(folder, "four", full="open")
    assert len(open_snapshot(folder).leaves) == 6
    assert len(seen_in(open_snapshot(folder))) == len(before) + 3
    assert names_in(folder) == kept_names(folder)
    assert put_and_report(folder, "four").merge_failure is None
    assert len(open_snapshot(folder).leaves) < 4
    assert len(seen_in(open_snapshot(folder))) == len(before) + 4


def test_files_that_cannot_grow_leave_the_last_commit_or_the_new_one(
    origin: tuple[Path, Model, Model],
) -> None:
    """A real limit in a real process, on every length that a file of the commit or of its merge goes through."""
    source, before, after = origin
    longest = max(path.stat().st_size for path in (source.parent / "changed").iterdir())
    answers = set()
    for folder, limit in zip(copies(source), range(0, longest + 500, longest // 24), strict=False):
        answer = in_child(change_within, folder, before, limit)
        answers.add(answer)
        assert names_in(folder) == kept_names(folder)
        assert_goes_on(folder, after) if answer == "committed" else assert_goes_on(
            folder, before, after
        )
    assert answers == {"EFBIG", "committed"}


def test_a_process_that_is_killed_at_any_step_leaves_the_last_commit_or_the_new_one(
    origin: tuple[Path, Model, Model],
) -> None:
    source, before, after = origin
    whole = []
    for step, folder in enumerate(copies(source), 1):
        process = context().Process(target=die_at, args=(folder, before, step))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        whole.append(seen_in(open_snapshot(folder)) == after)
        assert_goes_on(folder, before, after)
    assert whole == sorted(whole)
    assert True in whole
    assert False in whole


class Power:
    """What a disk would hold if the power failed now.

    A file holds what it held at its last sync, nothing if there was none. The folder's names are those of its last
    sync, with all of the changes since, none, only one, or all but one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, int] = {}
        self._contents = {path.stat().st_ino: path.read_bytes() for path in folder.iterdir()}
        self._synced = self._names()
        self.states: set[State] = set()

    def _names(self) -> dict[str, int]:
        """Name to inode; each inode is kept open, so that its number is not given to another file."""
        names = {}
        for path in self._folder.iterdir():
            inode = names[path.name] = path.stat().st_ino
            if inode not in self._open:
                self._open[inode] = os.open(path, os.O_RDONLY)
        return names

    def states_now(self) -> Iterator[State]:
        """The states that a cut at this moment may leave."""
        now = self._names()
        changed = dict(now.items() ^ self._synced.items())
        for one in ({}, *({name: inode} for name, inode in changed.items())):
            for names in (self._synced, now):
                left = dict(names.items() ^ one.items())
                yield frozenset((name, self._contents.get(at, b"")) for name, at in left.items())

    def before(self, kind: str, what: object) -> None:
        """Note the states of this moment, then what the step makes durable."""
        self.states.update(self.states_now())
        if kind == "sync":
            status = os.fstat(int(str(what)))
            now = self._names()
            if stat.S_ISDIR(status.st_mode):
                self._synced = now
            else:
                name = next(name for name, inode in now.items() if inode == status.st_ino)
                self._contents[status.st_ino] = (self._folder / name).read_bytes()

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("act", [put_one, change])
def test_a_power_cut_at_any_step_leaves_the_last_commit_or_the_new_one(
    origin: tuple[Path, Model, Model], act: Callable[[Path, Model], Model]
) -> None:
    """And after the commit has returned, the new one."""
    source, before, _ = origin
    folder = next(copies(source))
    power = Power(folder)
    with pytest.MonkeyPatch.context() as patch:
        watch(patch, power.before)
        after = act(folder, before)
    at_the_end = set(power.states_now())
    power.close()
    assert len(power.states) > 5
    crashed = folder.with_name("crashed")
    for state in power.states | at_the_end:
        shutil.rmtree(crashed, ignore_errors=True)
        crashed.mkdir()
        for name, content in state:
            (crashed / name).write_bytes(content)
        held = seen_in(open_snapshot(crashed))
        assert held == after if state in at_the_end else held in (before, after)
        with Writer(crashed, LAYOUT) as writer:
            writer.commit()
        assert seen_in(open_snapshot(crashed)) == held


def test_what_cannot_be_removed_does_not_stop_a_writer_for_good(
    origin: tuple[Path, Model, Model],
) -> None:
    source, before, after = origin
    folder = next(copies(source))
    with pytest.MonkeyPatch.context() as patch:

        def fail(kind: str, what: object) -> None:
            if kind == "unlink":
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(what))

        watch(patch, fail)
        with pytest.raises(OSError, match="Input/output"):
            change(folder, before)
    assert_goes_on(folder, before, after)


def test_a_writer_goes_on_beside_a_damaged_commit_and_the_leftovers_of_a_killed_one(
    origin: tuple[Path, Model, Model],
) -> None:
    """While a kept commit cannot be read nothing is removed; a killed writer's files must not be in the way then."""
    source, before, _ = origin
    folder = next(copies(source))
    newest = max(folder.glob("commit-*.json"))
    newest.write_bytes(b"altered")
    held = seen_in(open_snapshot(folder))
    for step in range(1, 20):
        process = context().Process(target=die_at, args=(folder, before, step))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        if len(list(folder.glob("commit-*.json"))) > 2:
            break
    for number in range(2):
        with Writer(folder, LAYOUT) as writer:
            writer.delete(b"0-5")
            writer.commit({"n": number})
    remove_unused(folder)
    assert names_in(folder) == kept_names(folder)
    assert b"0-5" not in seen_in(open_snapshot(folder))
    assert len(seen_in(open_snapshot(folder))) >= len(held) - 2
