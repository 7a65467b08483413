"""Replaces small files atomically: after a crash a reader finds the old content or the new one, never a part.

For pointers and manifests of a few hundred bytes. Each engine makes its own files durable.
"""

from __future__ import annotations

import os
from pathlib import Path


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


def sync_folder(folder: Path) -> None:
    """Make the creations, renames and removals of files in ``folder`` up to now durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
