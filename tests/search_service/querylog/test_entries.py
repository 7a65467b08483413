"""Which searches are logged, and as what."""

from __future__ import annotations

from datetime import date

import pytest

from search_service.answering.search import Question
from search_service.querylog.entries import MAX_QUERY, Asked, asked, normal_form
from search_service.understanding.filters import AttributeFilter
from tests.factories import NOON
from tests.search_service.querylog.factory import answer, visitor


def entry(question: Question, *, rung: str = "words") -> Asked | None:
    return asked(answer(question, rung=rung), visitor(), query_id="00", at=NOON)


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("  臺灣　 軟體 ", "台湾 软体"),
        ("ｉＰｈｏｎｅ１５", "iphone15"),
        ("GDP", "gdp"),
        ("云" * 150, "云" * MAX_QUERY),
        ("", ""),
    ],
)
def test_the_normal_form_is_folded_and_collapsed(typed: str, query: str) -> None:
    assert normal_form(typed) == query


def test_an_entry_has_the_spelling_and_the_normal_form() -> None:
    made = entry(Question(text=" 臺灣  GDP "))
    assert made is not None
    assert (made.query, made.text, made.total, made.page) == ("台湾 gdp", "臺灣 GDP", 3, 1)
    assert made.plain


@pytest.mark.parametrize("text", ["山", " 7 ", "？！", "山。", ""])
def test_single_characters_are_not_logged(text: str) -> None:
    assert entry(Question(text=text)) is None


@pytest.mark.parametrize("text", ["C++", "c#", "Ｃ＋＋", "7号", "3:2"])
def test_short_names_are_logged(text: str) -> None:
    made = entry(Question(text=text))
    assert made is not None
    assert made.text == text


def test_browsing_is_not_logged() -> None:
    assert entry(Question(text="channel:情感 故事"), rung="browse") is None


@pytest.mark.parametrize(
    "narrowed",
    [
        {"channel": ("情感",)},
        {"source": ("青川日报",)},
        {"author": ("姜禾",)},
        {"tag": ("茶",)},
        {"site": ("main",)},
        {"attributes": (AttributeFilter("region", ("华东",)),)},
        {"group": 7},
        {"start": date(2026, 1, 1)},
        {"end": date(2026, 1, 1)},
    ],
)
def test_a_narrowed_search_is_not_plain(narrowed: dict[str, object]) -> None:
    made = entry(Question(text="山谷", **narrowed))  # type: ignore[arg-type]
    assert made is not None
    assert not made.plain


@pytest.mark.parametrize(
    "text",
    [
        '"山谷里"',
        "山谷 -学校",
        "title:山谷",
        "山谷 OR 学校",
        "「山谷」",
        "标题: 山谷",
        "山谷^3",
        "云" * 101,
    ],
)
def test_operators_and_pasted_texts_are_not_plain(text: str) -> None:
    made = entry(Question(text=text))
    assert made is not None
    assert not made.plain
    assert len(made.text) <= MAX_QUERY


def test_what_would_be_operators_is_plain_where_they_are_text() -> None:
    made = entry(Question(text="C++ -5", syntax="plain"))
    assert made is not None
    assert made.plain
