"""Where the executor and Whoosh 2.7.4 as it is differ on purpose: what each answers, case by case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from whoosh import query as wq

from indexer.columnar.whoosh.index import ColumnarIndex
from tests.indexer.columnar.whoosh.pairs import schema
from tests.indexer.columnar.whoosh.places import Place


def place(folder: Path, *bodies: str, deleted: tuple[int, ...] = ()) -> Place:
    """One segment of documents with these bodies; each also holds ``here`` in its title, and its number as its grade."""
    index = ColumnarIndex.create(folder / "index", schema())
    with index.writer() as writer:
        for number, body in enumerate(bodies):
            writer.add_document(id=f"d{number}", title="here", body=body, grade=number)
    with index.writer() as writer:
        writer.merge = False
        for number in deleted:
            writer.delete_by_term("id", f"d{number}")
    return Place(index)


def body(word: str, boost: float = 1.0) -> wq.Query:
    return wq.Term("body", word, boost)


def test_require_narrows_where_whooshs_excludes(tmp_path: Path) -> None:
    here = place(tmp_path, "a b", "a", "b")
    query = wq.Require(body("a"), body("b"))
    assert sorted(here.theirs(query)) == [1]
    assert sorted(wq.Require(body("a"), body("b")).docs(here.searcher)) == [0]
    assert here.ours(query).keys() == {0}
    assert here.ours(query)[0] == pytest.approx(here.theirs(body("a"))[0], rel=1e-6)


def test_and_not_excludes_the_first_document_too(tmp_path: Path) -> None:
    here = place(tmp_path, "b", "a b", "a", "a b")
    query = wq.AndNot(body("a"), body("b"))
    assert sorted(here.theirs(query)) == [1, 2]
    assert here.ours(query).keys() == {2}


def test_and_maybe_keeps_the_optional_score_inside_an_and(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "z", "x", "b", "a b x")
    query = wq.And([wq.AndMaybe(body("a"), body("b")), body("x")])
    whole = wq.And([body("a"), body("b"), body("x")])
    assert here.theirs(query)[4] < here.theirs(whole)[4] - 0.1
    assert here.ours(query)[4] == pytest.approx(here.theirs(whole)[4], rel=1e-6)


def test_disjunction_max_compares_scores_of_one_document_only(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "b b b", "c", "c")
    query = wq.DisjunctionMax([body("a"), body("b", 9.0)])
    alone = here.theirs(body("a"))[0]
    assert here.theirs(query)[0] > 5 * alone
    assert here.ours(query)[0] == pytest.approx(alone, rel=1e-6)


def test_not_never_finds_a_deleted_document(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "b", "c", deleted=(1,))
    assert sorted(here.theirs(wq.Not(body("a")))) == [1, 2]
    assert here.ours(wq.Not(body("a"))) == {2: 1.0}


def test_a_column_query_scores_1_and_never_finds_a_deleted_document(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "b", "c", deleted=(1,))
    query = wq.ColumnQuery("grade", lambda value: value > 0)
    with pytest.raises(AttributeError):
        here.theirs(query)
    assert here.theirs(wq.ConstantScoreQuery(query)) == {1: 1.0, 2: 1.0}
    assert here.ours(wq.ConstantScoreQuery(query)) == here.ours(query) == {2: 1.0}


def test_a_constant_score_of_0_is_0_and_so_is_a_boost_of_every(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "b")
    for query in (
        wq.ConstantScoreQuery(body("a"), 0.0),
        wq.NumericRange("grade", 0, 0, boost=0.0),
        wq.And([wq.Every(boost=0.0), wq.ConstantScoreQuery(body("a"), 0.0)]),
    ):
        assert here.theirs(query)[0] >= 1.0
        assert here.ours(query) == {0: 0.0}
    assert here.theirs(wq.Every(boost=0.0)) == {0: 1.0, 1: 1.0}
    assert here.ours(wq.Every(boost=0.0)) == {0: 0.0, 1: 0.0}


def test_a_constant_score_is_one_even_where_whoosh_records_terms(tmp_path: Path) -> None:
    here = place(tmp_path, "a", "b")
    query = wq.ConstantScoreQuery(body("a"), 5.0)
    assert here.theirs(query) == here.ours(query) == {0: 5.0}
    assert here.theirs(query, terms=True) == here.theirs(body("a"))


def test_what_scores_0_is_found_in_an_or_of_three_too(tmp_path: Path) -> None:
    here = place(tmp_path, "b", "a", "c")
    clauses: list[Any] = [body("a", 0.0), body("b"), body("c")]
    assert sorted(here.theirs(wq.Or(clauses))) == [0, 2]
    assert sorted(here.theirs(wq.Or(clauses[:2]))) == [0, 1]
    assert here.ours(wq.Or(clauses)).keys() == {0, 1, 2}
    assert here.ours(wq.Or(clauses))[1] == 0.0


def test_a_document_is_found_once_where_nested_queries_find_it_twice(tmp_path: Path) -> None:
    here = place(tmp_path, "p", "p", "c", "c", "p")
    query = wq.NestedChildren(body("p"), body("p"))
    items = list(here.searcher.search(query, limit=None).items())
    assert [doc for doc, _ in items] == [1, 2, 2, 3, 3]  # and a parent without children is its own
    assert here.ours(query) == {1: 1.0, 2: 1.0, 3: 1.0}


def test_an_or_with_scale_counts_the_terms_of_a_segment_once(tmp_path: Path) -> None:
    here = place(tmp_path, "a b", *["a"] * 40)
    query = wq.Or([body("a"), body("b")], scale=0.5)
    theirs, ours = here.theirs(query), here.ours(query)
    assert theirs[1] == pytest.approx(ours[1])
    assert theirs[40] != pytest.approx(theirs[1])
    assert ours[40] == pytest.approx(ours[1])
