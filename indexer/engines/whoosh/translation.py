"""Translates errors of the columnar index and of the disk into the service's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.columnar.errors import Damaged, Locked
from indexer.errors import FolderNotWritable, IndexDamaged, WriterBusy


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Raise errors of the columnar index and of the disk as the service's own."""
    try:
        yield
    except Locked as error:
        raise WriterBusy(folder) from error
    except Damaged as error:
        raise IndexDamaged(error.path, error.why) from error
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error
