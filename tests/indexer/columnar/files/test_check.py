"""The check names every way in which an index can be wrong, also where all checksums agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexer.columnar.files import check as checking
from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter
from indexer.columnar.files.build import Document
from indexer.columnar.files.check import check_index, check_segment
from indexer.columnar.files.commit import (
    Commit,
    SegmentEntry,
    read_commit,
    write_commit,
    write_deletions,
)
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.writer import Writer, create_index
from tests.indexer.columnar.twins import LAYOUT, build, keyed

Change = Callable[[AnyArray], AnyArray]


def rewritten(segment: Segment, changes: dict[str, Change | None], path: Path) -> Segment:
    """The segment with some arrays changed or left out, and checksums that agree."""
    writer = ArrayFileWriter(path)
    source: ArrayFile = segment.file
    for name in source:
        change = changes.get(name, unchanged)
        if change is not None:
            writer.add(name, [change(source[name].copy())], source[name].dtype)
    writer.finish(source.facts)
    return Segment(path)


def unchanged(values: AnyArray) -> AnyArray:
    return values


def put(at: int, value: int) -> Change:
    """Another value at one place."""

    def change(values: AnyArray) -> AnyArray:
        values[at] = value
        return values

    return change


def swapped(values: AnyArray) -> AnyArray:
    """The first two the other way round."""
    values[:2] = values[1::-1]
    return values


def shorter(values: AnyArray) -> AnyArray:
    return values[:-1]


def longer(values: AnyArray) -> AnyArray:
    return np.append(values, 0).astype(values.dtype)


@pytest.fixture
def good(tmp_path: Path) -> Segment:
    """Six documents; in the body: a in all, the last one 300 times; b in two; c in one."""
    bodies = [["a"], ["a", "b"], ["a"], ["b", "a"], ["a", "c"], ["a"] * 300]
    documents = [
        Document(
            words={"body": (body, range(len(body)))},
            terms={"id": (f"k{number}",), "grams": body},
            columns={"time": number, "channel": b"x", "tags": [b"t", b"u"][: number % 3]},
            blobs={"text": b"text %d" % number},
        )
        for number, body in enumerate(bodies)
    ]
    segment = build(tmp_path / "good.seg", documents)
    assert check_segment(segment) == []
    return segment


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("p/body/term_offsets", put(1, 9), "'p/body/term_offsets' does not ascend from 0 to 3"),
        ("p/body/term_bytes", swapped, "the terms of 'p/body' do not ascend"),
        ("p/body/term_bytes", put(1, ord("a")), "the terms of 'p/body' do not ascend"),
        ("p/body/pair_offsets", put(1, 0), "'p/body/pair_offsets' does not ascend from 0 to 3"),
        ("p/body/pair_offsets", shorter, "'p/body/pair_offsets' has 3 offsets for 3 rows"),
        ("p/body/pair_starts", put(-1, 8), "'p/body/pair_starts' does not ascend from 0 to"),
        ("p/body/packed_pairs", lambda _: np.array([3], np.uint32), "'p/body/packed_pairs' does"),
        ("p/body/packed_docs", longer, "'p/body/packed_docs' has 1 entries, not 0"),
        ("p/body/pair_blocks", put(1, 1), "'p/body' names document 65539 of 6"),
        ("p/body/docs", put(5, 6), "'p/body' names document 6 of 6"),
        ("p/body/docs", swapped, "the documents of 'p/body' do not ascend within a term"),
        ("p/body/docs", put(1, 0), "the documents of 'p/body' do not ascend within a term"),
        ("p/body/docs", shorter, "'p/body/docs' has 8 entries, not 9"),
        ("p/body/freqs", put(0, 2), "the frequencies of 'p/body' do not agree with its positions"),
        ("p/body/freqs", put(0, 0), "the frequencies of 'p/body' do not agree with its positions"),
        ("p/body/freqs", put(0, 15), "'p/body/freqs_big_at' does not name the numbers of 15 and"),
        ("p/body/freqs", shorter, "'p/body/freqs' has 4 entries, not 5"),
        ("p/body/freqs_big_at", put(0, 4), "'p/body/freqs_big_at' does not name the numbers of 15"),
        ("p/body/freqs_big", put(0, 3), "'p/body/freqs_big' does not fit 'p/body/freqs_big_at'"),
        ("p/body/freqs_big", shorter, "'p/body/freqs_big' does not fit 'p/body/freqs_big_at'"),
        ("p/body/pair_positions", put(1, 0), "the frequencies of 'p/body' do not agree with its"),
        ("p/body/pair_positions", put(2, 0), "'p/body/pair_positions' does not ascend from 0 to"),
        ("p/body/pair_positions_steps", put(0, 4), "'p/body/pair_positions_steps' does not ascend"),
        ("p/body/position_lows", shorter, "'p/body/pair_positions' does not ascend from 0 to"),
        ("p/body/position_highs", shorter, "'p/body/position_highs' has "),
        ("p/body/position_highs", put(0, 15), "'p/body/position_highs_big_at' does not name the"),
        ("p/body/lengths", put(2, 7), "the lengths of 'p/body' do not agree with its frequencies"),
        ("p/body/lengths", shorter, "'p/body/lengths' has 5 entries, not 6"),
        ("p/grams/docs", put(0, 9), "the documents of 'p/grams' do not ascend within a term"),
        ("f/body/starts", put(0, 1), "'f/body/starts' does not ascend from 0 to 9"),
        ("f/body/terms", put(0, 3), "'f/body/terms' names a term that the field does not have"),
        ("f/body/freqs", put(0, 0), "'f/body' has a document with too many terms, or"),
        ("f/body/freqs", shorter, "'f/body/freqs' has 8 entries, not 9"),
        ("c/time", shorter, "'c/time' has 5 entries, not 6"),
        ("c/channel/ordinals", put(0, 2), "'c/channel/ordinals' names a value that the column"),
        ("c/channel/ordinals", shorter, "'c/channel/ordinals' has 5 entries, not 6"),
        ("c/tags/ordinals", put(0, 2), "'c/tags/ordinals' names a value that the column does not"),
        ("c/tags/starts", put(3, 0), "'c/tags/starts' does not ascend from 0 to 6"),
        ("c/tags/term_bytes", swapped, "the terms of 'c/tags' do not ascend"),
        ("b/sizes", shorter, "'b/sizes' has 11 entries, not 12"),
        ("b/sizes", put(0, 8), "block 0 of 'b' has not its documents' length"),
        ("b/block_offsets", put(0, 1), "'b/block_offsets' does not ascend from 0 to"),
        ("b/block_docs", put(1, 5), "'b/block_docs' does not ascend from 0 to 6"),
        ("b/data", put(0, 0), "block 0 of 'b'"),
        ("p/grams/docs", None, "lacks array 'p/grams/docs'"),
        ("c/time", None, "lacks array 'c/time'"),
    ],
)
def test_an_array_that_holds_what_it_should_not_is_named(
    good: Segment, tmp_path: Path, name: str, change: Change | None, says: str
) -> None:
    wrong = rewritten(good, {name: change}, tmp_path / "wrong.seg")
    assert wrong.file.faults() == []
    (fault,) = check_segment(wrong)
    assert fault.startswith(f"{tmp_path / 'wrong.seg'}: {says}")


def test_faults_in_several_fields_are_all_named(good: Segment, tmp_path: Path) -> None:
    changes: dict[str, Change | None] = {
        "p/body/docs": swapped,
        "c/time": shorter,
        "b/sizes": shorter,
    }
    assert len(check_segment(rewritten(good, changes, tmp_path / "wrong.seg"))) == 3


def test_blocks_that_do_not_ascend_within_a_term_are_named(tmp_path: Path) -> None:
    documents = (Document(terms={"grams": ["x"]}) for _ in range(65_537))
    segment = build(tmp_path / "good.seg", documents)
    assert check_segment(segment) == []
    wrong = rewritten(segment, {"p/grams/pair_blocks": put(1, 0)}, tmp_path / "wrong.seg")
    (fault,) = check_segment(wrong)
    assert "the blocks of 'p/grams' do not ascend within a term" in fault


@pytest.mark.parametrize("stretch", [1, 2, 5, 4_000_000])
def test_stretches_of_any_length_find_the_same(
    good: Segment, tmp_path: Path, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "STRETCH", stretch)
    assert check_segment(good) == []
    wrong = rewritten(good, {"p/body/lengths": put(5, 299)}, tmp_path / "wrong.seg")
    assert len(check_segment(wrong)) == 1


def test_where_there_is_no_index_the_check_says_so(tmp_path: Path) -> None:
    assert check_index(tmp_path) == [f"{tmp_path}: holds no index"]
    (fault,) = check_index(tmp_path / "missing")
    assert "No such file" in fault


def test_an_empty_index_has_no_faults(tmp_path: Path) -> None:
    create_index(tmp_path)
    assert check_index(tmp_path) == []


def test_deletions_and_documents_are_counted_against_the_commit(tmp_path: Path) -> None:
    build(tmp_path / "a.seg", [keyed("a"), keyed("b"), keyed("c")])
    write_deletions(tmp_path / "a.del", np.array([True, True, False]))
    write_commit(tmp_path, Commit(1, (SegmentEntry("a.seg", 3, "a.del", 2),)))
    assert check_index(tmp_path) == []
    write_commit(tmp_path, Commit(2, (SegmentEntry("a.seg", 3, "a.del", 1),)))
    assert check_index(tmp_path) == [f"{tmp_path / 'a.del'}: deletes 2 documents, not 1"]
    write_commit(tmp_path, Commit(3, (SegmentEntry("a.seg", 4),)))
    assert f"{tmp_path / 'a.seg'}: holds 3 documents, not 4" in check_index(tmp_path)


def test_a_key_that_lives_twice_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build(tmp_path / f"{name}.seg", [keyed("same"), keyed(name)])
    entries = [SegmentEntry("a.seg", 2), SegmentEntry("b.seg", 2)]
    write_commit(tmp_path, Commit(1, tuple(entries)))
    (fault,) = check_index(tmp_path)
    assert fault == f"{tmp_path / 'b.seg'}: document 0 has a key of another one, b'same'"
    write_deletions(tmp_path / "a.del", np.array([True, False]))
    write_commit(tmp_path, Commit(2, (SegmentEntry("a.seg", 2, "a.del", 1), entries[1])))
    assert check_index(tmp_path) == []


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    create_index(tmp_path)
    for key in ("a", "b"):
        with Writer(tmp_path, LAYOUT) as writer:
            writer.put(keyed(key), key.encode())
            writer.commit()
    shared = min(tmp_path.glob("*.seg"), key=lambda path: path.stat().st_mtime_ns)
    shared.unlink()
    (fault,) = check_index(tmp_path)
    assert str(shared) in fault


def test_files_that_a_writer_replaces_during_the_check_are_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_index(tmp_path)
    left = 3

    def read_late(folder: Path, number: int) -> Commit:
        nonlocal left
        if left:
            left -= 1
            for key in (f"{left} a", f"{left} b"):
                with Writer(tmp_path, LAYOUT) as writer:
                    writer.put(keyed(key), key.encode())
                    writer.commit()
        return read_commit(folder, number)

    monkeypatch.setattr(checking, "read_commit", read_late)
    assert check_index(tmp_path) == []
    assert left == 0
