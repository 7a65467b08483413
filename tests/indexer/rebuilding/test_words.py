"""Words that editors list take effect in a copy of the live index, exactly as if all articles were indexed anew."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from indexer.analysis.analyzers import Analyzer, words_of
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.article import Article
from indexer.build_progress import BuildProgress
from indexer.engines.base import Engine, Reader
from indexer.engines.documents import searchable_texts
from indexer.engines.registry import open_engine
from indexer.errors import NoLiveGeneration
from indexer.fields import make_article
from indexer.opening import made_with, open_generation
from indexer.query import TEXT_FIELDS, And, SearchRequest, Term
from indexer.rebuilding import words as applying
from indexer.store.database import open_store
from indexer.word_changes import WordChanges, touched
from search_service.live.index import LiveIndex
from tests.conftest import PROJECT
from tests.indexer.analysis.test_new_words import texts
from tests.indexer.site import SHANGHAI, Site, at
from tests.typed_queries import analyzer

LISTED = ("晴川谷", "晴川谷物 9000", "-青石", "K9专列")
TITLES = (
    "去晴川谷物市场", "晴川谷的秋天", "青石板路修好了", "乘K9專列回家",
    *(f"第{n}个没有变化的标题" for n in range(17)),
)  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with the engine of the product. What it does for applying words, the contract tests with every engine."""
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    yield Site(tmp_path, store, analyzer(), "whoosh")
    store.close()


def fill(site: Site) -> None:
    for number, title in enumerate(TITLES):
        status = "draft" if number == 1 else "published"
        site.fill(f"a-{number}", title=title, body=f"{title}。" * 2, status=status)


def live_engine(site: Site) -> Engine:
    live = site.generations.live()
    return open_generation(live, analyzer=site.analyzer, timezone=SHANGHAI)


def samples() -> list[Article]:
    lines = (PROJECT / "samples" / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    return [make_article(json.loads(line), timezone=SHANGHAI) for line in lines]


def tokens_of(article: Article, cut: Analyzer) -> set[str]:
    return {token.text for text in searchable_texts(article).values() for token in cut.index(text)}


def postings(reader: Reader, words: Iterable[str]) -> dict[tuple[str, str], set[str]]:
    """The ids of the articles that hold each word, by field."""
    return {
        (field, word): {
            hit.article.id
            for hit in reader.search(SearchRequest(Term(field, word), size=1_000)).hits
        }
        for field in TEXT_FIELDS
        for word in words
    }


def holding_all(reader: Reader, words: Iterable[str]) -> set[str]:
    """The ids of the articles that hold all words in their titles."""
    query = And(tuple(Term("title", word) for word in words))
    return {hit.article.id for hit in reader.search(SearchRequest(query, size=100)).hits}


# What is applied


def test_the_words_that_are_applied_cut_as_if_all_articles_were_indexed_anew(
    site: Site, tmp_path: Path
) -> None:
    site.store.put(samples()[:40])
    fill(site)
    site.rebuild()
    before = made_with(site.generations.live(), site.analyzer)
    report = site.apply_words(*LISTED)
    assert report.rebuilt is not None
    assert site.indexed() == site.stored()
    engine = live_engine(site)
    anew = open_engine(
        site.engine_name, tmp_path / "anew", analyzer=engine.analyzer, timezone=SHANGHAI
    )
    anew.create()
    with anew.writer() as writer:
        for each in site.stored().values():
            writer.add(each)
        writer.commit(revision=1)
    vocabulary = set().union(
        *(
            tokens_of(each, cut)
            for each in (*site.stored().values(),)[-len(TITLES) - 1 :]
            for cut in (before, engine.analyzer)
        )
    )
    with engine.reader() as reader, anew.reader() as expected:
        assert postings(reader, vocabulary) == postings(expected, vocabulary)
        for title in TITLES:
            asked = words_of(engine.analyzer, title)
            assert holding_all(reader, asked) == holding_all(expected, asked) != set()
    assert site.check().faults == ()


def test_only_the_articles_that_the_words_touch_are_indexed_anew(site: Site) -> None:
    fill(site)
    site.rebuild()
    assert site.look().need == "nothing"
    report = site.apply_words(*LISTED)
    assert (report.touched, report.why) == (4, "")
    assert [word.text for word in report.changes.added] == ["青石", "晴川谷", "k9专列", "晴川谷物"]
    live = site.generations.live()
    assert (live.name, live.manifest.words_applied) == ("000002", 4)
    assert live.manifest.user_dictionary == site.analyzer.user_dictionary.fingerprint
    assert site.look().need == "nothing"
    again = site.apply_words(*LISTED)
    assert (again.rebuilt, again.touched, bool(again.changes)) == (None, None, False)
    assert site.generations.live().name == "000002"
    fewer = site.apply_words("晴川谷")
    assert [word.text for word in fewer.changes.removed] == ["青石", "k9专列", "晴川谷物"]
    assert site.generations.live().manifest.words_applied == 7
    site.rebuild()
    assert site.generations.live().manifest.words_applied == 0


def test_a_word_touches_every_article_whose_words_it_changes(tmp_path: Path) -> None:
    chance, before = Random(7), analyzer()
    engine = open_engine("whoosh", tmp_path / "index", analyzer=before, timezone=SHANGHAI)
    engine.create()
    articles = samples()[:50]
    tokens = {each.id: tokens_of(each, before) for each in articles}
    with engine.writer() as writer:
        for each in articles:
            writer.add(each)
        writer.commit(revision=1)
    changed = 0
    with engine.reader() as reader:
        for frequency in (None, 0, 900, 80_000_000, 0):
            body = fold(chance.choice(articles).body)
            text = chance.choice(re.findall(r"[\u4e00-\u9fd5]{3}", body))[: chance.randint(2, 3)]
            listed = UserDictionary((UserWord(text, frequency),))
            after = before.knowing(listed)
            ids = set(touched(reader, WordChanges.between(before.user_dictionary, listed)))
            recut = {each.id for each in articles if tokens_of(each, after) != tokens[each.id]}
            assert recut <= ids
            changed += len(recut)
    assert changed > 5, "the test asks for little"


def test_words_that_touch_more_than_a_fifth_of_the_articles_mean_a_rebuild(site: Site) -> None:
    fill(site)
    site.rebuild()
    report = site.apply_words("-标题")
    assert report.touched is None
    assert report.why == "the words touch 17 of 21 articles"
    assert site.look().need == "nothing"
    assert site.generations.live().manifest.words_applied == 0


def test_the_words_that_a_rebuild_found_stay_except_those_that_editors_list(site: Site) -> None:
    site.fill("found", title="报道", body="".join((*texts("晴川谷"), *texts("罗秋满"))))
    fill(site)
    site.rebuild()
    site.apply_words("-晴川谷")
    engine = live_engine(site)
    assert [word.text for word in engine.analyzer.found_words.words] == ["罗秋满"]
    with engine.reader() as reader:
        found = postings(reader, ["罗秋满", "晴川谷"])
        assert (found["body", "罗秋满"], found["body", "晴川谷"]) == ({"found"}, set())


def test_what_is_not_of_this_release_or_store_is_rebuilt(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(site)
    site.rebuild()
    monkeypatch.setattr(applying, "SCHEMA_VERSION", 99)
    assert site.apply_words("晴川谷").why == "the live index has the format of another release"
    monkeypatch.undo()
    monkeypatch.setattr(applying, "made_from", lambda *_: False)
    assert site.apply_words("青石").why == "the live index does not match the store"
    assert site.look().need == "nothing"


def test_without_an_index_there_is_nothing_to_apply_words_to(site: Site) -> None:
    with pytest.raises(NoLiveGeneration):
        site.apply_words("晴川谷")


# Beside other work


def test_words_that_are_not_applied_are_named_and_hinder_no_changes(site: Site) -> None:
    fill(site)
    site.rebuild()
    site.analyzer = site.analyzer.knowing(UserDictionary((UserWord("晴川谷"), UserWord("青石", 0))))
    site.fill("new", title="又去晴川谷物市场")
    standing = site.look()
    assert (standing.need, standing.words.added) == ("words", site.analyzer.user_dictionary.words)
    assert standing.why == "the index was made with other words (added 晴川谷, -青石)"
    assert site.check().faults == ()
    assert site.apply_changes().put == 1
    outcome = site.rebuild_if_needed()
    assert outcome.did == "applied words"
    assert site.indexed() == site.stored()
    site.analyzer = site.analyzer.knowing(UserDictionary())
    assert site.look().why == "the index was made with other words (removed 晴川谷, -青石)"


def test_later_changes_are_cut_with_the_new_words(site: Site) -> None:
    fill(site)
    site.rebuild()
    site.apply_words("晴川谷物 9000")
    site.fill("late", title="晴川谷物还在涨价")
    site.apply_changes()
    with live_engine(site).reader() as reader:
        assert postings(reader, ["晴川谷物"])["title", "晴川谷物"] == {"a-0", "late"}


def test_what_happens_while_words_are_applied_is_not_lost(site: Site) -> None:
    """In each phase an article is stored, another is changed, one is deleted, and another word is listed."""
    fill(site)
    site.rebuild()
    phases: list[str] = []

    def meanwhile(progress: BuildProgress) -> None:
        if progress.phase in phases:
            return
        number = len(phases)
        phases.append(progress.phase)
        site.fill(f"late-{number}", title="晴川谷物还在涨价")
        site.fill(f"a-{10 + number}", title="晴川谷物又涨价")
        site.store.delete([f"a-{4 + number}"])
        words = (*site.analyzer.user_dictionary.words, UserWord(f"板路{'一二三四五六'[number]}"))
        site.analyzer = site.analyzer.knowing(UserDictionary.of(words))

    report = site.apply_words(*LISTED, progress=meanwhile)
    assert report.touched is not None
    assert phases == ["scan", "index", "catch up", "check", "promote"]
    site.apply_changes()
    assert site.indexed() == site.stored()
    assert site.check().faults == ()
    with live_engine(site).reader() as reader:
        found = postings(reader, ["晴川谷物"])["title", "晴川谷物"]
        assert found == {
            "a-0",
            *(f"{each}" for n in range(5) for each in (f"late-{n}", f"a-{10 + n}")),
        }
    assert len(site.look().words) == 5
    assert site.rebuild_if_needed().did == "applied words"
    assert site.look().need == "nothing"


def test_words_that_cannot_be_applied_leave_the_live_index_and_no_trace(site: Site) -> None:
    fill(site)
    site.rebuild()

    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        site.apply_words(*LISTED, progress=at("index", fail))
    assert site.folders() == ["000001"]
    assert site.look().need == "words"
    assert live_engine(site).check() == []


# Under load


def test_searches_go_on_while_words_are_applied_and_none_mixes_two_dictionaries(
    site: Site,
) -> None:
    """Each query is cut with the words of the index that answers it: else a word of the one would be missing in the other."""
    fill(site)
    site.rebuild()
    live = LiveIndex(site.generations, analyzer=site.analyzer, timezone=SHANGHAI, interval=0.05)
    seen: list[tuple[str, tuple[str, ...]]] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                for number, title in enumerate(TITLES[:4]):
                    with live.reader() as lent:
                        words = words_of(lent.analyzer, title)
                        assert f"a-{number}" in holding_all(lent.reader, words)
                        seen.append((lent.state.generation, words))
                done.wait(0.01)
            except Exception as error:  # noqa: BLE001 (whatever it is, it fails the test)
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        for listed in (LISTED, LISTED[:1]):
            site.apply_words(*listed)
    finally:
        asked = len(seen)
        while len(seen) < asked + 20 and not failures:
            done.wait(0.02)
        done.set()
        for each in threads:
            each.join()
        live.close()
    assert failures == []
    cuts = {name: {words for other, words in seen if other == name} for name, _ in seen}
    assert {"000001", "000003"} <= set(cuts)
    assert all(len(each) <= 4 for each in cuts.values())
