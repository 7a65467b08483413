"""Locks that are files: who waits is told who holds one, and never the name of one that is dead."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexer.errors import FolderNotWritable, WriterBusy
from indexer.locks import holding, purpose_of_holder


def refused(folder: Path, **options: str) -> WriterBusy:
    """The refusal of a lock that is held."""
    with pytest.raises(WriterBusy) as caught, holding(folder, patience=0, **options):
        pass
    return caught.value


def hold_until_killed(folder: Path, ready: Connection) -> None:
    with holding(folder, patience=0, purpose="follow"):
        ready.send("held")
        ready.recv()


def kill_a_holder(folder: Path) -> int:
    """Let another process hold the lock, and kill it. Returns its number."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=hold_until_killed, args=(folder, there)
    )
    process.start()
    assert here.recv() == "held"
    assert process.pid is not None
    assert (refused(folder).number, refused(folder).purpose) == (str(process.pid), "follow")
    process.kill()
    process.join()
    assert (folder / "writer.holder").read_text() == f"{process.pid} follow"
    return process.pid


def test_who_holds_a_lock_is_told_and_forgotten_afterwards(tmp_path: Path) -> None:
    with holding(tmp_path, patience=0, purpose="rebuild --changes"):
        busy = refused(tmp_path)
        assert (busy.number, busy.purpose) == (str(os.getpid()), "rebuild --changes")
        assert f"process {os.getpid()} (rebuild --changes) is writing to {tmp_path}" in str(busy)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["writer.lock"])


def test_a_holder_without_a_purpose_stays_unnamed(tmp_path: Path) -> None:
    with holding(tmp_path, patience=0):
        busy = refused(tmp_path)
    assert (busy.number, busy.purpose) == ("", "")
    assert str(busy).startswith("another process is writing")


@pytest.mark.parametrize("purpose", ["", "rebuild"])
def test_a_killed_holder_is_not_named_for_the_next_one(tmp_path: Path, purpose: str) -> None:
    kill_a_holder(tmp_path)
    with holding(tmp_path, patience=0, purpose=purpose):
        busy = refused(tmp_path)
    assert (busy.number, busy.purpose) == (str(os.getpid()) if purpose else "", purpose)


def test_locks_of_different_names_do_not_exclude_each_other(tmp_path: Path) -> None:
    with (
        holding(tmp_path, patience=0, purpose="follow"),
        holding(tmp_path, patience=0, name="jobs", purpose="work"),
    ):
        assert refused(tmp_path).purpose == "follow"
        assert refused(tmp_path, name="jobs").purpose == "work"


def test_the_purpose_of_a_living_holder_is_known_without_taking_its_lock(tmp_path: Path) -> None:
    assert purpose_of_holder(tmp_path) is None
    with holding(tmp_path, patience=0, purpose="follow"):
        assert purpose_of_holder(tmp_path) == "follow"
        assert purpose_of_holder(tmp_path, name="jobs") is None
    assert purpose_of_holder(tmp_path) is None
    (tmp_path / "writer.holder").write_text("not a number", encoding="utf-8")
    assert purpose_of_holder(tmp_path) is None


def test_the_purpose_of_a_killed_holder_is_none(tmp_path: Path) -> None:
    kill_a_holder(tmp_path)
    assert (tmp_path / "writer.holder").exists()
    assert purpose_of_holder(tmp_path) is None


def test_a_lock_is_held_even_if_its_holder_cannot_be_written_down(tmp_path: Path) -> None:
    (tmp_path / "writer.holder").mkdir()
    with holding(tmp_path, patience=0, purpose="follow"):
        assert refused(tmp_path).number == ""
    with holding(tmp_path, patience=0):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(FolderNotWritable, match="file cannot be written"),
        holding(tmp_path / "file", patience=0),
    ):
        pass
