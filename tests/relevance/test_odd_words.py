"""Names, numbers and signs that are no plain words: each is found, and not all that holds a part of it."""

from __future__ import annotations

import pytest

from search_service.services import Services
from tests.relevance.short_news import ask, short_news

TEXTS = {
    "cpp": "新来的同事用C++写了排课程序。",
    "c": "他在黑板上写了一个大大的字母 C。",
    "csharp": "旧系统是用C#写的。",
    "dotnet": "培训班教.NET开发。",
    "net": "排球越过了 net 那一边。",
    "sure": "把握是100%，他说。",
    "hundred": "村里有100户人家。",
    "rate": "失业率降到3.5%。",
    "star": "*ST云溪昨日停牌。",
    "st": "云溪县的ST段公路通车。",
    "score": "主队3:2险胜客队。",
    "score-dash": "决赛的比分是3-2。",
    "score-other": "第3场比赛在2号馆举行。",
    "kickoff": "比赛19:30开始。",
    "kickoff-other": "19名队员，30个球。",
    "office": "办公室的电话是010-12345678。",
    "office-joined": "有事请拨01012345678。",
    "mobile": "联系人的手机是13800138000。",
    "link": "报名请看https://example.com/a/b?c=1，名额有限。",
    "link-other": "另一个例子在https://example.org/d上。",
    "mail": "来信请寄a@b.cn。",
    "five-g": "镇上开通了5G信号。",
    "four-k": "电视台改用4K播出。",
    "a-share": "A股今日收涨。",
    "scan": "体检要做B超。",
    "shirt": "学生们穿着白T恤。",
    "gdp": "全县GDP增长了一成。",
    "flu": "当年流行的是甲型H1N1流感。",
    "flu-other": "H班1组和N班1组对调了座位。",
    "covid": "那年的COVID-19疫情改变了很多人。",
    "covid-other": "19名学生读了 covid 这个词。",
    "year": "2024年的春天来得早。",
    "year-chinese": "二〇二四年的账本还在。",
    "people": "到场的有1,000人。",
    "people-plain": "另一场来了1000人。",
    "number-one": "他的球衣上印着No.1。",
    "drive": "文件存在U盘里。",
    "phone": "她换了iPhone 15 Pro Max。",
    "system": "电脑装的是Windows 11。",
    "alpha": "实验里用到了α粒子。",
    "circled": "名单见附件①。",
    "area": "新教室有80㎡。",
    "family": "留言只有一个👨‍👩‍👧表情。",
    "kana": "招牌上写着さくら三个假名。",
    "hangul": "菜单上有비빔밥。",
    "uyghur": "信的开头是ياخشىمۇسىز。",
    "tibetan": "门口写着བཀྲ་ཤིས་བདེ་ལེགས།",
    "rare": "族谱里有个𠀀字。",
    "zero": "门牌是三〇二室。",
    "again": "店名叫佐々木屋。",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return short_news(tmp_path_factory.mktemp("index"), TEXTS)


def strict(asked: Services, text: str) -> set[str]:
    """What was found without giving up a word."""
    answer = ask(asked, text)
    assert answer.understood.rung in ("words", "inside")
    return {hit.article.id for hit in answer.hits}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C++", {"cpp"}),
        ("c＋＋", {"cpp"}),
        ("C#", {"csharp"}),
        (".NET", {"dotnet"}),
        ("100%", {"sure"}),
        ("１００％", {"sure"}),
        ("3.5%", {"rate"}),
        ("*ST", {"star"}),
        ("*ST云溪", {"star"}),
        ("3:2", {"score", "score-dash"}),
        ("3：2", {"score", "score-dash"}),
        ("3-2", {"score", "score-dash"}),
        ("19:30", {"kickoff"}),
        ("010-12345678", {"office", "office-joined"}),
        ("01012345678", {"office", "office-joined"}),
        ("13800138000", {"mobile"}),
        ("example.com", {"link"}),
        ("a@b.cn", {"mail"}),
        ("5G", {"five-g"}),
        ("4k", {"four-k"}),
        ("A股", {"a-share"}),
        ("B超", {"scan"}),
        ("t恤", {"shirt"}),
        ("gdp", {"gdp"}),
        ("H1N1", {"flu"}),
        ("甲型h1n1流感", {"flu"}),
        ("COVID-19", {"covid"}),
        ("covid19", {"covid"}),
        ("2024年", {"year", "year-chinese"}),
        ("二〇二四年", {"year", "year-chinese"}),
        ("2024", {"year", "year-chinese"}),
        ("1000", {"people", "people-plain"}),
        ("1,000", {"people", "people-plain"}),
        ("No.1", {"number-one"}),
        ("№1", {"number-one"}),
        ("U盘", {"drive"}),
        ("iPhone 15 Pro Max", {"phone"}),
        ("Windows 11", {"system"}),
        ("windows11", {"system"}),
        ("α粒子", {"alpha"}),
        ("㎡", {"area"}),
        ("80㎡", {"area"}),
        ("👨‍👩‍👧", {"family"}),
        ("さくら", {"kana"}),
        ("비빔밥", {"hangul"}),
        ("ياخشىمۇسىز", {"uyghur"}),
        ("བཀྲ་ཤིས", {"tibetan"}),
        ("𠀀", {"rare"}),
        ("〇", {"zero", "year-chinese"}),
        ("佐々木", {"again"}),
        ("々", {"again"}),
    ],
)
def test_a_name_finds_itself_alone(asked: Services, text: str, found: set[str]) -> None:
    assert strict(asked, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C", {"c", "cpp", "csharp", "link"}),
        ("net", {"net", "dotnet"}),
        ("100", {"sure", "hundred"}),
        ("ST", {"st", "star"}),
        ("12345678", {"office"}),
        ("①", {"circled", "number-one", "flu", "flu-other", "link"}),
    ],
)
def test_a_part_finds_what_it_is_part_of(asked: Services, text: str, found: set[str]) -> None:
    assert strict(asked, text) == found


def test_an_address_finds_itself_and_no_other_of_the_same_beginning(asked: Services) -> None:
    assert strict(asked, "https://example.com/a/b?c=1") == {"link"}


def test_an_excluded_score_takes_away_the_score_alone(asked: Services) -> None:
    answer = ask(asked, "比赛 OR 比分 -3:2")
    assert {hit.article.id for hit in answer.hits} == {"score-dash", "score-other", "kickoff"}


def test_what_is_joined_is_marked_as_one(asked: Services) -> None:
    [hit] = (hit for hit in ask(asked, "3:2").hits if hit.article.id == "score")
    assert {hit.snippet.text[a:b] for a, b in hit.snippet.marks} == {"3:2"}


def test_a_score_that_stands_nowhere_finds_nothing(asked: Services) -> None:
    assert ask(asked, "7:6").total == 0
