"""The executor beside its twin: random corpora, random plans, every option of a search."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Unsupported
from indexer.columnar.files import writer
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.search import evaluate, impacts, joint, probing
from indexer.columnar.search import executor as executing
from indexer.columnar.search import found as finding
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.top import Ordering
from tests.indexer.columnar.search.plan_strategies import orderings, plans
from tests.indexer.columnar.search.plan_twin import (
    KEYLESS,
    Corpus,
    Twin,
    assert_close,
    assert_scratch_is_clean,
    build,
    entry,
    executor,
)

ALL = 1_000_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh folder each time one is asked for."""
    base = tmp_path_factory.mktemp("corpora")
    return (base / str(number) for number in count())


@st.composite
def shapes(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], str]:
    """A seed, the batches of an index (documents added, deleted), and when it is merged."""
    sizes = st.sampled_from([1, 1, 2, 5, 30])
    batches = draw(st.lists(st.tuples(sizes, st.integers(0, 4)), min_size=1, max_size=8))
    return draw(st.integers(0, 2**32)), batches, draw(st.sampled_from(["never", "tiers", "all"]))


MERGES: dict[str, dict[str, Any]] = {
    "never": {"merge": False},
    "tiers": {},
    "all": {"merge_all": True},
}


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    shape=shapes(),
    common=st.sampled_from([0, 1, 8, 10**9]),
    spread=st.sampled_from([0, 1, 16, 10**9]),
    few=st.sampled_from([0, 1, 16]),
    cache_bytes=st.sampled_from([0, 20_000, impacts.CACHE_BYTES]),
    sparse=st.sampled_from([0, 1, 8, 10**9]),
    many=st.sampled_from([1, 2, joint.MANY]),
)
def test_any_plan_finds_and_scores_what_its_twin_does(
    data: st.DataObject,
    folders: Iterator[Path],
    shape: tuple[int, list[tuple[int, int]], str],
    common: int,
    spread: int,
    few: int,
    cache_bytes: int,
    sparse: int,
    many: int,
) -> None:
    seed, batches, merge = shape
    made = build(next(folders), batches, random.Random(seed), merge=lambda: MERGES[merge])
    if not made.entries:
        return
    twin, searcher = Twin(made), executor(made.snapshot, cache_bytes=cache_bytes)
    some = plans([leaf.segment.doc_count for leaf in made.snapshot.leaves])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(impacts, "COMMON", common)
        patch.setattr(finding, "_SPREAD", spread)
        patch.setattr(probing, "_FEW", few)
        patch.setattr(evaluate, "_SPARSE", sparse)
        patch.setattr(joint, "MANY", many)
        for plan in data.draw(st.lists(some, min_size=3, max_size=6)):
            narrow = data.draw(st.none() | some)
            wanted = twin.found(plan, narrow)
            for _ in range(2):  # the second time out of caches
                assert_close(searcher.search(plan, limit=ALL, filter=narrow), wanted)
            assert_scratch_is_clean()


class Standing:
    """Corpora that are built once, each with its twin and one executor."""

    def __init__(self, made: Corpus, *, keyed: bool = True) -> None:
        self.corpus, self.twin = made, Twin(made, keyed=keyed)
        self.executor = executor(made.snapshot)
        self.sizes = [leaf.segment.doc_count for leaf in made.snapshot.leaves]


@pytest.fixture(scope="module")
def standing(folders: Iterator[Path]) -> list[Standing]:
    """One segment; one document; several segments with deletions; many; none with keys."""
    chance = random.Random(3)
    return [
        Standing(build(next(folders), [(700, 0)], chance)),
        Standing(build(next(folders), [(1, 0)], chance)),
        Standing(build(next(folders), [(300, 0), (1, 9), (90, 60)], chance)),
        Standing(build(next(folders), [(20, 0)] * 8 + [(1, 30)], chance)),
        Standing(build(next(folders), [(400, 0), (200, 0)], chance, layout=KEYLESS), keyed=False),
    ]


@settings(max_examples=500, deadline=None)
@given(data=st.data(), which=st.integers(0, 4), ordering=orderings, limit=st.integers(0, 40))
def test_the_first_hits_are_the_first_of_all_in_their_order(
    data: st.DataObject, standing: list[Standing], which: int, ordering: Ordering, limit: int
) -> None:
    here = standing[which]
    plan, narrow = data.draw(plans(here.sizes)), data.draw(st.none() | plans(here.sizes))
    every = here.executor.search(plan, limit=ALL, filter=narrow, ordering=ordering)
    wanted = here.twin.found(plan, narrow)
    assert_close(every, wanted)
    scored = zip(every.docs.tolist(), every.scores.tolist(), strict=True)
    ranks = [here.twin.rank(doc, score, ordering.by, ordering.column) for doc, score in scored]
    assert ranks == sorted(ranks)
    some = here.executor.search(plan, limit=limit, filter=narrow, ordering=ordering)
    assert some.docs.tolist() == every.docs.tolist()[:limit]
    assert some.scores.tolist() == every.scores.tolist()[:limit]
    assert some.total == len(wanted)
    assert_scratch_is_clean()


@settings(max_examples=300, deadline=None)
@given(data=st.data(), which=st.integers(0, 4), ordering=orderings, limit=st.integers(0, 40))
def test_collapsed_the_hits_are_the_first_of_each_number_among_all(
    data: st.DataObject, standing: list[Standing], which: int, ordering: Ordering, limit: int
) -> None:
    here = standing[which]
    plan, narrow = data.draw(plans(here.sizes)), data.draw(st.none() | plans(here.sizes))
    every = here.executor.search(plan, limit=ALL, filter=narrow, ordering=ordering)
    firsts, sizes = here.twin.collapsed(every.docs.tolist(), "time")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executing, "SPARE", data.draw(st.sampled_from([1, 3, 50])))
        top = here.executor.search(
            plan, limit=limit, filter=narrow, ordering=ordering, facets=("era",), collapse="time"
        )
    assert top.docs.tolist() == firsts[:limit]
    scores = dict(zip(every.docs.tolist(), every.scores.tolist(), strict=True))
    assert top.scores.tolist() == [scores[doc] for doc in firsts[:limit]]
    assert top.sizes.tolist() == sizes[:limit]
    assert (top.total, top.groups) == (len(every.docs), len(firsts))
    assert (every.groups, set(every.sizes.tolist())) == (every.total, {1} if every.total else set())
    assert top.facets["era"] == here.twin.facet(every.docs.tolist(), "era")
    assert_scratch_is_clean()


@settings(max_examples=100, deadline=None)
@given(data=st.data(), which=st.integers(0, 4))
def test_facets_count_all_that_was_found(
    data: st.DataObject, standing: list[Standing], which: int
) -> None:
    here = standing[which]
    plan, narrow = data.draw(plans(here.sizes)), data.draw(st.none() | plans(here.sizes))
    names = ("channel", "topics", "era")
    top = here.executor.search(plan, limit=0, filter=narrow, facets=names)
    docs = here.twin.found(plan, narrow)
    assert (top.total, len(top.docs)) == (len(docs), 0)
    assert top.facets == {name: here.twin.facet(docs, name) for name in names}


@settings(max_examples=100, deadline=None)
@given(data=st.data(), which=st.integers(0, 4), seed=st.integers(0, 2**32))
def test_factors_multiply_scores_and_never_change_what_is_found(
    data: st.DataObject, standing: list[Standing], which: int, seed: int
) -> None:
    here = standing[which]
    plan = data.draw(plans(here.sizes))
    chance = np.random.default_rng(seed)
    factors = [chance.choice(np.array([0.0, 0.5, 1.0], np.float32), size) for size in here.sizes]
    by_doc = np.concatenate(factors).tolist()
    wanted = {doc: score * by_doc[doc] for doc, score in here.twin.found(plan).items()}
    assert_close(here.executor.search(plan, limit=ALL, factors=factors), wanted)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), which=st.integers(0, 4), seed=st.integers(0, 2**32))
def test_other_scores_replace_those_of_the_plan_and_never_change_what_is_found(
    data: st.DataObject, standing: list[Standing], which: int, seed: int
) -> None:
    here = standing[which]
    plan, narrow = data.draw(plans(here.sizes)), data.draw(st.none() | plans(here.sizes))
    chance = np.random.default_rng(seed)
    given_scores = np.array([0.0, 0.0, 0.0, 0.5, 7.0], np.float32)
    instead = [chance.choice(given_scores, size) for size in here.sizes]
    by_doc = np.concatenate(instead).tolist()
    wanted = {doc: by_doc[doc] for doc in here.twin.found(plan, narrow)}
    order = Ordering("score", "time")
    ranks = sorted(here.twin.rank(doc, score, "score", "time") for doc, score in wanted.items())
    for limit in (ALL, 5):
        top = here.executor.search(
            plan, limit=limit, filter=narrow, ordering=order, instead=instead
        )
        assert top.total == len(wanted)
        assert top.docs.tolist() == [rank[-1] for rank in ranks[:limit]]
        assert top.scores.tolist() == [wanted[doc] for doc in top.docs.tolist()]
    assert_scratch_is_clean()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), which=st.integers(0, 4))
def test_documents_are_those_that_match_deleted_ones_too(
    data: st.DataObject, standing: list[Standing], which: int
) -> None:
    here = standing[which]
    plan = data.draw(plans(here.sizes))
    found: list[int] = []
    for number, leaf in enumerate(here.corpus.snapshot.leaves):
        docs = here.executor.documents(number, plan)
        assert docs.dtype == np.intp
        assert (np.diff(docs) > 0).all()
        living = docs if leaf.live is None else docs[leaf.live[docs]]
        found.extend((living + leaf.base).tolist())
    assert found == sorted(here.twin.found(plan))
    assert_scratch_is_clean()


@settings(max_examples=300, deadline=None)
@given(data=st.data(), which=st.integers(0, 4), seed=st.integers(0, 2**32))
def test_of_given_documents_a_plan_matches_and_scores_those_that_its_twin_does(
    data: st.DataObject, standing: list[Standing], which: int, seed: int
) -> None:
    here, chance = standing[which], random.Random(seed)
    plan = data.draw(plans(here.sizes))
    scores = here.twin.scores(plan)
    for leaf, (base, size) in enumerate(zip(here.twin.bases, here.sizes, strict=True)):
        docs = sorted(chance.sample(range(size), chance.randint(0, size)))
        evaluator = evaluate.Evaluator(here.executor.impacts, leaf)
        hits, found = evaluator.probe(plan, np.array(docs, dtype=np.intp))
        assert hits.tolist() == [base + doc in scores for doc in docs]
        wanted = [scores.get(base + doc, 0.0) for doc in docs]
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        matching = sum(base <= doc < base + size for doc in scores)
        assert evaluator.cost(plan) >= matching
    assert_scratch_is_clean()


def test_a_segment_of_several_blocks_of_documents_answers_as_its_twin_does(
    folders: Iterator[Path],
) -> None:
    chance = random.Random(9)
    folder, pool = next(folders), []
    writer.create_index(folder)
    common = [entry(b"", chance, longest=3) for _ in range(200)]
    with writer.Writer(folder, KEYLESS) as index:
        for number in range(65_536 + 900):
            rare = number in (65_535, 65_536) or not chance.randrange(3_000)
            pool.append(entry(b"", chance) if rare else chance.choice(common))
            index.add(pool[-1].document(number))
        index.delete_docs(range(65_000, 66_000, 7))
        index.commit()
    made = Corpus(open_snapshot(folder), pool)
    (leaf,) = made.snapshot.leaves
    assert leaf.segment.doc_count == len(pool)
    twin, searcher = Twin(made, keyed=False), executor(made.snapshot)
    rare_word = min(twin.places["body"], key=lambda word: len(twin.places["body"][word])).encode()
    for plan in (
        p.Term("body", b"w00", 2.0),
        p.Union((p.Term("title", b"w01"), p.Term("body", rare_word), p.Between("time", 8))),
        p.Intersection(
            (p.Term("body", rare_word), p.Union((p.Term("body", b"w00"), p.Everything())))
        ),
        p.Union(tuple(p.Term("body", b"w%02d" % rank) for rank in range(8)), 2),
        p.Union(tuple(p.Term("body", b"w%02d" % rank, rank + 0.5) for rank in range(30))),
        p.Phrase("body", (b"w00", b"w00"), 2),
        p.Without(p.TermsBetween("tags", b"x", b"xyz", 1.0), p.Term("body", b"w00")),
    ):
        wanted = twin.found(plan)
        assert wanted
        every = searcher.search(plan, limit=ALL, ordering=Ordering("score", "time"))
        assert_close(every, wanted)
        for limit in (10, 10_000):
            some = searcher.search(plan, limit=limit, ordering=Ordering("score", "time"))
            assert some.docs.tolist() == every.docs.tolist()[:limit]
            newest = searcher.search(plan, limit=limit, ordering=Ordering("newest", "time"))
            ranks = sorted(twin.rank(doc, 0.0, "newest", "time") for doc in wanted)
            assert newest.docs.tolist() == [rank[-1] for rank in ranks[:limit]]


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    writer.create_index(tmp_path / "index")
    searcher = executor(open_snapshot(tmp_path / "index"))
    for plan in (p.Term("title", b"w00"), p.Everything(1.0), p.Documents({}), p.Union(())):
        assert searcher.search(plan, limit=10, collapse="time").groups == 0
        top = searcher.search(plan, limit=10, facets=("channel",), factors=[])
        assert (top.total, top.docs.tolist(), top.facets) == (0, [], {"channel": {}})
        assert top.complete


@pytest.mark.parametrize("collapse", [None, "time"])
def test_a_deadline_that_is_over_ends_the_search_and_says_so(
    standing: list[Standing], collapse: str | None
) -> None:
    for here in standing:
        top = here.executor.search(p.Everything(), limit=5, deadline=0.0, collapse=collapse)
        assert (top.complete, top.total, top.docs.tolist()) == (False, 0, [])
        assert_scratch_is_clean()
        later = monotonic() + 60
        assert here.executor.search(p.Everything(), limit=1, deadline=later).complete


def test_a_deadline_within_a_plan_loses_nothing_that_later_searches_use(
    standing: list[Standing], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = standing[2]
    plan = p.Union(tuple(p.Term("body", f"w{number:02}".encode()) for number in range(12)))
    whole = here.executor.search(plan, limit=ALL, filter=p.Between("time", 0))
    cut_short = 0
    for nodes in range(1, 40):
        ticks = count()
        monkeypatch.setattr(
            "indexer.columnar.search.costs.monotonic", lambda ticks=ticks: next(ticks)
        )
        searcher = executor(here.corpus.snapshot)
        top = searcher.search(plan, limit=ALL, filter=p.Between("time", 0), deadline=nodes)
        cut_short += not top.complete
        assert top.complete or top.total < whole.total
        assert_scratch_is_clean()
        again = searcher.search(plan, limit=ALL, filter=p.Between("time", 0))
        assert (again.total, again.docs.tolist()) == (whole.total, whole.docs.tolist())
    assert cut_short


def test_a_field_that_no_segment_has_has_no_terms(standing: list[Standing]) -> None:
    here = standing[2]
    unknown = p.Term("nowhere", b"w00")
    assert here.executor.impacts.doc_frequency("nowhere", b"w00") == 0
    assert here.corpus.snapshot.average_length("nowhere") == 0.0
    for plan in (
        unknown,
        p.TermsBetween("nowhere", b"", b""),
        p.Phrase("nowhere", (b"w00", b"w01")),
        p.Intersection((p.Everything(), unknown)),
    ):
        assert here.executor.search(plan, limit=1).total == 0
    assert_close(
        here.executor.search(p.Without(p.Term("body", b"w00"), unknown), limit=ALL),
        here.twin.found(p.Term("body", b"w00")),
    )


def test_where_no_segment_has_the_column_nothing_is_collapsed(standing: list[Standing]) -> None:
    here = standing[2]
    plain = here.executor.search(p.Everything(), limit=40)
    top = here.executor.search(p.Everything(), limit=40, collapse="nowhere")
    assert (top.docs.tolist(), top.groups) == (plain.docs.tolist(), plain.total)
    assert set(top.sizes.tolist()) == {1}


def test_what_cannot_be_asked_is_refused(standing: list[Standing]) -> None:
    here = standing[0].executor
    with pytest.raises(ValueError, match="below 0"):
        here.search(p.Everything(), limit=-1)
    with pytest.raises(Unsupported, match="'tags' keeps no positions"):
        here.search(p.Phrase("tags", (b"x", b"y")), limit=1)


def test_threads_that_share_an_executor_get_the_answers_of_one(standing: list[Standing]) -> None:
    here = standing[2]
    chance = random.Random(1)
    words = [b"w%02d" % rank for rank in range(30)]
    asked = [
        p.Union(tuple(p.Term(field, word) for word in chance.sample(words, 3)))
        if chance.random() < 0.5
        else p.Phrase(field, tuple(chance.sample(words[:5], 2)), 3)
        for field in ("title", "body")
        for _ in range(60)
    ]

    def answers(shared: Executor) -> list[tuple[list[int], list[float], object]]:
        found: list[tuple[list[int], list[float], object]] = []
        for plan in asked:
            top = shared.search(
                plan,
                limit=20,
                filter=p.Between("time", 0),
                ordering=Ordering("score", "time"),
                facets=("era",),
            )
            found.append((top.docs.tolist(), top.scores.tolist(), top.facets))
        assert_scratch_is_clean()
        return found

    alone = answers(executor(here.corpus.snapshot))
    for cache_bytes in (0, 20_000, 2**27):
        shared = executor(here.corpus.snapshot, cache_bytes=cache_bytes)
        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(answers, [shared] * 8):
                assert found == alone


def test_a_filter_that_comes_again_is_kept_and_given_documents_are_not(
    standing: list[Standing],
) -> None:
    searcher = executor(standing[0].corpus.snapshot)
    every = p.Everything(1.0)
    for _ in range(3):
        kept = searcher.search(every, limit=ALL, filter=p.Between("time", 0))
    assert_close(kept, standing[0].twin.found(every, p.Between("time", 0)))
    assert len(searcher._masks) == 1
    docs = np.arange(0, 600, 3)
    given_docs = p.Documents({0: (docs, np.ones(len(docs), np.float32))})
    alive = weakref.ref(docs)
    for plan in (every, p.Term("body", b"w29")):
        for narrow in (given_docs, p.Union((p.Term("body", b"w00"), given_docs))):
            top = searcher.search(plan, limit=ALL, filter=narrow)
            assert_close(top, standing[0].twin.found(plan, narrow))
    assert len(searcher._masks) == 1
    del docs, given_docs, narrow
    gc.collect()
    assert alive() is None


def test_a_filter_of_another_second_is_the_same_until_a_document_lies_between(
    standing: list[Standing],
) -> None:
    searcher, twin = executor(standing[0].corpus.snapshot), standing[0].twin
    leaves = len(standing[0].corpus.snapshot.leaves)
    times = np.unique(
        np.concatenate(
            [leaf.segment.distinct_numbers("time") for leaf in standing[0].corpus.snapshot.leaves]
        )
    ).tolist()
    every = p.Everything(1.0)
    before, after = times[len(times) // 2 - 1 : len(times) // 2 + 1]
    for bound in (before + 0.25, before + 0.5, after):
        narrow = p.Without(p.Everything(), p.Between("time", bound))
        assert_close(searcher.search(every, limit=ALL, filter=narrow), twin.found(every, narrow))
        assert len(searcher._masks) == leaves
    beyond = p.Without(p.Everything(), p.Between("time", after + 0.5))
    assert_close(searcher.search(every, limit=ALL, filter=beyond), twin.found(every, beyond))
    assert len(searcher._masks) > leaves


def test_a_thread_keeps_no_more_scratch_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SCRATCH_BYTES", 10_000)
    scratch = finding.Scratch()
    for length in (256, 512, 1_024, 256, 2_048, 4_096):
        borrowed = [scratch.borrow(length) for _ in range(3)]
        assert not any(scores.any() for scores in borrowed)
        for scores in borrowed:
            scores += 1
            scratch.give_back(scores)
        kept = [scores for each in scratch._free.values() for scores in each]
        assert scratch._held == sum(scores.nbytes for scores in kept) <= 10_000
        assert not any(scores.any() for scores in kept)
