from __future__ import annotations

import pytest

from search_service.understanding.numerals import MOST, numeral, respelt, value
from search_service.understanding.parse import parse
from search_service.understanding.signs import bare, with_other_signs
from search_service.understanding.synonyms import SynonymTable, with_synonyms
from search_service.understanding.tree import Words
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer


def others(text: str) -> list[tuple[str, str]]:
    words = parse(text, analyzer=analyzer(), timezone=SHANGHAI).tree
    assert isinstance(words, Words)
    return [(each.text, each.other) for each in respelt(text, words.joined, analyzer())]


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九"), (105, "一百零五"), (110, "一百一十"), (800, "八百"), (1005, "一千零五"),
     (1050, "一千零五十"), (9999, "九千九百九十九")],
)  # fmt: skip
def test_a_number_has_one_usual_numeral(number: int, words: str) -> None:
    assert numeral(number) == words
    assert value(words) == number


def test_each_numeral_is_read_as_its_number() -> None:
    assert all(value(numeral(number)) == number for number in range(1, MOST + 1))


@pytest.mark.parametrize(
    "text", ["五一", "十四五", "九一八", "百", "千", "零", "二零二三", "三三两两", "十百"]
)
def test_digits_read_one_by_one_are_no_number(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "typed", "other"),
    [
        ("神舟17号", "17号", "十七号"),
        ("神舟十七号发射", "十七号", "17号"),
        ("20大报告", "20大", "二十大"),
        ("二十大", "二十大", "20大"),
        ("双11", "双11", "双十一"),
        ("双十一销售额", "双十一", "双11"),
        ("第20届", "第20届", "第二十届"),
        ("第二十届", "第二十届", "第20届"),
        ("3个月", "3个月", "三个月"),
        ("2小时", "2小时", "两小时"),
        ("2号", "2号", "二号"),
        ("十二小时", "十二小时", "12小时"),
        ("北京9号线", "9号线", "九号线"),
        ("2023年10月", "2023年10月", "2023年十月"),
        ("一号文件", "一号", "1号"),
        ("八百米决赛", "八百米", "800米"),
    ],
)
def test_a_number_that_counts_or_orders_can_be_written_the_other_way(
    text: str, typed: str, other: str
) -> None:
    assert others(text) == [(typed, other)]


@pytest.mark.parametrize(
    "text",
    ["十三陵", "三亚", "九寨沟", "一带一路", "五一", "十四五", "三十而立", "四川", "第三者", "二十国集团", "十分", "一起", "两会", "五四运动",
     "iPhone15", "15", "2023年", "3:2", "4.5万亿", "12%", "国庆十一"],
)  # fmt: skip
def test_names_years_and_bare_numbers_are_left_alone(text: str) -> None:
    assert others(text) == []


def test_the_other_way_is_told_and_looked_for() -> None:
    parsed = parse("神舟17号", analyzer=analyzer(), timezone=SHANGHAI)
    tree, used = with_synonyms(parsed.tree, SynonymTable([]), analyzer())
    assert isinstance(tree, Words)
    assert [(each.text, each.others) for each in used] == [("17号", ("十七号",))]
    assert {(each.word, each.text, each.adjacent) for each in tree.alternatives} == {
        ("17", "十七号", True),
        ("号", "十七号", True),
    }


@pytest.mark.parametrize(
    ("word", "without"), [("9·11", "911"), ("3-2", ""), ("2:1", ""), ("4.5", ""), ("911", "")]
)
def test_only_a_middle_dot_may_be_left_out(word: str, without: str) -> None:
    assert bare(word) == without


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("9·11", ("9.11", "9:11", "9-11", "9~11", "9/11")),
        ("2:1", ("2.1", "2·1", "2-1", "2~1", "2/1")),
        ("7-11", ("7.11", "7:11", "7·11", "7~11", "7/11", "711")),
        ("1-2-3", ()),
        ("5%", ()),
        ("15", ()),
    ],
)
def test_other_signs_of_a_number_with_one_sign(word: str, written: tuple[str, ...]) -> None:
    assert with_other_signs(word) == written
