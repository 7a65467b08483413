"""The errors of a columnar index.

ColumnarError
├── Damaged          a file is missing, cut short or altered
├── Locked           another writer is open
└── Unsupported      a field or value that this format cannot hold
"""

from __future__ import annotations

from pathlib import Path


class ColumnarError(Exception):
    """Root of this package's errors."""


class Damaged(ColumnarError):
    """A file of the index is missing, cut short or altered."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


class Locked(ColumnarError):
    """Another writer is open on this index."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: another writer is open")
        self.path = path


class Unsupported(ColumnarError):
    """A field, a value or an amount that the format cannot hold."""


class OutOfTime(Exception):
    """The deadline passed before the answer was complete. The package's callers catch it and answer with what was found by then."""
