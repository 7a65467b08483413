"""The rejects file: the rejected records as lines, to be corrected and ingested again.

A rejected line stands in it until it is accepted: a run adds the lines that are not there yet, and takes none out. Only a run that
ingests the file itself takes out what it accepts. So nothing is lost by repeating a command that sees each record only once.

Beside it stands ``<name>.reasons``. Its nth line says where the nth rejected line came from, and why it was rejected.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice, repeat
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Final, Self

from indexer.errors import FolderNotWritable
from indexer.records import Rejection

REASONS_SUFFIX: Final = ".reasons"
EARLIER: Final = b"rejected by an earlier run\n"
"""Stands for the reasons of lines that somebody has added or removed since: which reason was whose is no longer known."""


def rejects_name(file: str) -> str:
    """The rejects file of an input file. Rejects that are ingested again keep theirs."""
    name = "stdin" if file == "-" else re.sub(r"(\.(jsonl?|ndjson))?(\.gz)?$", "", Path(file).name)
    return f"{name if name.startswith('rejects-') else f'rejects-{name}'}.jsonl"


def is_own_source(rejects: Path, location: str) -> bool:
    """Whether a rejects file is itself what is ingested."""
    return rejects.resolve() == Path(location).resolve()


class RejectsFile:
    """Collects rejections, and brings them into the file at ``path`` when the ``with`` block ends well.

    If ``source``, the location of what is read, is the file at ``path``, then the lines that were in it when the block began go out, and
    the rejected ones come back. A file without lines is removed. The file is replaced as a whole. When the block raises, it stays.

    Memory: about 100 bytes for each line that stays.
    """

    def __init__(self, path: Path, *, source: str = "") -> None:
        self._path = path
        self._is_source = bool(source) and is_own_source(path, source)
        self._new: IO[bytes] | None = None
        self._consumed = 0
        self._spared = False

    def add(self, rejection: Rejection) -> None:
        """Note one rejection.

        Raises:
            FolderNotWritable: the file cannot be written.
        """
        reason = " ".join(f"{rejection.where}: {rejection.why}".split())
        with self._translated():
            if self._new is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._new = tempfile.TemporaryFile(dir=self._path.parent)  # noqa: SIM115
            self._new.write(rejection.raw.encode(errors="surrogateescape") + b"\n")
            self._new.write(reason.encode(errors="backslashreplace") + b"\n")

    def spare(self) -> None:
        """Say that the source was not read to its end. If it is this file, the file stays as it is: it still holds the rest."""
        self._spared = self._is_source

    def __enter__(self) -> Self:
        if self._is_source and self._path.is_file():
            self._consumed = self._path.stat().st_size
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._spared and (self._new or self._consumed):
                with self._translated():
                    self._bring_in()
        finally:
            if self._new is not None:
                with suppress(OSError):  # closing may hit the full disk again
                    self._new.close()

    def _bring_in(self) -> None:
        """Write the lines that stay, then the new ones. Lines that another run added meanwhile stay too."""
        known: set[bytes] = set()
        at = gone = stay = 0
        for line in _lines(self._path):
            if at < self._consumed:
                gone += 1
            else:
                stay += 1
                known.add(_digest(line))
            at += len(line)
        new = any(_digest(line) not in known for line, _ in self._pairs())
        if not new and not gone:
            return
        if not new and not stay:
            self._reasons.unlink(missing_ok=True)
            self._path.unlink()
            return
        whole = sum(1 for _ in _lines(self._reasons)) == gone + stay
        reasons = islice(_lines(self._reasons), gone, None) if whole else repeat(EARLIER, stay)
        with _replacing(self._path) as lines, _replacing(self._reasons) as whys:
            lines.writelines(map(_ended, islice(_lines(self._path), gone, None)))
            whys.writelines(map(_ended, reasons))
            for line, why in self._pairs():
                if _digest(line) not in known:
                    lines.write(line)
                    whys.write(why)

    @property
    def _reasons(self) -> Path:
        return self._path.with_name(self._path.name + REASONS_SUFFIX)

    def _pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """The new lines, each with its reason."""
        if self._new is not None:
            self._new.seek(0)
            yield from zip(self._new, self._new, strict=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FolderNotWritable(self._path.parent, error.strerror or str(error)) from error


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file with their ends; none if there is no file."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        yield from file


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


def _digest(line: bytes) -> bytes:
    """Tells lines apart, whatever an editor made of their ends."""
    return blake2b(line.strip(), digest_size=16).digest()


@contextmanager
def _replacing(place: Path) -> Iterator[BinaryIO]:
    """A file that is written beside ``place``, and takes its place if the block ends well."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
