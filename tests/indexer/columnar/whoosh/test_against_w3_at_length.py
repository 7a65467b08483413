"""As test_against_w3.py, over postings of several blocks: skipping them, sorting, facets, related documents, highlighting."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import query as wq
from whoosh import sorting
from whoosh.searching import Searcher

from tests.indexer.columnar.whoosh.pairs import (
    NOON,
    TAGS,
    WORDS,
    Pair,
    answers,
    assert_same_answers,
    assert_same_ranking,
    queries,
    ranked,
    trees,
)

pytestmark = pytest.mark.thorough


def many(seed: int, count: int, prefix: str) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]

    def text() -> str:
        return " ".join(rng.choices(WORDS, weights, k=rng.randint(0, 9)))

    return [
        {
            "id": f"{prefix}{number}",
            "title": text(),
            "body": text(),
            "tags": " ".join(sorted(set(rng.choices(TAGS, k=2)))),
            "path": rng.choice(["/a", "/b", "/c"]),
            "grade": rng.randint(-5, 5),
            "when": NOON + timedelta(hours=rng.randint(0, 90)),
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    pair = Pair(tmp_path_factory.mktemp("large"))
    for part in range(2):
        pair.add(*many(part, 500, f"{part}-"), merge=False)
    return pair


@settings(max_examples=60, deadline=None)
@given(query=trees, limit=st.integers(1, 20))
def test_blocks_are_skipped_as_stock_whoosh_skips_them(
    large: Pair, query: wq.Query, limit: int
) -> None:
    with large.searchers() as searchers:
        for mine, theirs in answers(searchers, [query], limit):
            assert_same_ranking(ranked(mine), ranked(theirs))
            assert len(mine) == len(theirs)


@settings(max_examples=30, deadline=None)
@given(query=queries)
def test_long_lists_find_the_same_documents_with_the_same_scores(
    large: Pair, query: wq.Query
) -> None:
    with large.searchers() as searchers:
        assert_same_answers(searchers, [query])


# Sorting, facets, related documents, correction, highlighting


def of_both(pair: Pair, ask: Callable[[Searcher], Any]) -> tuple[Any, Any]:
    with pair.searchers() as (w3, ours):
        return ask(ours), ask(w3)


SORTS = [
    "grade",
    "when",
    "path",
    sorting.FieldFacet("grade", reverse=True),
    sorting.FieldFacet("when", reverse=True),
    sorting.FieldFacet("path", reverse=True),
    [sorting.FieldFacet("path"), sorting.FieldFacet("grade", reverse=True)],
    [sorting.FieldFacet("path"), sorting.ScoreFacet()],
    sorting.FieldFacet("tags"),
    sorting.FunctionFacet(lambda _, doc: doc % 7),
]


@pytest.mark.parametrize("order", SORTS)
def test_sorting_is_the_same(large: Pair, order: Any) -> None:
    def ask(searcher: Searcher) -> list[str]:
        results = searcher.search(wq.Term("title", "alfa"), sortedby=order, limit=None)
        return [hit["id"] for hit in results]

    ours, theirs = of_both(large, ask)
    assert ours == theirs
    assert len(ours) > 500


FACETS: dict[str, Any] = {
    "path": sorting.FieldFacet("path"),
    "tags": sorting.FieldFacet("tags", allow_overlap=True),
    "grade": sorting.FieldFacet("grade"),
    "grades": sorting.RangeFacet("grade", -5, 6, 3),
    "days": sorting.DateRangeFacet("when", NOON, NOON + timedelta(days=4), timedelta(days=1)),
    "asked": sorting.QueryFacet({"high": wq.NumericRange("grade", 1, 5)}, other="low"),
    "stored": sorting.StoredFieldFacet("tags"),
}


@pytest.mark.parametrize("name", FACETS)
def test_facets_are_the_same(large: Pair, name: str) -> None:
    def ask(searcher: Searcher) -> dict[Any, list[int]]:
        results = searcher.search(
            wq.Term("title", "bravo"), groupedby=sorting.Facets({name: FACETS[name]}), limit=None
        )
        return {key: sorted(docs) for key, docs in results.groups(name).items()}

    ours, theirs = of_both(large, ask)
    assert ours == theirs
    assert len(ours) > 1


def test_collapsing_by_a_column_is_the_same(large: Pair) -> None:
    def ask(searcher: Searcher) -> list[str]:
        results = searcher.search(
            wq.Term("title", "alfa"), collapse="path", collapse_order="when", limit=None
        )
        return sorted(hit["id"] for hit in results)

    ours, theirs = of_both(large, ask)
    assert ours == theirs
    assert len(ours) == 3


def test_filters_and_masks_are_the_same(large: Pair) -> None:
    def ask(searcher: Searcher) -> list[tuple[int, float]]:
        return ranked(
            searcher.search(
                wq.Or([wq.Term("title", "alfa"), wq.Term("body", "茶")]),
                filter=wq.Term("tags", "red"),
                mask=wq.NumericRange("grade", 0, 2),
                limit=None,
            )
        )

    ours, theirs = of_both(large, ask)
    assert_same_ranking(ours, theirs)
    assert ours


@pytest.mark.parametrize("field", ["title", "body"])
def test_related_documents_come_out_of_vectors_and_stored_text_alike(
    large: Pair, field: str
) -> None:
    def ask(searcher: Searcher) -> list[list[tuple[str, float]]]:
        docs = [searcher.document_number(id=ident) for ident in ("0-7", "1-11")]
        return [
            searcher.key_terms(docs, field, numterms=6),
            *(ranked(searcher.more_like(doc, field, top=20)) for doc in docs),
        ]

    ours, theirs = of_both(large, ask)
    assert ours[0] == theirs[0]
    for mine, their in zip(ours[1:], theirs[1:], strict=True):
        assert_same_ranking(mine, their)
        assert mine


def test_suggestions_are_the_same(large: Pair) -> None:
    def ask(searcher: Searcher) -> list[Any]:
        found = [searcher.suggest("title", word) for word in ("alfb", "brabo", "山林", "zzzzz")]
        query = wq.And([wq.Term("title", "alfz"), wq.Term("title", "delta")])
        return [*found, searcher.correct_query(query, "alfz delta").query]

    ours, theirs = of_both(large, ask)
    assert ours == theirs
    assert ours[0]


def test_highlights_are_the_same(large: Pair) -> None:
    def ask(searcher: Searcher) -> list[Any]:
        query = wq.And([wq.Term("title", "alfa"), wq.Prefix("title", "br")])
        results = searcher.search(query, terms=True, limit=20)
        return [
            (hit["id"], hit.highlights("title"), sorted(hit.matched_terms())) for hit in results
        ]

    ours, theirs = of_both(large, ask)
    assert ours == theirs
    assert "<b" in ours[0][1]


def test_nested_documents_are_the_same(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    rng = random.Random(5)
    with pair.writers(merge=False) as writers:
        for chapter in range(12):
            paragraphs = [
                {"id": f"{chapter}-{n}", "tags": "p", "body": " ".join(rng.choices(WORDS, k=4))}
                for n in range(rng.randint(0, 4))
            ]
            for writer in writers:
                with writer.group():
                    writer.add_document(id=str(chapter), tags="chapter", title=WORDS[chapter % 5])
                    for paragraph in paragraphs:
                        writer.add_document(**paragraph)
    with pair.writers(merge=False) as writers:
        for writer in writers:
            writer.delete_by_term("id", "3-0")
            writer.delete_by_query(
                wq.NestedParent(wq.Term("tags", "chapter"), wq.Term("id", "5-0"))
            )
    chapters = wq.Term("tags", "chapter")
    for query in (
        wq.NestedParent(chapters, wq.Term("body", "alfa")),
        wq.NestedParent(chapters, wq.Term("body", "alfa"), per_parent_limit=1),
        wq.NestedChildren(chapters, wq.Term("title", "alfas")),
        wq.NestedChildren(chapters, wq.Term("title", "alfa")),
    ):

        def ask(searcher: Searcher, query: wq.Query = query) -> dict[int, float]:
            return dict(ranked(searcher.search(query, limit=None)))

        ours, theirs = of_both(pair, ask)
        assert ours == pytest.approx(theirs, rel=1e-9)
        assert ours
