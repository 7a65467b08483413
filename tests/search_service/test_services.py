from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.analysis.dictionary import NO_WORDS, UserDictionary, UserWord
from indexer.analysis.pinyin import homophones
from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.errors import ArticleNotFound, NoLiveGeneration, StoreUnavailable
from indexer.settings import IndexSettings, read_settings
from indexer.store.database import open_editorial, open_keys
from search_service.answering.search import Answer, Question
from search_service.assembly import make_services
from search_service.correction.correct import Correction
from search_service.live.decisions import EditorialState
from search_service.querylog.base import NoQueryLog
from search_service.querylog.counts import QueryCount
from search_service.querylog.lists import HotQuery, Lists
from search_service.services import Services
from search_service.understanding.synonyms import Used
from tests.factories import article
from tests.search_service.indexes import PATIENT, promote, services


def store_url(root: Path) -> str:
    return f"sqlite:///{root / 'articles.sqlite3'}"


def settings(root: Path, **more: str) -> IndexSettings:
    named = {"SEARCH_INDEX_DIR": str(root), "SEARCH_STORE_URL": store_url(root)}
    return read_settings(IndexSettings, named | more)


def decide(root: Path, name: ListName, *lines: str) -> None:
    with closing(open_editorial(store_url(root))) as store:
        store.put(name, [read_entry(name, line) for line in lines])


def ids(answer: Answer) -> list[str]:
    return [hit.article.id for hit in answer.hits]


def test_an_article_is_given_as_it_was_indexed(tmp_path: Path) -> None:
    one = article("one", title="臺灣軟體", attributes={"views": 3})
    found, state = services(tmp_path, [one]).article("one")
    assert found == one
    assert state.generation == "000001"


@pytest.mark.parametrize(
    "hidden",
    [{"status": "draft"}, {"published_at": "2026-03-02"}, {"expires_at": "2026-03-01"}],
)
def test_an_article_that_readers_may_not_see_is_not_found(
    tmp_path: Path, hidden: dict[str, object]
) -> None:
    asked = services(tmp_path, [article("one", **hidden)])
    for article_id in ("one", "two"):
        with pytest.raises(ArticleNotFound):
            asked.article(article_id)


def test_services_are_made_from_settings_before_there_is_an_index(tmp_path: Path) -> None:
    made = make_services(settings(tmp_path), PATIENT)
    with pytest.raises(NoLiveGeneration):
        made.search(Question(text="山谷"))
    promote(tmp_path, [article("one")])
    assert made.search(Question(text="山谷")).total == 1
    assert made.index_state().doc_count == 1
    made.close()


def test_the_clock_of_made_services_is_now(tmp_path: Path) -> None:
    made: Services = make_services(settings(tmp_path), PATIENT)
    assert abs((made.clock() - datetime.now(UTC)).total_seconds()) < 60


def test_edited_synonyms_and_stopwords_act_on_queries_without_a_rebuild(tmp_path: Path) -> None:
    promote(tmp_path, [article("a-1", title="茶聚开始"), article("a-2", title="請問怎么走")])
    decide(tmp_path, "hot", "春运")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        assert made.search(Question(text="茶会")).total == 0
        assert made.search(Question(text="请问 茶聚")).understood.ignored == ()
        decide(tmp_path, "synonyms", "茶会 => 茶聚")
        decide(tmp_path, "stopwords", "请问")
        made.editorial.refresh()
        answer = made.search(Question(text="茶会"))
        assert ids(answer) == ["a-1"]
        assert answer.understood.synonyms == (Used("茶会", ("茶聚",)),)
        answer = made.search(Question(text="请问 茶聚"))
        assert (ids(answer), answer.understood.ignored) == (["a-1"], ("请问",))
        assert ids(made.search(Question(text="请问"))) == ["a-2"]


def test_the_words_of_the_list_or_of_a_proposal_are_previewed_at_once(tmp_path: Path) -> None:
    titles = ("去晴川谷物市场", "晴川谷的秋天", "茶会")
    promote(tmp_path, [article(f"a-{n}", title=title) for n, title in enumerate(titles)])
    decide(tmp_path, "words", "晴川谷")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        effect = made.preview_words()
        assert (effect.touched, effect.articles, effect.is_estimate) == (2, 3, False)
        assert {each.article_id for each in effect.titles} == {"a-0", "a-1"}
        assert next(e for e in effect.titles if e.article_id == "a-0").after[1:3] == (
            "晴川谷",
            "物",
        )
        assert not made.preview_words(NO_WORDS).changes
        assert made.preview_words(UserDictionary((UserWord("茶会", 0),))).touched == 1


def test_pins_and_hides_count_for_their_query_on_the_day_of_the_clock(tmp_path: Path) -> None:
    promote(tmp_path, [article(f"a-{n}", title=f"水库{'的' * n}观察") for n in range(4)])
    decide(tmp_path, "pins", "水库 => a-3 1 2026-03-02")
    decide(tmp_path, "hides", "水库 => a-0 ..2026-03-01")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        last_minute = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)  # one before midnight in Shanghai
        before = replace(made, clock=lambda: last_minute).search(Question(text="水库"))
        assert set(ids(before)) == {"a-1", "a-2", "a-3"}
        assert not any(hit.pinned for hit in before.hits)
        midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
        after = replace(made, clock=lambda: midnight).search(Question(text=" 水庫 "))
        assert [hit.article.id for hit in after.hits if hit.pinned] == ["a-3"]
        assert (ids(after)[0], after.total, after.pages) == ("a-3", 4, 1)
        other = replace(made, clock=lambda: midnight).search(Question(text="水库观察"))
        assert not any(hit.pinned for hit in other.hits)


def test_what_was_decided_for_a_corrected_query_counts(tmp_path: Path) -> None:
    promote(tmp_path, [article("harbour", title="渔港的老树"), article("tea", title="茶会")])
    decide(tmp_path, "pins", "渔港 => tea 1")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        answer = made.search(Question(text="渔岗"))
        assert answer.understood.correction == Correction("渔港", applied=True)
        assert [(hit.article.id, hit.pinned) for hit in answer.hits] == [
            ("tea", True),
            ("harbour", False),
        ]
        decide(tmp_path, "blocked", "渔港")
        made.editorial.refresh()
        answer = made.search(Question(text="渔岗"))
        assert (answer.understood.correction, answer.total) == (None, 0)


def test_blocked_words_are_neither_suggested_nor_listed_and_pinned_queries_come_first(
    tmp_path: Path,
) -> None:
    promote(tmp_path, [article("a-1", title="云溪水库"), article("a-2", title="云溪茶会")])
    decide(tmp_path, "hot", "春运", "水库巡查", "茶会 ..2020-01-01")
    decide(tmp_path, "blocked", "水库")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        offered = {each.text for each in made.suggest("云溪").items}
        assert "云溪茶会" in offered
        assert "云溪水库" not in offered
        assert made.hot_queries("day", "week") == (HotQuery("春运", visitors=0, pinned=True),)
        assert made.search(Question(text="水库")).total == 1


def test_blocked_words_are_not_among_related_queries(tmp_path: Path) -> None:
    promote(tmp_path, [article(title="云溪古塔边的云溪茶会")])
    counts = [
        QueryCount(query=text, text=text, searches=2, visitors=2, most=2, found=True)
        for text in ("云溪水库", "云溪茶会", "云溪古塔")
    ]

    class Log(NoQueryLog):
        lists = Lists({"all": counts}, words=lambda text: (text[:2], text[2:]))  # type: ignore[misc]

    decide(tmp_path, "blocked", "茶会")
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        logged = replace(made, query_log=Log())
        assert logged.related_queries("云溪水库") == ("云溪古塔",)


def test_warmed_up_it_has_read_the_sounds_of_characters(tmp_path: Path) -> None:
    homophones.cache_clear()
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        made.warm_up()
    assert homophones.cache_info().currsize == 1


def test_the_store_may_be_missing(tmp_path: Path) -> None:
    promote(tmp_path, [article()])
    with closing(make_services(settings(tmp_path), PATIENT)) as made:
        assert made.search(Question(text="学校")).total == 1
        assert made.editorial_state().trouble is not None
        with pytest.raises(StoreUnavailable):
            made.keys.find("ssk_search_guess")
        decide(tmp_path, "hot", "春运")
        made.warm_up()
        assert made.editorial_state() == EditorialState(1)
        with closing(open_keys(store_url(tmp_path))) as store:
            text, key = store.create("", "search")
        assert made.keys.find(text) == key
        assert not made.keys.may_write(made.clock())
