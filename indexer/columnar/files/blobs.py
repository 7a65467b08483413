"""Byte strings, one for each document and blob field, compressed together in small blocks.

Arrays of a segment (d documents, f blob fields, b blocks)::

    data u1                 the compressed blocks, one after another
    block_offsets u8[b+1]   where each block begins in data
    block_docs u4[b+1]      the first document of each block
    sizes u4[d*f]           length before compression: document by document, field by field

A block holds whole documents, with all their fields: as many as fit in BLOCK_BYTES, at least one. What two of them share is stored
once. A merge copies blocks unchanged. It compresses a block again only if the block holds a deleted document, or so little data that
it is better packed with others.
Each block carries zstd's own checksum of four bytes, so altered text is never returned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter, Spool

BLOCK_BYTES: Final = 16_384
"""Uncompressed. Small enough to fetch one document in some 20 microseconds, large enough to compress well: with 32,768 articles
take 4 % less room and twice the time.
"""
LEVEL: Final = 3

_local = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's compressor. Compressors keep state, so threads may not share one."""
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    return _local.compressor  # type: ignore[no-any-return]


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor  # type: ignore[no-any-return]


class BlobWriter:
    """Collects the compressed blobs of documents, in memory or in a spool of bytes."""

    def __init__(self, fields: int, spool: Spool | None = None) -> None:
        self._fields = fields
        self._spool = spool
        self._data: list[AnyArray] = []
        self._block_offsets = [0]
        self._block_docs = [0]
        self._sizes: list[int] = []
        self._open: list[bytes] = []
        self._open_bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the blocks so far."""
        return self._block_offsets[-1]

    def add(self, blobs: Sequence[bytes]) -> None:
        """Add the next document's bytes in each field."""
        sizes = [*map(len, blobs)]
        if self._open and self._open_bytes + sum(sizes) > BLOCK_BYTES:
            self._close_block()
        self._open += blobs
        self._open_bytes += sum(sizes)
        self._sizes += sizes

    def add_block(self, compressed: bytes, sizes: list[int]) -> None:
        """Add the next documents as an unchanged block of another segment. ``sizes`` are those of all their fields."""
        self._close_block()
        self._sizes.extend(sizes)
        self._put(compressed)

    def _close_block(self) -> None:
        if self._open:
            self._put(_compressor().compress(b"".join(self._open)))
            self._open.clear()
            self._open_bytes = 0

    def _put(self, compressed: bytes) -> None:
        keep = self._data.append if self._spool is None else self._spool.append
        keep(np.frombuffer(compressed, np.uint8))
        self._block_offsets.append(self._block_offsets[-1] + len(compressed))
        self._block_docs.append(len(self._sizes) // self._fields)

    def write(self, file: ArrayFileWriter, prefix: str) -> None:
        """Write the arrays into a segment's file."""
        self._close_block()
        data = self._data if self._spool is None else self._spool.pieces()
        file.add(f"{prefix}/data", data, np.uint8)
        file.add(f"{prefix}/block_offsets", [np.array(self._block_offsets, dtype=np.uint64)])
        file.add(f"{prefix}/block_docs", [np.array(self._block_docs, dtype=np.uint32)])
        file.add(f"{prefix}/sizes", [np.array(self._sizes, dtype=np.uint32)])


class BlobReader:
    """Reads the blobs of documents. Threads may share it."""

    def __init__(self, file: ArrayFile, prefix: str, fields: int) -> None:
        self._path, self._prefix, self._fields = file.path, prefix, fields
        self._data = file[f"{prefix}/data"]
        self._block_offsets: NDArray[np.uint64] = file[f"{prefix}/block_offsets"]
        self._block_docs: NDArray[np.uint32] = file[f"{prefix}/block_docs"]
        self._sizes: NDArray[np.uint32] = file[f"{prefix}/sizes"]

    @property
    def block_count(self) -> int:
        """How many blocks there are."""
        return len(self._block_docs) - 1

    def one(self, doc: int, field: int) -> bytes:
        """One document's bytes in a field. O(block)."""
        block = self._block_of(doc)
        first, sizes = self.block_extent(block)
        place = (doc - first) * self._fields + field
        begin = sum(sizes[:place])
        return self._decompressed(block, sum(sizes))[begin : begin + sizes[place]]

    def many(self, docs: Iterable[int], field: int) -> Iterator[bytes]:
        """The bytes of documents in ascending order in a field. A block that several documents share is decompressed once."""
        known, data, first = -1, b"", 0
        offsets: list[int] = []
        for doc in docs:
            block = self._block_of(doc)
            if block != known:
                first, sizes = self.block_extent(block)
                offsets = [0, *accumulate(sizes)]
                known, data = block, self._decompressed(block, offsets[-1])
            place = (doc - first) * self._fields + field
            yield data[offsets[place] : offsets[place + 1]]

    def _block_of(self, doc: int) -> int:
        # With a number of another type numpy would cast the whole table to it.
        return int(self._block_docs.searchsorted(np.uint32(doc), side="right")) - 1

    def block(self, number: int) -> bytes:
        """A whole block, decompressed.

        Raises:
            Damaged: the block was altered.
        """
        return self._decompressed(number, sum(self.block_extent(number)[1]))

    def _decompressed(self, number: int, length: int) -> bytes:
        compressed = self.compressed(number)
        try:
            if zstandard.frame_content_size(compressed) == length:
                return _decompressor().decompress(compressed)
        except zstandard.ZstdError as error:
            raise Damaged(self._path, f"block {number} of {self._prefix!r}: {error}") from error
        raise Damaged(
            self._path, f"block {number} of {self._prefix!r} has not its documents' length"
        )

    def compressed(self, number: int) -> bytes:
        """A whole block as the file holds it."""
        begin, end = int(self._block_offsets[number]), int(self._block_offsets[number + 1])
        return self._data[begin:end].tobytes()

    def block_extent(self, number: int) -> tuple[int, list[int]]:
        """A block's first document, and the sizes of its documents, field by field."""
        first, last = int(self._block_docs[number]), int(self._block_docs[number + 1])
        return first, self._sizes[first * self._fields : last * self._fields].tolist()

    def split(self, number: int) -> Iterator[list[bytes]]:
        """The documents of one block: the bytes in each field."""
        data = self.block(number)
        edges = [0, *accumulate(self.block_extent(number)[1])]
        rows = [data[begin:end] for begin, end in pairwise(edges)]
        return (rows[at : at + self._fields] for at in range(0, len(rows), self._fields))


@dataclass(frozen=True, slots=True)
class FieldBlobs:
    """The blobs of one field."""

    reader: BlobReader
    field: int

    def __getitem__(self, doc: int) -> bytes:
        """One document's bytes. O(block)."""
        return self.reader.one(doc, self.field)

    def many(self, docs: Iterable[int]) -> Iterator[bytes]:
        """The bytes of documents in ascending order. See :meth:`BlobReader.many`."""
        return self.reader.many(docs, self.field)
