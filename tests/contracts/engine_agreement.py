"""Engines agree: random corpora, changed in several commits, and random requests give the same answers everywhere.

The memory engine is the oracle. What is compared: the complete set of ids, their order and scores, totals, facets,
and every page. To compare an engine, inherit from :class:`EngineAgreement` and set ``name``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import fold_literal
from indexer.analysis.typed import read_typed
from indexer.article import Article
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import open_engine
from indexer.hits import SearchPage
from indexer.query import (
    COLLAPSES,
    FACET_FIELDS,
    SORTS,
    TEXT_FIELDS,
    TIME_FIELDS,
    Adjacent,
    Alternative,
    And,
    Boost,
    CompletionRequest,
    Glued,
    Literal,
    Match,
    MatchAll,
    Near,
    Not,
    NumberRange,
    Or,
    Popularity,
    Query,
    Range,
    Recency,
    Rescore,
    SearchRequest,
    Term,
    TitlePrefix,
    TitleSound,
    TypedSo,
)
from tests.contracts.engine_base import SHANGHAI
from tests.factories import article
from tests.typed_queries import analyzer

# Few words and few values, so that random queries find something, and scores and dates tie.
PIECES = (
    *("桥", "河", "山", "的", "了", "北京", "地铁", "北京地铁", "研究", "研究生", "生命", "起源"),
    *(
        "农业",
        "农业银行",
        "银行",
        "臺灣",
        "台湾",
        "軟件",
        "iPhone15",
        "iPhone 15",
        "ＡＢＣ",
        "A股",
        "7号",
    ),
    *("。", "，", "？！", "《", "》", " ", "　", "\n", "😀", "𠮷", "é", "ß"),
)
CHANNELS = ("情感", "情感/故事", "情感/故事/夜话", "体育", "")
SOURCES = ("山城晚报", "河湾日报", "")
TAGS = ("桥", "河", "山")
IDS = (*(f"a-{n}" for n in range(6)), "a", "a b", "新闻/1", "a//%2F", "𠮷\ufffd", "山" * 85)
NAMES = ("价", "a", "a.b", "a~")
NUMBERS = (0, -0.0, 1, -1, 1.5, -1.5, 3, 3.0, 2**53, 2**53 + 1, -(2**63), 1e300, -1e300, 5e-324)
START = datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC)

texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
times = st.none() | st.integers(-3, 40).map(lambda n: START + timedelta(days=n // 2, seconds=n % 2))

attributes = st.dictionaries(
    st.sampled_from(NAMES[1:]), st.sampled_from(NUMBERS) | st.sampled_from(SOURCES), max_size=2
)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    body = draw(texts)
    return article(
        draw(st.sampled_from(IDS)),
        title=draw(texts),
        body=body if body.strip() else "无",
        lead=draw(texts | st.just(body[:3])),
        channel=draw(st.sampled_from(CHANNELS)),
        channels=draw(st.lists(st.sampled_from(CHANNELS), max_size=2)),
        source=draw(st.sampled_from(SOURCES)),
        author=draw(st.sampled_from(SOURCES)),
        tags=draw(st.lists(st.sampled_from(TAGS), max_size=2)),
        status=draw(st.sampled_from(("published", "draft"))),
        published_at=draw(times),
        expires_at=draw(times),
        attributes=draw(attributes),
        duplicate_group=draw(st.sampled_from((0, 0, 1, 2, 2**40))),
    )


changes = st.one_of(articles(), articles(), articles(), st.sampled_from(IDS))
"""An article to put, or an id to delete."""

histories = st.lists(st.lists(changes, max_size=10), min_size=1, max_size=5)
"""Batches of changes, each its own commit."""

fields = st.lists(st.sampled_from(TEXT_FIELDS), unique=True, max_size=3).map(tuple)
weights = st.sampled_from((0.0, 0.5, 1.0, 2.0))
alternatives = st.builds(
    Alternative,
    st.sampled_from(PIECES).map(fold_literal),
    (texts | st.sampled_from(PIECES)).map(fold_literal),
    st.sampled_from((0.0, 0.5, 0.8)),
)
matches = st.builds(
    Match,
    texts,
    fields.flatmap(lambda names: st.tuples(*(st.tuples(st.just(name), weights) for name in names))),
    need=st.sampled_from((0.0, 0.3, 0.5, 0.67, 1.0)),
    inside=st.booleans(),
    alternatives=st.lists(alternatives, max_size=3).map(tuple),
)
typed = (texts | st.sampled_from(("b", "bj", "dt", "beijing", "北j", "yjs", "ip", "5", "t"))).map(
    read_typed
)
keyword_terms = st.one_of(
    st.builds(Term, st.just("channel"), st.sampled_from(CHANNELS)),
    st.builds(Term, st.sampled_from(("source", "author")), st.sampled_from(SOURCES)),
    st.builds(Term, st.just("tag"), st.sampled_from(TAGS)),
    st.builds(Term, st.just("id"), st.sampled_from(IDS)),
    st.builds(Term, st.just("group"), st.sampled_from(("0", "1", "2", str(2**40)))),
    st.builds(
        Term,
        st.just("attribute"),
        st.tuples(st.sampled_from(NAMES), st.sampled_from(SOURCES)).map("=".join),
    ),
    st.builds(Term, st.just("status"), st.sampled_from(("published", "draft", "withdrawn"))),
)
bounds = st.none() | st.sampled_from(NUMBERS).map(float)
leaves = st.one_of(
    matches,
    matches,
    st.builds(Literal, texts | st.sampled_from(PIECES), fields),
    st.builds(Literal, texts | st.sampled_from(PIECES)),
    st.builds(
        Adjacent,
        texts | st.lists(st.sampled_from(PIECES), min_size=2, max_size=2).map("".join),
        fields,
    ),
    st.builds(Glued, st.sampled_from(("谌龙", "龙说", "山里"))),
    st.builds(
        Near,
        st.lists(st.sampled_from(PIECES), max_size=3).map(tuple),
        st.sampled_from((0, 1, 3, 50)),
        fields,
    ),
    st.builds(TitlePrefix, texts, st.booleans()),
    st.builds(TitleSound, typed.map(lambda each: each.keys)),
    st.builds(Term, st.sampled_from(TEXT_FIELDS), st.sampled_from(PIECES)),
    keyword_terms,
    st.builds(Range, st.sampled_from(TIME_FIELDS), times, times),
    st.builds(NumberRange, st.sampled_from(NAMES), bounds, bounds),
    st.just(MatchAll()),
)
queries: st.SearchStrategy[Query] = st.recursive(
    leaves,
    lambda children: st.one_of(
        st.lists(children, max_size=3).map(lambda clauses: And(tuple(clauses))),
        st.lists(children, max_size=3).map(lambda clauses: Or(tuple(clauses))),
        children.map(Not),
        st.builds(Boost, children, st.sampled_from((0.0, 0.5, 3.0))),
    ),
    max_leaves=6,
)
completion_requests = st.builds(
    lambda read, narrow, size: CompletionRequest(
        read.keys, TypedSo(read.text), read.in_characters, filter=narrow, size=size
    ),
    typed,
    st.none() | queries,
    st.sampled_from((1, 3, 100)),
)
# Without agreement: which words tell what an article is about is the engine's choice.
rescoring = st.builds(
    Rescore,
    texts,
    fields,
    near=st.sampled_from((0.0, 0.5, 1.0)),
    window=st.sampled_from((0, 1, 3, 16)),
    pairs=st.sampled_from((0.0, 0.5)),
)
recency = st.builds(
    Recency,
    times.filter(lambda time: time is not None),
    st.sampled_from((1.0, 300.0, None)),
    st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from((10.0, None))), max_size=2).map(
        tuple
    ),
    st.sampled_from((0.0, 0.5)),
)
popularity = st.builds(
    lambda heats, fading: Popularity(tuple(heats.items()), fading),
    st.dictionaries(st.sampled_from((*IDS, "gone")), st.sampled_from((0.5, 1.0, 2.0, 1e6))),
    recency,
)
requests = st.builds(
    SearchRequest,
    queries,
    first=st.lists(queries, max_size=2).map(tuple),
    recency=st.none() | recency,
    rescore=st.none() | rescoring,
    popularity=st.none() | popularity,
    filter=st.none() | queries,
    sort=st.sampled_from(SORTS),
    collapse=st.sampled_from(COLLAPSES),
    facets=st.lists(st.sampled_from(FACET_FIELDS), unique=True).map(tuple),
    facet_size=st.sampled_from((1, 2, 20)),
)


@dataclass(frozen=True)
class Indexes:
    oracle: Engine
    other: Engine

    def apply(self, changes: Sequence[Article | str], revision: int) -> None:
        for engine in (self.oracle, self.other):
            with engine.writer() as writer:
                for change in changes:
                    if isinstance(change, Article):
                        writer.put(change)
                    else:
                        writer.delete(change)
                writer.commit(revision=revision)

    @contextmanager
    def readers(self) -> Iterator[tuple[Reader, Reader]]:
        with self.oracle.reader() as oracle, self.other.reader() as other:
            yield oracle, other


@contextmanager
def indexes(name: str) -> Iterator[Indexes]:
    with tempfile.TemporaryDirectory() as folder:
        oracle, other = (
            open_engine(each, Path(folder) / each, analyzer=analyzer(), timezone=SHANGHAI)
            for each in ("memory", name)
        )
        oracle.create()
        other.create()
        yield Indexes(oracle, other)


def is_exact(history: Sequence[Sequence[Article | str]]) -> bool:
    """Whether nothing was replaced or deleted: else statistics may count articles that are gone, until a merge."""
    ids = [
        change.id if isinstance(change, Article) else change
        for batch in history
        for change in batch
    ]
    return len(ids) == len(set(ids))


class EngineAgreement:
    """An engine beside the memory engine."""

    name: str

    @pytest.mark.thorough
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories, st.lists(requests, min_size=4, max_size=10))
    def test_engines_agree_on_every_answer(
        self, history: list[list[Article | str]], asked: list[SearchRequest]
    ) -> None:
        with indexes(self.name) as each:
            for revision, changes in enumerate(history, start=1):
                each.apply(changes, revision)
            with each.readers() as (oracle, reader):
                assert (reader.doc_count, reader.revision) == (oracle.doc_count, oracle.revision)
                for request in asked:
                    assert_same(oracle, reader, request, exact=is_exact(history))
                for field in TEXT_FIELDS if is_exact(history) else ():
                    assert reader.document_frequencies(field, PIECES) == (
                        oracle.document_frequencies(field, PIECES)
                    )
                for article_id in IDS:
                    assert reader.get(article_id) == oracle.get(article_id)
            assert each.other.check() == []

    @pytest.mark.thorough
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories, st.lists(completion_requests, min_size=4, max_size=10))
    def test_engines_agree_on_completions(
        self, history: list[list[Article | str]], asked: list[CompletionRequest]
    ) -> None:
        with indexes(self.name) as each:
            for revision, changes in enumerate(history, start=1):
                each.apply(changes, revision)
            with each.readers() as (oracle, reader):
                for request in asked:
                    every = replace(request, size=100)
                    assert reader.complete(every) == oracle.complete(every)
                    if is_exact(history) and request.filter is None:
                        assert reader.complete(request) == oracle.complete(request)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories, requests)
    def test_snapshots_agree_whatever_was_committed_since(
        self, history: list[list[Article | str]], request_: SearchRequest
    ) -> None:
        with indexes(self.name) as each, ExitStack() as stack:
            opened = [(stack.enter_context(each.readers()), history[:0])]
            for revision, changes in enumerate(history, start=1):
                each.apply(changes, revision)
                opened.append((stack.enter_context(each.readers()), history[:revision]))
            for (oracle, reader), so_far in opened:
                assert_same(oracle, reader, request_, exact=is_exact(so_far))


def assert_same(oracle: Reader, reader: Reader, request: SearchRequest, *, exact: bool) -> None:
    whole = replace(request, page=1, size=100)
    expected, answer = oracle.search(whole), reader.search(whole)
    assert (answer.total, answer.total_is_estimate) == (expected.total, expected.total_is_estimate)
    assert answer.groups == expected.groups
    assert dict(answer.facets) == dict(expected.facets)
    if not exact and request.sort == "relevance":
        if request.collapse == "none":
            assert sorted(ids_of(answer)) == sorted(ids_of(expected))
        assert sizes_of(answer) == sizes_of(expected)
        return
    assert ids_of(answer) == ids_of(expected)
    assert [hit.group_size for hit in answer.hits] == [hit.group_size for hit in expected.hits]
    assert [hit.score for hit in answer.hits] == pytest.approx(
        [hit.score for hit in expected.hits], rel=1e-5, abs=1e-5
    )
    for page in (1, 2, 3):
        part = replace(request, page=page, size=3)
        assert ids_of(reader.search(part)) == ids_of(oracle.search(part))


def sizes_of(page: SearchPage) -> dict[int, int]:
    """For each duplicate group that has a hit, how many articles it stands for."""
    return {hit.article.duplicate_group: hit.group_size for hit in page.hits}


def ids_of(page: SearchPage) -> list[str]:
    return [hit.article.id for hit in page.hits]
