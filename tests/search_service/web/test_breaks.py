"""Where lines of titles may end."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.analysis.dictionary import UserDictionary, UserWord
from search_service.excerpts.snippets import Marked
from search_service.web.breaks import Breaks
from search_service.web.marks import marked_html


@cache
def zh() -> Analyzer:
    return make_analyzer()


def broken(text: str | Marked) -> str:
    return str(Breaks(zh).breakable(text)).replace("<wbr>", "|")


@pytest.mark.parametrize(
    ("title", "places"),
    [
        ("博物馆夜场核心命题", "博物馆|夜场|核心|命题"),
        ("渡口的灯亮了", "渡口的|灯亮了"),
        ("2024年3月起施行", "2024年|3月|起|施行"),
        ("获第3名", "获|第3名"),
        ("他说：“水位”不高", "他|说：“水位”|不高"),
        ("读《渡口》有感", "读|《渡口》|有感"),
        ("卡尔·马克思", "卡尔·马克思"),
        ("新款iPhone发布", "新款|iPhone|发布"),
        ("New York Times", "New York Times"),
        ("涨到100%以上", "涨|到|100%以上"),
        ("", ""),
    ],
)
def test_a_line_ends_between_words_and_never_inside_one(title: str, places: str) -> None:
    assert broken(title) == places


def test_marks_stand_between_the_places() -> None:
    title = Marked("博物馆夜场<开放>", ((3, 5), (6, 8)))
    assert broken(title) == "博物馆|<mark>夜场</mark>&lt;<mark>开放</mark>&gt;"


@given(st.text(alphabet="春江水暖，。“”《》的第3%a b", max_size=30))
def test_without_its_places_the_html_is_that_of_the_text(text: str) -> None:
    marked = Marked(text, ((0, 2),)) if len(text) > 2 else Marked(text, ())
    assert broken(marked).replace("|", "") == marked_html(marked)
    assert not re.search(r"\|[，。”》%]|[“《]\|", broken(text))


def test_other_words_are_other_places() -> None:
    analyzers = [zh()]
    breaks = Breaks(lambda: analyzers[-1])
    before = breaks.breakable("云溪小学的板凳会")
    analyzers.append(zh().knowing(UserDictionary((UserWord("板凳会", 1000),))))
    assert before.count("<wbr>") == 3
    assert breaks.breakable("云溪小学的板凳会").count("<wbr>") == 2
