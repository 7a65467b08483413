"""Impacts and their cache: exact BM25, within the bytes that were allowed, and never a different answer."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.search import plan as p
from indexer.columnar.search.cache import BoundedCache
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.impacts import COMMON, NOTHING, Bm25, Counted, Impacts, padded
from tests.indexer.columnar.search.plan_twin import (
    VOCABULARY,
    Corpus,
    Twin,
    assert_close,
    build,
    executor,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("impacts") / "index"
    return build(folder, [(400, 0), (1, 5), (150, 70)], random.Random(5))


def held(cache: BoundedCache[Any]) -> int:
    """What the arrays that a cache holds take together."""
    return sum(
        array.nbytes
        for value, _ in cache._entries.values()
        for array in arrays_of(value)
        if array.base is None
    )


def arrays_of(value: Any) -> list[np.ndarray[Any, Any]]:
    if isinstance(value, Counted):
        return [value.counts, *value.scored[1]]
    return [value] if isinstance(value, np.ndarray) else [*value]


def caches_of(impacts: Impacts) -> tuple[BoundedCache[Any], ...]:
    return (impacts._listed, impacts._short, impacts._columns, impacts._occurrences)


@settings(max_examples=40, deadline=None)
@given(
    cache_bytes=st.sampled_from([0, 1_000, 9_000, 60_000, 2**27]),
    asked=st.lists(
        st.tuples(st.sampled_from(["title", "body"]), st.sampled_from([*VOCABULARY, "no"])),
        max_size=60,
    ),
)
def test_the_cache_stays_within_its_bytes_and_changes_no_answer(
    made: Corpus, cache_bytes: int, asked: list[tuple[str, str]]
) -> None:
    impacts = Impacts(made.snapshot, Bm25(), cache_bytes=cache_bytes)
    fresh = Impacts(made.snapshot, Bm25(), cache_bytes=0)
    for field, word in asked:
        for leaf in range(len(made.snapshot.leaves)):
            known = impacts.listed(leaf, field, word.encode())
            again = impacts.listed(leaf, field, word.encode())
            wanted = fresh.listed(leaf, field, word.encode())
            for part in (known, again):
                np.testing.assert_array_equal(part.docs, wanted.docs)
                np.testing.assert_array_equal(part.scores, wanted.scores)
            assert impacts.estimate(leaf, field, word.encode()) == len(wanted.docs)
            if len(wanted.docs):
                occurrences = impacts.occurrences(leaf, field, word.encode())
                theirs = fresh.occurrences(leaf, field, word.encode())
                np.testing.assert_array_equal(occurrences, theirs)
                assert impacts.occurrence_count(leaf, field, word.encode()) == len(theirs)
                np.testing.assert_array_equal(np.unique(theirs >> 32), wanted.docs)
            column = impacts.column(leaf, field, word.encode())
            if column is not None:
                np.testing.assert_array_equal(column.scores[wanted.docs], wanted.scores)
            taken = sum(held(cache) for cache in caches_of(impacts))
            assert taken <= sum(cache.held for cache in caches_of(impacts)) <= cache_bytes
    assert not any(len(cache) for cache in caches_of(fresh))


def test_a_cached_answer_is_the_same_object_until_it_is_forgotten(made: Corpus) -> None:
    impacts = Impacts(made.snapshot, Bm25())
    assert impacts.listed(0, "body", b"w00") is impacts.listed(0, "body", b"w00")
    none = Impacts(made.snapshot, Bm25(), cache_bytes=0)
    assert none.listed(0, "body", b"w00") is not none.listed(0, "body", b"w00")


def test_no_search_writes_to_what_is_cached(made: Corpus) -> None:
    searcher = executor(made.snapshot)
    for leaf in range(len(made.snapshot.leaves)):
        for word in VOCABULARY:
            for field in ("title", "body"):
                column = searcher.impacts.column(leaf, field, word.encode())
                for array in (
                    *searcher.impacts.listed(leaf, field, word.encode()),
                    *(column or ()),
                ):
                    array.flags.writeable = False
    chance = random.Random(2)
    factors = [np.full(leaf.segment.doc_count, 0.5, np.float32) for leaf in made.snapshot.leaves]
    for _ in range(60):
        a, b, c = (p.Term(chance.choice(["title", "body"]), chance.choice(VOCABULARY).encode(), chance.choice([1.0, 0.5])) for _ in range(3))  # fmt: skip
        for plan in (
            p.Union((a, b, c), chance.choice([1, 2])),
            p.Best((a, p.Maybe(b, c))),
            p.Scaled(p.Otherwise(a, p.Without(b, c)), 2.0),
            p.Constant(p.Intersection((a, b)), 1.0),
            p.Phrase("body", (a.term, b.term), 3),
        ):
            for _ in range(2):
                searcher.search(plan, limit=5, factors=factors, filter=c)
                for mask, _ in searcher._masks._entries.values():
                    mask.flags.writeable = False


def test_no_more_is_remembered_of_words_that_no_document_holds_than_is_bounded(
    made: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.columnar.search.places._REMEMBERED", 50)
    impacts = Impacts(made.snapshot, Bm25())
    for number in range(200):
        for word in (b"%d" % number, b"%05d" % number * 1_000):
            assert impacts.estimate(0, "body", word) == 0
            assert impacts.listed(0, "body", word) is NOTHING
            assert impacts.column(0, "body", word) is None
    assert len(impacts._places) <= 50
    known = [term for each in impacts._places._known.values() for _, term in each]
    assert max(map(len, known)) <= 100
    assert len(impacts._short) == len(impacts._listed) == 0


def test_a_frequent_word_has_a_column_that_says_what_its_list_says(made: Corpus) -> None:
    for cache_bytes in (0, 2**27):
        impacts = Impacts(made.snapshot, Bm25(), cache_bytes=cache_bytes)
        columns = 0
        for number, leaf in enumerate(made.snapshot.leaves):
            count = leaf.segment.doc_count
            for field in ("title", "body", "tags"):
                for word in [*VOCABULARY, "x", "xyz"]:
                    found = impacts.listed(number, field, word.encode())
                    column = impacts.column(number, field, word.encode())
                    assert (column is not None) == (len(found.docs) * COMMON > count)
                    if column is not None:
                        columns += 1
                        assert len(column.scores) == padded(count)
                        np.testing.assert_array_equal(np.flatnonzero(column.scores), found.docs)
                        np.testing.assert_array_equal(column.scores[found.docs], found.scores)
        assert columns > 5


def test_the_constants_of_bm25_are_those_given(made: Corpus) -> None:
    (doc, *_) = Twin(made).found(p.Term("body", b"w03"))
    flat = Executor(made.snapshot, weighting=Bm25(k1=0.0))
    top = flat.search(p.Term("body", b"w03"), limit=1_000)
    idf = flat.impacts.idf("body", b"w03")
    assert doc in top.docs
    np.testing.assert_allclose(top.scores, idf, rtol=1e-6)
    lengthless = Executor(made.snapshot, weighting=Bm25(b=0.0))
    scores = lengthless.search(p.Term("body", b"w03"), limit=1_000).scores
    assert {round(score / idf, 5) for score in scores.tolist()} <= {
        round(tf * 2.2 / (tf + 1.2), 5) for tf in range(1, 12)
    }


def one_word_index(folder: Path, layout: Layout, documents: list[Document]) -> Snapshot:
    create_index(folder)
    with Writer(folder, layout) as writer:
        for document in documents:
            writer.add(document)
        writer.commit()
    return open_snapshot(folder)


def test_a_word_in_every_document_scores_above_nothing(tmp_path: Path) -> None:
    layout = Layout({"body": "words"}, {})
    for count in (1, 2, 300):
        documents = [Document(words={"body": (["a"] * 3, [0, 1, 2])}) for _ in range(count)]
        snapshot = one_word_index(tmp_path / str(count), layout, documents)
        top = Executor(snapshot).search(p.Term("body", b"a"), limit=count)
        idf = math.log(count / (count + 1)) + 1
        assert top.total == count
        np.testing.assert_allclose(top.scores, idf * 3 * 2.2 / (3 + 1.2), rtol=1e-6)


def test_no_word_is_rarer_than_another_in_an_empty_index(tmp_path: Path) -> None:
    snapshot = one_word_index(tmp_path / "none", Layout({"body": "words"}, {}), [])
    assert Impacts(snapshot, Bm25()).idf("body", b"w") == 1.0


def test_a_frequency_and_a_length_of_any_size_score_exactly(tmp_path: Path) -> None:
    lengths = [1, 254, 255, 256, 70_000]
    documents = [Document(words={"body": (["a"] * n, range(n))}) for n in lengths]
    snapshot = one_word_index(tmp_path / "index", Layout({"body": "words"}, {}), documents)
    top = Executor(snapshot).search(p.Term("body", b"a"), limit=9)
    idf, average = math.log(5 / 6) + 1, sum(lengths) / 5
    for doc, score in zip(top.docs.tolist(), top.scores.tolist(), strict=True):
        tf = lengths[doc]
        wanted = idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * tf / average))
        assert math.isclose(score, wanted, rel_tol=1e-6)


def test_deleted_documents_count_in_the_statistics_until_a_merge_drops_them(
    made: Corpus, tmp_path: Path
) -> None:
    assert made.snapshot.doc_count < made.snapshot.doc_count_all == len(made.entries)
    chance = random.Random(8)
    merged = build(tmp_path / "index", [(60, 0), (20, 30)], chance, merge=lambda: {"merge_all": True})  # fmt: skip
    assert merged.snapshot.doc_count == merged.snapshot.doc_count_all < 80
    for corpus in (made, merged):
        twin, searcher = Twin(corpus), executor(corpus.snapshot)
        for word in VOCABULARY[:10]:
            plan = p.Term("body", word.encode())
            assert_close(searcher.search(plan, limit=1_000), twin.found(plan))
