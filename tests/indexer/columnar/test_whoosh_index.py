"""ColumnarIndex and ColumnarWriter as one who knows Whoosh uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from whoosh import fields as wf
from whoosh import formats, highlight, sorting, writing
from whoosh import query as wq
from whoosh.analysis import (
    DelimitedAttributeFilter,
    SpaceSeparatedTokenizer,
    StemmingAnalyzer,
)
from whoosh.columns import (
    BitColumn,
    CompressedBytesColumn,
    NumericColumn,
    PickleColumn,
    VarBytesColumn,
)
from whoosh.fields import ID, KEYWORD, NGRAM, NUMERIC, STORED, TEXT, Schema, UnknownFieldError
from whoosh.qparser import QueryParser
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from indexer.columnar.build import Document
from indexer.columnar.commit import last_commit
from indexer.columnar.errors import ColumnarError, Damaged, Locked, Unsupported
from indexer.columnar.fields import Layout
from indexer.columnar.whoosh_index import ColumnarIndex
from indexer.columnar.whoosh_schema import layout_of
from indexer.columnar.writer import Writer, create_index

SPACES = SpaceSeparatedTokenizer()


def make_schema() -> Schema:
    return Schema(
        id=ID(unique=True, stored=True),
        url=ID(unique=True),
        title=TEXT(analyzer=SPACES, stored=True),
        body=TEXT(analyzer=SPACES, stored=True),
        tags=KEYWORD(stored=True),
        rank=NUMERIC(sortable=True, stored=True),
        note=STORED,
    )


@pytest.fixture
def index(tmp_path: Path) -> ColumnarIndex:
    return ColumnarIndex.create(tmp_path / "index", make_schema())


def fill(index: ColumnarIndex, *documents: dict[str, Any], **commit: Any) -> None:
    writer = index.writer()
    for document in documents:
        writer.add_document(**document)
    writer.commit(**commit)


def found(index: ColumnarIndex, query: wq.Query | None = None, **options: Any) -> list[str]:
    with index.searcher() as searcher:
        results = searcher.search(wq.Every() if query is None else query, limit=None, **options)
        return [hit["id"] for hit in results]


# Opening


def test_an_empty_index_can_be_searched(index: ColumnarIndex) -> None:
    assert index.is_empty()
    assert index.doc_count() == index.doc_count_all() == 0
    with index.searcher() as searcher:
        assert searcher.up_to_date()
        for query in (wq.Every(), wq.Term("body", "x"), wq.Not(wq.Term("body", "x")), wq.Or([])):
            assert len(searcher.search(query)) == 0
        assert searcher.suggest("body", "x") == []
        assert searcher.document(id="1") is None


def test_there_is_no_index_where_none_was_made(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="holds no index"):
        ColumnarIndex(tmp_path, make_schema())


def test_an_index_is_not_made_over_another(index: ColumnarIndex) -> None:
    with pytest.raises(ColumnarError, match="holds an index already"):
        ColumnarIndex.create(index.folder, make_schema())


def test_an_index_can_be_opened_again(index: ColumnarIndex) -> None:
    fill(index, {"id": "1", "body": "alfa"})
    again = ColumnarIndex(index.folder, make_schema())
    assert found(again, wq.Term("body", "alfa")) == ["1"]
    assert repr(again) == f"ColumnarIndex({str(index.folder)!r})"


def test_an_index_is_not_opened_with_a_schema_that_reads_its_fields_otherwise(
    index: ColumnarIndex,
) -> None:
    fill(index, {"id": "1", "body": "alfa", "rank": 1})
    with pytest.raises(Unsupported, match="field 'body' as words, the schema wants terms"):
        ColumnarIndex(index.folder, Schema(body=ID))
    with pytest.raises(Unsupported, match="field 'rank' as int64, the schema wants ordinal"):
        ColumnarIndex(index.folder, Schema(rank=ID(sortable=True)))


def test_a_schema_that_knows_fewer_or_more_fields_reads_but_does_not_write(
    index: ColumnarIndex,
) -> None:
    fill(index, {"id": "1", "body": "alfa", "title": "bravo"})
    schema = Schema(id=ID(stored=True), body=TEXT(analyzer=SPACES), later=TEXT)
    other = ColumnarIndex(index.folder, schema)
    with other.searcher() as searcher:
        (hit,) = searcher.search(wq.Term("body", "alfa"))
        assert hit.fields() == {"id": "1", "body": "alfa"}
        assert len(searcher.search(wq.Term("later", "alfa"))) == 0
    with pytest.raises(Unsupported, match="made with other fields"):
        other.writer()
    index.writer().cancel()


def test_an_index_that_was_written_without_whoosh_is_read_with_it(tmp_path: Path) -> None:
    layout = Layout({"id": "terms", "body": "words"}, {}, key="id", forward=("body",))
    create_index(tmp_path)
    with Writer(tmp_path, layout) as writer:
        writer.put(Document(words={"body": (["one", "two"], [0, 1])}, terms={"id": [b"a"]}), b"a")
        writer.commit()
    index = ColumnarIndex(tmp_path, Schema(id=ID, body=TEXT(analyzer=SPACES)))
    with index.searcher() as searcher:
        assert searcher.document_number(id="a") == 0
        assert searcher.search(wq.Phrase("body", ["one", "two"])).docs() == {0}
        assert searcher.stored_fields(0) == {}


def test_generations_are_commits(index: ColumnarIndex) -> None:
    searcher = index.searcher()
    before = index.latest_generation()
    assert searcher.refresh() is searcher
    fill(index, {"id": "1", "body": "alfa"})
    assert index.latest_generation() == before + 1 == last_commit(index.folder).number
    assert not searcher.up_to_date()
    fresh = searcher.refresh()
    assert fresh is not searcher
    assert fresh.up_to_date()
    assert (searcher.doc_count(), fresh.doc_count()) == (0, 1)
    fill(index, {"id": "2"}, merge=False)
    assert fresh.refresh().doc_count() == 2
    assert index.last_modified() > 0
    assert not index.is_empty()


def test_a_reader_outlives_commits_and_merges(index: ColumnarIndex) -> None:
    fill(index, {"id": "0", "body": "alfa"})
    with index.searcher() as searcher:
        for number in range(1, 8):
            fill(index, {"id": str(number), "body": "alfa"}, optimize=number % 3 == 0)
        index.close()
        (hit,) = searcher.search(wq.Term("body", "alfa"))
        assert hit.fields() == {"id": "0", "body": "alfa"}
    assert len(found(index)) == 8


def test_segments_that_are_open_are_shared_by_later_readers(index: ColumnarIndex) -> None:
    fill(index, {"id": "1"})
    first = index.snapshot().leaves[0].segment
    fill(index, {"id": "2"})
    leaves = index.snapshot().leaves
    assert len(leaves) == 2
    assert leaves[0].segment is first
    assert index.reader(reuse=index.reader()).leaf_readers()


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
        for number in range(200):
            writer.update_document(id=str(number % 90), body=f"w{number}")
    assert index.doc_count() == 90
    assert found(index, wq.Term("body", "w199")) == ["19"]
    assert found(index, wq.Term("body", "w19")) == []


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


# What cannot be held


def boosting() -> Any:
    return SPACES | DelimitedAttributeFilter()


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (TEXT(chars=True), "Characters; use Existence, Frequency or Positions"),
        (wf.FieldType(formats.PositionBoosts(), SPACES, scorable=True), "PositionBoosts"),
        (wf.FieldType(formats.CharacterBoosts(), SPACES, scorable=True), "CharacterBoosts"),
        (TEXT(field_boost=2.0), "boost the field in the query"),
        (ID(field_boost=0.5), "boost the field in the query"),
        (wf.FieldType(formats.Existence(), SPACES, scorable=True), "give it the format Frequency"),
        (TEXT(vector=formats.Characters()), "Characters; use"),
        (wf.COLUMN(NumericColumn("d")), "use NUMERIC"),
        (wf.COLUMN(BitColumn()), "a BitColumn; use a NumericColumn"),
        (wf.COLUMN(CompressedBytesColumn()), "a CompressedBytesColumn"),
        (wf.COLUMN(PickleColumn(VarBytesColumn())), "a PickleColumn"),
    ],
    ids=repr,
)
def test_a_field_that_cannot_be_held_is_refused_with_what_to_do(
    tmp_path: Path, field: wf.FieldType, said: str
) -> None:
    with pytest.raises(Unsupported, match=f"'field'.*{said}"):
        layout_of(Schema(field=field))
    with pytest.raises(Unsupported):
        ColumnarIndex.create(tmp_path, Schema(field=field))
    assert not list(tmp_path.iterdir())


def test_fields_with_patterns_for_names_are_refused() -> None:
    schema = Schema(id=ID)
    schema.add("*_at", wf.DATETIME, glob=True)
    with pytest.raises(Unsupported, match=r"\*_at.*; name each field"):
        layout_of(schema)


def test_the_fields_of_an_index_are_fixed(index: ColumnarIndex) -> None:
    writer = index.writer()
    changes: list[Callable[[], Any]] = [
        lambda: index.add_field("more", ID),
        lambda: index.remove_field("body"),
        lambda: writer.add_field("more", ID),
        lambda: writer.remove_field("body"),
    ]
    for change in changes:
        with pytest.raises(Unsupported, match="make a new index"):
            change()
    writer.cancel()


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"nowhere": "x"}, UnknownFieldError, "No field named 'nowhere'"),
        ({"id": "1", "_stored_nowhere": "x"}, UnknownFieldError, "nowhere"),
        ({"id": "1", "_nonsense": "x"}, UnknownFieldError, "_nonsense"),
        ({"id": "1", "_boost": 2.0}, Unsupported, "_boost=2.0"),
        ({"id": "1", "_body_boost": 2.0}, Unsupported, "boost the field in the query"),
        ({"id": "1", "tags": "red red"}, Unsupported, "'red' stands 2 times"),
        ({"id": "1", "body": 5}, Unsupported, "neither text nor a list"),
        ({"id": "1", "body": "a\ud800"}, Unsupported, "not Unicode text"),
        ({"id": "1", "note": {1, 2}}, Unsupported, "a set"),
        ({"id": "1", "rank": "many"}, ValueError, "many"),
    ],
)
def test_a_document_that_cannot_be_held_is_refused_and_the_batch_goes_on(
    index: ColumnarIndex, fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    fill(index, {"id": "1", "body": "before"})
    with index.writer() as writer:
        writer.add_document(id="2", body="good")
        with pytest.raises(error, match=said):
            writer.update_document(**fields)
        writer.add_document(id="3", body="good", _boost=1.0, _body_boost=1)
    assert found(index) == ["1", "2", "3"]
    assert found(index, wq.Term("body", "before")) == ["1"]


def test_weights_that_are_no_frequencies_are_refused(tmp_path: Path) -> None:
    schema = Schema(
        body=TEXT(analyzer=boosting()),
        tags=KEYWORD(analyzer=boosting()),
        counted=wf.SpellField(boosting()),
        seen=TEXT(analyzer=boosting(), vector=True),
    )
    index = ColumnarIndex.create(tmp_path, schema)
    with index.writer() as writer:
        for name in schema.names():
            writer.add_document(**{name: "plain words"})
            with pytest.raises(Unsupported, match=f"'{name}'.*boosts"):
                writer.add_document(**{name: "heavy^2 words"})
    assert index.doc_count() == 4


# Fields


def test_fields_are_laid_out_by_what_is_asked_of_them() -> None:
    schema = Schema(
        text=TEXT,
        loose=TEXT(phrase=False),
        grams=NGRAM(2, 3),
        words=wf.NGRAMWORDS(2, 3, sortable=True),
        tags=KEYWORD,
        counted=KEYWORD(scorable=True),
        ident=ID(sortable=True),
        many=wf.IDLIST,
        number=NUMERIC(float, sortable=True),
        time=wf.DATETIME(sortable=True),
        flag=wf.BOOLEAN,
        note=STORED,
        seen=TEXT(vector=True),
        spelt=TEXT(analyzer=StemmingAnalyzer(), spelling=True),
    )
    assert layout_of(schema) == Layout(
        postings={
            "text": "words",
            "loose": "words",
            "grams": "words",
            "words": "words",
            "tags": "terms",
            "counted": "words",
            "ident": "terms",
            "many": "terms",
            "number": "terms",
            "time": "terms",
            "flag": "terms",
            "seen": "words",
            "spelt": "words",
            "spell_spelt": "terms",
        },
        columns={"words": "ordinal", "ident": "ordinal", "number": "uint64", "time": "int64"},
        blobs=("_vector_seen", "_stored"),
    )
    assert layout_of(Schema(id=ID)) == Layout({"id": "terms"}, {})


def test_what_is_stored_may_differ_from_what_is_indexed(index: ColumnarIndex) -> None:
    when = datetime(2024, 5, 1)
    fill(
        index,
        {"id": "1", "body": "alfa", "_stored_body": "shown", "note": when, "rank": 1},
        {
            "id": "2",
            "body": ["with space", "alfa"],
            "_stored_body": None,
            "_stored_rank": 9,
            "rank": 2,
        },
    )
    with index.searcher() as searcher:
        assert searcher.stored_fields(0) == {"id": "1", "body": "shown", "note": when, "rank": 1}
        assert searcher.stored_fields(1) == {"id": "2", "rank": 9}
        assert len(searcher.search(wq.Term("body", "with space"))) == 1
        assert [searcher.reader().column_reader("rank")[doc] for doc in (0, 1)] == [1, 9]


class Reversed(TEXT):  # type: ignore[misc]
    """A field that indexes each word backwards: it does not leave that to its analyzer."""

    def index(self, value: str, **kwargs: Any) -> Any:
        for term, *rest in super().index(value, **kwargs):
            yield (term[::-1], *rest)


def test_a_field_that_makes_its_own_terms_keeps_them_with_positions(tmp_path: Path) -> None:
    index = ColumnarIndex.create(tmp_path / "a", Schema(id=ID(stored=True), body=Reversed()))
    fill(index, {"id": "1", "body": "abc def abc"})
    assert found(index, wq.Phrase("body", ["cba", "fed", "cba"])) == ["1"]
    assert found(index, wq.Phrase("body", ["fed", "fed"])) == []
    other = ColumnarIndex.create(
        tmp_path / "b", Schema(id=ID(stored=True), body=Reversed(), more=ID)
    )
    with other.writer() as writer:
        writer.add_reader(index.reader())
        writer.add_document(id="2", body="abc")
    assert found(other, wq.Term("body", "cba")) == ["2", "1"]


def test_words_are_suggested_as_they_were_written_where_the_field_stems_them(
    tmp_path: Path,
) -> None:
    schema = Schema(body=TEXT(analyzer=StemmingAnalyzer(), spelling=True))
    index = ColumnarIndex.create(tmp_path, schema)
    fill(index, {"body": "special specialities"}, {"body": "special render"})
    with index.searcher() as searcher:
        assert searcher.suggest("body", "specail") == ["special"]
        assert list(searcher.field_terms("spell_body")) == ["render", "special", "specialities"]


def test_documents_are_grouped_by_the_terms_of_their_vectors(tmp_path: Path) -> None:
    schema = Schema(id=ID(stored=True), body=TEXT(analyzer=SPACES, vector=True))
    index = ColumnarIndex.create(tmp_path, schema)
    fill(index, {"id": "1", "body": "alfa bravo"}, {"id": "2", "body": "alfa"}, {"id": "3"})
    with index.searcher() as searcher:
        facet = sorting.FieldFacet("body", allow_overlap=True)
        results = searcher.search(wq.Every(), groupedby=facet)
        assert results.groups("body") == {"alfa": [0, 1], "bravo": [0]}


# Queries, by example


@pytest.fixture
def library(index: ColumnarIndex) -> ColumnarIndex:
    fill(
        index,
        {"id": "1", "title": "river stone", "body": "the old river runs past the stone", "rank": 3},
        {"id": "2", "title": "stone", "body": "a stone of the river", "rank": 1},
        {"id": "3", "title": "山村 茶", "body": "山村 里 的 茶", "rank": 2},
        merge=False,
    )
    fill(
        index,
        {"id": "4", "title": "old town", "body": "the river and the old stone town"},
        {"id": "5", "title": "éclair", "body": "", "rank": 2},
        merge=False,
    )
    return index


def test_a_phrase_keeps_to_its_order_and_its_slop(library: ColumnarIndex) -> None:
    def phrase(*words: str, slop: int = 1) -> list[str]:
        return sorted(found(library, wq.Phrase("body", list(words), slop=slop)))

    assert phrase("old", "river") == ["1"]
    assert phrase("river", "old") == []
    assert phrase("river", "stone") == []
    assert phrase("river", "stone", slop=3) == []
    assert phrase("river", "stone", slop=4) == ["1", "4"]
    assert phrase("stone", "river", slop=4) == ["2"]
    assert phrase("山村", "里", "的", "茶") == ["3"]
    with pytest.raises(wq.QueryError, match="no positions"):
        found(library, wq.Phrase("tags", ["a", "b"]))


def test_a_field_is_boosted_in_the_query(library: ColumnarIndex) -> None:
    def ranking(title: float, body: float) -> list[str]:
        query = wq.Or([wq.Term("title", "old", boost=title), wq.Term("body", "old", boost=body)])
        return found(library, query)

    assert ranking(5.0, 1.0) == ["4", "1"]
    assert ranking(0.01, 5.0) == ["4", "1"]
    with library.searcher() as searcher:
        plain = searcher.search(wq.Term("title", "old")).score(0)
        assert searcher.search(wq.Term("title", "old", boost=3.0)).score(0) == pytest.approx(
            3 * plain
        )


def test_not_alone_finds_the_rest_and_nothing_of_nothing_is_nothing(library: ColumnarIndex) -> None:
    assert found(library, wq.Not(wq.Term("body", "river"))) == ["3", "5"]
    assert found(library, wq.Not(wq.Every())) == []
    assert found(library, wq.Or([])) == []
    assert found(library, wq.And([])) == []
    assert found(library, wq.Or([wq.Or([]), wq.Term("id", "2")])) == ["2"]
    assert found(library, wq.NullQuery) == []


def test_ranges_go_by_code_points(library: ColumnarIndex) -> None:
    assert found(library, wq.TermRange("title", "z", None)) == ["3", "5"]
    assert found(library, wq.TermRange("title", "山", "茶")) == ["3"]
    assert found(library, wq.TermRange("title", "山村", "茶", startexcl=True, endexcl=True)) == []
    assert found(library, wq.TermRange("title", None, "river")) == ["1", "4"]
    assert found(library, wq.Prefix("title", "山")) == ["3"]
    assert found(library, wq.Prefix("title", "é")) == ["5"]


def test_deletions_and_merges_change_only_what_was_deleted(library: ColumnarIndex) -> None:
    library.delete_by_term("id", "2")
    for merged in (False, True):
        if merged:
            library.optimize()
        assert sorted(found(library)) == ["1", "3", "4", "5"]
        assert found(library, wq.Term("title", "stone")) == ["1"]
        assert found(library, wq.Phrase("body", ["old", "river"])) == ["1"]
        assert found(library, sortedby="rank")[:2] == ["3", "5"]
    assert library.doc_count_all() == 4


def test_results_are_sorted_by_a_column_and_missing_values_come_last(
    library: ColumnarIndex,
) -> None:
    assert found(library, sortedby="rank") == ["2", "3", "5", "1", "4"]
    backwards = sorting.FieldFacet("rank", reverse=True)
    assert found(library, sortedby=backwards) == ["4", "1", "3", "5", "2"]


def test_what_a_reader_types_is_parsed_corrected_and_highlighted(library: ColumnarIndex) -> None:
    parser = QueryParser("body", library.schema)
    with library.searcher() as searcher:
        results = searcher.search(parser.parse('("old river" OR 茶) NOT title:town'), terms=True)
        assert sorted(hit["id"] for hit in results) == ["1", "3"]
        results.formatter = highlight.UppercaseFormatter()
        (shown,) = [hit.highlights("body") for hit in results if hit["id"] == "1"]
        assert "OLD RIVER" in shown
        correction = searcher.correct_query(parser.parse("rivr stone"), "rivr stone")
        assert correction.string == "river stone"
        (hit,) = searcher.search(wq.Term("id", "1"))
        assert [other["id"] for other in hit.more_like_this("body", numterms=3)] == ["4", "2"]


def test_paging_and_documents_by_value(library: ColumnarIndex) -> None:
    with library.searcher() as searcher:
        page = searcher.search_page(wq.Every(), 2, pagelen=2)
        assert ([hit["id"] for hit in page], page.total, page.pagecount) == (["3", "4"], 5, 3)
        assert searcher.document(id="4")["title"] == "old town"
        assert list(searcher.document_numbers(rank=2)) == [2, 4]
        assert searcher.document(id="9") is None


def test_readers_agree_over_one_segment_and_several(library: ColumnarIndex) -> None:
    def ask(reader: IndexReader) -> list[Any]:
        with Searcher(reader, closereader=False) as searcher:
            query = wq.Or([wq.Term("body", "river"), wq.Prefix("title", "st")])
            return [
                [(hit["id"], round(hit.score, 9)) for hit in searcher.search(query)],
                list(reader.lexicon("body")),
                reader.term_info("body", "river").weight(),
                reader.most_frequent_terms("body", 1),
            ]

    several = ask(library.reader())
    library.optimize()
    assert ask(library.reader()) == several


def test_a_key_of_ones_own_does_not_fit_whooshs_writer(index: ColumnarIndex) -> None:
    """Whoosh lets documents share a unique value; a layout with a key promises that they do not."""
    keyed = replace(layout_of(make_schema()), key="id")
    with Writer(index.folder, keyed) as writer:
        writer.put(Document(terms={"id": [b"1"]}), b"1")
        writer.commit()
    with pytest.raises(Unsupported, match="made with other fields"):
        index.writer()
