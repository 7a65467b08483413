"""Faults at random: bytes flipped, files cut short, processes killed. `--fault-seeds` says how many runs of each.

A seed says all: a run that fails is run again with `-k "[7]"`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import ArrayFile
from indexer.columnar.files.check import check_index
from indexer.columnar.files.commit import commit_file
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from tests.indexer.columnar.files.processes import started
from tests.indexer.columnar.files.steps import Model, change, commit_on_and_on, prepare, states
from tests.indexer.columnar.twins import LAYOUT, kept_names, names_in, seen_in

FIRST = 3
"""The seeds that `make test` runs too."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize(
            "seed",
            [
                seed if seed < FIRST else pytest.param(seed, marks=pytest.mark.thorough)
                for seed in range(metafunc.config.getoption("--fault-seeds"))
            ],
        )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model]:
    """An index with deletions and two commits that have files of their own; and what it holds."""
    folder = tmp_path_factory.mktemp("index")
    held = change(folder, prepare(folder))
    with Writer(folder, LAYOUT) as writer:
        writer.delete(b"1-5")
        del held[b"1-5"]
        writer.commit()
    assert check_index(folder) == []
    assert {Path(name).suffix for name in names_in(folder)} == {".seg", ".del", ".json", ".lock"}
    return folder, held


def flip(random: Random, content: bytes) -> bytes:
    """One bit of it turned over."""
    at = random.randrange(len(content))
    return content[:at] + bytes((content[at] ^ (1 << random.randrange(8)),)) + content[at + 1 :]


def cut(random: Random, content: bytes) -> bytes:
    """Its beginning."""
    return content[: random.randrange(len(content))]


def read(folder: Path) -> Model | str:
    """What a reader gets from an index: its documents, or the name of an error."""
    try:
        return seen_in(open_snapshot(folder))
    except (Damaged, AssertionError, IndexError, ValueError, KeyError) as error:
        return type(error).__name__


@pytest.mark.parametrize("alter", [flip, cut])
def test_an_altered_file_is_reported_by_the_check(
    index: tuple[Path, Model], seed: int, alter: Callable[[Random, bytes], bytes]
) -> None:
    """Every file of the kept commits; and where opening looks, a reader is told too."""
    folder, held = index
    random = Random(f"{alter.__name__} {seed}")
    newest = open_snapshot(folder).commit.files()
    for name in set(names_in(folder)) - {"write.lock"}:
        path = folder / name
        content = path.read_bytes()
        for _ in range(2):
            path.write_bytes(alter(random, content))
            faults = check_index(folder)
            assert faults != []
            assert all(name in fault for fault in faults)
            if path.suffix == ".del" or (path.suffix == ".seg" and alter is cut):
                assert read(folder) == ("Damaged" if name in newest else held)
            else:
                read(folder)  # it may be wrong, but it ends
            path.write_bytes(content)
    assert read(folder) == held
    assert check_index(folder) == []


def test_an_altered_last_commit_falls_back_with_a_warning_and_is_reported(
    index: tuple[Path, Model], seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    folder, held = index
    number = open_snapshot(folder).commit.number
    path = folder / commit_file(number)
    content = path.read_bytes()
    for alter in (flip, cut):
        path.write_bytes(alter(Random(seed), content))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            snapshot = open_snapshot(folder)
        assert snapshot.commit.number == number - 1
        assert path.name in caplog.text
        assert seen_in(snapshot) != held
        assert any(path.name in fault for fault in check_index(folder))
    path.write_bytes(content)


def test_an_altered_array_never_gives_a_wrong_text(index: tuple[Path, Model], seed: int) -> None:
    """Blocks of blobs have a checksum of their own, verified at each reading."""
    folder, held = index
    random = Random(seed)
    for leaf in open_snapshot(folder).leaves:
        path = leaf.segment.file.path
        content = path.read_bytes()
        data = ArrayFile(path)["b/data"].tobytes()
        begin = content.index(data)
        path.write_bytes(content[:begin] + flip(random, data) + content[begin + len(data) :])
        snapshot = open_snapshot(folder)
        for key, seen in held.items():
            text: bytes | None = None
            try:
                text = snapshot.blob("text", snapshot.find(key))
            except Damaged as damage:
                assert path.name in str(damage)  # noqa: PT017 (some are read, some are not)
                continue
            assert text == seen.text
        path.write_bytes(content)


def test_a_writer_killed_at_random_over_100_commits_loses_nothing_that_it_reported(
    tmp_path: Path, seed: int
) -> None:
    """And another goes on at once where it was, while a reader follows, never going back."""
    random = Random(seed)
    expected = states(seed)
    create_index(tmp_path, {"batch": 0})
    snapshot = open_snapshot(tmp_path)
    reported = kills = 0
    while reported < 100:
        process, connection = started(commit_on_and_on, tmp_path, seed, reported + 1)
        for _ in range(random.randrange(0, 12)):
            reported = connection.recv()
            snapshot = open_snapshot(tmp_path, snapshot)
            assert snapshot.commit.facts["batch"] >= reported
        time.sleep(random.random() * 0.02)
        process.kill()
        process.join()
        kills += 1
        while connection.poll():
            try:
                reported = connection.recv()
            except EOFError:
                break
        connection.close()
        snapshot = open_snapshot(tmp_path, snapshot)
        assert snapshot.commit.facts["batch"] in (reported, reported + 1)
        reported = snapshot.commit.facts["batch"]
        assert seen_in(snapshot) == expected[reported]
        assert check_index(tmp_path) == []
    assert kills > 3
    with Writer(tmp_path, LAYOUT) as writer:
        writer.commit({"batch": reported})
    assert names_in(tmp_path) == kept_names(tmp_path)
    assert seen_in(open_snapshot(tmp_path)) == expected[reported]
