"""A file of named arrays: written once, mapped read-only, each array with a checksum.

Layout (little endian; docs/columnar-format.md has the details)::

    header   16 bytes   magic, version
    arrays              each begins at a multiple of 64 bytes
    footer              JSON: the caller's facts, and for each array its type, length, offset and CRC-32
    trailer  24 bytes   footer's offset (u64), length (u32) and CRC-32 (u32), magic

This module does not know what the arrays mean. A written file never changes. An open file stays readable after its
deletion (POSIX).
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import DTypeLike, NDArray

from indexer.columnar.errors import Damaged, Unsupported

FORMAT_VERSION: Final = 3
_HEADER: Final = struct.Struct("<8sII")
_TRAILER: Final = struct.Struct("<QII8s")
_MAGIC: Final = b"COLSEGMT"
_END: Final = b"COLSEGND"
_ALIGN: Final = 64
"""A cache line, and more than any dtype needs."""
_TYPES: Final = frozenset(("|u1", "<u2", "<u4", "<u8", "<i8", "<f4"))
_CHUNK_BYTES: Final = 1 << 24
_VERIFIED_BYTES: Final = 1 << 20
"""Bytes to verify at a time: less than a millisecond if they are in memory."""
_SPOOL_BYTES: Final = 1 << 26

AnyArray = NDArray[Any]
IntP = NDArray[np.intp]

log = logging.getLogger(__name__)


class ArrayFileWriter:
    """Writes arrays one after another, with at most one of them in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb")
        self._file.write(_HEADER.pack(_MAGIC, FORMAT_VERSION, 0))
        self._entries: dict[str, dict[str, object]] = {}

    def add(self, name: str, pieces: Iterable[AnyArray], dtype: DTypeLike | None = None) -> None:
        """Write an array, given in pieces that are joined. All become ``dtype``, by default the first piece's. O(bytes)."""
        pieces = iter(pieces)
        if dtype is None:
            first = next(pieces)
            pieces, dtype = chain((first,), pieces), first.dtype
        kind = np.dtype(dtype).newbyteorder("<")
        if kind.str not in _TYPES:
            raise Unsupported(f"array {name!r} has type {kind}")
        self._file.write(b"\0" * (-self._file.tell() % _ALIGN))
        offset, crc, length = self._file.tell(), 0, 0
        for piece in pieces:
            data = np.ascontiguousarray(piece, dtype=kind).tobytes()
            self._file.write(data)
            crc = zlib.crc32(data, crc)
            length += len(piece)
        self._entries[name] = {"type": kind.str, "length": length, "offset": offset, "crc": crc}

    def finish(self, facts: Mapping[str, object]) -> int:
        """Write footer and trailer, fsync and close. Returns the file's size in bytes."""
        footer = orjson.dumps({"facts": facts, "arrays": self._entries})
        offset = self._file.tell()
        self._file.write(footer)
        self._file.write(_TRAILER.pack(offset, len(footer), zlib.crc32(footer), _END))
        self._file.flush()
        os.fsync(self._file.fileno())
        size = int(self._file.tell())
        self._file.close()
        return size

    def discard(self) -> None:
        """Close and delete the unfinished file."""
        with suppress(OSError):  # a full disk refuses the buffered bytes; the file is closed
            self._file.close()
        self.path.unlink(missing_ok=True)


class Spool:
    """A long array that is built piece by piece, in memory while short and in a temporary file when long."""

    def __init__(self, folder: Path, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._file = SpooledTemporaryFile(max_size=_SPOOL_BYTES, dir=str(folder))  # noqa: SIM115 (closed by pieces)

    def append(self, piece: AnyArray) -> None:
        """Append a piece, cast to the spool's type."""
        self._file.write(np.ascontiguousarray(piece, dtype=self.dtype).tobytes())

    def pieces(self) -> Iterator[AnyArray]:
        """The appended values, in pieces of bounded size."""
        self._file.seek(0)
        while data := self._file.read(_CHUNK_BYTES):
            yield np.frombuffer(data, dtype=self.dtype)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class ArrayFile:
    """An open file of arrays: one read-only mapping, shared with every process that has it open.

    Opening verifies the trailer, the footer's checksum, the file's length and the places of the arrays. :meth:`verifying`
    verifies the arrays and keeps the verdict; :meth:`faults` verifies them again. Threads may share it.

    Raises:
        Damaged: opening found a fault.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < _HEADER.size + _TRAILER.size:
                    raise Damaged(path, f"only {size} bytes long")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise Damaged(path, error.strerror or str(error)) from error
        magic, version, flags = _HEADER.unpack_from(self._map, 0)
        if magic != _MAGIC:
            raise Damaged(path, "does not begin as a segment file")
        if version != FORMAT_VERSION:
            raise Damaged(path, f"has format {version}, this program reads {FORMAT_VERSION}")
        if flags:
            raise Damaged(path, f"has flags {flags:#x}, this program knows none")
        offset, length, crc, end = _TRAILER.unpack_from(self._map, size - _TRAILER.size)
        if end != _END or offset + length + _TRAILER.size != size:
            raise Damaged(path, "is cut short or its end was altered")
        footer = self._map[offset : offset + length]
        if zlib.crc32(footer) != crc:
            raise Damaged(path, "its footer was altered")
        self._arrays_end: int = offset
        self.size: int = size
        self._verdict: list[str] | None = None
        try:
            content = orjson.loads(footer)
            self.facts: dict[str, Any] = content["facts"]
            self._entries: dict[str, dict[str, Any]] = content["arrays"]
            lies_outside = [name for name in self._entries if not self._lies_inside(name)]
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(path, f"its footer is not one of a segment file ({error})") from error
        if lies_outside:
            raise Damaged(path, f"its footer places array {lies_outside[0]!r} outside")

    def _lies_inside(self, name: str) -> bool:
        entry = self._entries[name]
        begin, length = entry["offset"], entry["length"]
        fits = begin >= _HEADER.size and length >= 0 and entry["type"] in _TYPES
        return bool(fits and begin + self.nbytes(name) <= self._arrays_end)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __getitem__(self, name: str) -> AnyArray:
        """The array of that name: a read-only view of the mapping. O(1)."""
        entry = self._entries[name]
        return np.frombuffer(
            self._map, dtype=np.dtype(entry["type"]), count=entry["length"], offset=entry["offset"]
        )

    def nbytes(self, name: str) -> int:
        """The bytes of an array in the file."""
        entry = self._entries[name]
        return int(entry["length"] * np.dtype(entry["type"]).itemsize)

    def faults(self) -> list[str]:
        """Read every byte and compare the checksums. Returns a description of each array that differs. O(bytes)."""
        found: list[str] = []
        for _ in self._reading(found):
            pass
        return found

    def verifying(self) -> Iterator[None]:
        """Read every byte, a stretch at each step, and keep the verdict. Logs faults. Does nothing after a verdict. O(bytes)."""
        if self._verdict is None:
            found: list[str] = []
            yield from self._reading(found)
            self._verdict = found
            if found:
                log.error("%s: %s: nothing read from this file can be trusted", self.path, found[0])

    @property
    def damage(self) -> Damaged | None:
        """The damage that :meth:`verifying` found; None if it found none or has not ended."""
        return Damaged(self.path, self._verdict[0]) if self._verdict else None

    def ensure_sound(self) -> None:
        """Verify what is not verified yet.

        Raises:
            Damaged: a byte was altered.
        """
        for _ in self.verifying():
            pass
        if damage := self.damage:
            raise damage

    def _reading(self, found: list[str]) -> Iterator[None]:
        """Read every byte, a stretch at each step, and note the faults."""
        at = _HEADER.size
        with memoryview(self._map) as view:
            for name, entry in self._entries.items():
                begin, end, crc = entry["offset"], entry["offset"] + self.nbytes(name), 0
                for start in range(begin, end, _VERIFIED_BYTES):
                    crc = zlib.crc32(view[start : min(start + _VERIFIED_BYTES, end)], crc)
                    yield
                if crc != entry["crc"]:
                    found.append(f"array {name!r} was altered")
                if any(view[at:begin]):
                    found.append(f"the padding before array {name!r} was altered")
                at = end
            if at != self._arrays_end:
                found.append(f"has {self._arrays_end - at} bytes that no array owns")


def firsts(ascending: IntP) -> NDArray[np.bool_]:
    """Which elements of an ascending array differ from the previous one."""
    fresh = np.empty(len(ascending), dtype=bool)
    fresh[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=fresh[1:])
    return fresh
