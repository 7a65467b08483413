"""A writer's batch is all there or not at all, the last word on a key wins, and old readers see what they saw."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexer.columnar.errors import ColumnarError, Damaged, Locked, Unsupported
from indexer.columnar.files import writer as writing
from indexer.columnar.files.build import Document, SegmentBuilder
from indexer.columnar.files.check import check_index
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.merge import MergeInput, merge
from indexer.columnar.files.parts import build_segments
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer, create_index, new_segment_path
from indexer.columnar.search.impacts import Bm25, Impacts
from tests.indexer.columnar.files.processes import context, in_child, started
from tests.indexer.columnar.twins import LAYOUT, build, kept_names, keyed, names_in, seen_in, shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index without documents."""
    create_index(tmp_path / "index", {"revision": 0})
    return tmp_path / "index"


def put(folder: Path, *keys: str, text: str = "山 水", **options: object) -> None:
    """One commit that puts these keys."""
    with Writer(folder, LAYOUT) as writer:
        for key in keys:
            writer.put(keyed(key, text), key.encode())
        writer.commit(**options)  # type: ignore[arg-type]


def keys_in(folder: Path) -> list[bytes]:
    return sorted(seen_in(open_snapshot(folder)))


@pytest.mark.parametrize(("versions", "memory_limit"), [(20, 0), (150, 1_000), (150, 10**9)])
def test_the_last_of_a_key_wins_inside_a_batch_and_across_spills(
    folder: Path, versions: int, memory_limit: int
) -> None:
    put(folder, "a", "b", text="old")
    with Writer(folder, LAYOUT, memory_limit=memory_limit) as writer:
        for number in range(versions):
            key = f"k{number % 7}"
            writer.put(keyed(key, f"version {number}"), key.encode())
        writer.put(keyed("a", "new"), b"a")
        assert writer.delete(b"k3")
        assert not writer.delete(b"k3")
        assert not writer.delete(b"unknown")
        writer.commit()
    expected = {f"k{n % 7}".encode(): shown(keyed("", f"version {n}")) for n in range(versions)}
    expected |= {b"a": shown(keyed("a", "new")), b"b": shown(keyed("b", "old"))}
    del expected[b"k3"]
    assert seen_in(open_snapshot(folder)) == expected
    assert check_index(folder) == []


def test_facts_are_replaced_or_kept(folder: Path) -> None:
    with Writer(folder, LAYOUT) as writer:
        assert writer.facts == {"revision": 0}
        writer.commit({"revision": 7})
    assert open_snapshot(folder).commit.facts == {"revision": 7}
    put(folder, "a")
    assert open_snapshot(folder).commit.facts == {"revision": 7}


def test_leaving_without_a_commit_discards_and_leaves_no_file(folder: Path) -> None:
    put(folder, "a", "b")
    before = names_in(folder)
    with Writer(folder, LAYOUT, memory_limit=0) as writer:
        for number in range(9):
            writer.put(keyed(f"new {number}"), b"new %d" % number)
        writer.delete(b"a")
        assert len(names_in(folder)) > len(before)
    assert names_in(folder) == before
    with pytest.raises(Unsupported), Writer(folder, LAYOUT) as writer:
        writer.put(Document(words={"body": (["x"], [])}), b"c")
    assert keys_in(folder) == [b"a", b"b"]
    put(folder, "c")


def test_a_batch_that_is_refused_in_part_keeps_the_rest(folder: Path) -> None:
    """A document that cannot be held leaves the one with its key in place."""
    put(folder, "a", text="old")
    wrong = Document(words={"body": (["x", "y"], [0])}, terms={"id": (b"a",)})
    with Writer(folder, LAYOUT) as writer:
        writer.put(keyed("b"), b"b")
        with pytest.raises(Unsupported):
            writer.put(wrong, b"a")
        with pytest.raises(Unsupported):
            writer.put(wrong, b"b")
        writer.commit()
    assert seen_in(open_snapshot(folder)) == {
        b"a": shown(keyed("a", "old")),
        b"b": shown(keyed("b")),
    }


def test_documents_are_deleted_by_number_in_the_last_commit_and_in_this_batch(folder: Path) -> None:
    put(folder, "a", "b", "c", "d")
    put(folder, "e", "f", "g", "h")
    snapshot = open_snapshot(folder)
    with Writer(folder, LAYOUT) as writer:
        numbers = [writer.add(keyed(key), key.encode()) for key in ("i", "j", "k", "l")]
        writer.delete_docs([snapshot.find(b"b"), snapshot.find(b"h"), numbers[1]])
        for number in (-1, 12, 10**6):
            with pytest.raises(IndexError, match=str(number)):
                writer.delete_docs([number])
        writer.commit()
    assert keys_in(folder) == [b"a", b"c", b"d", b"e", b"f", b"g", b"i", b"k", b"l"]


def test_merge_all_leaves_one_segment_and_nothing_deleted(folder: Path) -> None:
    for number in range(3):
        put(folder, *(f"{number}-{n}" for n in range(5)), merge=False)
    with Writer(folder, LAYOUT) as writer:
        writer.delete(b"1-1")
        writer.commit(merge_all=True)
    (entry,) = open_snapshot(folder).commit.segments
    assert (entry.doc_count, entry.deleted, entry.deletions) == (14, 0, None)
    with Writer(folder, LAYOUT) as writer:
        writer.commit(merge_all=True)
    assert open_snapshot(folder).commit.segments == (entry,)


def test_an_index_whose_last_document_goes_has_no_segments(folder: Path) -> None:
    put(folder, "a")
    with Writer(folder, LAYOUT) as writer:
        writer.delete(b"a")
        writer.commit()
    snapshot = open_snapshot(folder)
    assert (snapshot.commit.segments, snapshot.doc_count, snapshot.doc_count_all) == ((), 0, 0)
    assert snapshot.average_length("body") == 0.0
    assert snapshot.find(b"a") == -1
    put(folder, "a")
    assert keys_in(folder) == [b"a"]


def test_statistics_count_deleted_documents_until_a_merge(folder: Path) -> None:
    put(folder, *(f"{n}" for n in range(10)), text="山 水 山")
    with Writer(folder, LAYOUT) as writer:
        writer.put(keyed("0", "水"), b"0")
        writer.commit(merge=False)
    snapshot = open_snapshot(folder)
    assert (snapshot.doc_count, snapshot.doc_count_all) == (10, 11)
    assert Impacts(snapshot, Bm25()).doc_frequency("body", "山".encode()) == 10
    assert snapshot.average_length("body") == 31 / 11
    with Writer(folder, LAYOUT) as writer:
        writer.commit(merge_all=True)
    snapshot = open_snapshot(folder)
    assert Impacts(snapshot, Bm25()).doc_frequency("body", "山".encode()) == 9
    assert snapshot.average_length("body") == 28 / 10
    assert snapshot.blob("text", snapshot.find(b"0")) == "水".encode()


def test_a_reader_outlives_ten_commits_and_three_merges(folder: Path) -> None:
    put(folder, *(f"{n}" for n in range(20)))
    put(folder, "0", "1", text="changed")
    snapshot = open_snapshot(folder)
    first = seen_in(snapshot)
    opened = {leaf.segment.name for leaf in snapshot.leaves}
    for number in range(10):
        put(folder, *(f"{n}" for n in range(number, number + 9)), text=f"later {number}")
        if number % 3 == 2:
            put(folder, merge_all=True)
    assert not opened & set(names_in(folder))
    assert seen_in(snapshot) == first
    assert all(leaf.segment.file.faults() == [] for leaf in snapshot.leaves)
    assert seen_in(open_snapshot(folder, snapshot)) != first


@pytest.mark.parametrize(("width", "written_times"), [(writing.TIER_WIDTH, 9), (4, 4)])
def test_the_number_of_segments_and_the_write_cost_stay_bounded_over_300_small_commits(
    folder: Path, monkeypatch: pytest.MonkeyPatch, width: int, written_times: int
) -> None:
    """A floor of 20 documents in the place of 200, so that 600 documents go through four tiers."""
    monkeypatch.setattr(writing, "TIER_FLOOR", 20)
    monkeypatch.setattr(writing, "TIER_WIDTH", width)
    written: list[int] = []

    def spy(path: Path, inputs: Sequence[MergeInput]) -> int:
        written.append(sum(each.live_count for each in inputs))
        return merge(path, inputs)

    monkeypatch.setattr(writing, "merge_segments", spy)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for number in range(300):
        put(folder, f"{number}", f"{number}+")
        tiers = 1 + writing.tier(2 * number + 2)
        assert len(open_snapshot(folder).commit.segments) <= (writing.TIER_WIDTH - 1) * tiers
    assert open_snapshot(folder).doc_count == 600
    assert sum(written) < 600 * written_times
    assert check_index(folder) == []


def test_few_documents_are_merged_before_the_commit_and_more_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge after the commit is a commit of its own, for which readers open the index once more."""
    monkeypatch.setattr(writing, "TIER_WIDTH", 2)
    monkeypatch.setattr(writing, "FEW", 4)
    numbers = [open_snapshot(folder).commit.number]
    for key in "abc":
        put(folder, f"{key}1", f"{key}2")
        snapshot = open_snapshot(folder)
        numbers.append(snapshot.commit.number)
        assert len(snapshot.leaves) == 1
    assert [after - before for before, after in pairwise(numbers)] == [1, 1, 2]
    assert len(keys_in(folder)) == 6


def test_a_segment_that_is_mostly_deleted_is_written_again(folder: Path) -> None:
    put(folder, *(f"{n}" for n in range(10)))
    shapes = []
    for number in range(5):
        with Writer(folder, LAYOUT) as writer:
            writer.delete(b"%d" % number)
            writer.commit()
        (entry,) = open_snapshot(folder).commit.segments
        shapes.append((entry.doc_count, entry.deleted))
    assert shapes == [(10, 1), (10, 2), (10, 3), (10, 4), (5, 0)]


def test_several_processes_build_segments_for_one_commit(folder: Path) -> None:
    put(folder, "old")
    with Writer(folder, LAYOUT) as writer:
        paths = [new_segment_path(writer.folder) for _ in range(4)]
        processes = [
            context().Process(target=_build, args=(path, number))
            for number, path in enumerate(paths)
        ]
        for process in processes:
            process.start()
        writer.put(keyed("new"), b"new")
        for process in processes:
            process.join()
            assert process.exitcode == 0
        assert keys_in(folder) == [b"old"]
        for path in paths:
            writer.add_segment(path)
        writer.put(keyed("2-2", "put after its segment came"), b"2-2")
        writer.commit({"revision": 99})
    expected = {f"{n}-{doc}".encode(): shown(keyed("")) for n in range(4) for doc in range(30)}
    expected |= {b"old": shown(keyed("")), b"new": shown(keyed(""))}
    expected[b"2-2"] = shown(keyed("", "put after its segment came"))
    assert seen_in(open_snapshot(folder)) == expected
    assert check_index(folder) == []


@pytest.mark.parametrize(("memory_limit", "segments"), [(0, 40), (20_000, 3), (10**9, 1)])
def test_documents_are_built_aside_in_segments_as_memory_allows(
    folder: Path, memory_limit: int, segments: int
) -> None:
    documents = [keyed(f"{number:02}", "山 水 " * 10) for number in range(40)]
    with Writer(folder, LAYOUT) as writer:
        assert build_segments(folder, LAYOUT, iter([])) == []
        paths = build_segments(folder, LAYOUT, iter(documents), memory_limit=memory_limit)
        assert len(paths) == segments
        for path in paths:
            writer.add_segment(path)
        writer.commit(merge=False)
    snapshot = open_snapshot(folder)
    assert len(snapshot.commit.segments) == segments
    assert seen_in(snapshot) == {b"%02d" % n: shown(each) for n, each in enumerate(documents)}
    assert check_index(folder) == []


def _build(path: Path, number: int) -> None:
    builder = SegmentBuilder(LAYOUT)
    for doc in range(30):
        builder.add(keyed(f"{number}-{doc}"))
    builder.write(path)


def test_a_segment_of_another_layout_or_from_elsewhere_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    with Writer(folder, LAYOUT) as writer:
        path = new_segment_path(writer.folder)
        build(path, [], layout=Layout({}, {}))
        with pytest.raises(Unsupported, match="other fields"):
            writer.add_segment(path)
        build(tmp_path / "elsewhere.seg", [keyed("a")])
        with pytest.raises(Damaged):
            writer.add_segment(tmp_path / "elsewhere.seg")
        writer.commit()
    assert keys_in(folder) == []


def test_a_writer_of_another_layout_is_refused_and_lets_go(folder: Path) -> None:
    put(folder, "a")
    with pytest.raises(Unsupported, match="other fields"):
        Writer(folder, Layout({"id": "terms"}, {}, key="id"))
    put(folder, "b")


def test_where_there_is_no_index_a_writer_says_so_and_lets_go(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="holds no index"):
        Writer(tmp_path, LAYOUT)
    create_index(tmp_path)
    put(tmp_path, "a")


def test_a_writer_that_has_ended_refuses_everything(folder: Path) -> None:
    """It holds no lock any more; what it wrote could meet another writer's."""
    writer = Writer(folder, LAYOUT)
    writer.commit()
    path = build(folder / "x.seg", []).file.path
    for act in (
        lambda: writer.add(keyed("a")),
        lambda: writer.put(keyed("a"), b"a"),
        lambda: writer.delete(b"a"),
        lambda: writer.delete_docs([0]),
        lambda: writer.add_segment(path),
        lambda: writer.commit(),
    ):
        with pytest.raises(ColumnarError, match="has ended"):
            act()
    writer.cancel()
    put(folder, "b")


def test_a_second_writer_is_refused_at_once(folder: Path) -> None:
    with Writer(folder, LAYOUT):
        with pytest.raises(Locked) as caught:
            Writer(folder, LAYOUT)
        assert caught.value.path == folder
        assert in_child(_is_locked, folder)
    assert not in_child(_is_locked, folder)


def _is_locked(folder: Path) -> bool:
    try:
        Writer(folder, LAYOUT).cancel()
    except Locked:
        return True
    return False


def _hold(connection: Connection, folder: Path) -> None:
    with Writer(folder, LAYOUT) as writer:
        connection.send("open")
        connection.recv()
        time.sleep(0.2)
        writer.put(keyed("theirs"), b"theirs")
        writer.commit()


def test_a_writer_waits_for_another_process_as_long_as_asked(folder: Path) -> None:
    process, connection = started(_hold, folder)
    assert connection.recv() == "open"
    with pytest.raises(Locked):
        Writer(folder, LAYOUT, timeout=0.01)
    connection.send("go on")
    with Writer(folder, LAYOUT, timeout=60) as writer:
        writer.put(keyed("ours"), b"ours")
        writer.commit()
    process.join()
    assert keys_in(folder) == [b"ours", b"theirs"]


def test_a_killed_process_leaves_the_lock_free(folder: Path) -> None:
    process, connection = started(_hold, folder)
    assert connection.recv() == "open"
    process.kill()
    process.join()
    put(folder, "a")
    assert names_in(folder) == kept_names(folder)


def test_a_writer_may_be_handed_to_another_thread(folder: Path) -> None:
    writer = Writer(folder, LAYOUT)
    writer.put(keyed("a"), b"a")
    thread = threading.Thread(target=writer.commit)
    thread.start()
    thread.join()
    put(folder, "b")
    assert keys_in(folder) == [b"a", b"b"]
