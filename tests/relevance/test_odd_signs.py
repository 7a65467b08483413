"""Signs, marked letters, characters that do not show, and foreign names: found and marked in every form."""

from __future__ import annotations

import pytest

from search_service.services import Services
from tests.relevance.short_news import ask, short_news

TEXTS = {
    "cold": "昨夜山顶降到-20℃，溪水结了冰。",
    "cold-written": "冷库的温度是 20°C 上下。",
    "hot": "锅里的油有200℃。",
    "other-degree": "他今年20岁，住在 C 座。",
    "area": "新教室有80㎡。",
    "area-written": "旧教室只有80m²，门厅60 m2。",
    "area-bigger": "礼堂有180㎡。",
    "money": "镇上的会计说，M2 是广义货币，80 是他的年纪。",
    "third": "水位到了Ⅲ级。",
    "third-written": "这台机器是 Mark III 型。",
    "tenth": "第Ⅻ章讲茶。",
    "tenth-written": "Chapter XII is about tea.",
    "half": "半杯写作½杯。",
    "kilo": "茶叶重5㎏。",
    "kilo-written": "茶叶重5kg。",
    "smile": "最后一页写着：谢谢😀！",
    "arrow": "路线是村口→古塔→石渠。",
    "euro": "票价是12€。",
    "star": "推荐指数★★★★。",
    "question": "谁来过这里？",
    "cafe": "街角新开了一家café。",
    "cafe-plain": "另一家 Cafe 在桥头。",
    "footballer": "门将叫 Müller，前锋叫 Mbappé。",
    "footballer-plain": "替补名单里有 Muller 和 Mbappe。",
    "north": "队长 Ødegaard 来自挪威。",
    "hyphen": "云\xad溪的茶\u200b会在周末\u200c开\u200d幕。",
    "family": "留言只有一个👨\u200d👩\u200d👧表情。",
    "president": "總統澤倫斯基發表談話。",
    "president-mainland": "总统泽连斯基抵达会场。",
    "kingdom": "他從沙烏地回來。",
    "kingdom-mainland": "他从沙特回来。",
    "bush": "前總統布希到訪。",
    "bush-mainland": "前总统布什到访。",
    "plane": "国产的C919交付了，编号是B-919A。",
    "day": "那是9·11之后的事，11月11日他走了。",
    "grouped": "到场的有1,000人。",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return short_news(tmp_path_factory.mktemp("index"), TEXTS)


def found(asked: Services, text: str) -> set[str]:
    """What was found without giving up a word. It comes first."""
    answer = ask(asked, text)
    all_words = answer.understood.rung in ("words", "inside")
    hits = answer.hits if all_words else answer.hits[: answer.understood.stricter]
    return {hit.article.id for hit in hits}


def marked(asked: Services, text: str, article_id: str) -> set[str]:
    hit = next(hit for hit in ask(asked, text).hits if hit.article.id == article_id)
    return {hit.snippet.text[start:end] for start, end in hit.snippet.marks}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("℃", {"cold", "cold-written", "hot"}),
        ("°C", {"cold", "cold-written", "hot"}),
        ("20℃", {"cold", "cold-written"}),
        ("-20℃", {"cold", "cold-written"}),
        ("山顶 －20°C", {"cold"}),
        ("㎡", {"area", "area-written", "area-bigger"}),
        ("80㎡", {"area", "area-written"}),
        ("80m2", {"area", "area-written"}),
        ("80 m²", {"area", "area-written"}),
        ("60㎡", {"area-written"}),
        ("M2", {"money"}),
        ("Ⅲ", {"third", "third-written"}),
        ("iii", {"third", "third-written"}),
        ("Ⅻ", {"tenth", "tenth-written"}),
        ("½", {"half"}),
        ("5㎏", {"kilo", "kilo-written"}),
        ("😀", {"smile"}),
        ("“😀”", {"smile"}),
        ("→", {"arrow"}),
        ("€", {"euro"}),
        ("★", {"star"}),
        ("cafe", {"cafe", "cafe-plain"}),
        ("CAFÉ", {"cafe", "cafe-plain"}),
        ("cafe\u0301", {"cafe", "cafe-plain"}),
        ("“Café”", {"cafe", "cafe-plain"}),
        ("Muller", {"footballer", "footballer-plain"}),
        ("müller", {"footballer", "footballer-plain"}),
        ("Mbappé", {"footballer", "footballer-plain"}),
        ("Odegaard", {"north"}),
        ("Ödegaard", {"north"}),
        ("云溪", {"hyphen"}),
        ("“茶会在周末开幕”", {"hyphen"}),
        ("茶\u200d会", {"hyphen"}),
        ("开\xad幕", {"hyphen"}),
        ("👨\u200d👩\u200d👧", {"family"}),
        ("泽连斯基", {"president", "president-mainland"}),
        ("澤倫斯基", {"president", "president-mainland"}),
        ("沙特", {"kingdom", "kingdom-mainland"}),
        ("沙烏地", {"kingdom", "kingdom-mainland"}),
        ("布希", {"bush", "bush-mainland"}),
        ("布什", {"bush", "bush-mainland"}),
    ],
)
def test_every_form_finds_every_form(asked: Services, text: str, ids: set[str]) -> None:
    assert found(asked, text) == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("?", {"question"}),
        ("？", {"question"}),
        ("“？”", {"question"}),
        ("→", {"arrow"}),
        ("!", {"smile"}),
        ("：", {"smile"}),
        ("★★★★", {"star"}),
        ("★★★★★", {"star"}),
        ("……", set()),
        ("《》", set()),
        ("※", set()),
    ],
)
def test_a_sign_alone_finds_the_articles_with_it(asked: Services, text: str, ids: set[str]) -> None:
    answer = ask(asked, text)
    assert {hit.article.id for hit in answer.hits} == ids
    assert answer.complete


def test_a_sign_that_is_no_word_is_told(asked: Services) -> None:
    for text in ("？", "→"):
        assert ask(asked, text).understood.notes == ("没有可以搜索的字词，已按原样查找。",)
    for text in ("℃", "😀"):
        assert ask(asked, text).understood.notes == ()


def test_a_foreign_name_is_told_as_a_synonym(asked: Services) -> None:
    [used] = ask(asked, "澤倫斯基").understood.synonyms
    assert (used.text, used.others) == ("澤倫斯基", ("泽连斯基",))


@pytest.mark.parametrize(
    ("text", "article_id", "marks"),
    [
        ("Ⅲ", "third-written", {"III"}),
        ("III", "third", {"Ⅲ"}),
        ("XII", "tenth", {"Ⅻ"}),
        ("㎡", "area-written", {"m²", "m2"}),
        ("80m2", "area", {"80㎡"}),
        ("80㎡", "area-written", {"80m²"}),
        ("℃", "cold-written", {"°C"}),
        ("20°C", "cold", {"20℃"}),
        ("5kg", "kilo", {"5㎏"}),
        ("cafe", "cafe", {"café"}),
        ("Müller", "footballer-plain", {"Muller"}),
        ("1000", "grouped", {"1,000"}),
        ("泽连斯基", "president", {"澤倫斯基"}),
        ("C919", "plane", {"C919"}),
        ("9·11", "day", {"9·11"}),
        ("9-11", "day", {"9·11"}),
    ],
)
def test_every_form_is_marked_and_parts_are_not(
    asked: Services, text: str, article_id: str, marks: set[str]
) -> None:
    assert marked(asked, text, article_id) == marks
