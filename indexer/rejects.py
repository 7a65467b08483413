"""The rejects file: the rejected lines in their original form, to be corrected and ingested again.

Beside it stands ``<name>.reasons``. Its nth line says where the nth rejected line came from, and why it was rejected.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from indexer.errors import FolderNotWritable
from indexer.records import Rejection

REASONS_SUFFIX: Final = ".reasons"


def rejects_name(file: str) -> str:
    """The rejects file of an input file. Rejects that are ingested again keep theirs."""
    name = "stdin" if file == "-" else re.sub(r"(\.(jsonl?|ndjson))?(\.gz)?$", "", Path(file).name)
    return f"{name if name.startswith('rejects-') else f'rejects-{name}'}.jsonl"


class RejectsFile:
    """Writes rejections to temporary files and moves them into place when the ``with`` block ends well.

    Without a rejection, or when the block raises, no file is made and an existing file at ``path`` stays. The file at
    ``path`` may be the very source that is being read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: tuple[_Pending, _Pending] | None = None

    def add(self, rejection: Rejection) -> None:
        """Note one rejection.

        Raises:
            FolderNotWritable: the file cannot be written.
        """
        with self._translated():
            if self._pending is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                reasons = self._path.with_name(self._path.name + REASONS_SUFFIX)
                self._pending = (
                    _Pending(self._path, errors="surrogateescape"),
                    _Pending(reasons, errors="backslashreplace"),
                )
            lines, reasons_lines = self._pending
            lines.write(rejection.raw)
            reasons_lines.write(f"{rejection.where}: {' '.join(rejection.why.split())}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pending = self._pending or ()
        try:
            if kind is None:
                with self._translated():
                    for each in pending:
                        each.put_in_place()
        finally:
            for each in pending:
                each.discard()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FolderNotWritable(self._path.parent, error.strerror or str(error)) from error


class _Pending:
    """A text file that is written beside its final place."""

    def __init__(self, place: Path, *, errors: str) -> None:
        self._place = place
        self._path = place.with_name(f".{place.name}.{os.getpid()}.new")
        self._file = self._path.open("w", encoding="utf-8", errors=errors, newline="\n")

    def write(self, line: str) -> None:
        self._file.write(line + "\n")

    def put_in_place(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._place)

    def discard(self) -> None:
        """Close the file, and remove it unless it was moved into place."""
        with suppress(OSError):  # closing may hit the full disk again; the file is discarded anyway
            self._file.close()
        self._path.unlink(missing_ok=True)
