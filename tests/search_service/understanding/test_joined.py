from __future__ import annotations

import pytest

from search_service.understanding.joined import MAX_JOINED, joined
from tests.typed_queries import analyzer


def stretches(text: str) -> tuple[str, ...]:
    return tuple(joined(text, {token.text for token in analyzer().query(text)}, analyzer()))


@pytest.mark.parametrize(
    "text",
    ["H1N1", "iPhone15", "ｉＰｈｏｎｅ１５", "COVID-19", "歼20", "7号", "a@b.cn", "5G", "V2.0",
     "3公里", "12小时", "2亿元", "4.5万亿", "9号线", "第20届", "3个月", "20大", "双11", "10-15公里", "2023年10月5日", "3小时20分",
     "十二小时", "十九届"],
)  # fmt: skip
def test_what_is_typed_in_one_go_belongs_together(text: str) -> None:
    assert stretches(text) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "，",
        "iPhone 15",
        "茶会",
        "茶会三场",
        "A股",
        "C++",
        "100%",
        "Java，Go",
        "Java+Go",
        "15",
        "3:2",
        "19:30",
        "2023-12-19",
        "2023大湾区",
        "一家",
        "20世界",
    ],
)
def test_what_is_one_word_or_several_things_does_not(text: str) -> None:
    assert stretches(text) == ()


def test_the_words_around_are_left_out() -> None:
    assert stretches("主队3:2客队，7号电池，7号") == ("7号",)
    assert stretches("维生素b2吃多了") == ("b2",)
    assert stretches("买5G手机") == ("5G",)


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("北京9号线", "9号线"),
        ("12小时内", "12小时"),
        ("20大报告", "20大"),
        ("双11销售额", "双11"),
        ("神舟17号发射", "17号"),
        ("2023年底房价", "2023年"),
        ("12强赛", "12强"),
        ("在第20届", "第20届"),
        ("跑了3.5公里", "3.5公里"),
        ("共3个月的时间", "3个月"),
    ],
)
def test_a_number_and_its_measure_belong_together_inside_a_longer_text(
    text: str, stretch: str
) -> None:
    assert stretches(text) == (stretch,)


def test_a_stretch_does_not_cross_the_end_of_a_sentence() -> None:
    assert stretches("iPhone!15") == ()
    assert stretches("H。1") == ()


def test_a_long_stretch_is_known_by_its_first_words() -> None:
    text = "https://news.example.com/a/b/c/d/e/f"
    assert len(analyzer().query(stretches(text)[0])) == MAX_JOINED
    assert text.startswith(stretches(text)[0])
