from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.article import Article
from indexer.errors import InvalidQuery
from indexer.query import MAX_DEPTH, SORTS
from search_service.answering.search import Answer, Question
from search_service.ranking.weights import FEW, FILL
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

TEA = article(
    "tea",
    title="云溪茶会开幕",
    body="云溪县的茶会周六开幕，茶农罗秋满带来了新茶。",
    channel="文化/节会",
    source="云溪晚报",
    author="姜禾",
    tags=["茶", "节会"],
    published_at="2026-02-10T09:00:00+08:00",
)
TOWER = article(
    "tower",
    title="古塔修缮完工",
    body="云溪古塔的修缮完工，塔下重开了集市。",
    channel="文化",
    source="石桥日报",
    published_at="2025-12-31T23:30:00+08:00",
)
CANAL = article(
    "canal",
    title="石渠通水",
    body="春灌前，石渠通水，下游的茶园不再缺水。",
    channel="农业",
    source="云溪晚报",
    tags=["水利"],
    published_at="2024-05-01T08:00:00+08:00",
)
UNDATED = article("undated", title="关于本站", body="本站由云溪茶会主办。", published_at=None)
ALL = (TEA, TOWER, CANAL, UNDATED)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return services(tmp_path_factory.mktemp("index"), ALL)


def ids(answer: Answer) -> list[str]:
    return [hit.article.id for hit in answer.hits]


def ask(asked: Services, text: str = "", **values: object) -> Answer:
    return asked.search(Question(text=text, **values))  # type: ignore[arg-type]


def index(tmp_path: Path, *bodies: str) -> Services:
    return services(
        tmp_path, [article(f"a-{n}", title=f"第{n}篇", body=body) for n, body in enumerate(bodies)]
    )


# The answer


def test_an_answer_holds_what_was_asked_understood_and_found(found: Services) -> None:
    question = Question(text="茶会 -石渠", facets=("channel", "source", "month"))
    answer = found.search(question)
    assert answer.question is question
    assert answer.understood.parsed == "茶会 -石渠"
    assert answer.understood.rung == "words"
    assert ids(answer) == ["tea", "undated"]
    assert (answer.total, answer.page, answer.size, answer.pages) == (2, 1, 10, 1)
    assert not answer.total_is_estimate
    assert answer.index.generation == "000001"
    assert answer.took_ms > 0
    assert {each.value: each.count for each in answer.facets["channel"]} == {
        "文化": 1, "文化/节会": 1
    }  # fmt: skip
    assert [each.value for each in answer.facets["source"]] == ["云溪晚报"]
    assert [each.value for each in answer.facets["month"]] == ["2026-02"]


def test_a_hit_shows_its_title_and_a_snippet_with_marks(found: Services) -> None:
    hit = ask(found, "茶会 罗秋满").hits[0]
    assert hit.title.text == TEA.title
    assert [hit.title.text[a:b] for a, b in hit.title.marks] == ["茶会"]
    assert [hit.snippet.text[a:b] for a, b in hit.snippet.marks] == ["茶会", "罗秋满"]


def test_without_facets_asked_there_are_none(found: Services) -> None:
    assert ask(found, "茶会").facets == {}


# Browsing


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_an_empty_query_browses_newest_first(found: Services, text: str) -> None:
    answer = ask(found, text)
    assert answer.understood.rung == "browse"
    assert ids(answer) == ["tea", "tower", "canal", "undated"]


def test_only_exclusions_mean_everything_but_those(found: Services) -> None:
    answer = ask(found, "-茶会 -古塔")
    assert answer.understood.rung == "browse"
    assert ids(answer) == ["canal"]


def test_only_fields_browse_within_them(found: Services) -> None:
    answer = ask(found, "source:云溪晚报")
    assert answer.understood.rung == "browse"
    assert ids(answer) == ["tea", "canal"]


# Syntax reaches the index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"茶会周六"', {"tea"}),
        ("「茶会周六」", {"tea"}),
        ('"会周"', {"tea"}),
        ("云溪 -古塔", {"tea", "undated"}),
        ("云溪 NOT 茶会", {"tower"}),
        ("石渠 OR 古塔", {"canal", "tower"}),
        ("云溪 (石渠 | 古塔)", {"tower"}),
        ("title:茶会", {"tea"}),
        ('title:"茶会"', {"tea"}),
        ("channel:文化", {"tea", "tower"}),
        ("channel:文化/节会", {"tea"}),
        ("-channel:文化 茶", {"canal", "undated"}),
        ("author:姜禾", {"tea"}),
        ("tag:水利", {"canal"}),
        ("date:2025-12", {"tower"}),
        ("date:2025-12-31", {"tower"}),
        ("date:2026..", {"tea"}),
        ("date:2024..2025", {"canal", "tower"}),
        ("-date:2024..", {"undated"}),
    ],
)
def test_operators_find(found: Services, text: str, expected: set[str]) -> None:
    assert set(ids(ask(found, text))) == expected


def test_plain_syntax_finds_operators_as_text(tmp_path: Path) -> None:
    asked = index(tmp_path, "公式 a -b 出现了", "公式 a 出现了")
    assert ids(ask(asked, "公式 a -b", syntax="plain")) == ["a-0"]
    assert ids(ask(asked, "公式 a -b")) == ["a-1"]


def test_an_exclusion_reaches_inside_words_but_not_inside_latin_ones(tmp_path: Path) -> None:
    asked = index(tmp_path, "茶 农业银行", "茶 party", "茶 art")
    assert set(ids(ask(asked, "茶 -银行"))) == {"a-1", "a-2"}
    assert set(ids(ask(asked, "茶 -art"))) == {"a-0", "a-1"}


# Filters


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"channel": ("文化",)}, {"tea", "tower"}),
        ({"channel": ("文化/",)}, {"tea", "tower"}),
        ({"channel": ("文",)}, set()),
        ({"source": ("云溪晚报",)}, {"tea", "canal"}),
        ({"author": ("姜禾",)}, {"tea"}),
        ({"tag": ("茶",)}, {"tea"}),
        ({"start": date(2025, 12, 31)}, {"tea", "tower"}),
        ({"start": date(2026, 1, 1)}, {"tea"}),
        ({"end": date(2025, 12, 31)}, {"tower", "canal"}),
        ({"end": date(2025, 12, 30)}, {"canal"}),
        ({"start": date(2025, 12, 31), "end": date(2025, 12, 31)}, {"tower"}),
        ({"start": date(2026, 1, 1), "end": date(2025, 1, 1)}, set()),
        ({"source": ("没有这家报纸",)}, set()),
        ({"channel": ("",)}, set()),
        ({"source": ("云溪晚报",), "tag": ("茶",)}, {"tea"}),
    ],
)
def test_filters_narrow_and_an_unknown_value_finds_nothing(
    found: Services, values: dict[str, object], expected: set[str]
) -> None:
    answer = found.search(Question(**values))  # type: ignore[arg-type]
    assert set(ids(answer)) == expected
    assert answer.total == len(expected)


def test_what_readers_may_not_see_is_not_found(tmp_path: Path) -> None:
    hidden: Sequence[dict[str, object]] = [
        {"status": "draft"},
        {"status": "withdrawn"},
        {"published_at": "2026-03-02T00:00:00+08:00"},
        {"expires_at": "2026-02-28T00:00:00+08:00"},
    ]
    articles: list[Article] = [article(f"h-{n}", **each) for n, each in enumerate(hidden)]
    asked = services(tmp_path, [article("seen"), *articles])
    for text in ("", "山谷", '"山谷"', "小学校 古塔"):
        answer = asked.search(Question(text=text, facets=("month",)))
        assert ids(answer) == ["seen"]
        assert answer.total == 1
        assert [each.count for each in answer.facets["month"]] == [1]


# Order and pages


def test_sorts(found: Services) -> None:
    assert ids(ask(found, "云溪", sort="newest")) == ["tea", "tower", "undated"]
    assert ids(ask(found, "云溪", sort="oldest")) == ["tower", "tea", "undated"]
    assert ids(ask(found, "云溪 茶会"))[0] == "tea"


def test_a_word_in_the_title_counts_more(tmp_path: Path) -> None:
    body = "县里的消息，茶会开幕，集市开张。"
    asked = services(
        tmp_path,
        [
            article("body", title="县里的消息", body=body),
            article("title", title="茶会开幕", body=body),
        ],
    )
    assert ids(ask(asked, "茶会")) == ["title", "body"]


def test_words_that_stand_close_together_count_more(tmp_path: Path) -> None:
    apart = "茶会" + "，春雨" * 20 + "，集市"
    asked = index(tmp_path, apart + "，春雨", "，春雨" * 10 + "茶会的集市" + "，春雨" * 20)
    assert ids(ask(asked, "茶会 集市")) == ["a-1", "a-0"]


def test_equals_are_ordered_by_time_then_id(tmp_path: Path) -> None:
    old = "2020-01-01T00:00:00+08:00"
    asked = services(tmp_path, [article("b"), article("a"), article("c", published_at=old)])
    assert ids(ask(asked, "山谷")) == ["a", "b", "c"]


def test_pages_follow_each_other(tmp_path: Path) -> None:
    asked = index(tmp_path, *["茶会开幕" + "，集市" * n for n in range(25)])
    pages = [ask(asked, "茶会", page=n, size=10) for n in (1, 2, 3, 4)]
    assert [len(page.hits) for page in pages] == [10, 10, 5, 0]
    assert {page.pages for page in pages} == {3}
    assert {page.total for page in pages} == {25}
    assert len({each for page in pages for each in ids(page)}) == 25


def test_pages_that_can_be_asked_for_end_at_the_depth(found: Services) -> None:
    assert ask(found, page=MAX_DEPTH // 10).hits == ()
    with pytest.raises(InvalidQuery):
        ask(found, page=MAX_DEPTH // 10 + 1)


@pytest.mark.parametrize("values", [{"page": 0}, {"size": 0}, {"sort": "best"}, {"facets": ("x",)}])
def test_what_no_engine_answers_is_an_invalid_query(
    found: Services, values: dict[str, object]
) -> None:
    with pytest.raises(InvalidQuery):
        ask(found, "茶", **values)


# Duplicates


def _copies(count: int) -> list[Article]:
    return [article(f"copy-{n}", title=f"渡口{n}", duplicate_group=7) for n in range(count)]


def test_duplicates_stand_behind_the_best_of_them(tmp_path: Path) -> None:
    asked = services(
        tmp_path,
        [*_copies(3), article("best", title="渡口 渡口", body="渡口。", duplicate_group=7),
         article("draft", title="渡口", status="draft", duplicate_group=7), article("alone", title="渡口边")],
    )  # fmt: skip
    answer = ask(asked, "渡口", facets=("month",))
    assert {hit.article.id: hit.duplicates for hit in answer.hits} == {"best": 3, "alone": 0}
    assert (answer.total, answer.groups) == (5, 2)
    assert [each.count for each in answer.facets["month"]] == [5]


def test_pages_count_what_can_be_a_hit(tmp_path: Path) -> None:
    asked = services(tmp_path, [*_copies(5), article("alone", title="渡口边")])
    assert ask(asked, "渡口", size=2).pages == 1
    assert ask(asked, "渡口", size=2, collapse="none").pages == 3
    assert len(ask(asked, "渡口", collapse="none").hits) == 6


def test_a_group_is_shown_whole_and_only_what_answers_the_text(tmp_path: Path) -> None:
    other_title = article("other-title", title="码头", body="没有那个词。", duplicate_group=7)
    asked = services(tmp_path, [*_copies(2), other_title, article("alone", title="渡口边")])
    assert sorted(ids(ask(asked, "渡口", group=7))) == ["copy-0", "copy-1"]
    assert sorted(ids(ask(asked, group=7))) == ["copy-0", "copy-1", "other-title"]
    assert ids(ask(asked, "渡口", group=8)) == []


# The ladder


def test_all_words_are_wanted_first(found: Services) -> None:
    answer = ask(found, "云溪 古塔")
    assert (answer.understood.rung, answer.understood.stricter) == ("any", 1)
    assert ids(answer)[0] == "tower"
    assert ids(ask(found, "云溪 古塔", sort="newest")) == ["tower"]


def test_a_word_inside_another_is_found_on_the_next_rung(tmp_path: Path) -> None:
    asked = index(tmp_path, "珠江桥牌酱油", "珠江边的桥")
    answer = ask(asked, "江桥")
    assert answer.understood.rung == "inside"
    assert ids(answer) == ["a-0"]


def test_few_hits_by_words_are_joined_by_those_inside_words(tmp_path: Path) -> None:
    asked = index(tmp_path, "小明来了", "这是明的歌", "云")
    answer = ask(asked, "明")
    assert (answer.understood.rung, answer.understood.stricter) == ("inside", 1)
    assert set(ids(answer)) == {"a-0", "a-1"}
    assert ids(answer)[0] == "a-1", "as a word it comes first"


def test_stopwords_never_empty_an_answer(tmp_path: Path) -> None:
    asked = index(tmp_path, "山里的路", "山路", "下雪了")
    assert set(ids(ask(asked, "的了吗"))) == {"a-0", "a-2"}


def test_where_nothing_more_stands_inside_words_the_rung_stays(found: Services) -> None:
    assert ask(found, "石渠").understood.rung == "words"


def test_enough_hits_by_words_are_not_widened(tmp_path: Path) -> None:
    asked = index(tmp_path, *["明 日"] * FEW, "小明来了")
    answer = ask(asked, "明")
    assert answer.understood.rung == "words"
    assert answer.total == FEW


def test_few_latin_hits_are_not_widened_but_none_are(tmp_path: Path) -> None:
    asked = index(tmp_path, "art 展", "the party", "microphone")
    assert ids(ask(asked, "art")) == ["a-0"]
    answer = ask(asked, "phone")
    assert answer.understood.rung == "inside"
    assert ids(answer) == ["a-2"]
    assert [answer.hits[0].snippet.text[a:b] for a, b in answer.hits[0].snippet.marks] == ["phone"]


def test_most_words_then_any(tmp_path: Path) -> None:
    asked = index(tmp_path, "茶会 古塔 集市", "石渠")
    answer = ask(asked, "茶会 古塔 灯笼")
    assert (answer.understood.rung, ids(answer)) == ("most", ["a-0"])
    answer = ask(asked, "石渠 灯笼 龙舟")
    assert (answer.understood.rung, ids(answer)) == ("any", ["a-1"])


def test_few_articles_with_all_words_are_followed_by_those_with_most(tmp_path: Path) -> None:
    asked = index(
        tmp_path, "石渠石渠石渠石渠 古塔古塔古塔", "茶会 古塔 石渠" + "，春雨" * 50, "茶会 集市"
    )
    answer = ask(asked, "茶会 古塔 石渠")
    assert ids(answer) == ["a-1", "a-0", "a-2"]
    assert (answer.understood.rung, answer.understood.stricter) == ("any", 2)


def test_few_articles_with_all_words_of_a_question_are_followed_by_those_with_any(
    tmp_path: Path,
) -> None:
    asked = index(tmp_path, "石渠 集市", "茶会 古塔", "古塔" + "，春雨" * 50)
    answer = ask(asked, "茶会和古塔有什么")
    assert (answer.understood.rung, ids(answer)) == ("any", ["a-1", "a-2"])
    assert answer.understood.stricter == 1
    by_date = ask(asked, "茶会和古塔有什么", sort="newest")
    assert (by_date.understood.rung, ids(by_date)) == ("words", ["a-1"])


def test_enough_articles_with_all_words_are_not_followed_by_others(tmp_path: Path) -> None:
    asked = index(tmp_path, *["茶会 古塔 石渠"] * FILL, "茶会 古塔")
    answer = ask(asked, "茶会 古塔 石渠")
    assert (answer.understood.rung, answer.total) == ("words", FILL)


def test_too_few_articles_with_all_words_are_all_before_the_others(tmp_path: Path) -> None:
    old = [
        article(f"both-{n:02}", title="旧闻", body="古塔，茶会。" + "春雨，" * 40)
        for n in range(12)
    ]
    new = [article(f"one-{n}", title="茶会 茶会", body="茶会 " * 9) for n in range(30)]
    asked = services(tmp_path, [*old, *new])
    answer = ask(asked, "茶会 古塔", size=20)
    assert {each[:4] for each in ids(answer)[:12]} == {"both"}
    assert {each[:4] for each in ids(answer)[12:]} == {"one-"}
    assert (answer.total, answer.understood.stricter) == (42, 12)
    again = [each for n in (1, 2, 3) for each in ids(ask(asked, "茶会 古塔", size=7, page=n))]
    assert again == ids(ask(asked, "茶会 古塔", size=21)), "pages agree"


def test_by_date_few_articles_with_all_words_stay_among_themselves(tmp_path: Path) -> None:
    asked = index(tmp_path, "茶会 古塔 石渠", "茶会 古塔")
    for sort in ("newest", "oldest"):
        assert ids(ask(asked, "茶会 古塔 石渠", sort=sort)) == ["a-0"]
    assert ask(asked, "茶会 古塔 灯笼", sort="newest").total == 2, "but nothing is not enough"


def test_a_facet_counts_what_narrowing_to_it_finds(tmp_path: Path) -> None:
    asked = services(
        tmp_path,
        [
            article("whole", body="茶会 古塔 石渠", channel="文化", source="甲报"),
            *(
                article(f"part-{n}", body="茶会 古塔", channel="文化", source="乙报")
                for n in range(3)
            ),
            article("far", body="茶会 古塔", channel="农业", source="甲报"),
        ],
    )
    answer = ask(asked, "茶会 古塔 石渠", facets=("channel", "source", "month"))
    assert (answer.understood.rung, answer.total, answer.understood.stricter) == ("most", 5, 1)
    for name in ("channel", "source"):
        for count in answer.facets[name]:
            narrowed = ask(asked, "茶会 古塔 石渠", **{name: (count.value,)})
            assert narrowed.understood.rung == "most"
            assert narrowed.total == count.count
    assert ask(asked, "茶会 古塔 石渠", channel=("文化",)).understood.stricter == 1
    assert ask(asked, "茶会 古塔 石渠", channel=("农业",)).understood.stricter == 0


def test_any_of_the_values_of_a_field_and_all_fields_are_wanted(tmp_path: Path) -> None:
    asked = services(
        tmp_path,
        [
            article(f"a-{n}", channel=channel, source=source, tags=[tag, "村"])
            for n, (channel, source, tag) in enumerate(
                product(("文化", "农业/茶", "体育"), ("甲报", "乙报", "丙报"), ("春", "夏"))
            )
        ],
    )
    answer = ask(asked, channel=("文化", "农业"), source=("甲报", "丙报"), size=100)
    assert {(hit.article.channel, hit.article.source) for hit in answer.hits} == {
        *product(("文化", "农业/茶"), ("甲报", "丙报"))
    }
    assert answer.total == 8
    assert ask(asked, channel=("文化", "农业"), tag=("春",), source=("甲报",)).total == 2
    assert ask(asked, tag=("春", "夏", "村")).total == 18
    assert ask(asked, tag=("春", "没有")).total == 9
    assert ask(asked, tag=("没有",)).total == 0


@pytest.mark.parametrize("engine", ["memory", "whoosh"])
def test_a_facet_counts_past_the_choices_in_its_own_field(tmp_path: Path, engine: str) -> None:
    asked = services(
        tmp_path,
        [
            article(
                f"a-{n}",
                body="茶会" if n % 2 else "茶会 古塔",
                channel=("文化", "农业/茶", "体育")[n % 3],
                source=("甲报", "乙报", "丙报", "丁报")[n % 4],
                author=("陈立", "王珂")[n // 8 % 2],
                tags=[f"签{tag}" for tag in range(n % 5)],
            )
            for n in range(40)
        ],
        engine=engine,
    )
    names = ("channel", "source", "author", "tag", "month")
    chosen = {"channel": ("文化", "体育"), "source": ("甲报", "丙报"), "tag": ("签1",)}
    for text in ("茶会", "古塔", "", "茶会 古塔 石渠"):
        answer = ask(asked, text, facets=names, **chosen)
        assert tuple(answer.facets) == names
        assert answer.total
        for name in ("channel", "source", "author", "tag"):
            counts = answer.facets[name]
            assert len(counts) > 1
            for count in counts:
                alone = ask(asked, text, **(chosen | {name: (count.value,)}))
                assert alone.total == count.count, (text, name, count)
        assert sum(each.count for each in answer.facets["month"]) == answer.total


def test_other_values_stay_in_sight_where_the_chosen_one_finds_nothing(tmp_path: Path) -> None:
    asked = services(tmp_path, [article("a", source="甲报"), article("b", source="乙报")])
    answer = ask(asked, "学校", source=("丙报",), facets=("source", "channel"))
    assert answer.total == 0
    assert [each.value for each in answer.facets["source"]] == ["乙报", "甲报"]
    assert answer.facets["channel"] == ()


def test_a_narrowed_question_climbs_on_where_nothing_is_found(tmp_path: Path) -> None:
    asked = services(
        tmp_path,
        [
            article("whole", body="茶会 古塔", channel="文化"),
            article("part", body="茶会", channel="农业"),
        ],
    )
    answer = ask(asked, "茶会 古塔", channel=("农业",))
    assert (answer.understood.rung, ids(answer)) == ("any", ["part"])


def test_an_article_with_both_of_two_words_comes_first_however_often_others_hold_one(
    tmp_path: Path,
) -> None:
    asked = index(tmp_path, "茶会，古塔" + "，春雨" * 90, "茶会 " * 30, "古塔 " * 30)
    answer = ask(asked, "茶会 古塔")
    assert ids(answer)[0] == "a-0"
    assert (answer.understood.rung, answer.understood.stricter) == ("any", 1)


def test_nothing_is_found_when_no_word_stands_anywhere(found: Services) -> None:
    answer = ask(found, "龙舟 灯笼")
    assert answer.total == answer.pages == 0
    assert answer.hits == ()
    assert answer.understood.rung == "words"


def test_exclusions_are_never_relaxed(tmp_path: Path) -> None:
    asked = index(tmp_path, "茶会 古塔", "石渠 集市")
    assert ask(asked, "茶会 灯笼 -古塔").total == 0
    assert ask(asked, '茶会 "灯笼会" -古塔').total == 0
    assert ask(asked, "石渠 灯笼 -古塔").total == 1


def test_a_quote_that_is_held_is_enough_where_no_loose_word_stands_beside_it(
    tmp_path: Path,
) -> None:
    asked = index(tmp_path, "茶会 原名", "石渠的茶会", "石渠")
    answer = ask(asked, "「石渠的茶会」的原名是？")
    assert (answer.understood.rung, ids(answer)) == ("any", ["a-1"])
    answer = ask(asked, "「石渠」集市")
    assert (answer.understood.rung, set(ids(answer))) == ("any", {"a-1", "a-2"})


def test_beside_a_quote_articles_with_the_loose_words_come_first(tmp_path: Path) -> None:
    asked = index(tmp_path, "石渠石渠石渠", "石渠 集市" + "，春雨" * 50, "集市 灯笼")
    answer = ask(asked, "“石渠” 集市 灯笼 龙舟")
    assert (answer.understood.rung, ids(answer)) == ("any", ["a-1", "a-0"])


@pytest.mark.parametrize("text", ["“石渠集市”", "集市 「石渠集市」", "“石渠集市” OR “龙舟会”"])
def test_a_quote_that_stands_nowhere_is_read_as_words_and_told(tmp_path: Path, text: str) -> None:
    asked = index(tmp_path, "集市在春天" + "，春雨" * 50, "石渠 集市", "灯笼 石渠", "茶会")
    answer = ask(asked, text)
    assert answer.understood.rung == "unquoted"
    assert ids(answer)[0] == "a-1"
    assert "a-3" not in ids(answer)
    assert answer.understood.notes == ("没有文章原样含有引号里的文字，已去掉引号搜索。",)
    marked = {answer.hits[0].snippet.text[a:b] for a, b in answer.hits[0].snippet.marks}
    assert marked == {"石渠", "集市"}


def test_one_character_alone_does_not_hold_a_relaxed_hit(tmp_path: Path) -> None:
    asked = index(tmp_path, "中午的集市，第5天", "茶会")
    answer = ask(asked, "茶会 5 中")
    assert answer.understood.rung == "any"
    assert ids(answer) == ["a-1"]


@pytest.mark.parametrize("text", ["明", "珠江桥", "茶会 古塔 灯笼", "石渠 灯笼"])
def test_every_page_is_of_the_same_rung(tmp_path: Path, text: str) -> None:
    bodies = ["珠江桥牌 小明", "小明 茶会 古塔", "明 石渠", "茶会 古塔", "古塔 石渠", "珠江 桥"]
    asked = index(tmp_path, *bodies)
    whole = ask(asked, text, size=10)
    pages = [ask(asked, text, size=1, page=n) for n in range(1, whole.total + 2)]
    assert {page.understood.rung for page in pages} == {whole.understood.rung}
    assert {page.total for page in pages} == {whole.total}
    assert [each for page in pages for each in ids(page)] == ids(whole)


# Words that are told to the reader


def test_what_was_ignored_and_cut_is_told(found: Services) -> None:
    understood = ask(found, "茶会的吗" + "，" * 600).understood
    assert understood.ignored == ("的", "吗")
    assert understood.notes == ("查询太长，只用了前 500 个字符。",)


def test_punctuation_alone_is_looked_for_as_it_stands_and_told(tmp_path: Path) -> None:
    asked = index(tmp_path, "甲，乙", "甲 乙")
    answer = ask(asked, "，")
    assert ids(answer) == ["a-0"]
    assert answer.understood.notes == ("没有可以搜索的字词，已按原样查找。",)
    assert answer.hits[0].snippet.marks == ((1, 2),)
    assert ask(asked, "※").total == 0


def test_a_quote_that_no_title_holds_is_told(found: Services) -> None:
    note = "引号里的文字要原样出现；去掉引号可以放宽搜索。"
    assert ask(found, "云溪 title:“灯笼会”").understood.notes == (note,)
    assert ask(found, "云溪 title:“灯笼会 云溪”~5").understood.notes == ()
    assert ask(found, "“茶会”").understood.notes == ()
    assert ask(found, "灯笼会 -“茶会”").understood.notes == ()


# Anything


@given(
    text=st.text(max_size=60)
    | st.sampled_from(["茶会 -", '"', "(((", "*", "的", "😀", "𠮷", "a:b"]),
    channel=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    start=st.none() | st.dates(),
    end=st.none() | st.dates(),
    sort=st.sampled_from(SORTS),
)
@settings(max_examples=200)
def test_any_question_has_an_answer(
    found: Services,
    text: str,
    channel: tuple[str, ...],
    start: date | None,
    end: date | None,
    sort: str,
) -> None:
    answer = ask(found, text, channel=channel, start=start, end=end, sort=sort)
    assert len(answer.hits) == min(answer.total, 10)
    assert len(set(ids(answer))) == len(answer.hits)
