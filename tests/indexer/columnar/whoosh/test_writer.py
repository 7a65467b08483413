"""ColumnarWriter as one who knows Whoosh uses it: adding, deleting, committing, copying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from whoosh import query as wq
from whoosh import writing
from whoosh.fields import ID, NUMERIC, TEXT, Schema, UnknownFieldError

from indexer.columnar.errors import Locked, Unsupported
from indexer.columnar.files.build import Document
from indexer.columnar.files.writer import Writer
from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.columnar.whoosh.schema import layout_of
from tests.indexer.columnar.whoosh.samples import SPACES, fill, found, make_schema


@pytest.fixture
def index(tmp_path: Path) -> ColumnarIndex:
    return ColumnarIndex.create(tmp_path / "index", make_schema())


# Writing


def test_the_last_update_of_a_batch_wins(index: ColumnarIndex) -> None:
    with index.writer() as writer:
        for body in ("one", "two", "three"):
            writer.update_document(id="1", body=body)
            writer.update_document(id="2", body=body)
    assert found(index, wq.Term("body", "three")) == ["1", "2"]
    assert index.doc_count() == 2
    with index.writer() as writer:
        writer.update_document(id="1", body="four")
        writer.update_document(id="1", body="five")
    assert found(index, wq.Term("body", "five")) == ["1"]
    assert index.doc_count() == 2


def test_an_update_wins_over_documents_that_were_spilled(index: ColumnarIndex) -> None:
    with index.writer(memory_limit=1) as writer:
        for number in range(50):
            writer.update_document(id=str(number % 20), body=f"w{number}")
    assert index.doc_count() == 20
    assert found(index, wq.Term("body", "w49")) == ["9"]
    assert found(index, wq.Term("body", "w29")) == []


def test_an_update_takes_every_document_that_shares_a_unique_value(index: ColumnarIndex) -> None:
    fill(index, {"id": "1", "url": "a"}, {"id": "1", "url": "b"}, {"id": "2", "url": "c"})
    assert index.doc_count() == 3
    with index.writer() as writer:
        writer.add_document(id="3", url="d")
        writer.update_document(id="1", url="c")
        writer.update_document(id=None, url="d", body="last")
    with index.searcher() as searcher:
        assert [fields.get("id") for fields in searcher.documents()] == ["1", None]


def test_a_document_without_a_unique_value_is_only_added(index: ColumnarIndex) -> None:
    with index.writer() as writer:
        writer.update_document(body="alfa")
        writer.update_document(body="alfa")
    assert index.doc_count() == 2


def test_documents_are_deleted_by_number_term_and_query(index: ColumnarIndex) -> None:
    fill(index, *({"id": str(n), "body": f"w{n} all", "rank": n} for n in range(8)), merge=False)
    with index.writer() as writer:
        writer.merge = False
        writer.delete_document(0)
        assert writer.delete_by_term("id", "1") == 1
        assert writer.delete_by_term("id", "1") == 0
        assert writer.delete_by_query(wq.NumericRange("rank", 0, 3)) == 2
        with writer.searcher() as searcher:
            assert len(searcher.search(wq.Term("body", "all"), limit=None)) == 4
        assert writer.reader().doc_count() == 4
    assert found(index, wq.Term("body", "all")) == ["4", "5", "6", "7"]
    assert index.doc_count_all() == 8
    index.optimize()
    assert index.doc_count_all() == 4


def test_a_document_of_the_same_batch_is_deleted_by_its_unique_value(index: ColumnarIndex) -> None:
    with index.writer() as writer:
        writer.add_document(id="1", body="alfa")
        writer.add_document(id="2", body="alfa")
        assert writer.delete_by_term("id", "1") == 1
        assert writer.delete_by_term("body", "alfa") == 0
    assert found(index) == ["2"]


def test_a_document_that_was_replaced_is_not_deleted_again(index: ColumnarIndex) -> None:
    with index.writer() as writer:
        writer.add_document(id="1", url="a")
        writer.update_document(id="2", url="a")
        assert writer.delete_by_term("id", "1") == 0
        assert writer.delete_by_term("url", "a") == 1
    assert index.doc_count() == 0


def test_deleting_what_is_not_there_is_told(index: ColumnarIndex) -> None:
    fill(index, {"id": "1"})
    writer = index.writer()
    for number in (1, -1):
        with pytest.raises(writing.IndexingError, match="No document ID"):
            writer.delete_document(number)
    with pytest.raises(Unsupported, match="cancel the writer"):
        writer.delete_document(0, delete=False)
    with pytest.raises(UnknownFieldError):
        writer.delete_by_term("nowhere", "1")
    writer.cancel()
    assert index.doc_count() == 1


def test_the_index_itself_deletes_and_lets_the_lock_go(index: ColumnarIndex) -> None:
    fill(index, {"id": "1", "rank": 1}, {"id": "2", "rank": 2}, {"id": "3", "rank": 3})
    index.delete_by_term("id", "1")
    index.delete_by_query(wq.Term("rank", 2))
    assert found(index) == ["3"]
    with pytest.raises(UnknownFieldError):
        index.delete_by_term("nowhere", "1")
    index.writer().cancel()


def test_a_cancelled_batch_leaves_nothing(index: ColumnarIndex) -> None:
    fill(index, {"id": "1"})
    names = sorted(path.name for path in index.folder.iterdir())
    writer = index.writer(memory_limit=1)
    for number in range(70):
        writer.update_document(id=str(number))
    error = RuntimeError()
    writer.__exit__(RuntimeError, error, None)
    assert found(index) == ["1"]
    assert sorted(path.name for path in index.folder.iterdir()) == names


def test_a_second_writer_is_refused_at_once(index: ColumnarIndex) -> None:
    with index.writer(), pytest.raises(Locked):
        index.writer()
    index.writer().cancel()


def test_a_writer_that_has_ended_takes_nothing_more(index: ColumnarIndex) -> None:
    writer = index.writer()
    writer.commit()
    calls: list[Callable[[], Any]] = [
        lambda: writer.add_document(id="1"),
        lambda: writer.update_document(id="1"),
        lambda: writer.delete_document(0),
        lambda: writer.delete_by_term("id", "1"),
        lambda: writer.add_reader(index.reader()),
        writer.start_group,
        writer.end_group,
        writer.reader,
        writer.commit,
    ]
    for call in calls:
        with pytest.raises(writing.IndexingError, match="closed"):
            call()
    writer.cancel()


def test_commits_merge_as_they_are_told(index: ColumnarIndex) -> None:
    for number in range(6):
        fill(index, {"id": str(number)}, merge=False)
    assert len(index.snapshot().leaves) == 6
    fill(index, {"id": "6"}, mergetype=writing.NO_MERGE)
    assert len(index.snapshot().leaves) == 7
    fill(index, {"id": "7"})
    assert len(index.snapshot().leaves) < 4
    fill(index, {"id": "8"}, mergetype=writing.OPTIMIZE)
    assert len(index.snapshot().leaves) == 1
    with index.writer() as writer:
        writer.optimize = True
        writer.delete_by_term("id", "0")
    assert index.doc_count_all() == index.doc_count() == 8
    fill(index, {"id": "9"}, mergetype=writing.CLEAR)
    assert found(index) == ["9"]
    with pytest.raises(Unsupported, match="merge policy"):
        fill(index, {"id": "10"}, mergetype=lambda _writer, segments: segments)
    assert found(index) == ["9"]


def test_a_group_stays_together_when_memory_is_spilled(index: ColumnarIndex) -> None:
    with index.writer(memory_limit=1) as writer:
        writer.merge = False
        writer.add_document(id="before")
        with writer.group():
            for number in range(150):
                writer.add_document(id=str(number), tags="part")
        writer.add_document(id="after")
    sizes = [leaf.segment.doc_count for leaf in index.snapshot().leaves]
    assert sizes == [1, 150, 1]


# Copying


def test_segments_of_the_same_fields_are_merged_in(tmp_path: Path, index: ColumnarIndex) -> None:
    for number in range(3):
        fill(index, {"id": str(number), "body": "alfa", "rank": number}, merge=False)
    index.delete_by_term("id", "1")
    other = ColumnarIndex.create(tmp_path / "other", make_schema())
    with other.writer() as writer:
        writer.add_document(id="first", body="alfa")
        writer.add_reader(index.reader())
        writer.update_document(id="first", body="bravo")
    assert found(other, wq.Term("body", "alfa")) == ["0", "2"]
    assert found(other, wq.Term("body", "bravo")) == ["first"]
    assert found(other, sortedby="rank") == ["0", "2", "first"]


def test_an_index_of_other_fields_is_copied_as_far_as_they_are_known(
    tmp_path: Path, index: ColumnarIndex
) -> None:
    fill(index, {"id": "1", "body": "alfa bravo", "rank": 3, "tags": "x"}, {"id": "2"})
    schema = Schema(id=ID(stored=True), body=TEXT(analyzer=SPACES), rank=NUMERIC(sortable=True))
    other = ColumnarIndex.create(tmp_path / "other", schema)
    with other.writer() as writer:
        writer.add_reader(index.reader())
    with other.searcher() as searcher:
        (hit,) = searcher.search(wq.Phrase("body", ["alfa", "bravo"]))
        assert hit.fields() == {"id": "1"}
        assert hit["rank"] == 3
        assert searcher.doc_count() == 2


def test_a_key_of_ones_own_does_not_fit_whooshs_writer(index: ColumnarIndex) -> None:
    """Whoosh lets documents share a unique value; a layout with a key promises that they do not."""
    keyed = replace(layout_of(make_schema()), key="id")
    with Writer(index.folder, keyed) as writer:
        writer.put(Document(terms={"id": [b"1"]}), b"1")
        writer.commit()
    with pytest.raises(Unsupported, match="made with other fields"):
        index.writer()
