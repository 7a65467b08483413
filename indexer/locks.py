"""Locks that are files: the operating system releases them when a process dies. A file beside each lock says who holds it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from indexer.errors import FolderNotWritable, WriterBusy

LOCK: Final = "writer.lock"
HOLDER: Final = "writer.holder"
"""Who holds the lock: the process's number and what it does."""


@contextmanager
def holding(folder: Path, *, patience: float, purpose: str = "") -> Iterator[None]:
    """Hold the lock of a folder.

    The file HOLDER beside the lock tells others who holds it. The file is a courtesy: without it they just do not know.

    Raises:
        WriterBusy: another has held it for ``patience`` seconds.
        FolderNotWritable: the lock file cannot be made.
    """
    # No soft fallback: a soft lock outlives a killed process and would stop every later rebuild.
    lock = FileLock(folder / LOCK, timeout=patience, fallback_to_soft=False)
    with translated(folder):
        try:
            lock.acquire()
        except Timeout:
            raise WriterBusy(folder, *_holder(folder)) from None
    try:
        if purpose:
            with suppress(OSError):  # a full disk is reported by the work itself
                (folder / HOLDER).write_text(f"{os.getpid()} {purpose}", encoding="utf-8")
        yield
    finally:
        if purpose:
            with suppress(OSError):
                (folder / HOLDER).unlink()
        lock.release()


def _holder(folder: Path) -> tuple[str, str]:
    """The number and the purpose of the process that holds the lock of a folder; empty if it did not say."""
    try:
        number, _, purpose = (folder / HOLDER).read_text(encoding="utf-8").partition(" ")
    except (OSError, UnicodeDecodeError):
        return "", ""
    return number, purpose


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise FolderNotWritable when the system refuses to write below ``path``."""
    try:
        yield
    except OSError as error:
        why = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
        raise FolderNotWritable(path, why) from error
