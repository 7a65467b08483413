"""Phrases and near terms beside their twin: slop, gaps, words at one place, repeated words, far places, several blocks and leaves."""

from __future__ import annotations

import math
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.impacts import CACHE_BYTES
from tests.indexer.columnar.search.plan_twin import Corpus, Entry, Twin, assert_close

LAYOUT = Layout({"body": "words"}, {})
Placed = list[tuple[str, int]]


def searched(
    batches: list[list[Placed]], folder: Path, *, cache_bytes: int = CACHE_BYTES
) -> tuple[Executor, Twin]:
    """An index of texts, a segment for each batch; and its twin."""
    create_index(folder)
    pool = []
    for batch in batches:
        with Writer(folder, LAYOUT) as writer:
            for body in batch:
                words, places = [word for word, _ in body], [place for _, place in body]
                writer.add(Document(words={"body": (words, places)}))
                pool.append(Entry(b"", [], body, frozenset(), None, None, None, ()))
            writer.commit(merge=False)
    snapshot = open_snapshot(folder)
    return Executor(snapshot, cache_bytes=cache_bytes), Twin(Corpus(snapshot, pool), keyed=False)


@st.composite
def texts(draw: st.DrawFn) -> Placed:
    """A text of few words, some at one place, some far apart."""
    words = draw(st.lists(st.sampled_from("aabc"), max_size=10))
    steps = draw(st.lists(st.sampled_from([0, 1, 1, 1, 2, 5, 70_000]), min_size=len(words), max_size=len(words)))  # fmt: skip
    placed, place = [], 0
    for word, step in zip(words, steps, strict=True):
        place += step
        placed.append((word, place))
    return placed


phrases = st.builds(
    p.Phrase,
    st.just("body"),
    st.lists(st.sampled_from([b"a", b"a", b"b", b"c", b"d"]), max_size=5).map(tuple),
    st.sampled_from([-1, 0, 1, 1, 2, 3, 6, 100_000, 2**31, 2**80]),
    st.sampled_from([1.0, 2.0, 0.0]),
)

nears = st.builds(
    p.Near,
    st.just("body"),
    st.lists(st.sampled_from([b"a", b"a", b"b", b"c", b"d"]), max_size=5).map(tuple),
    st.sampled_from([-1, 0, 1, 2, 3, 6, 100_000, 2**31, 2**80]),
)


@settings(max_examples=100, deadline=None)
@given(
    batches=st.lists(st.lists(texts(), min_size=1, max_size=12), min_size=1, max_size=3),
    asked=st.lists(phrases | nears, min_size=4, max_size=8),
    cache_bytes=st.sampled_from([0, 10_000, CACHE_BYTES]),
)
def test_any_phrase_is_found_where_its_words_stand(
    batches: list[list[Placed]], asked: list[p.Phrase | p.Near], cache_bytes: int
) -> None:
    with TemporaryDirectory() as name:
        executor, twin = searched(batches, Path(name) / "index", cache_bytes=cache_bytes)
        for phrase in asked:
            assert_close(executor.search(phrase, limit=1_000), twin.found(phrase))


def at(text: str, first: int = 0) -> Placed:
    return [(word, place) for place, word in enumerate(text, first)]


@pytest.mark.parametrize(
    ("terms", "slop", "found"),
    [
        ("ab", 1, [0, 4]),
        ("ba", 1, [1]),
        ("aa", 1, [3]),
        ("ac", 1, [2]),
        ("ac", 2, [0, 2]),
        ("abc", 1, [0]),
        ("abc", 2, [0]),
        ("aab", 1, []),
        ("aba", 2, []),
        ("a", 1, [0, 1, 2, 3, 4]),
        ("", 1, []),
        ("ad", 1, []),
        ("ab", 0, []),
    ],
)
def test_a_phrase_asks_for_order_and_nearness(
    tmp_path: Path, terms: str, slop: int, found: list[int]
) -> None:
    batch = [at("abc"), at("ba"), at("ac"), at("aa"), [("a", 3), ("b", 4), ("c", 4)][:2]]
    executor, _ = searched([batch], tmp_path / "index")
    asked = p.Phrase("body", tuple(term.encode() for term in terms), slop)
    assert sorted(executor.search(asked, limit=9).docs.tolist()) == found


@pytest.mark.parametrize(
    ("terms", "window", "found"),
    [
        ("ab", 2, [0, 1, 3]),
        ("ba", 2, [0, 1, 3]),
        ("ab", 1, [3]),
        ("ac", 2, [2]),
        ("ac", 3, [0, 2]),
        ("cab", 3, [0]),
        ("abc", 2, []),
        ("aab", 2, [0, 1, 3]),
        ("a", 1, [0, 1, 2, 3]),
        ("a", 0, []),
        ("", 5, []),
        ("ad", 5, []),
    ],
)
def test_near_terms_stand_in_one_window_in_any_order(
    tmp_path: Path, terms: str, window: int, found: list[int]
) -> None:
    batch = [at("abc"), at("ba"), at("ac"), [("a", 3), ("b", 3)]]
    executor, _ = searched([batch], tmp_path / "index")
    asked = p.Near("body", tuple(term.encode() for term in terms), window)
    top = executor.search(asked, limit=9)
    assert sorted(top.docs.tolist()) == found
    assert not top.scores.any()


def test_no_window_reaches_from_one_document_into_the_next(tmp_path: Path) -> None:
    batch: list[Placed] = [[("a", 2**31 - 1)], [("b", 0), ("b", 5)], [("a", 3)]]
    executor, _ = searched([batch], tmp_path / "index")
    for window in (2**31 - 1, 2**31, 2**32, 2**63, 2**100):
        top = executor.search(p.Near("body", (b"a", b"b"), window), limit=9)
        assert top.docs.tolist() == []


def test_words_at_one_place_do_not_follow_one_another(tmp_path: Path) -> None:
    batch: list[Placed] = [[("a", 1), ("b", 1)], [("a", 1), ("a", 1), ("b", 2)]]
    executor, _ = searched([batch], tmp_path / "index")
    assert executor.search(p.Phrase("body", (b"a", b"b")), limit=9).docs.tolist() == [1]
    assert executor.search(p.Phrase("body", (b"a", b"a")), limit=9).total == 0


def test_no_phrase_reaches_from_one_document_into_the_next(tmp_path: Path) -> None:
    batch: list[Placed] = [[("b", 0), ("a", 2**31 - 1)], [("b", 0), ("a", 5)], [("b", 3)]]
    executor, _ = searched([batch], tmp_path / "index")
    for slop in (1, 2**31, 2**32, 2**63, 2**100):
        assert executor.search(p.Phrase("body", (b"a", b"b"), slop), limit=9).total == 0


def test_a_word_that_stands_twice_in_the_phrase_scores_twice(tmp_path: Path) -> None:
    executor, _ = searched([[at("aba"), at("b")]], tmp_path / "index")
    once = executor.search(p.Term("body", b"a"), limit=1).scores[0]
    other = executor.search(p.Term("body", b"b"), limit=9)
    (score,) = [s for d, s in zip(other.docs.tolist(), other.scores.tolist(), strict=True) if d == 0]  # fmt: skip
    phrase = executor.search(p.Phrase("body", (b"a", b"b", b"a"), 1, 3.0), limit=1)
    assert math.isclose(phrase.scores[0], 3 * (2 * once + score), rel_tol=1e-6)


def test_phrases_in_the_second_block_of_documents_are_found(tmp_path: Path) -> None:
    batch = [at("c")] * 65_530 + [at("ab")] * 4 + [at("ba")] * 4 + [at("cab", 69_000)]
    executor, _ = searched([batch], tmp_path / "index")
    top = executor.search(p.Phrase("body", (b"a", b"b")), limit=9)
    assert sorted(top.docs.tolist()) == [65_530, 65_531, 65_532, 65_533, 65_538]


def test_a_phrase_of_frequent_words_is_found_whatever_the_cache_holds(tmp_path: Path) -> None:
    chance = random.Random(3)
    batch = [at("".join(chance.choices("aaabbc", k=12))) for _ in range(3_000)]
    wanted = {
        terms: sum(terms in "".join(word for word, _ in body) for body in batch)
        for terms in ("ab", "ba", "cab", "ccc", "abab")
    }
    for cache_bytes in (0, CACHE_BYTES):
        executor, _ = searched([batch], tmp_path / str(cache_bytes), cache_bytes=cache_bytes)
        for terms, count in wanted.items():
            phrase = p.Phrase("body", tuple(term.encode() for term in terms))
            assert executor.search(phrase, limit=1).total == count > 0
