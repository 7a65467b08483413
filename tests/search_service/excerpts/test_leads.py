from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.characters import fold
from search_service.excerpts.leads import (
    LEAD_LENGTH,
    beginning,
    cut,
    end_before,
    ends_sentence,
    lead,
)
from search_service.understanding.borders import is_border
from tests.factories import article


def test_the_lead_is_the_articles_own() -> None:
    assert lead(article(lead="雪后第一课。", body="正文")) == "雪后第一课。"


def test_without_one_it_is_how_the_body_begins() -> None:
    assert lead(article(body="清晨，孩子们走进教室。")) == "清晨，孩子们走进教室。"


def test_it_is_one_line() -> None:
    assert lead(article(body="第一段。\n第二段。")) == "第一段。 第二段。"


def test_a_first_paragraph_that_repeats_the_title_is_passed_over() -> None:
    assert lead(article(title="山谷小學", body="山谷小学\n雪停了。")) == "雪停了。"


def test_a_long_title_is_passed_over_within_a_paragraph_too() -> None:
    one = article(title="山谷小學 雪後第一課開講", body="　　山谷小学雪后第一课开讲 孩子们回来了。")
    assert lead(one) == "孩子们回来了。"
    assert lead(article(title="雪花", body="雪花 3 号出发。")) == "雪花 3 号出发。"
    assert (
        lead(article(title="山谷小学雪后第一课", body="山谷小学雪后第一课开讲。"))
        == "山谷小学雪后第一课开讲。"
    )


def test_a_body_that_is_nothing_but_the_title_is_kept() -> None:
    assert lead(article(title="山谷小学", body="山谷小学")) == "山谷小学"


def test_an_article_without_a_body_has_an_empty_lead() -> None:
    assert lead(article(body="")) == ""


def test_it_is_cut_behind_a_sentence_without_an_ellipsis() -> None:
    sentence = "雪" * 69 + "。"
    assert lead(article(body=sentence + "风" * 100)) == sentence


def test_a_closing_quote_stays_with_its_sentence() -> None:
    sentence = "她说：“" + "雪" * 65 + "。”"
    assert lead(article(body=sentence + "风" * 100)) == sentence


def test_without_a_sentence_it_is_cut_at_a_pause_which_makes_room_for_the_ellipsis() -> None:
    assert cut("雪" * 70 + "，" + "风" * 100, LEAD_LENGTH) == "雪" * 70 + "…"


@pytest.mark.parametrize("length", [16, 17, 18, 19])
def test_a_number_is_not_cut_apart(length: int) -> None:
    assert cut("雪" * 15 + "1,000" + "风" * 9, length) == "雪" * 15 + "…"


def test_a_latin_word_is_not_cut_apart() -> None:
    assert cut("雪" * 8 + "laboratory", 12) == "雪" * 8 + "…"


def test_punctuation_too_far_back_does_not_cost_half_of_the_lead() -> None:
    assert cut("好。" + "雪" * 200, 90) == "好。" + "雪" * 88 + "…"


@given(st.text(), st.integers(1, 200))
def test_a_cut_text_is_a_beginning_of_the_text_and_not_longer(text: str, length: int) -> None:
    shown = cut(text, length)
    assert len(shown) <= length + 1
    assert text.startswith(shown) or text.startswith(shown.removesuffix("…"))


@given(
    st.text(alphabet="雪台臺　 \u3000a", max_size=6),
    st.text(alphabet="雪台臺　 \t\u3000a", max_size=6),
)
def test_a_paragraph_repeats_the_title_if_both_are_one_text_but_for_blanks(
    title: str, first: str
) -> None:
    one = article(title=title, body=f"{first}\n風")
    first_line, shown = (
        "".join(fold(each).split()) for each in (one.body.split("\n")[0], one.title)
    )
    repeats = "\n" in one.body and first_line == shown != ""
    assert lead(one) == ("風" if repeats else one.body.replace("\n", " "))


def test_folding_makes_and_takes_no_white_space() -> None:
    assert not [
        each for each in map(chr, range(0x110000)) if each.isspace() != fold(each).isspace()
    ]


# The slow twins of end_before and beginning: place by place, character by character.

MARKED_TEXTS = st.text("雪a1①。！?；…\n，、,：:.“”」(（)）", min_size=1, max_size=40)


def stands_behind(text: str, place: int, marks: str) -> bool:
    opening = text[:place].rstrip("”’」』）)》")
    return text[place] not in "”’」』）)》。！？!?…" and opening != "" and opening[-1] in marks


def a_sentence_ends(text: str, place: int) -> bool:
    return stands_behind(text, place, "。！？!?；;…\n")


def there_is_a_pause(text: str, place: int) -> bool:
    return stands_behind(text, place, "，、,：:") and not text[place].isdigit()


def words_stay_whole(text: str, place: int) -> bool:
    number = any(
        text[sign] in ",.:" and text[sign - 1].isdigit() and text[sign + 1 : sign + 2].isdigit()
        for sign in (place - 1, place)
        if sign
    )
    return is_border(text, place) and not number


@given(MARKED_TEXTS, st.data())
def test_a_text_is_cut_at_the_nearest_of_the_best_places(text: str, data: st.DataObject) -> None:
    earliest, end = sorted(data.draw(st.integers(0, len(text) - 1)) for _ in range(2))
    expected = [
        place
        for is_place in (a_sentence_ends, there_is_a_pause, words_stay_whole)
        for place in range(end, earliest, -1)
        if is_place(text, place)
    ]
    assert end_before(text, end, earliest=earliest) == next(iter(expected), end)


def depths(text: str, low: int, high: int) -> list[int]:
    """How many brackets of the paragraph at ``low`` enclose each place up to ``high``."""
    start = text.rfind("\n", 0, low) + 1
    found = [0] * (start + 1)
    for character in text[start:high]:
        step = (character in "“(（") - (character in "”」)）")
        found.append(max(found[-1] + step, 0))
    return found


def a_clause_begins(text: str, place: int) -> bool:
    in_number = text[place - 1] in ",.:" and text[place].isdigit()
    return stands_behind(text, place, "，、,：:") and not in_number


@given(MARKED_TEXTS, st.data())
def test_a_piece_begins_at_the_first_of_the_best_places(text: str, data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.integers(0, len(text) - 1)) for _ in range(2))
    depth = depths(text, low, high)
    places = range(low, high + 1)
    begins = [
        place
        for is_place in (a_sentence_ends, a_clause_begins)
        for place in places
        if place and is_place(text, place)
    ]
    opened = [place for place in places[:-1] if not depth[place] and depth[place + 1]]
    expected = [place for place in begins if not depth[place]] + opened
    expected += begins if depth[high] else []
    assert beginning(text, low, high) == next(iter(expected), None)


def test_a_piece_begins_outside_brackets() -> None:
    text = "县里发来通知（文件，共三页）后茶会开始"
    assert beginning(text, 8, 16) is None
    assert beginning(text, 8, 12) == 10
    assert beginning(text, 4, 16) == 6
    assert beginning("雪停了，村里（东头，西头）都有人", 2, 14) == 4


@given(MARKED_TEXTS)
def test_a_sentence_ends_behind_its_mark_and_the_quotes_that_close_it(text: str) -> None:
    for place in range(len(text)):
        assert ends_sentence(text, place) == a_sentence_ends(text, place)
    assert ends_sentence(text, len(text))
