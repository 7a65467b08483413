"""Checks an index: every byte against its checksum, and every array for consistent contents.

An operator runs the check, and a rebuild runs it before the new index goes live. Queries do not use it. It reports faults and
does not repair them. A writer may be open meanwhile: the check opens all files first, and an open file outlives its deletion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import AnyArray
from indexer.columnar.files.build import FORWARD_TERMS
from indexer.columnar.files.commit import (
    KEPT_COMMITS,
    SegmentEntry,
    commit_numbers,
    read_commit,
    read_deletions,
)
from indexer.columnar.files.fields import BLOBS
from indexer.columnar.files.inversion import BLOCK_BITS
from indexer.columnar.files.offsets import Offsets
from indexer.columnar.files.segment import PostingsField, Segment

STRETCH: Final = 4_000_000
"""Postings to check together: some 100 MB of arrays."""
_ATTEMPTS: Final = 5
"""How often to try to open the files, which a writer may replace meanwhile."""


def check_index(folder: Path) -> list[str]:
    """One sentence for each fault of the kept commits and their files; empty when all is well.

    Reads every byte twice and decompresses every blob. Memory holds the keys and one stretch of postings. A segment with wrong
    checksums is not examined further.
    """
    for _ in range(_ATTEMPTS):
        try:
            numbers = commit_numbers(folder)[:KEPT_COMMITS]
            opened = _open_all(folder, numbers)
            if not opened.faults or commit_numbers(folder)[:KEPT_COMMITS] == numbers:
                break
        except Damaged as damage:
            return [str(damage)]
    if not numbers:
        return [f"{folder}: holds no index"]
    found = opened.faults
    for segment in opened.segments.values():
        found += check_segment(segment)
    if not found:
        found += [fault for leaves in opened.commits[:1] for fault in _key_faults(leaves)]
    return found


def check_segment(segment: Segment) -> list[str]:
    """One sentence for each fault of a segment; empty when all is well. Cost and limits are those of :func:`check_index`."""
    found = segment.file.faults()
    if not found:
        try:
            found.extend(_segment_faults(segment))
        except KeyError as error:
            found.append(f"lacks array {error}")
    return [f"{segment.file.path}: {fault}" for fault in found]


_Leaves = list[tuple[Segment, NDArray[np.bool_] | None]]


@dataclass(slots=True)
class _Opened:
    """The open files of all kept commits, and the faults that opening found."""

    faults: list[str] = field(default_factory=list)
    segments: dict[str, Segment] = field(default_factory=dict)
    commits: list[_Leaves] = field(default_factory=list)


def _open_all(folder: Path, numbers: list[int]) -> _Opened:
    opened = _Opened()
    for number in numbers:
        try:
            commit = read_commit(folder, number)
        except Damaged as damage:
            opened.faults.append(str(damage))
            continue
        leaves: _Leaves = []
        for entry in commit.segments:
            try:
                leaves.append(_open_entry(folder, entry, opened.segments))
            except Damaged as damage:
                if str(damage) not in opened.faults:
                    opened.faults.append(str(damage))
        opened.commits.append(leaves)
    return opened


def _open_entry(
    folder: Path, entry: SegmentEntry, known: dict[str, Segment]
) -> tuple[Segment, NDArray[np.bool_] | None]:
    path = folder / entry.file
    segment = known.get(entry.file) or Segment(path)
    known[entry.file] = segment
    if segment.doc_count != entry.doc_count:
        raise Damaged(path, f"holds {segment.doc_count} documents, not {entry.doc_count}")
    if entry.deletions is None:
        return segment, None
    deleted = read_deletions(folder / entry.deletions, entry.doc_count)
    count = int(np.count_nonzero(deleted))
    if count != entry.deleted:
        raise Damaged(folder / entry.deletions, f"deletes {count} documents, not {entry.deleted}")
    return segment, deleted


def _segment_faults(segment: Segment) -> Iterator[str]:
    """One sentence for each inconsistency of arrays. Each part stops at its first fault; a first fault can cause others."""
    for name in segment.layout.postings:
        yield from _first(_postings_faults(segment, name))
    for name in segment.layout.forward:
        yield from _first(_forward_faults(segment, name))
    for name in segment.layout.columns:
        yield from _first(_column_faults(segment, name))
    if segment.layout.blobs:
        yield from _first(_blob_faults(segment))


def _first(faults: Iterator[str]) -> Iterator[str]:
    for fault in faults:
        yield fault
        return


def _offset_faults(
    segment: Segment, name: str, *, rows: int, end: int, least: int = 0
) -> Iterator[str]:
    """Checks that the offsets of ``rows`` rows go from 0 to ``end`` and give each row at least ``least``."""
    yield from _ascent_faults(segment.file[name].astype(np.int64), name, rows, end, least)


def _packed_faults(
    segment: Segment, name: str, *, rows: int, end: int, least: int = 0
) -> Iterator[str]:
    """:func:`_offset_faults` for offsets in the form of ``offsets.py``."""
    offsets = Offsets(segment.file, name)
    if offsets.is_sound:
        yield from _ascent_faults(offsets.between(), name, rows, end, least)
    else:
        yield f"'{name}_steps' does not ascend within {name!r}"


def _ascent_faults(
    offsets: NDArray[np.int64], name: str, rows: int, end: int, least: int
) -> Iterator[str]:
    if len(offsets) != rows + 1 or not len(offsets):
        yield f"{name!r} has {len(offsets)} offsets for {rows} rows"
    elif offsets[0] != 0 or offsets[-1] != end or (np.diff(offsets) < least).any():
        yield f"{name!r} does not ascend from 0 to {end}"


def _length_faults(segment: Segment, name: str, length: int) -> Iterator[str]:
    if len(segment.file[name]) != length:
        yield f"{name!r} has {len(segment.file[name])} entries, not {length}"


def _terms_faults(segment: Segment, prefix: str) -> Iterator[str]:
    offsets = f"{prefix}/term_offsets"
    end = len(segment.file[f"{prefix}/term_bytes"])
    rows = len(segment.file[offsets]) - 1
    yield from _packed_faults(segment, offsets, rows=rows, end=end)
    data = segment.file[f"{prefix}/term_bytes"].tobytes()
    terms = (data[a:b] for a, b in pairwise(Offsets(segment.file, offsets).between().tolist()))
    if any(left >= right for left, right in pairwise(terms)):
        yield f"the terms of {prefix!r} do not ascend"


def _postings_faults(segment: Segment, name: str) -> Iterator[str]:
    prefix = f"p/{name}"
    yield from _terms_faults(segment, prefix)
    file, field = segment.file, segment.postings(name)
    pairs, postings = len(file[f"{prefix}/pair_blocks"]), field.posting_count
    terms = len(field.terms)
    yield from _packed_faults(segment, f"{prefix}/pair_offsets", rows=terms, end=pairs, least=1)
    yield from _packed_faults(segment, f"{prefix}/pair_starts", rows=pairs, end=postings, least=1)
    firsts = Offsets(file, f"{prefix}/pair_offsets").between()[:-1]
    if not _ascend(file[f"{prefix}/pair_blocks"], firsts):
        yield f"the blocks of {prefix!r} do not ascend within a term"
    if field.words:
        yield from _length_faults(segment, f"{prefix}/lengths", segment.doc_count)
        places = field.position_count
        yield from _packed_faults(
            segment, f"{prefix}/pair_positions", rows=pairs, end=places, least=1
        )
    yield from field.faults()
    yield from _document_faults(segment, field, prefix)


def _ascend(values: AnyArray, firsts: AnyArray) -> bool:
    """Whether values ascend strictly within each run."""
    fresh = np.zeros(len(values), dtype=bool)
    fresh[firsts] = True
    return bool((fresh[1:] | (values[1:] > values[:-1])).all())


def _document_faults(segment: Segment, field: PostingsField, prefix: str) -> Iterator[str]:
    """Checks that documents ascend and exist, and frequencies agree with positions and lengths, a stretch of postings at a time."""
    file = segment.file
    starts = Offsets(file, f"{prefix}/pair_starts").between()
    blocks = file[f"{prefix}/pair_blocks"].astype(np.int64)
    lengths = np.zeros(segment.doc_count, dtype=np.int64)
    low = 0
    while low < len(blocks):
        high = max(low + 1, int(np.searchsorted(starts, starts[low] + STRETCH, side="right")) - 1)
        span = starts[low : high + 1]
        within = field.pair_docs.between(low, high)
        if not _ascend(within, span[:-1] - span[0]):
            yield f"the documents of {prefix!r} do not ascend within a term"
        docs = np.repeat(blocks[low:high] << BLOCK_BITS, np.diff(span)) | within
        if docs.max() >= segment.doc_count:
            yield f"{prefix!r} names document {docs.max()} of {segment.doc_count}"
        if field.words:
            freqs = field.freqs_between(int(span[0]), int(span[-1]))
            sums = np.add.reduceat(freqs, span[:-1] - span[0], dtype=np.int64)
            places = Offsets(file, f"{prefix}/pair_positions").between(low, high + 1)
            if freqs.min() < 1 or not np.array_equal(np.diff(places), sums):
                yield f"the frequencies of {prefix!r} do not agree with its positions"
            lengths += np.bincount(docs, freqs, minlength=len(lengths)).astype(np.int64)
        low = high
    if field.words and not np.array_equal(lengths, field.lengths):
        yield f"the lengths of {prefix!r} do not agree with its frequencies"


def _forward_faults(segment: Segment, name: str) -> Iterator[str]:
    starts, terms, freqs = segment.forward_arrays(name)
    yield from _offset_faults(segment, f"f/{name}/starts", rows=segment.doc_count, end=len(terms))
    yield from _length_faults(segment, f"f/{name}/freqs", len(terms))
    if len(terms) and int(terms.max()) >= len(segment.postings(name).terms):
        yield f"'f/{name}/terms' names a term that the field does not have"
    if (np.diff(starts.astype(np.int64)) > FORWARD_TERMS).any() or (freqs < 1).any():
        yield f"'f/{name}' has a document with too many terms, or with a frequency of 0"


def _column_faults(segment: Segment, name: str) -> Iterator[str]:
    kind = segment.layout.columns[name]
    if kind not in ("ordinal", "ordinals"):
        yield from _length_faults(segment, f"c/{name}", segment.doc_count)
        return
    yield from _terms_faults(segment, f"c/{name}")
    column = segment.ordinals(name)
    limit = len(column.terms)
    if kind == "ordinal":
        yield from _length_faults(segment, f"c/{name}/ordinals", segment.doc_count)
        limit += 1
    else:
        rows, end = segment.doc_count, len(column.ordinals)
        yield from _offset_faults(segment, f"c/{name}/starts", rows=rows, end=end)
    if len(column.ordinals) and int(column.ordinals.max()) >= limit:
        yield f"'c/{name}/ordinals' names a value that the column does not have"


def _blob_faults(segment: Segment) -> Iterator[str]:
    blobs, data = segment.blob_reader, segment.file[f"{BLOBS}/data"]
    rows = blobs.block_count
    sizes = segment.doc_count * len(segment.layout.blobs)
    yield from _length_faults(segment, f"{BLOBS}/sizes", sizes)
    yield from _offset_faults(segment, f"{BLOBS}/block_offsets", rows=rows, end=len(data))
    yield from _offset_faults(
        segment, f"{BLOBS}/block_docs", rows=rows, end=segment.doc_count, least=1
    )
    for number in range(blobs.block_count):
        try:
            blobs.block(number)
        except Damaged as damage:
            yield damage.why


def _key_faults(leaves: _Leaves) -> Iterator[str]:
    """Keys that more than one living document of a commit has."""
    seen: set[bytes] = set()
    for segment, deleted in leaves:
        for doc, key in segment.keys():  # noqa: SIM118 (not a mapping)
            if deleted is None or not deleted[doc]:
                if key in seen:
                    yield f"{segment.file.path}: document {doc} has a key of another one, {key!r}"
                seen.add(key)
