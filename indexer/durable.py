"""Files that survive a crash: small ones that are replaced, and copies of those that never change.

After a crash a reader finds the old content of a replaced file or the new one, never a part. That is for pointers and manifests
of a few hundred bytes. Each engine makes its own files durable.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Final


def file_identity(path: Path) -> tuple[int, int] | None:
    """What distinguishes a file from other files of the same name; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def replace_file(path: Path, content: bytes, *, beside: Path | None = None) -> None:
    """Write ``content`` to ``path`` and return once it would survive a power cut.

    The content is written to ``beside``, a name in the same folder, and fsynced. Then the file is renamed over the old one
    and the folder is fsynced. Only one writer at a time.

    Raises:
        OSError: the folder cannot be written, or the disk is full; the old content stays.
    """
    beside = beside or path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
"""What a file system answers that has no hard links, or no more of them for a file."""


def copy_file(source: Path, target: Path) -> None:
    """Make ``target`` hold what ``source`` holds, a file that is never changed in place. It shares the bytes by a hard link if it can.

    The caller makes the folder durable.

    Raises:
        OSError: ``source`` cannot be read, the folder cannot be written, or the disk is full.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the creations, renames and removals of files in ``folder`` up to now durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
