"""The folder of an index: made once, written by one writer at a time. Each engine decides what the folder holds."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from indexer.errors import FolderNotWritable, IndexDamaged, WriterBusy

LOCK: Final = "writer.lock"


def make_folder(folder: Path) -> None:
    """Make the folder of a new index.

    Raises:
        FolderNotWritable: it cannot be made, or it is not empty.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error
    if occupied:
        raise FolderNotWritable(folder, "it is not empty")
    if not os.access(folder, os.W_OK):
        raise FolderNotWritable(folder, "permission denied")


def lock_folder(folder: Path) -> FileLock:
    """Become the one writer of an index, until the lock is released or the process ends in any way.

    Raises:
        WriterBusy: at once, if another writer is open, in this process or another.
        FolderNotWritable: the lock file cannot be made.
    """
    lock = FileLock(folder / LOCK, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise WriterBusy(folder) from None
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error
    return lock


class LocalFiles:
    """The storage of an index whose folder holds all of it."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self) -> int:
        """The bytes of its files. Looks at each of them."""
        size = 0
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):  # a concurrent writer may remove files
                size += path.stat().st_size if path.is_file() else 0
        return size

    def changed_at(self) -> datetime:
        """When files were last made or removed in the folder. Each commit does both."""
        try:
            return datetime.fromtimestamp(self._folder.stat().st_mtime, UTC)
        except OSError as error:
            raise IndexDamaged(self._folder, error.strerror or str(error)) from error

    def writing(self, purpose: str) -> AbstractContextManager[None]:  # noqa: ARG002 (for others)
        """Nothing: the folder is on this machine, and has a lock."""
        return nullcontext()

    def writer_elsewhere(self, purpose: str) -> str | None:  # noqa: ARG002 (for others)
        """None: no other machine writes to the folder."""
        return None

    def remove(self) -> None:
        """Nothing: all of it is in the folder."""
