"""Random plans over the fields of ``plan_twin.LAYOUT``: every kind of node, nested; and what a search may ask beside."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from indexer.columnar.search import plan as p
from indexer.columnar.search.top import Ordering
from tests.indexer.columnar.search.plan_twin import TAGS, VOCABULARY

BOOSTS = st.sampled_from([1.0, 1.0, 2.0, 0.5, 0.0])
SCORES = st.sampled_from([0.0, 1.0, 1.0, 0.3])
EDGES = st.none() | st.sampled_from(
    [-(2**70), -(2**63), -3, 0, 0.5, 5, 7, 2**63, math.inf, -math.inf]
)

fields = st.sampled_from(["title", "body"])
words = st.one_of(
    st.sampled_from(VOCABULARY[:6]), st.sampled_from(VOCABULARY), st.just("unknown")
).map(str.encode)
bounds = st.sampled_from([b"", b"w", b"w05", b"w2", b"x", b"xy", b"z"])


given = st.dictionaries(
    st.integers(0, 7), st.dictionaries(st.integers(0, 2_000), SCORES, max_size=6), max_size=3
)
"""Documents of some leaves, with scores; ``plans`` makes them fit the snapshot."""

leaves: st.SearchStrategy[p.Plan] = st.one_of(
    st.builds(p.Term, fields, words, BOOSTS),
    st.builds(p.Term, fields, words),
    st.builds(
        p.Word,
        words,
        st.lists(st.tuples(fields, st.sampled_from([1.0, 2.0, 0.3])), min_size=1, max_size=3).map(
            tuple
        ),
    ),
    st.builds(p.Term, st.just("tags"), st.sampled_from([*TAGS, "unknown"]).map(str.encode), BOOSTS),
    st.builds(p.TermsBetween, st.sampled_from(["title", "body", "tags"]), bounds, bounds, SCORES),
    st.builds(p.Between, st.just("time"), EDGES, EDGES),
    st.builds(
        p.Between,
        st.just("weight"),
        st.sampled_from([None, -math.inf, -1.25, 0.5]),
        st.sampled_from([None, 0.5, 2, math.inf]),
    ),
    st.builds(p.Phrase, fields, st.lists(words, max_size=4).map(tuple), st.integers(0, 4), BOOSTS),
    st.builds(p.Near, fields, st.lists(words, max_size=4).map(tuple), st.integers(0, 6)),
    st.builds(p.Everything, SCORES),
    st.builds(p.Documents, given),
)


def _compounds(parts: st.SearchStrategy[p.Plan]) -> st.SearchStrategy[p.Plan]:
    some = st.lists(parts, max_size=4).map(tuple)
    return st.one_of(
        st.builds(p.Union, some),
        st.builds(p.Union, some, st.integers(0, 3)),
        st.builds(p.Best, some),
        st.builds(p.Intersection, some),
        st.builds(p.Otherwise, parts, parts),
        st.builds(p.Without, parts, parts),
        st.builds(p.Maybe, parts, parts),
        st.builds(p.Scaled, parts, st.sampled_from([0.0, 1e-30, 0.3, 2.0])),
        st.builds(p.Constant, parts, SCORES),
    )


_trees = st.recursive(leaves, _compounds, max_leaves=10)


def plans(sizes: Sequence[int]) -> st.SearchStrategy[p.Plan]:
    """Any plan. ``sizes`` are the documents of each leaf of the snapshot."""
    return _trees.map(lambda tree: _fitted(tree, sizes))


def _fitted(node: Any, sizes: Sequence[int]) -> Any:
    """The same plan with given documents that the leaves have."""
    if isinstance(node, p.Documents):
        by_leaf = {}
        for leaf, drawn in node.by_leaf.items():
            if leaf < len(sizes):
                scores = {doc % sizes[leaf]: score for doc, score in drawn.items()}  # type: ignore[attr-defined]
                docs = sorted(scores)
                values = np.array([scores[doc] for doc in docs], dtype=np.float32)
                by_leaf[leaf] = (np.array(docs, dtype=np.intp), values)
        return p.Documents(by_leaf)
    changes: dict[str, Any] = {}
    for each in dataclasses.fields(node):
        value = getattr(node, each.name)
        if dataclasses.is_dataclass(value):
            changes[each.name] = _fitted(value, sizes)
        elif each.name == "clauses":
            changes[each.name] = tuple(_fitted(clause, sizes) for clause in value)
    return dataclasses.replace(node, **changes)


orderings = st.sampled_from(
    [
        Ordering(),
        Ordering("score", "time"),
        Ordering("newest", "time"),
        Ordering("oldest", "time"),
    ]
)
