"""Whoosh's queries as plans: the executor beside Whoosh's own searcher over the same segments.

Whoosh's matchers are repaired for it where they contradict Whoosh's documentation; see ``test_whoosh_differences.py``.
Some trees Whoosh cannot answer at all, such as a ``SpanNot`` whose second part ends first: on those there is no oracle.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from whoosh import fields
from whoosh import query as wq
from whoosh.formats import Positions
from whoosh.query.qcore import QueryError
from whoosh.reading import TermNotFound
from whoosh.scoring import BM25F

from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.impacts import Bm25
from indexer.columnar.search.top import Ordering
from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.columnar.whoosh.plan import Compiler
from indexer.columnar.whoosh.search import WhooshExecutor
from tests.indexer.columnar.whoosh.pairs import schema
from tests.indexer.columnar.whoosh.places import (
    ALL,
    Place,
    assert_same,
    place,
    queries,
    scored,
    standing,
    trees,
)
from tests.indexer.columnar.whoosh.repairs import repaired


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    return standing(tmp_path_factory)


def oracle(here: Place, query: wq.Query, **options: object) -> dict[int, float]:
    """Whoosh's answer. Where it fails there is none, and hypothesis looks for another query."""
    try:
        return here.theirs(query, **options)
    except Exception:  # Whoosh raises whatever it comes across
        assume(False)
        raise


@settings(max_examples=500, deadline=None)
@given(query=queries, which=st.integers(0, 3))
def test_any_query_finds_and_scores_what_whoosh_does(
    places: list[Place], query: wq.Query, which: int
) -> None:
    with repaired():
        theirs = oracle(places[which], query)
        assert_same(places[which].ours(query), theirs)


@settings(max_examples=100, deadline=None)
@given(query=trees, narrow=trees.map(wq.ConstantScoreQuery), which=st.integers(0, 2), limit=st.integers(1, 9))  # fmt: skip
def test_a_filter_and_a_limit_take_from_what_was_found(
    places: list[Place], query: wq.Query, narrow: wq.Query, which: int, limit: int
) -> None:
    with repaired():
        theirs = oracle(places[which], query, filter=narrow)
        every = places[which].executor.search(query, limit=ALL, filter=narrow)
        assert_same(scored(every), theirs)
        some = places[which].executor.search(query, limit=limit, filter=narrow)
    assert some.docs.tolist() == every.docs.tolist()[:limit]
    assert some.total == len(theirs)


SIMPLE = [
    wq.Term("title", "alfa"),
    wq.Term("tags", "red"),
    wq.Or([wq.Term("title", "alfa", 2.0), wq.Term("body", "alfa")]),
    wq.Or([wq.Term("body", word) for word in ("alfa", "bravo", "echo", "茶")], boost=0.5),
    wq.And([wq.Term("body", "alfa"), wq.Term("body", "alfas"), wq.Term("plain", "alfa")]),
    wq.And([wq.Term("body", "alfa"), wq.Not(wq.Term("title", "alfa"))]),
    wq.Phrase("body", ["alfa", "alfas"], 2),
    wq.Prefix("title", "al"),
    wq.Wildcard("body", "*a"),
    wq.FuzzyTerm("title", "alfa"),
    wq.NumericRange("grade", -2, 3),
    wq.ConstantScoreQuery(wq.Prefix("title", "al"), 3.0),
]


@pytest.mark.parametrize("query", SIMPLE, ids=repr)
def test_the_ten_best_are_the_ten_that_whoosh_as_it_is_calls_best(
    places: list[Place], query: wq.Query
) -> None:
    here = places[2]
    theirs = [score for _, score in here.searcher.search(query, limit=10).items()]
    assert here.executor.search(query, limit=10).scores.tolist() == pytest.approx(theirs, rel=1e-5)


def test_in_a_segment_above_5000_documents_it_is_the_same(tmp_path: Path) -> None:
    here = place(tmp_path / "index", [(2_100, 0), (5, 30)], random.Random(6))
    assert here.index.snapshot().leaves[0].segment.doc_count > 5_000
    for query in SIMPLE:
        assert_same(here.ours(query), here.theirs(query))


@pytest.mark.parametrize(
    "query",
    [
        wq.And([wq.Term("title", "alfa")], boost=3.0),
        wq.Or([wq.Term("title", "alfa")], boost=3.0),
        wq.Or([wq.Term("title", "alfa"), wq.Term("body", "alfa")], minmatch=2),
        wq.Not(wq.Term("title", "alfa"), boost=3.0),
        wq.NumericRange("grade", -2, 3, boost=3.0),
        wq.NumericRange("grade", -2, 3, boost=3.0, constantscore=False),
        wq.Prefix("title", "al", boost=3.0),
        wq.Prefix("title", "alfas", boost=3.0),
        wq.Wildcard("tags", "*", boost=3.0),
        wq.Regex("tags", ".*", boost=3.0),
        wq.Phrase("title", ["alfa"], boost=3.0),
        wq.Phrase("nowhere", ["alfa"]),
        wq.Term("grade", "no number"),
        wq.TermRange("path", "", "", endexcl=True),
        wq.ConstantScoreQuery(wq.TermRange("path", None, "", endexcl=True)),
        wq.ConstantScoreQuery(wq.TermRange("path", "/a", None, startexcl=True)),
        wq.ConstantScoreQuery(wq.TermRange("path", "/a", "/b", endexcl=True)),
        wq.ConstantScoreQuery(wq.TermRange("path", "/a", "/a/b")),
        wq.ConstantScoreQuery(wq.TermRange("grade", "no number", None)),
        wq.Otherwise(wq.Term("body", "émile"), wq.Term("title", "alfa")),
    ],
    ids=repr,
)
def test_whooshs_oddities_are_kept(places: list[Place], query: wq.Query) -> None:
    for here in places:
        assert_same(here.ours(query), here.theirs(query))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (wq.Phrase("plain", ["alfa", "bravo"]), QueryError),
        (wq.Every("nowhere"), TermNotFound),
        (wq.ConstantScoreQuery(wq.Prefix("nowhere", "a")), TermNotFound),
        (wq.ConstantScoreQuery(wq.TermRange("nowhere", "a", "b")), KeyError),
        (wq.Wildcard("nowhere", "*a"), KeyError),
    ],
    ids=repr,
)
def test_what_whoosh_refuses_is_refused_alike(
    places: list[Place], query: wq.Query, error: type[Exception]
) -> None:
    with pytest.raises(error):
        places[0].theirs(query)
    with pytest.raises(error):
        places[0].ours(query)


class Twice(wq.Term):  # type: ignore[misc]
    """A Term by inheritance that means something else."""

    def matcher(self, searcher: object, context: object = None) -> object:
        return wq.Every().matcher(searcher, context)


class Chosen(wq.Query):  # type: ignore[misc]
    """A query that says itself what it means."""

    def __init__(self, part: wq.Query) -> None:
        self.part = part

    def plan(self, compile_query: Callable[[wq.Query], p.Plan]) -> p.Plan:
        return p.Scaled(compile_query(self.part), 2.0)


def test_a_query_class_of_ones_own_is_asked_of_its_matcher_or_plans_itself(
    places: list[Place],
) -> None:
    here, term = places[2], wq.Term("title", "alfa")
    assert_same(here.ours(Twice("title", "alfa")), here.theirs(wq.Every()))
    doubled = {doc: 2 * score for doc, score in here.theirs(term).items()}
    assert_same(here.ours(Chosen(term)), doubled)
    assert_same(here.ours(wq.ConstantScoreQuery(Chosen(term))), dict.fromkeys(doubled, 1.0))


def test_what_only_narrows_is_never_put_to_a_matcher_for_its_scores() -> None:
    asked: list[wq.Query] = []

    def refuse(query: wq.Query) -> p.Plan:
        asked.append(query)
        return p.Union(())

    compiler = Compiler(schema(), refuse)
    prefix, numbers = wq.Prefix("title", "al"), wq.NumericRange("grade", -3, 3)
    ranged = wq.TermRange("body", "b", "d")
    for query in (
        wq.ConstantScoreQuery(prefix, 2.0),
        wq.Not(wq.Or([prefix, ranged, wq.Every("title")])),
        wq.AndNot(wq.Term("title", "alfa"), wq.And([prefix, numbers])),
        wq.Require(wq.Term("title", "alfa"), wq.Or([ranged, prefix], scale=0.5)),
        numbers,
    ):
        compiler.compile(query)
        compiler.compile(query, scored=False)
    assert asked == []
    compiler.compile(wq.ConstantScoreQuery(wq.Wildcard("title", "*a")))
    compiler.compile(prefix)
    assert asked == [wq.ConstantScoreQuery(wq.Wildcard("title", "*a")), prefix]


def test_facets_orderings_and_factors_are_the_executors(places: list[Place]) -> None:
    here = places[2]
    query, newest = wq.Or([wq.Term("title", "alfa"), wq.Every()]), Ordering("newest", "when")
    direct = Executor(here.index.snapshot())
    factors = [np.full(leaf.segment.doc_count, 0.5, np.float32) for leaf in direct.snapshot.leaves]
    options = {"limit": 7, "ordering": newest, "facets": ("path",), "factors": factors}
    ours = here.executor.search(query, **options)  # type: ignore[arg-type]
    wanted = direct.search(here.executor.plan(query), **options)  # type: ignore[arg-type]
    assert ours.docs.tolist() == wanted.docs.tolist()
    assert ours.facets == wanted.facets
    assert set(ours.facets["path"]) == {b"/a", b"/a/b", b"/b"}
    assert not here.executor.search(query, deadline=0.0).complete


def test_the_weighting_is_that_of_the_matchers_too(places: list[Place]) -> None:
    here = places[2]
    ours = WhooshExecutor(here.index.snapshot(), here.index.schema, weighting=Bm25(2.0, 0.1))
    with here.index.searcher(weighting=BM25F(B=0.1, K1=2.0)) as searcher:
        for query in (wq.Term("body", "alfa"), wq.SpanFirst(wq.Term("body", "alfa"), 2)):
            theirs = dict(searcher.search(query, limit=None).items())
            assert_same(scored(ours.search(query, limit=ALL)), theirs)


def test_a_field_of_words_that_is_not_scored_scores_by_frequency_as_in_whoosh(
    tmp_path: Path,
) -> None:
    field = fields.FieldType(Positions(), analyzer=None, scorable=False)
    field.analyzer = schema()["title"].analyzer
    index = ColumnarIndex.create(tmp_path / "index", fields.Schema(counted=field))
    with index.writer() as writer:
        writer.add_document(counted="a a b")
        writer.add_document(counted="a")
    query = wq.Term("counted", "a", 2.0)
    assert_same(Place(index).ours(query), {0: 4.0, 1: 2.0})
    assert_same(Place(index).theirs(query), {0: 4.0, 1: 2.0})


def test_an_empty_term_is_in_every_and_in_no_range(tmp_path: Path) -> None:
    index = ColumnarIndex.create(tmp_path / "index", fields.Schema(path=fields.ID))
    with index.writer() as writer:
        for path in ("", "a"):
            writer.add_document(path=path)
    here = Place(index)
    for query, found in (
        (wq.Every("path"), [0, 1]),
        (wq.Prefix("path", ""), [0, 1]),
        (wq.TermRange("path", None, None), [1]),
        (wq.TermRange("path", "", "a"), [1]),
        (wq.TermRange("path", None, ""), []),
    ):
        for asked in (query, wq.ConstantScoreQuery(query)):
            assert sorted(here.theirs(asked)) == sorted(here.ours(asked)) == found


def test_a_field_that_came_later_than_a_segment_has_no_terms_in_it(tmp_path: Path) -> None:
    small = fields.Schema(id=fields.ID)
    with ColumnarIndex.create(tmp_path / "index", small).writer() as writer:
        writer.add_document(id="a")
    wide = ColumnarIndex(tmp_path / "index", schema())
    here = Place(wide)
    for query in (wq.Term("title", "alfa"), wq.Every("title"), wq.Phrase("title", ["alfa", "b"])):
        assert here.ours(query) == {}
        assert here.ours(wq.Or([query, wq.Term("id", "a")])) == {0: 1.0}


def test_threads_that_share_it_get_the_answers_of_one(places: list[Place]) -> None:
    here = places[2]
    asked = [*SIMPLE, wq.SpanFirst(wq.Term("body", "alfa"), 3), wq.Or(SIMPLE, scale=0.9)]

    def answers(executor: WhooshExecutor) -> list[tuple[list[int], list[float]]]:
        tops = [executor.search(query, limit=9) for query in asked * 3]
        return [(top.docs.tolist(), top.scores.tolist()) for top in tops]

    alone = answers(here.executor)
    shared = WhooshExecutor(here.index.snapshot(), here.index.schema, cache_bytes=9_000)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(answers, [shared] * 8):
            assert found == alone


def test_one_word_in_several_fields_is_planned_as_a_word() -> None:
    compiler = Compiler(schema(), lambda query: pytest.fail(f"{query!r} was put to a matcher"))
    boosts = (("title", 2.0), ("body", 1.0))
    terms = [wq.Term(field, "tea", boost=boost) for field, boost in boosts]
    assert compiler.compile(wq.Or(terms)) == p.Word(b"tea", boosts)
    other = [*terms, wq.Term("body", "pot")]
    assert isinstance(compiler.compile(wq.Or(other)), p.Union)
    free = [terms[0], wq.Term("body", "tea", boost=0.0)]
    assert isinstance(compiler.compile(wq.Or(free)), p.Union)
