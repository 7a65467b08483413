"""The codec and matcher by themselves; test_against_w3.py compares the whole with stock Whoosh."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import query as wq
from whoosh import scoring
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.codec.base import EmptyCursor
from whoosh.fields import ID, KEYWORD, TEXT, Schema
from whoosh.formats import Existence, Frequency, Positions
from whoosh.matching import ReadTooFar
from whoosh.reading import ReaderClosed, TermNotFound

from indexer.columnar.files.build import Document, SegmentBuilder
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.whoosh.codec import ColumnarCodec, ColumnarSegment
from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.columnar.whoosh.matcher import BLOCK, ColumnarMatcher
from indexer.columnar.whoosh.reader import ColumnarReader

SPACES = SpaceSeparatedTokenizer()


def words_leaf(folder: Path, docs: Iterable[tuple[int, int]], size: int) -> Leaf:
    """A segment in which document d holds "x" f times among d % 50 others, for each (d, f)."""
    counts = dict(docs)
    builder = SegmentBuilder(Layout({"body": "words"}, {}))
    for doc in range(size):
        terms = ["x"] * counts.get(doc, 0) + ["other"] * (doc % 50)
        builder.add(Document(words={"body": (terms, list(range(0, 2 * len(terms), 2)))}))
    builder.write(folder / "a.seg")
    return Leaf(Segment(folder / "a.seg"), 0, None)


def matcher_of(leaf: Leaf, *, live: Any = None, scorer: Any = None) -> ColumnarMatcher:
    field = leaf.segment.postings("body")
    return ColumnarMatcher(
        field,
        field.terms.find(b"x"),
        Positions(),
        term=("body", b"x"),
        scorer=scorer,
        live=live,
    )


@settings(max_examples=40, deadline=None)
@given(
    size=st.sampled_from([1, 5, 300]),
    held=st.sets(st.integers(0, 299), min_size=1),
    dead=st.sets(st.integers(0, 299)),
    moves=st.lists(st.none() | st.integers(0, 305)),
)
def test_a_matcher_moves_as_a_walk_through_the_list_does(
    size: int, held: set[int], dead: set[int], moves: list[int | None]
) -> None:
    """A move is a document to skip to, or None for the next one; after them comes next until the end."""
    counts = {doc % size: 1 + doc % 3 for doc in held}
    live = np.ones(size, dtype=bool)
    live[[doc for doc in dead if doc < size]] = False
    expected = [doc for doc in sorted(counts) if live[doc]]
    with TemporaryDirectory() as folder:
        matcher = matcher_of(words_leaf(Path(folder), counts.items(), size), live=live)
        assert list(matcher.all_ids()) == expected
        at = 0
        for target in chain(moves, repeat(None)):
            if at >= len(expected):
                break
            doc = expected[at]
            assert matcher.is_active()
            assert matcher.id() == doc
            assert type(matcher.id()) is int
            assert matcher.weight() == counts[doc]
            assert matcher.value_as("frequency") == counts[doc]
            assert matcher.value_as("positions") == list(range(0, 2 * counts[doc], 2))
            assert [span.start for span in matcher.spans()] == matcher.value_as("positions")
            assert Positions().decode_positions(matcher.value()) == matcher.value_as("positions")
            if target is None:
                matcher.next()
                at += 1
            else:
                matcher.skip_to(target)
                at = max(at, sum(doc < target for doc in expected))
        assert not matcher.is_active()
        with pytest.raises(ReadTooFar):
            matcher.next()
        with pytest.raises(ReadTooFar):
            matcher.skip_to(0)
        assert matcher.id() == (expected[-1] if expected else -1)
        matcher.reset()
        assert matcher.is_active() == bool(expected)


def test_a_copy_moves_on_its_own(tmp_path: Path) -> None:
    matcher = matcher_of(words_leaf(tmp_path, [(doc, 1) for doc in range(300)], 300))
    matcher.skip_to(200)
    other = matcher.copy()
    other.skip_to(299)
    assert (matcher.id(), other.id()) == (200, 299)


class Bound(scoring.WeightLengthScorer):  # type: ignore[misc]
    """Scores the frequency divided by the length."""

    def __init__(self, lengths: Any) -> None:
        self.dfl = lambda doc: int(lengths[doc])

    def _score(self, weight: float, length: float) -> float:
        return weight / length


@settings(max_examples=25, deadline=None)
@given(
    docs=st.lists(st.integers(0, 999), unique=True, min_size=1, max_size=600),
    least=st.floats(0, 1),
)
def test_a_block_is_left_out_only_when_nothing_in_it_can_score_enough(
    docs: list[int], least: float
) -> None:
    with TemporaryDirectory() as folder:
        leaf = words_leaf(Path(folder), [(doc, 1 + doc % 5) for doc in docs], 1000)
        scorer = Bound(leaf.segment.postings("body").lengths)
        matcher, walk = matcher_of(leaf, scorer=scorer), matcher_of(leaf, scorer=scorer)
        skipped = matcher.skip_to_quality(least)
        reached = matcher.id() if matcher.is_active() else 1000
        passed = 0
        while walk.is_active() and walk.id() < reached:
            assert walk.score() <= least
            walk.next()
            passed += 1
        assert skipped == math.ceil(passed / BLOCK)
        if matcher.is_active():
            assert matcher.block_quality() > least
            assert matcher.score() <= matcher.block_quality()


def test_a_matcher_over_deleted_documents_only_is_at_its_end(tmp_path: Path) -> None:
    leaf = words_leaf(tmp_path, [(1, 1)], 3)
    matcher = matcher_of(leaf, live=np.zeros(3, dtype=bool), scorer=scoring.WeightScorer(1.0))
    assert not matcher.is_active()
    assert list(matcher.all_ids()) == []
    assert matcher.block_quality() == 0.0
    assert matcher.skip_to_quality(0.5) == 0


def test_lengths_and_frequencies_are_exact_where_stock_whoosh_rounds(tmp_path: Path) -> None:
    index = ColumnarIndex.create(tmp_path, Schema(body=TEXT(analyzer=SPACES)))
    with index.writer() as writer:
        writer.add_document(body=" ".join(["x"] * 300 + ["y"] * 71))
        writer.add_document(body="y " * 40_000)
    with index.searcher() as searcher:
        reader = searcher.reader()
        assert [reader.doc_field_length(doc, "body") for doc in (0, 1)] == [371, 40_000]
        assert (reader.min_field_length("body"), reader.max_field_length("body")) == (371, 40_000)
        info = reader.term_info("body", "y")
        assert (info.min_length(), info.max_length(), info.max_weight()) == (371, 40_000, 40_000)
        (hit,) = searcher.search(wq.Term("body", "x"))
        idf = math.log(2 / 2) + 1
        expected = idf * 300 * 2.2 / (300 + 1.2 * (0.25 + 0.75 * 371 / ((371 + 40_000) / 2)))
        assert hit.score == pytest.approx(expected, rel=1e-12)


# Terms


@pytest.fixture
def reader(tmp_path: Path) -> ColumnarReader:
    schema = Schema(id=ID, body=TEXT(analyzer=SPACES), tags=KEYWORD, later=TEXT)
    builder = SegmentBuilder(
        Layout({"id": "terms", "body": "words", "tags": "terms"}, {"time": "int64"})
    )
    for number in range(600):
        word = f"w{number:03}"
        builder.add(
            Document(words={"body": ([word, "all"], [0, 1])}, terms={"id": [word.encode()]})
        )
    builder.write(tmp_path / "a.seg")
    live = np.ones(600, dtype=bool)
    live[7] = False
    return ColumnarReader(Leaf(Segment(tmp_path / "a.seg"), 0, live), schema, 3)


def test_terms_are_walked_through_in_order_across_fields(reader: ColumnarReader) -> None:
    body = [b"all", *(b"w%03d" % number for number in range(600))]
    assert list(reader.lexicon("body")) == body
    assert list(reader.all_terms()) == [
        *(("body", term) for term in body),
        *(("id", term) for term in body[1:]),
    ]
    assert next(iter(reader.terms_from("body", b"w300"))) == ("body", b"w300")
    assert next(iter(reader.terms_from("body", b"x"))) == ("id", b"w000")
    assert [term for term, info in reader.iter_prefix("body", "w59")] == body[-10:]
    assert [info.weight() for _, info in reader.iter_field("id")] == [1.0] * 600
    assert [term for (_, term), _ in reader][:2] == [b"all", b"w000"]


def test_a_cursor_moves_as_automata_want_it(reader: ColumnarReader) -> None:
    cursor = reader.cursor("body")
    assert cursor.text() == "all"
    assert cursor.find("w29") == "w290"
    assert cursor.find(b"w290") == "w290"
    assert cursor.next() == "w291"
    assert cursor.term_info().doc_frequency() == 1
    assert cursor.first() == "all"
    assert cursor.find("x") is None
    assert cursor.next() is None
    assert not cursor.is_valid()
    assert cursor.term_info() is None
    assert isinstance(reader.cursor("later"), EmptyCursor)


def test_a_field_that_the_segment_lacks_has_no_terms(reader: ColumnarReader) -> None:
    assert ("later", "w000") not in reader
    assert list(reader.lexicon("later")) == []
    assert reader.doc_frequency("later", "w000") == reader.frequency("later", "w000") == 0
    assert reader.field_length("later") == reader.max_field_length("later") == 0
    assert reader.doc_field_length(0, "later", 1) == 1
    assert not reader.has_column("later")
    assert "later" not in reader.indexed_field_names()
    with pytest.raises(TermNotFound):
        reader.term_info("later", "w000")
    with pytest.raises(TermNotFound):
        reader.postings("later", "w000")
    with pytest.raises(TermNotFound):
        reader.postings("nowhere", "w000")


def test_deleted_documents_count_in_statistics_and_are_not_found(reader: ColumnarReader) -> None:
    assert reader.doc_count() == 599
    assert reader.doc_count_all() == 600
    assert reader.has_deletions()
    assert [doc for doc in range(602) if reader.is_deleted(doc)] == [7]
    assert 7 not in list(reader.all_doc_ids())
    assert reader.doc_frequency("body", "all") == 600
    assert len(list(reader.postings("body", "all").all_ids())) == 599
    assert not reader.postings("body", "w007").is_active()
    codec = ColumnarCodec(reader.schema)
    terms = codec.terms_reader(None, ColumnarSegment(reader.leaf, codec))
    assert list(terms.matcher("body", b"w007", Positions()).all_ids()) == [7]


def test_a_closed_reader_answers_no_more(reader: ColumnarReader) -> None:
    reader.close()
    with pytest.raises(ReaderClosed):
        reader.postings("body", "all")
    assert reader.leaf.segment.postings("body").doc_frequency(0) == 600


# Vectors


@pytest.mark.parametrize("format_", [Existence(), Frequency(), Positions()], ids=repr)
def test_a_term_vector_holds_all_terms_of_a_document(tmp_path: Path, format_: Any) -> None:
    words = [f"w{number % 70:02}" for number in range(100)]
    field = TEXT(analyzer=SPACES, vector=format_)
    index = ColumnarIndex.create(tmp_path, Schema(body=field))
    with index.writer() as writer:
        writer.add_document(body=" ".join(words))
        writer.add_document()
    reader = index.reader()
    assert reader.has_vector(0, "body")
    counts = {word: words.count(word) for word in words}
    kept = dict.fromkeys(counts, 1) if isinstance(format_, Existence) else counts
    assert list(reader.vector(0, "body").all_ids()) == sorted(counts)
    assert dict(reader.vector_as("weight", 0, "body")) == kept
    matcher = reader.vector(0, "body")
    assert matcher.value_as("frequency") == kept["w00"]
    if isinstance(format_, Positions):
        assert matcher.value_as("positions") == [0, 70]
    assert not reader.has_vector(1, "body")
    with pytest.raises(KeyError, match="no term vector"):
        reader.vector(1, "body")
