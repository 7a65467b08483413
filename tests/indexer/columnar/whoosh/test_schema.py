"""Which fields and values can be held, and what is told of those that cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from whoosh import fields as wf
from whoosh import formats, sorting
from whoosh import query as wq
from whoosh.analysis import (
    DelimitedAttributeFilter,
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

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.fields import Layout
from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.columnar.whoosh.schema import layout_of
from tests.indexer.columnar.whoosh.samples import SPACES, fill, found, make_schema


@pytest.fixture
def index(tmp_path: Path) -> ColumnarIndex:
    return ColumnarIndex.create(tmp_path / "index", make_schema())


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
