"""Small files replaced whole: after a crash a reader finds the old content or the new one, never a part.

For pointers and manifests of a few hundred bytes. What an engine writes is made durable by the engine.
"""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, content: bytes, *, beside: Path | None = None) -> None:
    """Put ``content`` at ``path``, and return when it would survive a power cut.

    Written ``beside``, a name in the same folder, fsynced, renamed over the old file, and the folder fsynced. One writer at a time.

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
    """Make the names in ``folder`` durable: files made, renamed and removed in it up to now."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
