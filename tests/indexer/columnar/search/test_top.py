"""The first of what was found: every way of choosing beside sorting everything."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import MISSING_INT, Layout
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.search.found import Dense, Found, listed
from indexer.columnar.search.impacts import BLOCK, Listed, padded
from indexer.columnar.search.top import Ordering, Ranked, best_by_score, best_of_leaf, merged
from tests.indexer.columnar.search.plan_strategies import orderings

SIZES = (1, 700, 300)
GREATEST = 2**63 - 1
DAYS = [None, None, -GREATEST, -1, 0, 1, 2, 3, GREATEST]
SCORES = [0.0, 1e-6, 0.5, 1.0, 1.00004, 1.00006, 1.00012, 1.0002, 2.0, 20_000.25, 3e7]
"""0 and near 0; such as tie with one neighbour and not with the other; and great ones."""


@pytest.fixture(scope="module")
def days() -> list[int | None]:
    return random.Random(4).choices(DAYS, k=sum(SIZES))


@pytest.fixture(scope="module", params=[True, False], ids=["keys", "no keys"])
def snapshot(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    days: list[int | None],
) -> Snapshot:
    """Three segments of documents with a time or none, and keys that are in no order, or no keys."""
    folder = tmp_path_factory.mktemp("top") / "index"
    create_index(folder)
    layout = Layout({"id": "terms"}, {"time": "int64"}, key="id" if request.param else None)
    number = 0
    for size in SIZES:
        with Writer(folder, layout) as writer:
            for _ in range(size):
                name = key(number)
                terms = {"id": (name,) if name else ()}
                writer.add(Document(terms=terms, columns={"time": days[number]}), name or None)
                number += 1
            writer.commit(merge=False)
    return open_snapshot(folder)


def key(number: int) -> bytes:
    """Keys in no order; some documents have none."""
    return b"" if number % 97 == 5 else b"%05d" % (number * 7_919 % 10_007)


def found_of(scores: dict[int, float], size: int, *, dense: bool, masked: bool) -> Found:
    docs = np.array(sorted(scores), dtype=np.intp)
    values = np.array([scores[doc] for doc in docs.tolist()], dtype=np.float32)
    if not dense:
        return Listed(docs, values)
    whole = np.zeros(padded(size), dtype=np.float32)
    whole[docs] = values
    if not masked and all(scores.values()):
        return Dense(whole, None)
    mask = np.zeros(padded(size), dtype=bool)
    mask[docs] = True
    return Dense(whole, mask)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    order=orderings,
    limit=st.sampled_from([0, 1, 2, 3, 10, 200, 10_000]),
    few=st.booleans(),
    dense=st.booleans(),
    masked=st.booleans(),
)
def test_the_first_of_several_leaves_are_the_first_of_all_sorted(
    snapshot: Snapshot,
    days: list[int | None],
    seed: int,
    order: Ordering,
    limit: int,
    few: bool,
    dense: bool,
    masked: bool,
) -> None:
    chance = random.Random(seed)
    some = chance.sample(SCORES, chance.randint(1, len(SCORES)))
    parts: list[Ranked] = []
    every: list[tuple[Any, int, float]] = []
    for leaf, size in zip(snapshot.leaves, SIZES, strict=True):
        held = chance.sample(range(size), chance.randint(0, min(size, 12) if few else size))
        scores = {doc: chance.choice(some) for doc in held}
        ranked, count = best_of_leaf(
            found_of(scores, size, dense=dense, masked=masked), leaf, order, limit
        )
        assert count == len(held)
        keyless = [doc for doc in held if snapshot.has_keys and not key(leaf.base + doc)]
        tied = max(0, len(keyless) - 1) if limit else 0  # with the last one: documents without keys
        assert len(ranked.docs) <= limit + tied
        parts.append(ranked)
        for doc, score in scores.items():
            number = leaf.base + doc
            name = key(number) if snapshot.has_keys else b""
            rank = (rank_of(order, score, days[number]), name, number)
            every.append((rank, number, float(np.float32(score))))
    docs, scores_found = merged(parts, order, limit, snapshot)
    every.sort()
    assert docs.tolist() == [number for _, number, _ in every[:limit]]
    assert scores_found.tolist() == [score for _, _, score in every[:limit]]


def rank_of(order: Ordering, score: float, day: int | None) -> Any:
    """What a document is ordered by, ascending."""
    rounded = -float(np.float32(score).round(4)) if order.by == "score" else 0.0
    if order.column is None:
        return (rounded,)
    value = day or 0
    return (rounded, day is None, value if order.by == "oldest" else -value)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 40), blocks=st.integers(1, 60))
def test_of_an_accumulator_the_best_blocks_alone_give_the_best_scores(
    seed: int, limit: int, blocks: int
) -> None:
    chance = np.random.default_rng(seed)
    scores = np.zeros(blocks * BLOCK, dtype=np.float32)
    held = chance.choice(len(scores), chance.integers(0, len(scores)), replace=False)
    scores[held] = chance.choice(np.array(SCORES[2:], dtype=np.float32), len(held))
    kept = best_by_score(Dense(scores, None), limit)
    assert (np.diff(kept.docs) > 0).all()
    assert kept.scores.tolist() == scores[kept.docs].tolist()
    wanted = np.sort(scores[held])[::-1][:limit]
    np.testing.assert_array_equal(np.sort(kept.scores)[::-1][:limit], wanted)
    if len(wanted) == limit:
        tied = held[scores[held].round(4) >= wanted[-1].round(4)]
        assert set(tied.tolist()) <= set(kept.docs.tolist())


def test_a_score_just_above_the_last_ones_comes_first_whatever_their_columns(
    snapshot: Snapshot, days: list[int | None]
) -> None:
    leaf = snapshot.leaves[1]
    by_day = sorted(range(SIZES[1]), key=lambda doc: days[leaf.base + doc] or 0)
    oldest, newest = by_day[0], by_day[-50:]
    found = found_of({oldest: 1.00018, **dict.fromkeys(newest, 1.00009)}, SIZES[1], dense=False, masked=False)  # fmt: skip
    for limit in (1, 2, 10):
        ranked, _ = best_of_leaf(found, leaf, Ordering("score", "time"), limit)
        docs, _ = merged([ranked], Ordering("score", "time"), limit, snapshot)
        assert docs.tolist()[0] == leaf.base + oldest


def test_of_many_that_tie_a_leaf_hands_on_no_more_than_are_asked_for(snapshot: Snapshot) -> None:
    leaf = snapshot.leaves[1]
    found = found_of(dict.fromkeys(range(SIZES[1]), 1.0), SIZES[1], dense=True, masked=True)
    ranked, count = best_of_leaf(found, leaf, Ordering(), 20)
    assert count == SIZES[1]
    assert len(ranked.docs) == 20


def test_a_missing_value_comes_last_both_ways(snapshot: Snapshot, days: list[int | None]) -> None:
    for by in ("newest", "oldest"):
        order = Ordering(by, "time")
        parts = [
            best_of_leaf(Listed(np.arange(size), np.ones(size, np.float32)), leaf, order, 10_000)[0]
            for leaf, size in zip(snapshot.leaves, SIZES, strict=True)
        ]
        docs, _ = merged(parts, order, 10_000, snapshot)
        values = [days[doc] for doc in docs.tolist()]
        missing = sum(value is None for value in values)
        assert set(values[-missing:]) == {None}
        given_values = [value for value in values if value is not None]
        assert given_values == sorted(given_values, reverse=by == "newest")
    assert MISSING_INT == -GREATEST - 1


def test_nothing_found_in_no_leaf_is_nothing(snapshot: Snapshot) -> None:
    docs, scores = merged([], Ordering(), 10, snapshot)
    assert (len(docs), len(scores)) == (0, 0)
    assert len(listed(Dense(np.zeros(BLOCK, np.float32), None)).docs) == 0


def test_by_newest_one_has_to_say_by_which_column() -> None:
    with pytest.raises(ValueError, match="newest by which column"):
        Ordering("newest")
