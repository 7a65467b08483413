"""Locks that are files: the operating system releases them when a process dies. A file beside each lock says who holds it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from indexer.durable import file_identity
from indexer.errors import FolderNotWritable, WriterBusy

WRITER: Final = "writer"
"""The name of the lock that the one who writes to a folder holds."""


@contextmanager
def holding(
    folder: Path, *, patience: float, name: str = WRITER, purpose: str = ""
) -> Iterator[Callable[[], bool]]:
    """Hold the lock ``name`` of a folder, the file ``<name>.lock``. Gives a function: whether the file is still there.

    If somebody deletes it, as with the whole folder, another process can make it anew and hold that one.

    The file ``<name>.holder`` beside it tells others who holds it: the process's number and its ``purpose``. The file is a
    courtesy: without it they just do not know. Without a purpose none is written.

    Raises:
        WriterBusy: another has held it for ``patience`` seconds.
        FolderNotWritable: the lock file cannot be made.
    """
    # No soft fallback: a soft lock outlives a killed process and would stop every later rebuild.
    lock = FileLock(folder / f"{name}.lock", timeout=patience, fallback_to_soft=False)
    holder = folder / f"{name}.holder"
    with translated(folder):
        try:
            lock.acquire()
        except Timeout:
            raise WriterBusy(folder, *_read(holder)) from None
    try:
        with suppress(OSError):  # a full disk is reported by the work itself
            holder.unlink(missing_ok=True)  # of a holder that was killed
            if purpose:
                holder.write_text(f"{os.getpid()} {purpose}", encoding="utf-8")
        taken = file_identity(Path(lock.lock_file))
        yield lambda: file_identity(Path(lock.lock_file)) == taken
    finally:
        if purpose:
            with suppress(OSError):
                holder.unlink()
        lock.release()


def purpose_of_holder(folder: Path, *, name: str = WRITER) -> str | None:
    """What the living process that holds a lock says of its purpose; None if none does, or it does not say. Takes no lock."""
    number, purpose = _read(folder / f"{name}.holder")
    return purpose if number.isdecimal() and is_running(int(number)) else None


def is_running(process: int) -> bool:
    """Whether a process of this number lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # as another user
    return True


def _read(holder: Path) -> tuple[str, str]:
    """The number and the purpose of the process that holds a lock; empty if it did not say."""
    try:
        number, _, purpose = holder.read_text(encoding="utf-8").partition(" ")
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
