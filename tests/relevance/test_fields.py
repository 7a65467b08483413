"""Fields, near quotes and operators of other engines, as editors type them, on a real Whoosh index."""

from __future__ import annotations

import pytest

from search_service.answering.search import Answer, Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services

PLAIN = "雨下了一夜。"
ARTICLES = [
    article("title", title="海南的渔港", body=PLAIN, source="云溪晚报", author="罗秋满", tags=["渔业"]),
    article("both", title="海南三亚的早市", body=PLAIN, source="河湾日报", channel="体育"),
    article("body", title="南方的冬天", body="他去了海南，又去了三亚。", source="云溪晚报", channel="情感/故事"),
    article("far", title="旅行", body="他在海南住了三年，盖了房子，种了树，学会了修船，后来才去三亚。", author="林 小满"),
    article("turned", title="行程", body="先到三亚，再看海南其他地方。", tags=["旅行"]),
    article("title-near", title="三亚和海南的渔村", lead="渔村的一天", body=PLAIN, published_at="2024-05-06T08:00:00+08:00"),
    article("school", title="大学城", body="大学里的孩子读书。", channel="情感", tags=["读书"]),
    article("word-title", title="标题的写法", body="来源不明的稿子不能用，标题也要改。"),
    article("english", title="color chart", body="A colour is a color."),
]  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return services(tmp_path_factory.mktemp("index"), ARTICLES, engine="whoosh")


def ask(asked: Services, text: str) -> Answer:
    return asked.search(Question(text=text, size=100, correct=False))


def ids(asked: Services, text: str) -> list[str]:
    return sorted(hit.article.id for hit in ask(asked, text).hits)


def notes(asked: Services, text: str) -> tuple[str, ...]:
    return ask(asked, text).understood.notes


@pytest.mark.parametrize(
    ("chinese", "english", "found"),
    [
        ("标题:海南", "title:海南", ["both", "title", "title-near"]),
        ("标题：海南", "title:海南", ["both", "title", "title-near"]),
        ("標題:海南 三亚", "title:海南 三亚", ["both", "title-near"]),
        ("标题:“海南三亚”", 'title:"海南三亚"', ["both"]),
        ("来源:云溪晚报", "source:云溪晚报", ["body", "title"]),
        ("來源：河湾日报", "source:河湾日报", ["both"]),
        ("作者:罗秋满", "author:罗秋满", ["title"]),
        ("作者：“林 小满”", 'author:"林 小满"', ["far"]),
        ("频道:情感", "channel:情感", ["body", "school"]),
        ("頻道：情感/故事 海南", "channel:情感/故事 海南", ["body"]),
        ("标签:渔业", "tag:渔业", ["title"]),
        ("標籤:旅行", "tag:旅行", ["turned"]),
        ("日期:2024-05", "date:2024-05", ["title-near"]),
        ("日期：..2025", "date:..2025", ["title-near"]),
        ("海南 -来源:云溪晚报 -标题:三亚", "海南 -source:云溪晚报 -title:三亚", ["far", "turned"]),
        ("标签:渔业 OR 标签:读书", "tag:渔业 OR tag:读书", ["school", "title"]),
        ("intitle:渔村", "title:渔村", ["title-near"]),
    ],
)
def test_a_chinese_name_of_a_field_is_the_english_one(
    asked: Services, chinese: str, english: str, found: list[str]
) -> None:
    assert ids(asked, chinese) == ids(asked, english) == found
    answer = ask(asked, chinese)
    assert answer.understood.notes == ()
    assert ids(asked, answer.understood.parsed) == found


def test_a_chinese_name_inside_a_sentence_is_text(asked: Services) -> None:
    assert ids(asked, "标题 写法") == ["word-title"]
    assert ids(asked, "不明来源：") == ["word-title"]


@pytest.mark.parametrize(
    ("blank", "touching"),
    [
        ("title: 海南", "title:海南"),
        ("title:\u3000海南", "title:海南"),
        ("TITLE：  海南 三亚", "title:海南 三亚"),
        ("标题: 海南", "title:海南"),
        ('title: "海南三亚"', 'title:"海南三亚"'),
        ("source: 云溪晚报 海南", "source:云溪晚报 海南"),
        ("来源： 云溪晚报", "source:云溪晚报"),
        ("author: 罗秋满", "author:罗秋满"),
        ("channel: 情感", "channel:情感"),
        ("tag: 渔业 | tag: 读书", "tag:渔业 | tag:读书"),
        ("date: 2024-05", "date:2024-05"),
        ("三亚 -title: 海南", "三亚 -title:海南"),
        ('title: "海南 三亚"~5', 'title:"海南 三亚"~5'),
    ],
)
def test_blanks_may_stand_behind_the_colon(asked: Services, blank: str, touching: str) -> None:
    assert ids(asked, blank) == ids(asked, touching) != []
    assert ask(asked, blank).understood.rung == ask(asked, touching).understood.rung


@pytest.mark.parametrize("typed", ["标题: OR 来源:", "标题:", "title: ", "标题: -海南", "title: (海南 三亚)"])  # fmt: skip
def test_a_field_without_a_value_is_text(asked: Services, typed: str) -> None:
    assert "title" not in ids(asked, typed)
    assert notes(asked, typed) == ()


def test_a_date_that_is_none_is_text(asked: Services) -> None:
    assert notes(asked, "date: 见面") == notes(asked, "date:见面") != ()
    assert ask(asked, "日期： 昨天").understood.parsed == "日期： 昨天"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ('"海南 三亚"~5', ["body", "both", "title-near", "turned"]),
        ('"三亚 海南"~5', ["body", "both", "title-near", "turned"]),
        ("“海南 三亚”～5", ["body", "both", "title-near", "turned"]),
        ('"海南三亚"~5', ["body", "both", "title-near", "turned"]),
        ('"海南 三亚"~1', ["both", "title-near"]),
        ('"海南 三亚"~50', ["body", "both", "far", "title-near", "turned"]),
        ('海南 AND 三亚 -"海南 三亚"~5', ["far"]),
        ('title:"海南 三亚"~3', ["both", "title-near"]),
        ('标题："海南 三亚"~0', []),
        ('title:"海南三亚"~0', ["both"]),
        ('-标题:"海南 三亚"~3 "三亚 海南"~9', ["body", "turned"]),
        ('"海南 三亚"~5 来源:云溪晚报', ["body"]),
        ('"海南 三亚 渔村"~3', ["title-near"]),
        ('"大学 读书"~9 OR "海南 三亚"~1', ["both", "school", "title-near"]),
        ('"color chart"~2', ["english"]),
        ('"大学 大学 孩子"~3', ["school"]),
        ('"渔村 渔港"~5 -海南', []),
    ],
)
def test_a_number_behind_a_quote_asks_for_its_words_near_one_another(
    asked: Services, typed: str, found: list[str]
) -> None:
    answer = ask(asked, typed)
    assert sorted(hit.article.id for hit in answer.hits) == found
    assert answer.understood.notes == () or not found
    if found:
        assert answer.understood.rung == "words"


def test_near_words_are_marked_and_ranked(asked: Services) -> None:
    answer = ask(asked, '"海南 三亚"~5')
    for hit in answer.hits:
        marked = [part.text[a:b] for part in (hit.title, hit.snippet) for a, b in part.marks]
        assert "海南" in "".join(marked)
        assert "三亚" in "".join(marked)
    assert {hit.article.id for hit in answer.hits[:2]} == {"both", "title-near"}
    assert all(hit.score > 0 for hit in answer.hits)


def test_near_words_are_required_beside_loose_ones(asked: Services) -> None:
    answer = ask(asked, '"海南 三亚"~1 渔港 早市')
    assert {hit.article.id for hit in answer.hits} == {"both", "title-near"}
    assert answer.understood.rung == "any"


def test_near_words_that_are_nowhere_near_are_read_as_words(asked: Services) -> None:
    answer = ask(asked, '"渔村 早市"~5')
    assert answer.understood.rung == "unquoted"
    assert {hit.article.id for hit in answer.hits} == {"both", "title-near"}
    assert answer.understood.notes == ("没有文章符合引号的要求，已去掉引号搜索。",)


@pytest.mark.parametrize(
    ("typed", "plain", "told"),
    [
        ("海南 NEAR 三亚", "海南 三亚", "NEAR"),
        ("海南 NEAR/5 三亚", "海南 三亚", "NEAR/5"),
        ("海南^3", "海南", "^3"),
        ("海南^2.5 渔港", "海南 渔港", "^2.5"),
        ('"海南"^2 三亚', '"海南" 三亚', "^2"),
        ("body:海南", "海南", "body:"),
        ("正文：海南", "海南", "正文："),
        ("content: 海南 -text:三亚", "海南 -三亚", "content:"),
        ("id:海南", "海南", "id:"),
        ("site:example.com 海南", "海南", "site:example.com"),
        ("filetype:pdf 渔村", "渔村", "filetype:pdf"),
        ("海南*", "海南", "*"),
        ("*大学", "大学", "*"),
        ("col*r", "col r", "*"),
        ("海南~1", "海南", "~1"),
        ("color~0.8", "color", "~0.8"),
        ("/海南.*/", "海南", "/海南.*/"),
        ("标题:海南^2 -标题:三亚*", "标题:海南 -标题:三亚", "^2"),
    ],
)
def test_an_operator_of_other_engines_is_left_out_and_told(
    asked: Services, typed: str, plain: str, told: str
) -> None:
    assert ids(asked, typed) == ids(asked, plain)
    assert any(note.startswith(f"不支持“{told}”") for note in notes(asked, typed))
    assert not any("不支持" in note for note in notes(asked, plain))


@pytest.mark.parametrize(
    "typed",
    ["C++", "3:2", "12:30", "https://example.com/a?b=c", "海南好吗?", "《海南》", "3~5岁", "A/B", "re:zero",
     "海南 3公里", "*ST海南", "10^6", "km^2", "海南~", "海南 vs 三亚", "NEAR", "ID: 5", "2023-12-19", "@海南", "#海南#"],
)  # fmt: skip
def test_ordinary_text_is_told_nothing(asked: Services, typed: str) -> None:
    assert not any("不支持" in note for note in notes(asked, typed))


def test_the_plain_syntax_has_no_operators(asked: Services) -> None:
    for typed in ('"海南 三亚"~5', "标题: 海南", "海南^3", "body:海南"):
        answer = asked.search(Question(text=typed, syntax="plain", correct=False))
        assert answer.understood.notes == ()
        assert answer.understood.parsed == typed
