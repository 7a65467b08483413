"""What is derived of a segment outlives a commit, goes with the segment, and never tells of another snapshot."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from indexer.columnar.files.build import Document
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import Writer
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor
from tests.indexer.columnar.search.plan_twin import (
    LAYOUT,
    VOCABULARY,
    Corpus,
    assert_close,
    build,
    executor,
)

FILTER = p.Between("time", 0)
PLANS: tuple[p.Plan, ...] = (
    *(p.Term("body", word.encode()) for word in VOCABULARY),
    *(p.Word(word.encode(), (("title", 2.0), ("body", 1.0))) for word in VOCABULARY),
    p.Phrase("body", (b"w00", b"w01")),
    p.Union((p.Term("body", b"w00"), p.Phrase("body", (b"w01", b"w00"), 3))),
    p.Everything(1.0),
)


@pytest.fixture
def made(tmp_path: Path) -> Corpus:
    return build(tmp_path / "index", [(400, 0), (40, 9)], random.Random(5))


def ask_everything(searcher: Executor) -> None:
    for plan in PLANS:
        searcher.search(plan, limit=10, filter=FILTER, facets=("channel", "era"), collapse="time")


def after_deleting(made: Corpus, docs: list[int], *, merge_all: bool = False) -> Snapshot:
    with Writer(made.snapshot.folder, LAYOUT) as writer:
        writer.delete_docs(docs)
        writer.commit(merge_all=merge_all)
    return open_snapshot(made.snapshot.folder, reuse=made.snapshot)


def test_what_is_derived_of_a_segment_is_kept_when_documents_are_deleted(made: Corpus) -> None:
    before = executor(made.snapshot)
    ask_everything(before)
    masks, places = len(before._masks), len(before.impacts._places)
    after = executor(after_deleting(made, [3, 5, 401]), reuse=before)
    for word in VOCABULARY:
        if before.impacts.estimate(0, "body", word.encode()):
            kept = before.impacts.occurrences(0, "body", word.encode())
            assert after.impacts.occurrences(0, "body", word.encode()) is kept
            scored = before.impacts.listed(0, "body", word.encode())
            assert after.impacts.listed(0, "body", word.encode()) is scored
    assert after._facet(0, "era") is before._facet(0, "era")
    ask_everything(after)
    assert (len(after._masks), len(after.impacts._places)) == (masks, places)


def test_a_word_is_scored_anew_when_the_statistics_are_others(made: Corpus) -> None:
    before = executor(made.snapshot)
    ask_everything(before)
    kept = before.impacts._short.get((made.snapshot.leaves[0].segment.name, "body", b"w29"))
    assert kept
    with Writer(made.snapshot.folder, LAYOUT) as writer:
        for _ in range(50):
            writer.add(Document(words={"body": (["w29"] * 9, range(9))}))
        writer.commit()
    later = open_snapshot(made.snapshot.folder, reuse=made.snapshot)
    after, alone = executor(later, reuse=before), executor(later)
    for plan in PLANS:
        found, wanted = (each.search(plan, limit=1_000) for each in (after, alone))
        np.testing.assert_array_equal(found.docs, wanted.docs)
        np.testing.assert_array_equal(found.scores, wanted.scores)
    scored = after.impacts.listed(0, "body", b"w29")
    assert scored.docs is kept.docs
    assert (scored.scores < before.impacts.listed(0, "body", b"w29").scores).all()
    assert kept.scored[1].docs is kept.docs


def test_what_is_derived_of_a_segment_goes_with_it(made: Corpus) -> None:
    before = executor(made.snapshot)
    ask_everything(before)
    after = executor(after_deleting(made, [3], merge_all=True), reuse=before)
    assert len(after._masks) == after._masks.held == 0
    assert len(after.impacts._occurrences) == len(after.impacts._places) == 0
    assert len(after.impacts._short) == len(after.impacts._listed) == 0
    assert after._facets == {}


def test_snapshots_that_share_what_is_kept_answer_for_themselves(made: Corpus) -> None:
    """The earlier one too, whichever of them is asked first."""
    before = executor(made.snapshot)
    ask_everything(before)
    later = after_deleting(made, [*range(0, 200, 3), 410])
    after = executor(later, reuse=before)
    for snapshot, shared in ((later, after), (made.snapshot, before), (later, after)):
        alone = executor(open_snapshot(snapshot.folder) if snapshot is later else snapshot)
        for plan in PLANS:
            wanted = alone.search(plan, limit=1_000, filter=FILTER, facets=("channel", "era"))
            found = shared.search(plan, limit=1_000, filter=FILTER, facets=("channel", "era"))
            assert (found.total, found.facets) == (wanted.total, wanted.facets)
            scores = zip(wanted.docs.tolist(), wanted.scores.tolist(), strict=True)
            assert_close(found, dict(scores))
