"""What a rebuild made, opened with Whoosh's own Searcher: it finds and scores what the engine does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from whoosh import query as wq
from whoosh.scoring import BM25F

from indexer.columnar.whoosh.index import ColumnarIndex
from indexer.engines.ranking import K1, B
from indexer.engines.whoosh.documents import article_of
from indexer.engines.whoosh.fields import ARTICLE, SCHEMA
from indexer.query import And, Not, Or, Query, SearchRequest, Term
from indexer.store.database import open_store
from tests.indexer.site import Site
from tests.typed_queries import analyzer, match

CASES: tuple[tuple[Query, wq.Query], ...] = (
    (Term("body", "地铁"), wq.Term("body", "地铁")),
    (Or((Term("title", "报道"), Term("body", "开通"))), wq.Or([wq.Term("title", "报道"), wq.Term("body", "开通")])),
    (And((Term("body", "地铁"), Term("body", "开通"))), wq.And([wq.Term("body", "地铁"), wq.Term("body", "开通")])),
    (
        And((Term("body", "地铁"), Not(Term("channel", "财经")))),
        wq.AndNot(wq.Term("body", "地铁"), wq.Term("channel", "财经")),
    ),
    (
        match("地铁 开通", fields=(("body", 1.0),), need=0.0),
        wq.Or([wq.Term("body", "地铁"), wq.Term("body", "开通")]),
    ),
)  # fmt: skip


@pytest.fixture
def rebuilt(tmp_path: Path) -> Iterator[Site]:
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    site = Site(tmp_path, store, analyzer(), "whoosh")
    site.fill(*"abc", body="地铁开通了，地铁很快。", channel="社会")
    site.fill(*"def", body="开通一条公路，比地铁慢。", channel="财经")
    site.fill("g", body="没有别的。", channel="社会")
    site.rebuild()
    yield site
    store.close()


@pytest.mark.parametrize(("ours", "theirs"), CASES)
def test_whoosh_gives_the_same_articles_the_same_scores(
    rebuilt: Site, ours: Query, theirs: wq.Query
) -> None:
    index = ColumnarIndex(rebuilt.generations.live().index, SCHEMA)
    with index.searcher(weighting=BM25F(B=B, K1=K1)) as searcher:
        found = {
            article_of(index.snapshot().blob(ARTICLE, hit.docnum)).id: hit.score
            for hit in searcher.search(theirs, limit=None)
        }
    with rebuilt.engine().reader() as reader:
        page = reader.search(SearchRequest(ours, size=20))
    assert found == pytest.approx({hit.article.id: hit.score for hit in page.hits}, rel=1e-5)
    assert found
