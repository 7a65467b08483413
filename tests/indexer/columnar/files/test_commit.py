"""Commits: what is written is read, what is altered is refused, and a reader never goes back behind what it saw."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from indexer.columnar.errors import ColumnarError, Damaged
from indexer.columnar.files import commit as commits
from indexer.columnar.files import snapshot as snapshots
from indexer.columnar.files.build import Document
from indexer.columnar.files.commit import (
    Commit,
    SegmentEntry,
    commit_file,
    commit_numbers,
    last_commit,
    read_commit,
    read_deletions,
    remove_unused,
    write_commit,
    write_deletions,
)
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from tests.indexer.columnar.twins import LAYOUT, names_in

COMMIT = Commit(
    3,
    (SegmentEntry("a.seg", 5), SegmentEntry("b.seg", 70_000, "b-3.del", 2)),
    {"revision": 12, "说明": ["x", None, 1.5]},
)


def test_a_commit_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_commit(tmp_path, COMMIT)
    assert read_commit(tmp_path, 3) == last_commit(tmp_path) == COMMIT
    assert names_in(tmp_path) == ["commit-0000000003.json"]
    assert COMMIT.files() == {"a.seg", "b.seg", "b-3.del", "commit-0000000003.json"}


def test_the_last_of_many_numbers_is_the_last(tmp_path: Path) -> None:
    for number in (9, 10, 99, 100):
        write_commit(tmp_path, Commit(number))
    (tmp_path / "commit-12.json").write_text("of another's making", encoding="utf-8")
    assert commit_numbers(tmp_path) == [100, 99, 10, 9]
    assert last_commit(tmp_path).number == 100


def test_every_altered_byte_and_every_truncation_of_a_commit_is_found(tmp_path: Path) -> None:
    write_commit(tmp_path, COMMIT)
    path = tmp_path / commit_file(3)
    content = path.read_bytes()
    wrong = [content[:length] for length in range(len(content))]
    for at in range(len(content)):
        for bit in (0, 5, 7):
            byte = content[at] ^ (1 << bit)
            wrong.append(content[:at] + bytes((byte,)) + content[at + 1 :])
    for altered in [*wrong, content + b" "]:
        path.write_bytes(altered)
        with pytest.raises(Damaged, match=r"commit-0000000003\.json"):
            read_commit(tmp_path, 3)


def test_an_unreadable_last_commit_falls_back_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_commit(tmp_path, Commit(1, (), {"n": 1}))
    write_commit(tmp_path, Commit(2, (), {"n": 2}))
    (tmp_path / commit_file(2)).write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert last_commit(tmp_path).number == 1
    assert "commit-0000000002.json" in caplog.text
    (tmp_path / commit_file(1)).write_bytes(b"0")
    with pytest.raises(Damaged, match="no commit that can be read"):
        last_commit(tmp_path)


def test_a_folder_without_an_index_and_no_folder_at_all_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="holds no index"):
        last_commit(tmp_path)
    with pytest.raises(Damaged, match="No such file"):
        last_commit(tmp_path / "missing")


def test_a_commit_of_a_later_format_says_both_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(commits, "COMMIT_VERSION", 9)
        write_commit(tmp_path, COMMIT)
    with pytest.raises(Damaged, match="format 9, this program reads 1"):
        read_commit(tmp_path, 3)


def test_unused_files_go_and_files_of_others_stay(tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        entry = SegmentEntry(f"s{number}.seg", 1, f"s{number}-{number}.del", 1)
        for name in (entry.file, entry.deletions, f"left{number}.seg"):
            (tmp_path / str(name)).touch()
        write_commit(tmp_path, Commit(number, (entry,)))
    for name in ("write.lock", "readme.txt", "commit-0000000005.tmp", "notes.seg.bak"):
        (tmp_path / name).touch()
    remove_unused(tmp_path)
    assert names_in(tmp_path) == [
        "commit-0000000003.json",
        "commit-0000000004.json",
        "notes.seg.bak",
        "readme.txt",
        "s3-3.del",
        "s3.seg",
        "s4-4.del",
        "s4.seg",
        "write.lock",
    ]


def test_nothing_is_deleted_while_a_kept_commit_cannot_be_read(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"s{number}.seg").touch()
        write_commit(tmp_path, Commit(number, (SegmentEntry(f"s{number}.seg", 1),)))
    (tmp_path / commit_file(3)).write_bytes(b"")
    before = names_in(tmp_path)
    remove_unused(tmp_path)
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 70_000])
def test_deletions_are_read_as_they_were_written(tmp_path: Path, count: int) -> None:
    deleted = np.arange(count) % 3 == 0
    write_deletions(tmp_path / "a.del", deleted)
    np.testing.assert_array_equal(read_deletions(tmp_path / "a.del", count), deleted)
    assert (tmp_path / "a.del").stat().st_size < count / 8 + 400
    with pytest.raises(Damaged, match="does not fit its segment"):
        read_deletions(tmp_path / "a.del", count + 1)


def test_altered_deletions_are_found_at_open(tmp_path: Path) -> None:
    path = tmp_path / "a.del"
    write_deletions(path, np.ones(9, dtype=bool))
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes((content[at] ^ 4,)) + content[at + 1 :])
        with pytest.raises(Damaged):
            read_deletions(path, 9)


def index_of(folder: Path, *batches: int) -> None:
    """An index with one commit for each batch of so many documents."""
    create_index(folder)
    for number, count in enumerate(batches):
        with Writer(folder, LAYOUT) as writer:
            for n in range(count):
                writer.put(
                    Document(terms={"id": (b"%d-%d" % (number, n),)}), b"%d-%d" % (number, n)
                )
            writer.commit({"batch": number})


def test_an_index_cannot_be_made_twice_in_one_folder(tmp_path: Path) -> None:
    create_index(tmp_path / "deep" / "index", {"a": 1})
    assert last_commit(tmp_path / "deep" / "index").facts == {"a": 1}
    with pytest.raises(ColumnarError, match="holds an index already"):
        create_index(tmp_path / "deep" / "index")


def test_a_snapshot_whose_segment_is_missing_or_of_another_size_is_damaged(tmp_path: Path) -> None:
    index_of(tmp_path, 2, 3)
    one, two = (tmp_path / entry.file for entry in last_commit(tmp_path).segments)
    content = one.read_bytes()
    one.unlink()
    with pytest.raises(Damaged, match=one.name):
        open_snapshot(tmp_path)
    one.write_bytes(two.read_bytes())
    with pytest.raises(Damaged, match="holds 3 documents, not 2"):
        open_snapshot(tmp_path)
    one.write_bytes(content)
    assert open_snapshot(tmp_path).doc_count == 5


def test_a_snapshot_is_shared_until_there_is_a_commit_and_segments_after_it(tmp_path: Path) -> None:
    index_of(tmp_path, 9)
    first = open_snapshot(tmp_path)
    assert open_snapshot(tmp_path, first) is first
    with Writer(tmp_path, LAYOUT) as writer:
        writer.put(Document(terms={"id": (b"new",)}), b"new")
        writer.delete(b"0-0")
        writer.commit()
    second = open_snapshot(tmp_path, first)
    assert second is not first
    assert second.leaves[0].segment is first.leaves[0].segment
    assert (first.doc_count, second.doc_count) == (9, 9)
    assert (first.find(b"0-0"), second.find(b"0-0")) == (0, -1)


class _Between:
    """Does something once, before the first reading of a commit file: what a writer may do meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, commits_between: int) -> None:
        self._folder, self._left = folder, commits_between
        self._read = read_commit
        monkeypatch.setattr(commits, "read_commit", self)

    def __call__(self, folder: Path, number: int) -> Commit:
        left, self._left = self._left, 0
        for each in range(left):
            with Writer(self._folder, LAYOUT) as writer:
                writer.put(Document(terms={"id": (b"between",)}), b"between")
                writer.commit({"batch": f"between {each}"})
        return self._read(folder, number)


@pytest.mark.parametrize("commits_between", [1, 2, 3, 7])
def test_a_reader_that_a_writer_overtakes_opens_a_later_commit_and_never_an_earlier_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    commits_between: int,
) -> None:
    """Between listing the commits and reading the last of them, others may come and it may go."""
    index_of(tmp_path, 1, 1, 1)
    seen = last_commit(tmp_path).number
    _Between(monkeypatch, tmp_path, commits_between)
    with caplog.at_level(logging.WARNING):
        snapshot = open_snapshot(tmp_path)
    assert snapshot.commit.number >= seen
    assert snapshot.doc_count >= 3
    assert caplog.text == ""


def test_a_reader_whose_segments_go_while_it_opens_them_opens_a_later_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_of(tmp_path, 1, 1)
    left = 2

    def overtaken(folder: Path) -> Commit:
        nonlocal left
        commit = last_commit(folder)
        while left:
            left -= 1
            with Writer(folder, LAYOUT) as writer:
                writer.commit({"left": left}, merge_all=True)
        return commit

    monkeypatch.setattr(snapshots, "last_commit", overtaken)
    assert open_snapshot(tmp_path).commit.facts == {"left": 0}


def test_a_half_removed_older_commit_is_not_fallen_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer removes unused files in any order: the commit that was last may be gone before the one before it."""
    index_of(tmp_path, 1, 1)
    older = (tmp_path / commit_file(2)).read_bytes()
    listed = commit_numbers(tmp_path)
    with Writer(tmp_path, LAYOUT) as writer:
        writer.commit({"batch": "later"})
    (tmp_path / commit_file(2)).write_bytes(older)
    (tmp_path / commit_file(3)).unlink()
    answers = [listed]
    monkeypatch.setattr(
        commits,
        "commit_numbers",
        lambda folder: answers.pop() if answers else commit_numbers(folder),
    )
    assert last_commit(tmp_path).facts == {"batch": "later"}
