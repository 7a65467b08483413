"""What the OpenSearch engine promises beyond every engine's contract, on a real cluster of one node."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import pytest

from indexer.article import Article
from indexer.engines.base import Engine, Writer
from indexer.engines.documents import searchable_texts
from indexer.engines.opensearch import filled, leases, sending, snapshot
from indexer.engines.opensearch import writer as opensearch_writer
from indexer.engines.opensearch.cluster import Cluster, the_cluster
from indexer.engines.opensearch.documents import documents_of
from indexer.engines.opensearch.engine import OpenSearchEngine
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import EVERY
from indexer.engines.opensearch.index import RemoteIndex, read_name, write_name
from indexer.engines.opensearch.leases import holding_lease
from indexer.engines.opensearch.parts import TOGETHER
from indexer.engines.opensearch.state import Facts
from indexer.engines.registry import open_engine, storage_of
from indexer.errors import IndexDamaged, WriterBusy
from indexer.query import TEXT_FIELDS, Literal, MatchAll, SearchRequest, Term
from tests.contracts.engine_base import SHANGHAI, fill, found
from tests.factories import article
from tests.opensearch import Nodes
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


def test_the_cluster_takes_streams_apart_into_the_analyzers_own_positions_and_frequencies(
    index: RemoteIndex,
) -> None:
    for number, text in enumerate(TEXTS):
        each = article(f"a-{number}", title=text[:90], body=text or "无")
        (document,) = documents_of([each], analyzer())
        body = {
            "doc": {field: document[field] for field in TEXT_FIELDS},
            "fields": TEXT_FIELDS,
            "positions": True,
            "offsets": False,
        }
        kept = index.cluster.client.termvectors(index=index.name, body=body)
        for field, text in searchable_texts(each).items():
            held = Counter(
                (word, place["position"])
                for word, term in kept["term_vectors"][field]["terms"].items()
                for place in term["tokens"]
            )
            # The token that every article holds comes first, and then a gap.
            wanted = Counter((token.text, token.position + 2) for token in analyzer().index(text))
            assert held == wanted + Counter([(EVERY, 0)]), (each.id, field)


@pytest.mark.parametrize("own", [True, False])
def test_a_new_index_gets_its_articles_before_the_commit_and_keeps_none_without_one(
    engine: OpenSearchEngine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch, *, own: bool
) -> None:
    """Whether the writer makes their documents itself, or takes a part that another process made."""
    monkeypatch.setattr(opensearch_writer, "PART", 0)
    some = [article(f"a-{number}") for number in range(TOGETHER)]

    def write() -> Writer:
        writer = engine.writer()
        if own:
            for each in some:
                writer.add(each)
        else:
            for part in engine.build_part(some):
                writer.take(part)
        return writer

    write().cancel()
    assert index.cluster.client.exists(index=index.name, id="a-0")
    fill(engine, article("b"))
    with engine.reader() as reader:
        assert found(reader, MatchAll()) == ["b"]
    (engine.folder / "begun").touch()  # as if its machine had died just after the commit
    writer = write()
    assert not index.cluster.client.exists(index=index.name, id="a-0"), "readers see this index"
    writer.commit(revision=2)
    with engine.reader() as reader:
        assert reader.doc_count == TOGETHER + 1
    assert not [*engine.folder.glob("*.part")]


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
    engine: Engine, opensearch: Nodes
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


def test_words_that_stand_together_are_found_in_the_longest_articles(
    engine: Engine,
) -> None:
    """The cluster ends a script that loops a million times."""
    words = "桥 河 山 石板桥 河堤 水闸 渡口 灯会 庙会 糖人 锣鼓"
    many = [f"词{chr(0x4E00 + n)}" for n in range(500)]
    fill(
        engine,
        article("long", title="无", body=f"{words} " * 4_000 + " ".join(many)),
        article("apart", title="无", body=(" 无" * 20 + " ").join(words.split())),
    )
    near = rescore_by(f"{words} {' '.join(many)}", near=1.0)
    plain = SearchRequest(match("桥 河", fields=(("body", 1.0),)))
    with engine.reader() as reader:
        before = {hit.article.id: hit.score for hit in reader.search(plain).hits}
        after = {
            hit.article.id: hit.score for hit in reader.search(replace(plain, rescore=near)).hits
        }
    more = {each: after[each] - before[each] for each in after}
    assert more["long"] > 8 * more["apart"] > 0


@pytest.fixture
def elsewhere(engine: OpenSearchEngine, tmp_path: Path) -> OpenSearchEngine:
    """The same index, as another machine opens it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write_name(folder, read_name(engine.folder))
    return OpenSearchEngine(folder, analyzer=analyzer(), timezone=SHANGHAI)


def test_a_writer_that_comes_too_late_puts_no_old_article_over_a_new_one(
    engine: Engine, elsewhere: Engine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "EXPIRES", 0.0)
    monkeypatch.setattr(leases, "_LOOK", 0.01)
    fill(engine, article("a", title="旧标题"), article("gone"), revision=1)
    with engine.writer() as late:
        late.put(article("a", title="旧标题"))
        late.put(article("gone"))
        # Another machine takes it for dead, and goes on.
        with elsewhere.writer() as writer:
            writer.put(article("a", title="新标题"))
            writer.delete("gone")
            writer.commit(revision=9)
        for each in ("a", "gone"):
            with pytest.raises(ClusterFailed, match=f"article {each}: .*version"):
                index.send([(each, document(article(each)))], late._version)  # type: ignore[attr-defined]
        with pytest.raises(ClusterFailed, match="version"):
            late.commit(revision=2)
    index.refresh()
    with engine.reader() as reader:
        assert (found(reader, MatchAll()), reader.revision) == (["a"], 9)
        assert found(reader, Literal("新标题")) == ["a"]


def test_a_commit_without_changes_of_a_writer_that_comes_too_late_is_refused(
    engine: Engine, elsewhere: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "EXPIRES", 0.0)
    monkeypatch.setattr(leases, "_LOOK", 0.01)
    with engine.writer() as late:
        fill(elsewhere, article("a"), revision=9)
        with pytest.raises(WriterBusy):
            late.commit(revision=2)
    with engine.reader() as reader:
        assert reader.revision == 9


def test_a_lease_is_kept_by_signs_of_life_and_taken_without(
    engine: OpenSearchEngine,
    elsewhere: OpenSearchEngine,
    index: RemoteIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "_LOOK", 0.01)
    monkeypatch.setattr(leases, "BEAT", 0.02)
    monkeypatch.setattr(leases, "EXPIRES", 60.0)
    with holding_lease(index, purpose="follow"):
        for turn in range(2):
            fill(engine, article("a"), revision=turn + 1)
            with pytest.raises(WriterBusy, match=r"process \d+ on .+ \(follow\) is writing"):
                elsewhere.writer()
        monkeypatch.setattr(leases, "EXPIRES", 0.0)
        monkeypatch.setattr(leases, "BEAT", 60.0)
    fill(elsewhere, article("b"), revision=3)  # at once: it was given back
    with holding_lease(index, purpose="follow"):
        fill(elsewhere, article("c"), revision=4)
        with pytest.raises(WriterBusy):
            fill(engine, article("d"), revision=5)
        with pytest.raises(WriterBusy):
            engine.writer()
    with engine.reader() as reader:
        assert (sorted(found(reader, MatchAll())), reader.revision) == (["a", "b", "c"], 4)


def test_a_write_whose_answer_was_lost_does_not_lose_the_lease(
    engine: Engine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding_lease(index, purpose="follow"):
        whole = RemoteIndex.write_state

        def lose(*given: object) -> object:
            monkeypatch.setattr(RemoteIndex, "write_state", whole)
            whole(*given)  # type: ignore[arg-type]
            raise ClusterFailed("http://node", "does not answer")

        monkeypatch.setattr(RemoteIndex, "write_state", lose)
        with pytest.raises(ClusterFailed):
            fill(engine, article("a"), revision=1)
        fill(engine, article("a"), revision=1)
    with engine.reader() as reader:
        assert (found(reader, MatchAll()), reader.revision) == (["a"], 1)


def test_a_full_disk_ends_a_commit_with_its_reason_and_searches_go_on(
    engine: Engine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster blocks an index so when a disk is nearly full."""
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.001)
    fill(engine, article("a"))
    settings = index.cluster.client.indices
    with engine.writer() as writer:
        writer.put(article("b"))
        settings.put_settings(index=index.name, body={"index.blocks.read_only_allow_delete": True})
        with pytest.raises(ClusterFailed, match=r"1 changes were refused again and again.*disk"):
            writer.commit(revision=2)
    with pytest.raises(ClusterFailed, match="disk"):
        engine.writer()
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
    monkeypatch.setattr(sending, "BULK_BYTES", 2_000)
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


def test_the_storage_of_a_folder_tells_the_size_of_its_index_and_removes_it(
    engine: OpenSearchEngine, index: RemoteIndex
) -> None:
    fill(engine, article("a"))
    storage = storage_of(engine.folder)
    assert not storage.is_local
    assert storage.size() > 1_000
    for _ in range(2):
        storage.remove()
        assert not index.cluster.client.indices.exists(index=index.name)
    with pytest.raises(IndexDamaged):
        storage.size()
    with storage.writing("prune"):  # nobody else writes to what is not there
        pass


def test_an_index_that_was_filled_is_merged_and_shows_what_it_showed(
    engine: OpenSearchEngine, index: RemoteIndex
) -> None:
    def segments() -> int:
        shards = index.cluster.client.indices.segments(index=index.name)["indices"][index.name]
        return sum(copy["num_search_segments"] for (copy,) in shards["shards"].values())

    for number in range(4):
        fill(engine, article(f"{number}"))
    with engine.writer() as writer:
        writer.delete("1")
        writer.commit(revision=5)
    assert segments() > 1
    before = engine.version()
    engine.merge()
    assert segments() == 1
    assert engine.version() == before
    with engine.reader() as reader:
        assert sorted(found(reader, MatchAll())) == ["0", "2", "3"]


def test_a_merge_that_takes_long_is_told_and_not_waited_for(
    engine: OpenSearchEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(filled, "MAINTENANCE", 0.001)
    fill(engine, article("a"))
    engine.merge()
    assert "still being merged" in caplog.text
    with engine.reader() as reader:
        assert found(reader, MatchAll()) == ["a"]


def test_an_index_gets_its_replicas_when_it_was_filled_if_there_are_nodes_for_them(
    engine: OpenSearchEngine, index: RemoteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index.cluster, "replicas", 1)
    fill(engine, article("a"))
    engine.replicate()
    kept = index.cluster.client.indices.get_settings(index=index.name)[index.name]["settings"]
    assert kept["index"]["auto_expand_replicas"] == "0-1"
    assert kept["index"]["number_of_replicas"] == "0", "there is one node"
    engine.copy_to(engine.folder.parent / "copy")
    copied = read_name(engine.folder.parent / "copy")
    kept = index.cluster.client.indices.get_settings(index=copied)[copied]["settings"]
    assert kept["index"]["auto_expand_replicas"] == "false"


def test_shards_show_a_commit_together_and_score_as_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_cluster(), "shards", 3)
    parted = OpenSearchEngine(folder, analyzer=analyzer(), timezone=SHANGHAI)
    parted.create()
    memory = open_engine("memory", tmp_path / "memory", analyzer=analyzer(), timezone=SHANGHAI)
    memory.create()
    sources = ("山城晚报", "河湾日报", "渡口周刊")
    request = SearchRequest(
        match("石板桥 河堤", need=0.0),
        rescore=rescore_by("石板桥 河堤", near=1.0, pairs=0.0, agree=0.5, depth=20),
        facets=("source",),
        size=30,
    )
    for turn in range(3):
        articles = [
            article(
                f"a-{n:02}",
                title=f"修桥记 {n % 5} {turn}",
                body="石板桥 河堤 " * (n % 4 + 1) + "灯会" * turn,
                source=sources[n % 3],
            )
            for n in range(turn * 5, 40)
        ]
        for each in (parted, memory):
            fill(each, *articles, revision=turn + 1)
            assert each.check() == []
        with parted.reader() as reader, memory.reader() as oracle:
            assert (reader.doc_count, reader.revision) == (40, turn + 1)
            answer, expected = reader.search(request), oracle.search(request)
            assert dict(answer.facets) == dict(expected.facets)
            assert sorted(found(reader, MatchAll())) == sorted(found(oracle, MatchAll()))
        if not turn:  # later, what was replaced counts in the statistics of words
            assert [hit.score for hit in answer.hits] == pytest.approx(
                [hit.score for hit in expected.hits], rel=1e-5
            )


def test_a_commit_that_one_shard_does_not_show_yet_is_not_shown_by_halves(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_cluster(), "shards", 2)
    monkeypatch.setattr(snapshot, "_PAUSES", (0.0, 0.01))
    engine = OpenSearchEngine(folder, analyzer=analyzer(), timezone=SHANGHAI)
    engine.create()
    index = RemoteIndex(the_cluster(), read_name(folder), folder)
    fill(engine, *(article(f"a-{n}") for n in range(8)))
    index.mark(Facts(2, 2), 1 << 32 | 5)  # a commit that died before its last word
    index.refresh()
    with engine.reader() as reader:
        assert (reader.doc_count, reader.revision) == (8, 1)
    fill(engine, article("b"), revision=3)
    with engine.reader() as reader:
        assert (reader.doc_count, reader.revision) == (9, 3)


def test_what_is_expected_is_counted_in_one_round_trip(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine, article("a"), article("b"))
    trips: list[int] = []
    whole = Cluster.search

    def search(cluster: Cluster, bodies: Any, **options: Any) -> list[dict[str, Any]]:
        trips.append(len(bodies))
        return whole(cluster, bodies, **options)

    with engine.reader() as reader:
        monkeypatch.setattr(Cluster, "search", search)
        rescore = rescore_by("学校 石板路", agree=0.5)
        rungs = [
            SearchRequest(match("学校 石板路", need=need), rescore=rescore)
            for need in (1.0, 0.5, 0.0)
        ]
        reader.expect(rungs)
        assert [reader.count(each) for each in rungs] == [2, 2, 2]
        assert len(trips) == 1
        assert len(reader.search(rungs[-1]).hits) == 2
        assert len(trips) == 2, (
            "what scores need came with the counts, and few articles come with their order"
        )


def test_an_answer_that_lacks_a_shard_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes are asked through a client that loses one shard of each answer."""
    monkeypatch.setattr(the_cluster(), "shards", 2)
    engine = OpenSearchEngine(folder, analyzer=analyzer(), timezone=SHANGHAI)
    engine.create()
    fill(engine, *(article(f"a-{n}") for n in range(8)))
    with engine.reader() as reader:
        whole = Cluster.search

        def search(*given: Any, **options: Any) -> list[dict[str, Any]]:
            answers = whole(*given, **options)
            for each in answers:
                each["_shards"]["failed"] = 1
            return answers

        monkeypatch.setattr(Cluster, "search", search)
        page = reader.search(SearchRequest(match("学校")))
        assert (page.complete, page.lack, page.total_is_estimate) == (False, "shards", True)
        monkeypatch.setattr(Cluster, "search", whole)
        assert reader.search(SearchRequest(match("学校"))).lack is None


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
    (made,) = documents_of([each], analyzer())
    return orjson.dumps(made)
