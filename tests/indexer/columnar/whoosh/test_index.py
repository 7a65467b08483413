"""ColumnarIndex as one who knows Whoosh uses it: opening, reading, and queries by example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from whoosh import highlight, sorting
from whoosh import query as wq
from whoosh.fields import ID, TEXT, Schema
from whoosh.qparser import QueryParser
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from indexer.columnar.errors import ColumnarError, Damaged, Unsupported
from indexer.columnar.files.build import Document
from indexer.columnar.files.commit import last_commit
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.whoosh.index import ColumnarIndex
from tests.indexer.columnar.whoosh.samples import SPACES, fill, found, make_schema


@pytest.fixture
def index(tmp_path: Path) -> ColumnarIndex:
    return ColumnarIndex.create(tmp_path / "index", make_schema())


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
