"""What the OpenSearch engine promises beyond every engine's contract, on a real cluster of one node."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import monotonic

import orjson
import pytest

from indexer.article import Article
from indexer.engines.base import Engine
from indexer.engines.documents import searchable_texts
from indexer.engines.opensearch import index as remote
from indexer.engines.opensearch.cluster import the_cluster
from indexer.engines.opensearch.documents import document_of
from indexer.engines.opensearch.engine import OpenSearchEngine
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import EVERY
from indexer.engines.opensearch.index import Facts, RemoteIndex, read_name
from indexer.engines.registry import open_engine
from indexer.errors import IndexDamaged
from indexer.query import TEXT_FIELDS, Literal, MatchAll, SearchRequest, Term
from tests.contracts.engine_base import SHANGHAI, fill, found
from tests.factories import article
from tests.opensearch import Node
from tests.typed_queries import analyzer, match, rescore_by

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("opensearch")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def engine(folder: Path) -> OpenSearchEngine:
    """An empty index."""
    engine = OpenSearchEngine(folder, analyzer=analyzer(), timezone=SHANGHAI)
    engine.create()
    return engine


@pytest.fixture
def index(engine: OpenSearchEngine) -> RemoteIndex:
    """The engine's index in the cluster."""
    return RemoteIndex(the_cluster(), read_name(engine.folder), engine.folder)


TEXTS = (
    "农业银行网点。北京地铁7号线，iPhone15 发布\n3：2 二〇二六年 20℃ ㎡",
    "",
    "，。！",
    "计程车 出租车 计程车，研究生命起源 " * 40,
    "😀𠮷 臺灣軟體 ＡＢＣ１２３",
)


def test_positions_and_frequencies_in_the_index_are_the_analyzers_own(
    engine: Engine, index: RemoteIndex
) -> None:
    articles = [
        article(f"a-{n}", title=text[:90], body=text or "无") for n, text in enumerate(TEXTS)
    ]
    fill(engine, *articles)
    for each in articles:
        body = {"fields": TEXT_FIELDS, "positions": True, "offsets": False}
        kept = index.cluster.client.termvectors(index=index.name, id=each.id, body=body)
        for field, text in searchable_texts(each).items():
            held = Counter(
                (word, place["position"])
                for word, term in kept["term_vectors"][field]["terms"].items()
                for place in term["tokens"]
            )
            # The token that every article holds comes first, and then a gap.
            wanted = Counter((token.text, token.position + 2) for token in analyzer().index(text))
            assert held == wanted + Counter([(EVERY, 0)]), (each.id, field)


@pytest.mark.parametrize("collapse", ["none", "duplicates"])
def test_pairs_and_agreement_of_articles_that_come_first_are_those_of_the_memory_engine(
    engine: Engine, tmp_path: Path, collapse: str
) -> None:
    memory = open_engine("memory", tmp_path / "memory", analyzer=analyzer(), timezone=SHANGHAI)
    memory.create()
    words = ("石渠 河堤", "水闸 渡口 石渠", "灯会 庙会", "糖人 锣鼓 石板桥", "河堤 灯会")
    articles = [
        article(
            f"a-{n:02}",
            title=f"修桥记 {words[n % 5]}",
            body=f"{words[n % 3]} {words[n % 5]} " * (n % 4 + 1) + "石板桥",
            source=("山城晚报", "河湾日报")[n % 2],
            duplicate_group=n % 4,
        )
        for n in range(24)
    ]
    for each in (engine, memory):
        fill(each, *articles)
    request = SearchRequest(
        match("石板桥 河堤", need=0.0),
        rescore=rescore_by("石板桥 河堤", near=1.0, pairs=0.5, agree=0.5, depth=10),
        first=(Term("source", "河湾日报"),),
        collapse=collapse,  # type: ignore[arg-type]
        size=5,
    )
    with engine.reader() as reader, memory.reader() as oracle:
        for page in (1, 2, 3, 5):
            asked = replace(request, page=page)
            answer, expected = reader.search(asked), oracle.search(asked)
            assert [hit.article.id for hit in answer.hits] == [
                hit.article.id for hit in expected.hits
            ]
            assert [hit.score for hit in answer.hits] == pytest.approx(
                [hit.score for hit in expected.hits], rel=1e-5
            )
            assert answer.groups == expected.groups


def test_a_snapshot_that_the_cluster_dropped_is_opened_anew_until_a_commit_follows(
    engine: Engine, opensearch: Node
) -> None:
    fill(engine, article("a"))
    with engine.reader() as reader:
        opensearch.drop_snapshots()
        assert found(reader, MatchAll()) == ["a"]
        opensearch.drop_snapshots()
        assert reader.count(SearchRequest(match("学校"), rescore=rescore_by("学校"))) == 1
        fill(engine, article("b"), revision=2)
        opensearch.drop_snapshots()
        with pytest.raises(ClusterFailed, match="ask again"):
            reader.get("a")
    with engine.reader() as reader:
        assert reader.doc_count == 2


def test_a_writer_that_comes_too_late_puts_no_old_article_over_a_new_one(
    engine: Engine, index: RemoteIndex
) -> None:
    fill(engine, article("a", title="旧标题"), revision=1)
    with engine.writer() as late:
        late.put(article("a", title="旧标题"))
        # Another machine took it for dead.
        index.send([("a", document(article("a", title="新标题")))], 9)
        index.commit(Facts(9, 9))
        with pytest.raises(ClusterFailed, match="version"):
            late.commit(revision=2)
    with engine.reader() as reader:
        assert (found(reader, Literal("新标题")), reader.revision) == (["a"], 9)


def test_a_full_disk_ends_a_commit_with_its_reason_and_searches_go_on(
    engine: Engine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster blocks an index so when a disk is nearly full."""
    monkeypatch.setattr(remote, "_FIRST_WAIT", 0.001)
    fill(engine, article("a"))
    settings = index.cluster.client.indices
    settings.put_settings(index=index.name, body={"index.blocks.read_only_allow_delete": True})
    with engine.writer() as writer:
        writer.put(article("b"))
        with pytest.raises(ClusterFailed, match=r"1 changes were refused again and again.*disk"):
            writer.commit(revision=2)
    with engine.reader() as reader:
        assert (found(reader, match("学校")), reader.revision) == (["a"], 1)
    settings.put_settings(index=index.name, body={"index.blocks.read_only_allow_delete": None})
    fill(engine, article("b"), revision=2)
    with engine.reader() as reader:
        assert reader.doc_count == 2


def test_a_document_that_the_cluster_refuses_is_named(index: RemoteIndex) -> None:
    good = document(article("good"))
    with pytest.raises(ClusterFailed, match=r"the change of article bad: .*strict"):
        index.send([("good", good), ("bad", b'{"colour": 1}')], 1)


def test_a_batch_of_several_requests_keeps_its_order(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_BULK_BYTES", 2_000)
    with engine.writer() as writer:
        for turn in range(4):
            for n in range(5):
                writer.put(article(f"a-{n}", title=f"版本{turn}"))
            writer.delete(f"a-{turn}")
        writer.commit(revision=1)
    with engine.reader() as reader:
        assert sorted(found(reader, Literal("版本3"))) == ["a-0", "a-1", "a-2", "a-4"]
        assert reader.doc_count == 4


def test_what_a_dead_writer_left_is_not_sent(engine: Engine, folder: Path) -> None:
    dead = engine.writer()
    dead.put(article("a"))
    (folder / "0123456789abcdef.part").write_bytes(next(folder.glob("*.part")).read_bytes())
    dead.cancel()
    fill(engine, article("b"))
    with engine.reader() as reader:
        assert found(reader, MatchAll()) == ["b"]
    assert not [*folder.glob("*.part")]


def test_after_the_deadline_an_answer_says_that_it_is_incomplete(engine: Engine) -> None:
    fill(engine, article("a"))
    with engine.reader() as reader:
        asked = SearchRequest(match("学校"), facets=("source",), deadline=monotonic() - 1)
        late = reader.search(asked)
        assert (late.hits, late.complete, late.total_is_estimate) == ((), False, True)
        assert dict(late.facets) == {"source": ()}
        in_time = reader.search(replace(asked, deadline=monotonic() + 60))
        assert (len(in_time.hits), in_time.complete) == (1, True)


def test_an_index_that_is_not_in_the_cluster_is_damaged(engine: Engine, index: RemoteIndex) -> None:
    index.remove()
    assert "is not in the cluster" in engine.check()[0]
    for ask in (engine.reader, engine.writer, engine.version):
        with pytest.raises(IndexDamaged, match="is not in the cluster"):
            ask()


def test_an_index_with_other_fields_is_told(engine: Engine, index: RemoteIndex) -> None:
    more = {"properties": {"colour": {"type": "keyword"}}}
    index.cluster.client.indices.put_mapping(index=index.name, body=more)
    assert engine.check() == [f"the index {index.name} has other fields than this program's"]


def document(each: Article) -> bytes:
    return orjson.dumps(document_of(each, analyzer()))
