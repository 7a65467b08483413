"""Searches sorted by heat: what readers viewed comes first, then the newest, among what the search finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from indexer.query import MAX_DEPTH
from search_service.answering.search import Answer, Question
from search_service.querylog.base import NoQueryLog
from search_service.querylog.lists import Lists
from search_service.querylog.views import ViewCount
from search_service.ranking.weights import HOT_AGING, HOT_FADED
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import apply, services

ARTICLES = [
    article("fair", title="云溪茶会", channel="文化/节会", published_at="2026-02-27"),
    article("tower", title="云溪古塔", channel="文化", published_at="2026-02-26"),
    article("canal", title="云溪石渠", channel="农业", published_at="2026-02-25"),
    article("bench", title="云溪板凳会", channel="农业", published_at="2026-02-24"),
    article("undated", title="云溪概况", published_at=None),
    article("draft", title="云溪草稿", status="draft"),
]


@pytest.fixture(params=["memory", "whoosh"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asked(tmp_path: Path, engine: str) -> Services:
    return services(tmp_path, ARTICLES, engine=engine)


def viewed(asked: Services, **heats: float) -> Services:
    """The same services with a query log in which articles have so much heat this week."""
    counts = [
        ViewCount(article_id=each.replace("__", "-"), visitors=1, heat=heat)
        for each, heat in heats.items()
    ]
    ranked = sorted(counts, key=lambda each: -each.heat)

    class Log(NoQueryLog):
        lists = Lists(views={"week": ranked}, as_of=NOON)  # type: ignore[misc]

    return replace(asked, query_log=Log())


def ask(asked: Services, text: str = "云溪", **values: object) -> Answer:
    return asked.search(Question(text=text, sort="hot", **values))  # type: ignore[arg-type]


def ids(answer: Answer) -> list[str]:
    return [hit.article.id for hit in answer.hits]


def test_what_readers_view_comes_first_then_the_newest(asked: Services) -> None:
    log = viewed(asked, bench=5, canal=3, draft=9, gone=9)
    for text in ("云溪", ""):
        answer = ask(log, text)
        assert ids(answer) == ["bench", "canal", "fair", "tower", "undated"]
        assert (answer.sort, answer.total, answer.understood.notes) == ("hot", 5, ())
        assert {hit.score for hit in answer.hits} == {0.0}


def test_without_views_the_newest_come_first_and_the_answer_says_so(asked: Services) -> None:
    for log in (asked, viewed(asked)):
        answer = ask(log)
        assert ids(answer) == ids(log.search(Question(text="云溪", sort="newest")))
        assert answer.sort == "newest"
        assert answer.question.sort == "hot"
        assert answer.understood.notes == ("最近七天还没有阅读记录，已按最新排列。",)
    assert asked.search(Question(text="云溪", sort="newest")).understood.notes == ()


def test_only_the_order_changes(asked: Services) -> None:
    log = viewed(asked, bench=5, tower=3, undated=1)
    hot = ask(log, facets=("channel", "month"), channel=("文化", "农业"))
    newest = log.search(replace(hot.question, sort="newest"))
    assert ids(hot) == ["bench", "tower", "fair", "canal"]
    assert sorted(ids(hot)) == sorted(ids(newest))
    assert (hot.total, hot.groups, hot.facets) == (newest.total, newest.groups, newest.facets)
    assert {each.value: each.count for each in hot.facets["channel"]}["农业"] == 2
    assert ids(ask(log, channel=("文化",))) == ["tower", "fair"]
    assert ask(log, explain=True).hits[0].explanation is None


def test_other_orders_do_not_change(asked: Services) -> None:
    log = viewed(asked, bench=50)
    for sort in ("relevance", "newest", "oldest"):
        question = Question(text="云溪", sort=sort)
        assert ids(log.search(question)) == ids(asked.search(question))


def test_few_articles_with_all_words_stay_among_themselves(asked: Services) -> None:
    log = viewed(asked, canal=9, tower=5)
    assert len(log.search(Question(text="云溪 茶会")).hits) > 1
    assert ids(ask(log, "云溪 茶会")) == ["fair"]
    lacking = ask(log, "古塔 石渠 茶会")
    assert (ids(lacking), lacking.understood.rung) == (["canal", "tower", "fair"], "any")


def test_the_hottest_copy_is_the_hit(tmp_path: Path, asked: Services) -> None:
    copies = [replace(each, duplicate_group=1) for each in ARTICLES[:3]]
    apply(tmp_path, copies, revision=2)
    answer = ask(viewed(asked, canal=5, fair=2, bench=4))
    assert [(hit.article.id, hit.duplicates) for hit in answer.hits] == [
        ("canal", 2),
        ("bench", 0),
        ("undated", 0),
    ]
    assert (answer.total, answer.groups) == (5, 3)


def test_an_old_article_needs_more_readers(tmp_path: Path, engine: str) -> None:
    aged = NOON - timedelta(hours=HOT_AGING["week"])
    articles = [
        article("new", published_at=NOON.isoformat()),
        article("aged", published_at=aged.isoformat()),
        article("old", published_at="2019-01-01"),
    ]
    asked, half = services(tmp_path, articles, engine=engine), (1 + HOT_FADED) / 2
    assert ids(ask(viewed(asked, new=10, aged=9.9 / half), ""))[:2] == ["new", "aged"]
    assert ids(ask(viewed(asked, new=10, aged=10.1 / half), ""))[:2] == ["aged", "new"]
    assert ids(ask(viewed(asked, new=10, old=10.1 / HOT_FADED), ""))[:2] == ["old", "new"]


def random_site(tmp_path: Path, engine: str, seed: Random) -> Services:
    articles = [
        article(
            f"n-{number:03}",
            title=seed.choice(["云溪", "石桥"]),
            published_at=(NOON - timedelta(hours=seed.randrange(1, 400))).isoformat(),
            status=seed.choice(["published"] * 4 + ["draft"]),
            duplicate_group=seed.choice([0, 0, 0, 1, 2, 3]),
        )
        for number in range(120)
    ]
    return services(tmp_path, articles, engine=engine)


def random_heats(seed: Random) -> Mapping[str, float]:
    return {f"n__{seed.randrange(140):03}": seed.uniform(0.1, 50) for _ in range(40)}


def test_the_viewed_articles_have_the_order_of_the_hot_list_of_the_week(
    tmp_path: Path, engine: str
) -> None:
    seed = Random(5)
    asked = random_site(tmp_path, engine, seed)
    for _ in range(8):
        log = viewed(asked, **random_heats(seed))
        hot = [each.article.id for each in log.hot(window="week", size=8).items]
        assert ids(ask(log, "", size=8)) == hot


def test_pages_joined_are_the_whole(tmp_path: Path, engine: str) -> None:
    seed = Random(7)
    log = viewed(random_site(tmp_path, engine, seed), **random_heats(seed))
    whole = ids(ask(log, "云溪", size=100))
    for size in (1, 7):
        pages = [
            ask(log, "云溪", size=size, page=page) for page in range(1, len(whole) // size + 2)
        ]
        assert [each for page in pages for each in ids(page)] == whole
    assert ids(ask(log, "云溪", size=100, page=MAX_DEPTH // 100)) == []
