"""SegmentBuilder: collects documents and writes one segment file.

It does not commit: a segment becomes part of the index when a commit lists it.
Several processes may build segments at the same time, each its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import AnyArray, ArrayFileWriter, Spool
from indexer.columnar.files.blobs import BlobWriter
from indexer.columnar.files.fields import BLOBS, MISSING_INT, MISSING_UINT, ColumnKind, Layout
from indexer.columnar.files.inversion import (
    U32,
    FieldBuffer,
    Inverted,
    LaidOut,
    Place,
    Postings,
    Term,
    lay_out,
    narrow,
    pack_terms,
)
from indexer.columnar.files.offsets import write_offsets
from indexer.columnar.files.pairs import parted
from indexer.columnar.files.positions import PositionsSpool
from indexer.columnar.files.small import SmallSpool

FORWARD_TERMS: Final = 32
"""How many of its weightiest terms the forward index keeps of a document. Related articles need 20 to 25 (Lucene's MoreLikeThis
takes 25).
"""
_WEIGHT_STEPS: Final = 63
"""Steps of the logarithmic scale on which weights are compared. A key of 64 bits then holds document, weight, posting."""
_MAX_DOCS: Final = 1 << 26

ColumnValue = int | float | bytes | Sequence[bytes] | None
Terms = Iterable[Term]


@dataclass(slots=True)
class Document:
    """The contents of one document's fields. Fields that it lacks are empty or missing.

    ``words`` maps a field to what stands at its places and to their positions, ``terms`` to its distinct terms. ``texts`` are read
    by the buffers that were given to the builder.
    """

    words: Mapping[str, tuple[Sequence[Place], Sequence[int]]] = field(default_factory=dict)
    terms: Mapping[str, Terms] = field(default_factory=dict)
    columns: Mapping[str, ColumnValue] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


class Buffer(Protocol):
    """Collects what one field has of each document, until it is inverted."""

    def add(self, document: Document) -> None:
        """Add what the field has of the next document."""

    def cut(self, documents: int) -> None:
        """Drop all but the first ``documents`` documents."""

    def invert(self) -> Inverted:
        """The postings of all documents. Called once, in the order of the layout's fields."""

    def __len__(self) -> int:
        """How many terms it holds, about: a measure of the memory that inverting takes."""


MakeBuffers = Callable[[], Mapping[str, Buffer]]
"""Makes the buffers of fields that read documents' texts, for one segment."""


def no_buffers() -> dict[str, Buffer]:
    """No field reads a text."""
    return {}


class SegmentBuilder:
    """Collects documents in memory and writes them as one segment."""

    def __init__(self, layout: Layout, buffers: MakeBuffers = no_buffers) -> None:
        self.layout = layout
        self.doc_count = 0
        self._readers = buffers()
        self._buffers = {
            name: FieldBuffer(positions=kind == "words")
            for name, kind in layout.postings.items()
            if name not in self._readers
        }
        self._columns: dict[str, list[ColumnValue]] = {name: [] for name in layout.columns}
        self._blobs = BlobWriter(len(layout.blobs))

    def add(self, document: Document) -> int:
        """Add a document. Returns its number in the segment.

        Raises:
            Unsupported: the document cannot be held. The builder is unchanged.
        """
        if self.doc_count >= _MAX_DOCS:
            raise Unsupported(f"more than {_MAX_DOCS} documents in one segment")
        blobs = [document.blobs.get(name, b"") for name in self.layout.blobs]
        for name, blob in zip(self.layout.blobs, blobs, strict=True):
            if not isinstance(blob, bytes):
                raise Unsupported(f"blob {name!r} is not bytes")
        try:
            for name, buffer in self._buffers.items():
                if self.layout.postings[name] == "words":
                    buffer.add(*document.words.get(name, ((), ())))
                else:
                    buffer.add(document.terms.get(name, ()))
            for reader in self._readers.values():
                reader.add(document)
        except BaseException:
            self._cut()
            raise
        for name, values in self._columns.items():
            values.append(document.columns.get(name))
        self._blobs.add(blobs)
        self.doc_count += 1
        return self.doc_count - 1

    def _cut(self) -> None:
        """Drop what was begun of a document."""
        for buffer in self._buffers.values():
            buffer.cut(self.doc_count)
        for reader in self._readers.values():
            reader.cut(self.doc_count)

    def memory(self) -> int:
        """Estimated peak bytes that writing needs: buffers, sort keys and orders."""
        held = [*map(len, self._buffers.values()), *map(len, self._readers.values())]
        occurrences, largest = sum(held), max(held, default=0)
        return 8 * occurrences + 40 * largest + self._blobs.nbytes

    def write(self, path: Path) -> int:
        """Write and fsync the segment. Returns its size in bytes. An error leaves no file behind."""
        file = ArrayFileWriter(path)
        try:
            for name, kind in self.layout.postings.items():
                reader = self._readers.get(name)
                made = self._buffers[name].invert() if reader is None else reader.invert()
                terms, postings, lengths = made
                numbers = write_postings(
                    file, name, terms, [lay_out(postings)], lengths if kind == "words" else None
                )
                if name in self.layout.forward:
                    starts, heaviest, freqs = weightiest(postings, len(terms), self.doc_count)
                    write_forward(file, name, starts, numbers[heaviest], freqs)
            for name, values in self._columns.items():
                write_column(file, name, self.layout.columns[name], values)
            if self.layout.blobs:
                self._blobs.write(file, BLOBS)
            return file.finish({"layout": self.layout.to_facts(), "doc_count": self.doc_count})
        except BaseException:
            file.discard()
            raise


def write_terms(file: ArrayFileWriter, prefix: str, terms: Sequence[bytes]) -> None:
    """Write a sorted dictionary."""
    data, offsets = pack_terms(terms)
    file.add(f"{prefix}/term_bytes", [data])
    write_offsets(file, f"{prefix}/term_offsets", offsets)


def write_postings(
    file: ArrayFileWriter,
    name: str,
    terms: Sequence[bytes],
    pieces: Iterable[LaidOut],
    lengths: U32 | None,
) -> U32:
    """Write the dictionary and the postings of a field, given as consecutive pieces in term order.

    Terms without a posting are left out. Returns the new number of each term, uint32[terms]; the number of a term that was left
    out is meaningless. Memory holds one piece and the pairs. ``lengths`` are given for words only.
    """
    prefix = f"p/{name}"
    folder = file.path.parent
    with (
        Spool(folder, np.uint16) as docs,
        Spool(folder, np.uint8) as packed_docs,
        SmallSpool(folder) as freqs,
        PositionsSpool(folder) as positions,
    ):
        small: list[LaidOut] = []
        packed_pairs = [_NO_OFFSETS]
        pairs = 0
        doc_bases, position_bases = [0], [0]
        for piece in pieces:
            plain, numbers_of_packed, forms = parted(piece.docs, piece.pair_starts)
            docs.append(plain)
            for form in forms:
                packed_docs.append(form)
            packed_pairs.append(numbers_of_packed + pairs)
            pairs += len(piece.pair_terms)
            doc_bases.append(doc_bases[-1] + len(piece.docs))
            if piece.freqs is not None and piece.positions is not None:
                freqs.append(piece.freqs)
                positions.append(piece.positions)
                position_bases.append(position_bases[-1] + len(piece.positions))
            small.append(replace(piece, docs=_NO_DOCS, freqs=None, positions=None))
        pair_terms = np.concatenate([_NO_TERMS, *(piece.pair_terms for piece in small)])
        used = np.zeros(len(terms), dtype=bool)
        used[pair_terms] = True
        numbers = (np.cumsum(used) - 1).astype(np.uint32)
        write_terms(file, prefix, [*compress(terms, used.tolist())])
        edges = np.arange(int(used.sum()) + 1)
        write_offsets(file, f"{prefix}/pair_offsets", np.searchsorted(numbers[pair_terms], edges))
        blocks = np.concatenate([_NO_DOCS, *(piece.pair_blocks for piece in small)])
        file.add(f"{prefix}/pair_blocks", [narrow(blocks)])
        write_offsets(
            file,
            f"{prefix}/pair_starts",
            _joined(doc_bases, [piece.pair_starts for piece in small]),
        )
        file.add(f"{prefix}/docs", docs.pieces(), np.uint16)
        file.add(f"{prefix}/packed_pairs", [np.concatenate(packed_pairs).astype(np.uint32)])
        file.add(f"{prefix}/packed_docs", packed_docs.pieces(), np.uint8)
        if lengths is not None:
            places = [piece.pair_positions for piece in small if piece.pair_positions is not None]
            freqs.write(file, f"{prefix}/freqs")
            write_offsets(file, f"{prefix}/pair_positions", _joined(position_bases, places))
            positions.write(file, prefix)
            file.add(f"{prefix}/lengths", [narrow(lengths, at_least=2)])
        return numbers


_NO_DOCS: Final = np.empty(0, np.uint16)
_NO_TERMS: Final = np.empty(0, np.uint32)
_NO_OFFSETS: Final = np.empty(0, np.int64)


def _joined(bases: Sequence[int], offsets: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join the offset arrays of pieces. Each piece's offsets are shifted to where the piece begins. The last end is kept."""
    shifted = [each[:-1] + base for each, base in zip(offsets, bases, strict=False)]
    return np.concatenate([*shifted, [bases[-1]]]).astype(np.int64)


def weightiest(postings: Postings, terms: int, docs: int) -> tuple[U32, U32, U32]:
    """The forward index: offsets uint32[docs + 1], and for each document its weightiest terms and their frequencies.

    Weight is frequency times ln(documents / document frequency) within the segment, in 63 logarithmic steps. O(n log n).
    """
    assert postings.freqs is not None, "only words have frequencies"
    document_frequencies = np.bincount(postings.terms, minlength=terms)
    rarity = np.log((docs + 1) / np.maximum(document_frequencies, 1)).astype(np.float32)
    weights = np.log2(1 + postings.freqs * rarity[postings.terms])
    top = float(weights.max()) if len(weights) else 1.0
    steps = _WEIGHT_STEPS - (weights * (_WEIGHT_STEPS / (top or 1.0))).astype(np.uint64)
    keys = postings.docs.astype(np.uint64) << np.uint64(38) | steps << np.uint64(32)
    keys |= np.arange(len(keys), dtype=np.uint64)
    keys.sort()
    owners = (keys >> np.uint64(38)).astype(np.uint32)
    firsts = np.searchsorted(owners, np.arange(docs + 1)).astype(np.int64)
    kept = np.arange(len(keys)) - firsts[owners] < FORWARD_TERMS
    chosen = (keys[kept] & np.uint64(0xFFFFFFFF)).astype(np.intp)
    starts = np.zeros(docs + 1, dtype=np.uint32)
    np.cumsum(np.minimum(np.diff(firsts), FORWARD_TERMS), out=starts[1:])
    return starts, postings.terms[chosen], postings.freqs[chosen]


def write_forward(
    file: ArrayFileWriter, name: str, starts: U32, terms: AnyArray, freqs: AnyArray
) -> None:
    """Write a field's forward index."""
    file.add(f"f/{name}/starts", [starts])
    file.add(f"f/{name}/terms", [terms.astype(np.uint32)])
    file.add(f"f/{name}/freqs", [np.minimum(freqs, 255).astype(np.uint8)])


_NUMBERS: Final[dict[str, tuple[type[np.generic], int | float]]] = {
    "int64": (np.int64, MISSING_INT),
    "uint64": (np.uint64, MISSING_UINT),
    "float32": (np.float32, float("nan")),
}


def write_column(
    file: ArrayFileWriter, name: str, kind: ColumnKind, values: Sequence[ColumnValue]
) -> None:
    """Write a column. None is a missing value."""
    if kind in _NUMBERS:
        dtype, missing = _NUMBERS[kind]
        numbers = [missing if value is None else value for value in values]
        file.add(f"c/{name}", [np.array(numbers, dtype=dtype)])
        return
    if kind == "ordinal":
        lists: list[Sequence[bytes]] = [() if value is None else (value,) for value in values]  # type: ignore[misc]
    else:
        lists = [() if value is None else value for value in values]  # type: ignore[misc]
    terms = sorted({term for each in lists for term in each})
    rank = {term: number for number, term in enumerate(terms)}
    write_terms(file, f"c/{name}", terms)
    if kind == "ordinal":
        ordinals = np.array(
            [rank[each[0]] if each else len(terms) for each in lists], dtype=np.uint32
        )
    else:
        file.add(f"c/{name}/starts", [np.cumsum([0, *map(len, lists)], dtype=np.uint32)])
        ordinals = np.array([rank[term] for each in lists for term in each], dtype=np.uint32)
    file.add(f"c/{name}/ordinals", [narrow(ordinals)])
