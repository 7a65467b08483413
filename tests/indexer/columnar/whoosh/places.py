"""Indexes to put Whoosh's queries to, each with Whoosh's own searcher over it and our executor; and random query trees."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from whoosh import query as wq

from indexer.columnar.search.executor import Top
from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.columnar.whoosh.search import WhooshExecutor
from tests.indexer.columnar.whoosh.pairs import (
    NOON,
    TAGS,
    WORDS,
    expansions,
    phrases,
    schema,
    spans,
    terms,
)

ALL = 1_000_000
PARENT = wq.Term("flag", True)
"""A document with the flag is the parent of those without it that follow it."""


class Place:
    """An index that stands, Whoosh's searcher over its last commit, and our executor."""

    def __init__(self, index: ColumnarIndex) -> None:
        self.index = index
        self.searcher = index.searcher()
        self.executor = WhooshExecutor(index.snapshot(), index.schema)

    def theirs(self, query: wq.Query, **options: Any) -> dict[int, float]:
        """What Whoosh's own searcher finds."""
        options.setdefault("limit", None)
        return dict(self.searcher.search(query, **options).items())

    def ours(self, query: wq.Query, **options: Any) -> dict[int, float]:
        """What the executor finds, once it has been seen that it is in order."""
        options.setdefault("limit", ALL)
        return scored(self.executor.search(query, **options))


def scored(top: Top) -> dict[int, float]:
    scores = top.scores.round(4).tolist()
    assert scores == sorted(scores, reverse=True)
    found = dict(zip(top.docs.tolist(), top.scores.tolist(), strict=True))
    assert len(found) == len(top.docs) <= top.total
    return found


def assert_same(ours: dict[int, float], theirs: dict[int, float]) -> None:
    """The same documents, and scores within 1e-5 of one another."""
    assert sorted(ours) == sorted(theirs)
    for doc, score in theirs.items():
        assert math.isclose(ours[doc], score, rel_tol=1e-5, abs_tol=1e-6), (doc, ours[doc], score)


def document(number: int, chance: random.Random, *, parent: bool) -> dict[str, Any]:
    """A random document, in which any field may be missing."""

    def text() -> str:
        weights = [1 / (rank + 1) for rank in range(len(WORDS))]
        return " ".join(chance.choices(WORDS, weights, k=chance.randint(0, 8)))

    values = {
        "title": text(),
        "body": text(),
        "plain": text(),
        "grams": "".join(chance.choices("abc", k=chance.randint(0, 5))),
        "tags": " ".join(chance.sample(TAGS, chance.randint(0, 3))),
        "path": chance.choice(["/a", "/a/b", "/b"]),
        "grade": chance.randint(-5, 5),
        "price": chance.choice([-1.5, 0.0, 0.25, 1e9]),
        "when": NOON + timedelta(days=chance.randint(-3, 3)),
    }
    kept = {name: value for name, value in values.items() if chance.random() < 0.8}
    return {"id": f"d{number}", "flag": parent, **kept}


def place(
    folder: Path, batches: Sequence[tuple[int, int]], chance: random.Random, **commit: Any
) -> Place:
    """An index of batches, each a commit: so many families of documents added, so many documents deleted."""
    index = ColumnarIndex.create(folder, schema())
    number = 0
    for families, deleted in batches:
        writer = index.writer()
        for ident in chance.sample(range(number), min(deleted, number)):
            writer.delete_by_term("id", f"d{ident}")
        for _ in range(families):
            with writer.group():
                for member in range(chance.randint(1, 4)):
                    writer.add_document(**document(number, chance, parent=not member))
                    number += 1
        writer.commit(**{"merge": False, **commit})
    return Place(index)


def standing(base: pytest.TempPathFactory) -> list[Place]:
    """One segment; one document; several segments with deletions; no document."""
    chance = random.Random(1)
    folders = (base.mktemp("place") / "index" for _ in range(4))
    shapes: list[list[tuple[int, int]]]
    shapes = [[(20, 0)], [(1, 0)], [(12, 0), (1, 4), (10, 6), (20, 20)], []]
    return [place(folder, shape, chance) for folder, shape in zip(folders, shapes, strict=True)]


# Queries

boosts = st.sampled_from([1.0, 2.0, 0.5, 0.0])


def _compounds(parts: st.SearchStrategy[wq.Query]) -> st.SearchStrategy[wq.Query]:
    some = st.lists(parts, max_size=4)
    return st.one_of(
        st.builds(wq.And, some, boosts),
        st.builds(wq.Or, some, boosts, st.sampled_from([0, 2])),
        st.builds(wq.Or, some, boosts, scale=st.just(0.5)),
        st.builds(wq.DisjunctionMax, some, boosts, st.sampled_from([0.0, 0.5])),
        st.builds(wq.Not, parts),
        st.builds(wq.AndNot, parts, parts),
        st.builds(wq.AndMaybe, parts, parts),
        st.builds(wq.Require, parts, parts),
        st.builds(wq.Otherwise, parts, parts),
        st.builds(wq.ConstantScoreQuery, parts, boosts),
    )


leaves = st.one_of(
    terms(),
    expansions(),
    phrases(),
    spans(),
    st.just(wq.NullQuery),
    st.builds(wq.Every, st.sampled_from(["body", "plain", "flag"]), boosts),
    st.builds(wq.Term, st.sampled_from(["title", "body"]), st.sampled_from(["alfa", "茶"]), boosts),
)
trees: st.SearchStrategy[wq.Query] = st.recursive(leaves, _compounds, max_leaves=8)
parents = trees.map(lambda tree: wq.And([PARENT, tree]))
queries = st.one_of(
    trees,
    trees,
    trees,
    st.builds(wq.NestedParent, st.just(PARENT), trees),
    st.builds(wq.NestedChildren, st.just(PARENT), parents),
)
