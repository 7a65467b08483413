"""Commits to be disturbed, and their steps, which a full disk, a kill or a power cut can come between.

A step is an opening for writing, a sync, a renaming or a removal. ``watch`` calls back before each. Syncs are noted and
not made: no test cuts the real power, and a hundred commits would wait for the disk.
"""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import IO, Any, Final

import pytest

from indexer.columnar.files import writer as writing
from indexer.columnar.files.writer import Writer, create_index
from tests.indexer.columnar.twins import LAYOUT, Seen, keyed, shown

Model = dict[bytes, Seen]


def watch(patch: pytest.MonkeyPatch, before: Callable[[str, object], None]) -> None:
    """Call ``before(kind, what)`` before each step: open, sync (with the descriptor), replace, unlink."""
    opened, replaced, unlinked = Path.open, Path.replace, Path.unlink

    def open_(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> IO[Any]:
        if mode != "rb":
            before("open", self)
        return opened(self, mode, *args, **kwargs)

    def replace(self: Path, target: Path) -> Path:
        before("replace", self)
        return replaced(self, target)

    def unlink(self: Path, missing_ok: bool = False) -> None:
        before("unlink", self)
        unlinked(self, missing_ok=missing_ok)

    def fsync(descriptor: int) -> None:
        before("sync", descriptor)

    patch.setattr(Path, "open", open_)
    patch.setattr(Path, "replace", replace)
    patch.setattr(Path, "unlink", unlink)
    patch.setattr(os, "fsync", fsync)


class FullForMerges:
    """A disk that has room for the files of a commit of one segment, but not for those of its merge."""

    ROOM: Final = {"open": 1, "sync": 4, "replace": 1}

    def __init__(self, kind: str) -> None:
        self._kind, self._left = kind, self.ROOM[kind]

    def before(self, kind: str, what: object) -> None:
        """What ``watch`` calls. Of openings only those of segments count."""
        if kind == self._kind and (kind != "open" or str(what).endswith(".seg")):
            self._left -= 1
            if self._left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(what))


def prepare(folder: Path) -> Model:
    """An index of three segments, one of them with deletions; answers with what it holds."""
    create_index(folder, {"batch": 0})
    held: Model = {}
    for number in range(3):
        with Writer(folder, LAYOUT) as writer:
            for n in range(6):
                key = f"{number}-{n}"
                writer.put(keyed(key), key.encode())
                held[key.encode()] = shown(keyed(key))
            if number == 2:
                writer.delete(b"0-0")
                del held[b"0-0"]
            writer.commit(merge=False)
    return held


def put_one(folder: Path, held: Model) -> Model:
    """One commit of one document, without a merge; answers with what the index should hold."""
    with Writer(folder, LAYOUT) as writer:
        writer.put(keyed("one"), b"one")
        writer.commit(merge=False)
    return held | {b"one": shown(keyed("one"))}


def change(folder: Path, held: Model) -> Model:
    """One commit that spills, deletes in old segments and new ones, and merges; answers with what it should hold."""
    after = dict(held)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "TIER_WIDTH", 3)
        with Writer(folder, LAYOUT, memory_limit=0) as writer:
            for key in ("0-1", "new", "new"):
                text = f"{key} {len(after)}"
                writer.put(keyed(key, text), key.encode())
                after[key.encode()] = shown(keyed(key, text))
            writer.delete(b"2-2")
            del after[b"2-2"]
            writer.commit({"batch": 1})
    return after


def change_within(folder: Path, before: Model, limit: int) -> str:
    """Change an index while no file may grow beyond a limit; answers with the error's name."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch, lambda *_: None)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            change(folder, before)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return "committed"


def die_at(folder: Path, before: Model, step: int) -> None:
    """Change an index and be killed at a step, counted from 1."""
    count = 0

    def die(kind: str, what: object) -> None:
        nonlocal count
        del kind, what
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        watch(patch, die)
        change(folder, before)


def batch(seed: int, number: int) -> tuple[list[tuple[str, str]], list[str]]:
    """What the commit with that number puts and deletes."""
    random = Random(f"{seed} {number}")
    puts = [(f"k{random.randrange(40)}", f"{number} {n}") for n in range(random.randrange(1, 6))]
    return puts, [f"k{random.randrange(40)}" for _ in range(random.randrange(3))]


def states(seed: int) -> list[Model]:
    """What the index holds after each commit, the empty one first."""
    found: list[Model] = [{}]
    for number in range(1, 400):
        puts, deletions = batch(seed, number)
        held = found[-1] | {key.encode(): shown(keyed(key, text)) for key, text in puts}
        found.append({key: seen for key, seen in held.items() if key.decode() not in deletions})
    return found


def commit_on_and_on(connection: Connection, folder: Path, seed: int, first: int) -> None:
    """Commit batch after batch, report each, until killed.

    Nothing waits for the disk: what a killed process wrote is in the kernel's hands, and most kills would fall into
    that waiting. Segments are small, so that every third commit merges.
    """
    patch = pytest.MonkeyPatch()
    watch(patch, lambda *_: None)
    patch.setattr(writing, "TIER_WIDTH", 3)
    patch.setattr(writing, "TIER_FLOOR", 8)
    for number in itertools.count(first):
        puts, deletions = batch(seed, number)
        with Writer(
            folder, LAYOUT, memory_limit=Random(number).choice((0, 10**9, 10**9, 10**9))
        ) as writer:
            for key, text in puts:
                writer.put(keyed(key, text), key.encode())
            for key in deletions:
                writer.delete(key.encode())
            writer.commit({"batch": number})
        connection.send(number)
