from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.article import Article
from indexer.errors import ArticleNotFound
from search_service.blocks.related import RelatedAnswer, Wanted
from search_service.services import Services
from tests.factories import NOON, article
from tests.search_service.indexes import services

HERE = article(
    "here",
    title="云溪茶会今年移师古塔下",
    lead="茶农与匠人同台。",
    body="云溪的茶会移到古塔下举行，茶农带来新茶，制陶匠人带来茶具。",
    channel="文化/节会",
    tags=["茶会"],
)
SAME_SUBJECT = article(
    "subject",
    title="古塔下的茶会怎样办成",
    body="云溪的茶农说，茶会离不开茶具，制陶匠人忙了一个月。",
    channel="文化/节会",
    published_at="2026-02-26T08:00:00+08:00",
)
SAME_TAG = article("tag", title="龙舟赛", body="江上竞渡，鼓声不断。", tags=["茶会", "龙舟"])
SAME_CHANNEL = article("channel", title="灯会", body="满城灯火。", channel="文化/节会")
OTHER = [
    article(f"other-{n}", title=f"第{n}场雨", body=f"雨下了{n}天。", published_at=f"2026-01-0{n}")
    for n in range(1, 6)
]


def ids(answer: RelatedAnswer) -> list[str]:
    return [item.article.id for item in answer.items]


def reasons(answer: RelatedAnswer, article_id: str) -> tuple[str, ...]:
    return next(item.reasons for item in answer.items if item.article.id == article_id)


def index(tmp_path: Path, articles: Iterable[Article], engine: str = "memory") -> Services:
    return services(tmp_path, articles, engine=engine)


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_the_same_subject_comes_first_then_tags_then_the_channel_then_the_latest(
    tmp_path: Path, engine: str
) -> None:
    asked = index(tmp_path, [HERE, SAME_SUBJECT, SAME_TAG, SAME_CHANNEL, *OTHER], engine)
    answer = asked.related("here", Wanted(size=6))
    assert ids(answer) == ["subject", "tag", "channel", "other-5", "other-4", "other-3"]
    assert answer.article == HERE
    assert answer.index.generation == "000001"
    assert answer.items[0].score > 0
    assert {item.score for item in answer.items[1:]} == {0.0}


def test_each_item_says_why_it_is_there(tmp_path: Path) -> None:
    asked = index(tmp_path, [HERE, SAME_SUBJECT, SAME_TAG, SAME_CHANNEL, *OTHER])
    answer = asked.related("here")
    first = reasons(answer, "subject")
    assert first[0].startswith("共同关键词：")
    assert set(first[0].removeprefix("共同关键词：").split("、")) <= {
        "云溪", "茶会", "古塔", "茶农", "茶具", "匠人", "制陶", "塔下", "带来"
    }  # fmt: skip
    assert first[1:] == ("同频道", "3天前")
    assert reasons(answer, "tag") == ("同标签：茶会", "28天前")
    assert reasons(answer, "channel") == ("同频道", "28天前")


def test_key_words_are_shown_as_the_article_spells_them(tmp_path: Path) -> None:
    traditional = article(
        "here", title="雲溪茶會的 iPhone", body="雲溪茶會上有人用 iPhone 拍茶會。"
    )
    other = article("other", title="云溪茶会与 iphone", body="云溪的茶会上，iphone 不见了。")
    answer = index(tmp_path, [traditional, other]).related("here")
    words = set(answer.items[0].reasons[0].removeprefix("共同关键词：").split("、"))
    assert words <= {"雲溪", "茶會", "iPhone"}
    assert "iPhone" in words


def test_words_that_tell_nothing_are_no_reasons(tmp_path: Path) -> None:
    here = article("here", title="这些茶农与那些匠人", body="这些茶农说，那些匠人也说。")
    other = article("other", title="那些匠人和这些茶农", body="那些匠人来了，这些茶农也来了。")
    answer = index(tmp_path, [here, other, *OTHER]).related("here")
    words = set(reasons(answer, "other")[0].removeprefix("共同关键词：").split("、"))
    assert words == {"茶农", "匠人"}


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "今天"), (1, "昨天"), (2, "2天前"), (29, "29天前"), (30, "1个月前"), (364, "12个月前"), (365, "1年前"), (800, "2年前")],
)  # fmt: skip
def test_the_age_is_said_in_days_months_and_years(tmp_path: Path, days: int, said: str) -> None:
    old = article("old", title="旧闻", body="很久以前。", published_at=NOON - timedelta(days=days))
    assert index(tmp_path, [HERE, old]).related("here").items[0].reasons == (said,)


def test_days_are_counted_in_the_services_zone(tmp_path: Path) -> None:
    late = article("late", title="夜市", body="深夜。", published_at="2026-03-01T00:10:00+08:00")
    night = services(
        tmp_path, [HERE, late], now=datetime(2026, 2, 28, 17, 0, tzinfo=UTC)
    )  # 01:00 on 1 March in Shanghai
    assert night.related("here").items[0].reasons == ("今天",)


def test_a_block_is_full_whenever_there_are_enough_articles(tmp_path: Path) -> None:
    asked = index(tmp_path, [HERE, *OTHER])
    assert len(asked.related("here", Wanted(size=5)).items) == 5
    assert len(asked.related("here", Wanted(size=6)).items) == 5


def test_backfill_goes_on_past_pages_of_reprints(tmp_path: Path) -> None:
    copies = [
        article(f"copy-{n}", title=HERE.title, body=f"转载{n}", published_at="2026-02-20")
        for n in range(120)
    ]
    assert ids(index(tmp_path, [HERE, *copies, *OTHER]).related("here", Wanted(size=5))) == [
        "other-5", "other-4", "other-3", "other-2", "other-1"
    ]  # fmt: skip


def test_exact_reprints_are_left_out(tmp_path: Path) -> None:
    reprints = [
        article("same-title", title="雲溪茶會今年移師古塔下", body=f"{HERE.body}（转载）"),
        article("same-body", title="茶会", body=HERE.body.replace("，", "，\n")),
        article("twice-1", title="茶会的茶具", body="云溪茶农在古塔下看茶具。"),
        article("twice-2", title="茶会的茶具", body="云溪茶农在古塔下看茶具。"),
    ]
    assert ids(index(tmp_path, [HERE, *reprints]).related("here")) == ["twice-1"]


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_of_a_duplicate_group_one_is_enough_and_of_its_own_none(
    tmp_path: Path, engine: str
) -> None:
    here = replace(HERE, duplicate_group=3)
    own = [
        article(f"own-{n}", title=f"茶会移师{n}", body=f"{HERE.body}转{n}", duplicate_group=3)
        for n in range(3)
    ]
    others = [
        article(f"subject-{n}", title=f"古塔茶会{n}", body=f"{SAME_SUBJECT.body}{n}", duplicate_group=5)
        for n in range(3)
    ]  # fmt: skip
    latest = [article(f"late-{n}", title=f"晚报{n}", body=f"雨{n}", duplicate_group=9) for n in range(60)]  # fmt: skip
    answer = index(tmp_path, [here, *own, *others, *latest, *OTHER], engine).related(
        "here", Wanted(size=7)
    )
    assert [item.article.duplicate_group for item in answer.items] == [5, 9, 0, 0, 0, 0, 0]
    assert ids(answer)[2:] == ["other-5", "other-4", "other-3", "other-2", "other-1"]


def test_two_articles_without_a_body_are_no_reprints_of_each_other(tmp_path: Path) -> None:
    bare = [article(f"b-{n}", title=f"图集{'一二三'[n]}", body="") for n in range(3)]
    assert len(index(tmp_path, bare).related("b-0").items) == 2


def test_one_shared_word_is_chance(tmp_path: Path) -> None:
    chance = article("chance", title="江边", body="云溪涨水了。", published_at="2020-01-01")
    answer = index(tmp_path, [HERE, SAME_SUBJECT, chance, *OTHER]).related("here", Wanted(size=7))
    assert not any(reason.startswith("共同") for reason in reasons(answer, "chance"))
    assert ids(answer)[-1] == "chance"


def test_what_readers_may_not_see_is_not_offered(tmp_path: Path) -> None:
    hidden = [
        article("draft", title="云溪茶会古塔", body=SAME_SUBJECT.body, status="draft"),
        article("late", title="云溪茶会古塔茶具", body="茶会茶农", published_at="2026-04-01"),
        article("over", title="云溪茶会古塔茶农", body="茶会茶具", expires_at="2026-02-01"),
    ]
    assert ids(index(tmp_path, [HERE, *hidden, SAME_SUBJECT]).related("here")) == ["subject"]


@pytest.mark.parametrize("gone", ["nobody", "draft", "future", "expired"])
def test_of_an_article_that_readers_may_not_see_there_is_nothing(tmp_path: Path, gone: str) -> None:
    asked = index(
        tmp_path,
        [
            HERE,
            article("draft", status="draft"),
            article("future", published_at="2027-01-01"),
            article("expired", expires_at="2026-01-01"),
        ],
    )
    with pytest.raises(ArticleNotFound) as caught:
        asked.related(gone)
    assert caught.value.article_id == gone


def test_an_article_that_stands_alone_has_none(tmp_path: Path) -> None:
    assert index(tmp_path, [HERE]).related("here").items == ()


def test_an_article_of_punctuation_is_backfilled(tmp_path: Path) -> None:
    odd = article("odd", title="？！", body="……")
    assert ids(index(tmp_path, [odd, *OTHER]).related("odd", Wanted(size=2))) == [
        "other-5",
        "other-4",
    ]


def test_items_carry_leads(tmp_path: Path) -> None:
    answer = index(tmp_path, [HERE, SAME_SUBJECT]).related("here")
    assert answer.items[0].lead == SAME_SUBJECT.body


def test_each_item_names_the_step_that_found_it(tmp_path: Path) -> None:
    answer = index(tmp_path, [HERE, SAME_SUBJECT, SAME_TAG, SAME_CHANNEL, *OTHER]).related("here")
    assert [item.step for item in answer.items] == [
        "terms", "tags", "channel", "latest", "latest", "latest",
    ]  # fmt: skip
    assert [item.score > 0 for item in answer.items] == [True, *[False] * 5]


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_what_is_not_wanted_is_left_out_at_every_step(tmp_path: Path, engine: str) -> None:
    undated = replace(
        SAME_SUBJECT,
        id="undated",
        title="茶农说茶会",
        body="云溪的茶农又说，茶会离不开茶具。",
        published_at=None,
    )
    asked = index(tmp_path, [HERE, SAME_SUBJECT, SAME_TAG, SAME_CHANNEL, undated, *OTHER], engine)
    everything = {"subject", "tag", "channel", "undated", *(each.id for each in OTHER)}
    assert set(ids(asked.related("here", Wanted(size=20)))) == everything
    for wanted, left in (
        (Wanted(exclude=("subject", "tag", "other-5")), everything - {"subject", "tag", "other-5"}),
        (Wanted(channel="文化"), {"subject", "channel", "undated"}),
        (Wanted(channel="文化/节"), set()),
    ):
        assert set(ids(asked.related("here", replace(wanted, size=20)))) == left


def test_articles_can_be_bounded_by_age_and_by_the_articles_own_date(tmp_path: Path) -> None:
    def at(name: str, days: float) -> Article:
        return replace(SAME_SUBJECT, id=name, title=f"茶会{name}", body=f"{name}说，{SAME_SUBJECT.body}",
                       published_at=NOON - timedelta(days=days))  # fmt: skip

    here = replace(HERE, published_at=NOON - timedelta(days=3))
    others = [at("一", 1), at("三", 3), at("九", 9)]
    asked = index(tmp_path, [here, *others, replace(at("无", 0), published_at=None)])
    assert set(ids(asked.related("here"))) == {"一", "三", "九", "无"}
    assert set(ids(asked.related("here", Wanted(max_age=3)))) == {"一", "三"}
    assert set(ids(asked.related("here", Wanted(past_only=True)))) == {"三", "九"}
    assert set(ids(asked.related("here", Wanted(past_only=True, max_age=5)))) == {"三"}


def test_of_two_equal_articles_the_newer_one_comes_first_and_not_only_by_date(
    tmp_path: Path,
) -> None:
    old = replace(SAME_SUBJECT, id="old", published_at=NOON - timedelta(days=2000))
    new = replace(SAME_SUBJECT, id="new", title="古塔下茶会怎样办", body="云溪茶农说，茶会离不开茶具，制陶匠人忙了半个月。",
                  published_at=NOON - timedelta(days=1))  # fmt: skip
    answer = index(tmp_path, [HERE, old, new, *OTHER]).related("here", Wanted(size=2))
    assert ids(answer) == ["new", "old"]
    scores = [item.score for item in answer.items]
    assert scores[1] < 0.7 * scores[0]


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_draft_has_the_related_articles_that_it_will_have(tmp_path: Path, engine: str) -> None:
    asked = index(tmp_path, [HERE, SAME_SUBJECT, SAME_TAG, SAME_CHANNEL, *OTHER], engine)
    draft = replace(
        HERE,
        id="",
        title="茶会要移到古塔下",
        body="云溪的茶会要移到古塔下举行，茶农和制陶匠人都来。",
        published_at=None,
    )
    answer = asked.related(draft, Wanted())
    assert ids(answer)[0] in ("here", "subject")
    assert set(ids(answer)) > {"here", "subject", "tag", "channel"}
    assert "here" not in ids(asked.related(replace(draft, id="here"), Wanted()))


def test_many_articles_of_one_source_come_after_those_of_others(tmp_path: Path) -> None:
    def of(source: str, number: int) -> Article:
        return replace(
            SAME_SUBJECT,
            id=f"{number}",
            title=f"茶会之{number}",
            source=source,
            body=f"第{number}次，{SAME_SUBJECT.body}",
            published_at=NOON - timedelta(days=number),
        )

    sources = ["晨报", "晨报", "晨报", "晨报", "晚报", "", ""]
    articles = [of(source, number) for number, source in enumerate(sources, 1)]
    asked = index(tmp_path, [HERE, *articles])
    assert ids(asked.related("here", Wanted(size=7))) == ["1", "2", "3", "4", "5", "6", "7"]
    spread = asked.related("here", Wanted(size=7, per_source=2))
    assert ids(spread) == ["1", "2", "5", "6", "7", "3", "4"]
    assert {item.step for item in spread.items} == {"terms"}
