"""Blobs come back byte for byte, alone and by the block, and a merge packs them anew only where it must."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import ArrayFile, ArrayFileWriter, Spool
from indexer.columnar.files.blobs import BLOCK_BYTES, BlobReader, BlobWriter, FieldBlobs
from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.merge import MergeInput, merge
from indexer.columnar.files.segment import Segment
from tests.indexer.columnar.twins import build

TEXTS = Layout({}, {}, blobs=("text",))


def written(
    path: Path, rows: Sequence[Sequence[bytes]], *, fields: int, spool: Spool | None = None
) -> BlobReader:
    writer = BlobWriter(fields, spool)
    for row in rows:
        writer.add(row)
    file = ArrayFileWriter(path)
    writer.write(file, "b")
    file.finish({})
    return BlobReader(ArrayFile(path), "b", fields)


def alone(path: Path, blobs: Sequence[bytes]) -> FieldBlobs:
    """Blobs of one field."""
    return FieldBlobs(written(path, [[blob] for blob in blobs], fields=1), 0)


def noise(length: int, *, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


SIZES = st.sampled_from([0, 0, 1, 10, 5_000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 40_000])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SIZES, st.booleans()), max_size=12), st.integers(1, 3), st.booleans())
def test_blobs_come_back_alone_and_by_the_block(
    shapes: list[tuple[int, bool]], fields: int, spooled: bool
) -> None:
    blobs = [noise(size, seed=n) if hard else b"a" * size for n, (size, hard) in enumerate(shapes)]
    rows = [
        [*blobs[n:], *blobs[:n]][:fields] for n in range(len(blobs) if len(blobs) >= fields else 0)
    ]
    with TemporaryDirectory() as name, Spool(Path(name), np.uint8) as spool:
        reader = written(Path(name) / "a", rows, fields=fields, spool=spool if spooled else None)
        for field in range(fields):
            view = FieldBlobs(reader, field)
            assert [view[doc] for doc in range(len(rows))] == [row[field] for row in rows]
            assert [*view.many(range(0, len(rows), 2))] == [row[field] for row in rows[::2]]
        blocks = [list(reader.split(number)) for number in range(reader.block_count)]
        assert [row for block in blocks for row in block] == rows
        for number, block in enumerate(blocks):
            first, sizes = reader.block_extent(number)
            assert rows[first : first + len(sizes) // fields] == block
            assert len(block) == 1 or sum(sizes) <= BLOCK_BYTES
            assert reader.block(number) == b"".join(map(b"".join, block))


def test_what_the_fields_of_a_document_share_is_stored_once(tmp_path: Path) -> None:
    texts = [noise(1_000, seed=n) for n in range(40)]
    together = written(tmp_path / "a", [[text, text + b"!"] for text in texts], fields=2)
    single = written(tmp_path / "b", [[text] for text in texts], fields=1)
    sizes = [
        sum(len(reader.compressed(number)) for number in range(reader.block_count))
        for reader in (together, single)
    ]
    assert sizes[0] < 1.1 * sizes[1]


def test_small_blobs_share_blocks_and_a_large_one_has_its_own(tmp_path: Path) -> None:
    blobs = [b"a" * (BLOCK_BYTES // 2)] * 5 + [noise(3 * BLOCK_BYTES)] + [b""] * 100
    reader = alone(tmp_path / "a", blobs).reader
    extents = [reader.block_extent(number) for number in range(reader.block_count)]
    assert [(first, len(sizes)) for first, sizes in extents] == [
        (0, 2),
        (2, 2),
        (4, 1),
        (5, 1),
        (6, 100),
    ]


def test_no_blobs_at_all(tmp_path: Path) -> None:
    blobs = alone(tmp_path / "a", [])
    assert blobs.reader.block_count == 0
    with pytest.raises(IndexError):
        blobs[0]


@pytest.mark.parametrize("doc", [3, 100])
def test_a_document_that_is_not_there_is_an_index_error(tmp_path: Path, doc: int) -> None:
    reader = alone(tmp_path / "a", [b"a", b"b", b"c"])
    with pytest.raises(IndexError):
        reader[doc]


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    blobs = [noise(700, seed=n) for n in range(300)]
    reader = alone(tmp_path / "a", blobs)
    wrong: list[int] = []

    def read(start: int) -> None:
        for doc in [*range(start, 300), *range(start)] * 3:
            if reader[doc] != blobs[doc]:
                wrong.append(doc)

    threads = [Thread(target=read, args=(start,)) for start in (0, 50, 100, 299)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_altered_block_is_damaged_and_never_read_wrongly(tmp_path: Path) -> None:
    """Nor is zstd's own header believed, which may ask for gigabytes."""
    path = tmp_path / "a"
    text = b"some text that is long enough to be compressed, some text"
    alone(path, [text] * 20)
    content = path.read_bytes()
    data = ArrayFile(path)["b/data"].tobytes()
    begin = content.index(data)
    for at in range(begin, begin + len(data)):
        for bit in (1, 128):
            path.write_bytes(content[:at] + bytes((content[at] ^ bit,)) + content[at + 1 :])
            reader = BlobReader(ArrayFile(path), "b", 1)
            answer: object
            try:
                answer = reader.block(0)
            except Damaged as damage:
                answer = (damage.path, "'b'" in damage.why)
            assert answer in (20 * text, (path, True)), f"byte {at - begin} of {data!r}"


def merged(folder: Path, segments: Sequence[Segment], live: Sequence[Sequence[bool] | None]) -> FieldBlobs:  # fmt: skip
    path = folder / f"{len(list(folder.iterdir()))}.seg"
    masks = [None if each is None else np.array(each, dtype=bool) for each in live]
    merge(path, [MergeInput(*pair) for pair in zip(segments, masks, strict=True)])
    return Segment(path).blobs("text")


def test_a_merge_copies_full_blocks_as_they_are(tmp_path: Path) -> None:
    texts = [noise(BLOCK_BYTES // 4, seed=n) for n in range(12)]
    segment = build(tmp_path / "a.seg", [Document(blobs={"text": t}) for t in texts], layout=TEXTS)
    blobs = merged(tmp_path, [segment, segment], [None, [n != 5 for n in range(12)]])
    old, new = segment.blob_reader, blobs.reader
    assert [new.compressed(number) for number in range(4)] == [
        old.compressed(number) for number in (0, 1, 2, 0)
    ]
    assert new.compressed(new.block_count - 1) == old.compressed(2)
    assert [blobs[doc] for doc in range(23)] == texts + texts[:5] + texts[6:]


def test_single_documents_that_are_merged_again_and_again_are_compressed_together(
    tmp_path: Path,
) -> None:
    """As an index that follows a store makes them: one article a commit."""
    text = noise(300).hex().encode()
    segments = [
        build(tmp_path / f"{n}.seg", [Document(blobs={"text": text + b"%d" % n})], layout=TEXTS)
        for n in range(9)
    ]
    thirds = []
    for number in (0, 3, 6):
        path = tmp_path / f"third-{number}.seg"
        merge(path, [MergeInput(each, None) for each in segments[number : number + 3]])
        thirds.append(Segment(path))
    blobs = merged(tmp_path, thirds, [None, None, None])
    assert blobs.reader.block_count == 1
    assert len(blobs.reader.compressed(0)) < 2 * len(text)
    assert [blobs[doc] for doc in range(9)] == [text + b"%d" % n for n in range(9)]


def test_a_document_is_found_without_a_copy_of_the_table_of_blocks(tmp_path: Path) -> None:
    blocks = 200_000
    file = ArrayFileWriter(tmp_path / "a")
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(b"a")
    file.add("b/data", [np.frombuffer(frame * blocks, dtype=np.uint8)])
    file.add("b/block_offsets", [np.arange(blocks + 1, dtype=np.uint64) * np.uint64(len(frame))])
    file.add("b/block_docs", [np.arange(blocks + 1, dtype=np.uint32)])
    file.add("b/sizes", [np.ones(blocks, dtype=np.uint32)])
    file.finish({})
    reader = FieldBlobs(BlobReader(ArrayFile(tmp_path / "a"), "b", 1), 0)
    docs = list(range(0, blocks, blocks // 7))
    tracemalloc.start()
    try:
        read = [*reader.many(docs), *(reader[doc] for doc in docs)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == [b"a"] * 2 * len(docs)
    assert peak < 4 * blocks
