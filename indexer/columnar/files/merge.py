"""Merges segments into one, without their deleted documents.

It works on whole arrays: documents move by an offset, terms by a table. Counting says where the postings of a stretch of terms
belong. No loop runs over postings, and only one stretch of them is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, repeat
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import AnyArray, ArrayFileWriter, Spool
from indexer.columnar.files.blobs import BLOCK_BYTES, BlobWriter
from indexer.columnar.files.build import write_forward, write_postings, write_terms
from indexer.columnar.files.fields import BLOBS
from indexer.columnar.files.inversion import U32, Postings, lay_out, narrow, sizes_of
from indexer.columnar.files.segment import PostingsField, Segment
from indexer.columnar.files.terms import Terms
from indexer.vectorised import rows_at

STRETCH: Final = 4_000_000
"""Postings to merge at a time: some 200 MB of arrays."""


@dataclass(frozen=True, slots=True)
class MergeInput:
    """A segment, and which of its documents live: bool[documents], or None for all."""

    segment: Segment
    live: NDArray[np.bool_] | None

    @property
    def live_count(self) -> int:
        """How many documents the merged segment gets from this one."""
        return self.segment.doc_count if self.live is None else int(np.count_nonzero(self.live))


def merge(path: Path, inputs: Sequence[MergeInput]) -> int:
    """Write one segment with all live documents of the inputs, in their order. Returns its size in bytes.

    An error leaves no file behind.

    Raises:
        Unsupported: the inputs differ in layout.
    """
    layout = inputs[0].segment.layout
    if any(each.segment.layout != layout for each in inputs):
        raise Unsupported("segments of different layouts cannot be merged")
    file = ArrayFileWriter(path)
    try:
        maps, doc_count = _document_maps(inputs)
        for name, kind in layout.postings.items():
            numbers = _merge_postings(file, name, inputs, maps, words=kind == "words")
            if name in layout.forward:
                _merge_forward(file, name, inputs, numbers)
        for name, column in layout.columns.items():
            if column in ("ordinal", "ordinals"):
                _merge_ordinals(file, name, inputs, many=column == "ordinals")
            else:
                file.add(f"c/{name}", (_alive(each, each.segment.numbers(name)) for each in inputs))
        if layout.blobs:
            _merge_blobs(file, inputs)
        return file.finish({"layout": layout.to_facts(), "doc_count": doc_count})
    except BaseException:
        file.discard()
        raise


def _alive(each: MergeInput, values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values if each.live is None else values[each.live]


def _document_maps(inputs: Sequence[MergeInput]) -> tuple[list[NDArray[np.int64]], int]:
    """For each input the new numbers of its documents, int64[documents], -1 for deleted ones; and the total number of documents."""
    maps, base = [], 0
    for each in inputs:
        if each.live is None:
            numbers = np.arange(base, base + each.segment.doc_count, dtype=np.int64)
        else:
            numbers = np.where(each.live, np.cumsum(each.live) - 1 + base, -1)
        maps.append(numbers)
        base += each.live_count
    return maps, base


def _union(dictionaries: Sequence[Terms]) -> tuple[list[bytes], list[U32]]:
    """The sorted union of dictionaries, and for each dictionary the numbers of its terms in the union. O(terms)."""
    slices = [dictionary.slice() for dictionary in dictionaries]
    # Python's sort finds the sorted runs and merges them, which is many times faster than to sort a set.
    merged = [*dict.fromkeys(sorted(chain(*slices)))]
    number_of = dict(zip(merged, range(len(merged)), strict=True)).__getitem__
    return merged, [np.fromiter(map(number_of, each), np.uint32, len(each)) for each in slices]


def _merge_postings(
    file: ArrayFileWriter,
    name: str,
    inputs: Sequence[MergeInput],
    maps: Sequence[NDArray[np.int64]],
    *,
    words: bool,
) -> list[U32]:
    """Merge one field. Returns the new numbers of each input's terms."""
    fields = [each.segment.postings(name) for each in inputs]
    terms, tables = _union([field.terms for field in fields])
    lengths: U32 | None = None
    if words:
        lengths = np.concatenate(
            [_alive(each, field.lengths) for each, field in zip(inputs, fields, strict=True)]
        )
        lengths = lengths.astype(np.uint32)
    stretches = _stretches(len(terms), fields, tables)
    pieces = (
        lay_out(_merged_stretch(low, high, fields, tables, maps, inputs)) for low, high in stretches
    )
    numbers = write_postings(file, name, terms, pieces, lengths)
    return [numbers[table] for table in tables]


def _stretches(
    terms: int, fields: Sequence[PostingsField], tables: Sequence[U32]
) -> Iterator[tuple[int, int]]:
    """Ranges of merged terms with about STRETCH postings each, at least one term."""
    counts = np.zeros(terms, dtype=np.int64)
    for field, table in zip(fields, tables, strict=True):
        counts[table] += sizes_of(field.term_starts())
    ends = np.cumsum(counts)
    low = 0
    while low < terms:
        before = int(ends[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(ends, before + STRETCH, side="right")))
        yield low, high
        low = high


def _merged_stretch(
    low: int,
    high: int,
    fields: Sequence[PostingsField],
    tables: Sequence[U32],
    maps: Sequence[NDArray[np.int64]],
    inputs: Sequence[MergeInput],
) -> Postings:
    """The postings of merged terms ``low`` to ``high`` (not included), in order."""
    docs, counts, freqs, positions, sizes = [], [], [], [], []
    for field, table, numbers, each in zip(fields, tables, maps, inputs, strict=True):
        first, last = (int(edge) for edge in np.searchsorted(table, (low, high)))
        if first == last:
            continue
        new_docs = numbers[field.docs_of_range(first, last - 1)]
        terms = table[field.term_of_postings(first, last - 1)] - np.uint32(low)
        keep = None if each.live is None else new_docs >= 0
        if field.words:
            own_freqs = field.freqs_between(*field.extent(first, last - 1)).astype(np.uint32)
            places = field.positions_of_range(first, last - 1)
            if keep is not None:
                places = places[np.repeat(keep, own_freqs)]
                own_freqs = own_freqs[keep]
            freqs.append(own_freqs)
            positions.append(places)
        if keep is not None:
            new_docs, terms = new_docs[keep], terms[keep]
        docs.append(new_docs)
        counts.append(np.bincount(terms, minlength=high - low))
        if field.words:
            sizes.append(np.bincount(terms, own_freqs, minlength=high - low).astype(np.int64))
    totals = np.sum([np.zeros(high - low, dtype=np.int64), *counts], axis=0)
    merged = Postings(
        terms=np.repeat(np.arange(low, high, dtype=np.uint32), totals),
        docs=_interleaved(docs, counts),
    )
    if fields[0].words:
        merged.freqs = _interleaved(freqs, counts)
        merged.positions = _interleaved(positions, sizes)
    return merged


def _interleaved(inputs: Sequence[AnyArray], counts: Sequence[NDArray[np.int64]]) -> U32:
    """One array in term order from several inputs' values, which are each in term order; earlier inputs come first.

    ``counts`` are int64[terms]: an input's number of values for each term. A term's values follow those of earlier terms and, for
    the same term, of earlier inputs. This needs no comparison and no sort. O(values + terms * inputs).
    """
    begins = np.zeros(len(counts[0]) if counts else 0, dtype=np.int64)
    totals = np.sum([begins, *counts], axis=0)
    np.cumsum(totals[:-1], out=begins[1:])
    merged = np.empty(int(totals.sum()), dtype=np.uint32)
    for values, own in zip(inputs, counts, strict=True):
        merged[rows_at(begins, own)] = values
        begins += own
    return merged


def _merge_forward(
    file: ArrayFileWriter, name: str, inputs: Sequence[MergeInput], numbers: Sequence[U32]
) -> None:
    """Merge the forward index. Each document keeps the terms that were chosen when it was first written."""
    counts, terms, freqs = [], [], []
    for each, table in zip(inputs, numbers, strict=True):
        starts, old_terms, old_freqs = each.segment.forward_arrays(name)
        sizes = sizes_of(starts)
        if each.live is not None:
            keep = np.repeat(each.live, sizes)
            sizes, old_terms, old_freqs = sizes[each.live], old_terms[keep], old_freqs[keep]
        counts.append(sizes)
        terms.append(table[old_terms])
        freqs.append(old_freqs)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.uint32)
    write_forward(file, name, starts, np.concatenate(terms), np.concatenate(freqs))


def _merge_ordinals(
    file: ArrayFileWriter, name: str, inputs: Sequence[MergeInput], *, many: bool
) -> None:
    columns = [each.segment.ordinals(name) for each in inputs]
    terms, tables = _union([column.terms for column in columns])
    sizes: list[NDArray[np.int64]] = []
    ordinals = []
    for each, column, table in zip(inputs, columns, tables, strict=True):
        values = np.append(table, len(terms))[column.ordinals]
        if column.starts is None:
            values = values if each.live is None else values[each.live]
        else:
            counts = sizes_of(column.starts)
            if each.live is not None:
                values = values[np.repeat(each.live, counts)]
                counts = counts[each.live]
            sizes.append(counts)
        ordinals.append(values)
    joined = np.concatenate(ordinals)
    used = np.zeros(len(terms) + 1, dtype=bool)
    used[joined] = True
    used[-1] = True
    write_terms(
        file, f"c/{name}", [term for term, kept in zip(terms, used.tolist(), strict=False) if kept]
    )
    if many:
        starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.uint32)
        file.add(f"c/{name}/starts", [starts])
    file.add(f"c/{name}/ordinals", [narrow((np.cumsum(used) - 1)[joined])])


def _merge_blobs(file: ArrayFileWriter, inputs: Sequence[MergeInput]) -> None:
    fields = len(inputs[0].segment.layout.blobs)
    with Spool(file.path.parent, np.uint8) as spool:
        writer = BlobWriter(fields, spool)
        for each in inputs:
            reader = each.segment.blob_reader
            for number in range(reader.block_count):
                first, sizes = reader.block_extent(number)
                end = first + len(sizes) // fields
                live = None if each.live is None else each.live[first:end]
                if (live is None or live.all()) and 2 * sum(sizes) >= BLOCK_BYTES:
                    writer.add_block(reader.compressed(number), sizes)
                elif live is None or live.any():
                    kept = repeat(True) if live is None else live.tolist()
                    for blobs in compress(reader.split(number), kept):
                        writer.add(blobs)
        writer.write(file, BLOBS)
