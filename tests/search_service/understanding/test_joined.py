from __future__ import annotations

import pytest

from search_service.understanding.joined import MAX_JOINED, joined
from tests.typed_queries import analyzer


def stretches(text: str) -> tuple[str, ...]:
    return joined(text, analyzer().query(text))


@pytest.mark.parametrize(
    "text",
    ["3:2", "3：2", "19:30", "H1N1", "iPhone15", "ｉＰｈｏｎｅ１５", "COVID-19", "歼20", "7号", "a@b.cn", "5G", "2:2", "V2.0"],
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
    ],
)
def test_what_is_one_word_or_several_things_does_not(text: str) -> None:
    assert stretches(text) == ()


def test_the_words_around_are_left_out() -> None:
    assert stretches("主队3:2客队，7号电池，7号") == ("3:2", "7号")
    assert stretches("维生素b2吃多了") == ("b2",)


def test_a_long_stretch_is_known_by_its_first_words() -> None:
    text = "https://news.example.com/a/b/c/d/e/f"
    assert len(analyzer().query(stretches(text)[0])) == MAX_JOINED
    assert text.startswith(stretches(text)[0])
