"""Commits: the segments of the index, their deleted documents, and the caller's facts.

A commit is a small file ``commit-0000000012.json``: a CRC-32 in hex, a line break, JSON. All files that it lists are written
first. Then the commit is written under a temporary name, fsynced and renamed into place, and the folder is fsynced. The last two
commits are kept. If the last one is unreadable, the one before it is used, with a warning. No file is changed in place. There
are no pickles.
"""

from __future__ import annotations

import logging
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import ArrayFile, ArrayFileWriter
from indexer.durable import replace_file, sync_folder

COMMIT_VERSION: Final = 1
KEPT_COMMITS: Final = 2
_NAME: Final = re.compile(r"commit-(\d{10})\.json")
_OURS: Final = re.compile(r"(commit-\d{10}\.json|.+\.(seg|del|tmp))")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment of a commit: its file, its documents, and the file of its deletions (None: none)."""

    file: str
    doc_count: int
    deletions: str | None = None
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. ``facts`` are the caller's own JSON values."""

    number: int
    segments: tuple[SegmentEntry, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def files(self) -> set[str]:
        """Every file that the commit needs, itself included."""
        named = {each.file for each in self.segments}
        named.update(each.deletions for each in self.segments if each.deletions)
        return named | {commit_file(self.number)}


def commit_file(number: int) -> str:
    """The name of a commit's file."""
    return f"commit-{number:010}.json"


def commit_numbers(folder: Path) -> list[int]:
    """The numbers of all commits in a folder, newest first. Lists the folder once.

    Raises:
        Damaged: the folder cannot be read.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise Damaged(folder, error.strerror or str(error)) from error
    return sorted(
        (int(match[1]) for name in names if (match := _NAME.fullmatch(name))), reverse=True
    )


def read_commit(folder: Path, number: int) -> Commit:
    """Read one commit.

    Raises:
        Damaged: it is missing, cut short or altered.
    """
    path = folder / commit_file(number)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Damaged(path, error.strerror or str(error)) from error
    crc, _, body = content.partition(b"\n")
    if crc != b"%08x" % zlib.crc32(body):
        raise Damaged(path, "is cut short or was altered")
    values = orjson.loads(body)
    if values["version"] != COMMIT_VERSION:
        raise Damaged(path, f"has format {values['version']}, this program reads {COMMIT_VERSION}")
    segments = tuple(SegmentEntry(**each) for each in values["segments"])
    return Commit(number, segments, values["facts"])


def last_commit(folder: Path) -> Commit:
    """The newest commit that can be read.

    A writer deletes a commit when it makes two more. If that happens during the call, the search for the newest starts again.

    Raises:
        Damaged: there is none.
    """
    numbers = commit_numbers(folder)
    tried = 0
    while tried < len(numbers):
        try:
            return read_commit(folder, numbers[tried])
        except Damaged as damage:
            now = commit_numbers(folder)
            if now[:1] != numbers[:1]:
                numbers, tried = now, 0
                continue
            log.warning("%s: falling back to the commit before it", damage)
            tried += 1
    raise Damaged(folder, "holds no commit that can be read" if numbers else "holds no index")


def write_commit(folder: Path, commit: Commit) -> None:
    """Make a commit durable and visible. Every file that the commit lists must already be written and fsynced."""
    body = orjson.dumps(
        {
            "version": COMMIT_VERSION,
            "segments": [
                {
                    "file": each.file,
                    "doc_count": each.doc_count,
                    "deletions": each.deletions,
                    "deleted": each.deleted,
                }
                for each in commit.segments
            ],
            "facts": commit.facts,
        }
    )
    sync_folder(folder)
    path = folder / commit_file(commit.number)
    content = b"%08x\n" % zlib.crc32(body) + body
    replace_file(path, content, beside=path.with_suffix(".tmp"))


def remove_unused(folder: Path) -> None:
    """Delete the files that no kept commit lists: old commits, their segments, remains of failed commits. Needs the lock.

    Deletes nothing if a kept commit cannot be read.
    """
    used: set[str] = set()
    for number in commit_numbers(folder)[:KEPT_COMMITS]:
        try:
            used |= read_commit(folder, number).files()
        except Damaged as damage:
            log.warning("%s: unused files are left where they are", damage)
            return
    for path in list(folder.iterdir()):
        if path.name not in used and _OURS.fullmatch(path.name):
            path.unlink(missing_ok=True)


def write_deletions(path: Path, deleted: NDArray[np.bool_]) -> None:
    """Write and fsync the deletions of a segment: bool[documents], one bit each."""
    file = ArrayFileWriter(path)
    try:
        file.add("deleted", [np.packbits(deleted, bitorder="little")])
        file.finish({"doc_count": len(deleted)})
    except BaseException:
        file.discard()
        raise


def read_deletions(path: Path, doc_count: int) -> NDArray[np.bool_]:
    """bool[documents], True for deleted ones; a fresh array.

    Raises:
        Damaged: the file is missing or altered.
    """
    file = ArrayFile(path)
    if file.facts["doc_count"] != doc_count:
        raise Damaged(path, "does not fit its segment")
    if faults := file.faults():
        raise Damaged(path, faults[0])
    return np.unpackbits(file["deleted"], count=doc_count, bitorder="little").astype(bool)
