from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.characters import fold, fold_literal
from search_service.excerpts.snippets import SNIPPET_LENGTH, Marked, Needle, mark, snippet
from tests.factories import article

FILLER = "山坡上的梯田一层一层，" * 5 + "雨水沿着石渠流下。"


def shown(marked: Marked) -> str:
    """The text with what is marked in brackets."""
    text = marked.text
    for start, end in reversed(marked.marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def marks_in(text: str, *needles: str) -> str:
    return shown(mark(text, [Needle(each) for each in needles]))


def snippet_of(body: str, *needles: str, lead: str = "") -> Marked:
    return snippet(article(body=body, lead=lead), [Needle(each) for each in needles])


# Marks


def test_every_place_is_marked() -> None:
    assert marks_in("茶山种茶，采茶", "茶") == "[茶]山种[茶]，采[茶]"


def test_marks_that_overlap_or_touch_are_one() -> None:
    assert marks_in("上海科技大学里", "上海", "科技", "科技大学", "大学") == "[上海科技大学]里"


def test_a_needle_that_overlaps_itself_is_marked_whole() -> None:
    assert marks_in("哈哈哈", "哈哈") == "[哈哈哈]"


def test_traditional_text_is_marked_for_a_simplified_word_and_the_other_way_round() -> None:
    assert marks_in("臺灣軟體園區", "台湾", "软体") == "[臺灣軟體]園區"
    assert marks_in("台湾软件", "臺灣") == "[台湾]软件"


def test_width_and_case_do_not_matter() -> None:
    assert marks_in("ＩＰｈｏｎｅ 与 iPHONE", "iphone") == "[ＩＰｈｏｎｅ] 与 [iPHONE]"


@pytest.mark.parametrize(
    ("text", "needle", "expected"),
    [
        ("art at the party", "art", "[art] at the party"),
        ("iPhone15评测", "iphone", "[iPhone]15评测"),
        ("iPhone15评测", "15", "iPhone[15]评测"),
        ("2015年的15号", "15", "2015年的[15]号"),
        ("A股和AA股", "a股", "[A股]和AA股"),
        ("学art的人", "art", "学[art]的人"),
        ("naïve", "na", "naïve"),
    ],
)
def test_latin_words_and_numbers_are_marked_at_their_borders(
    text: str, needle: str, expected: str
) -> None:
    assert marks_in(text, needle) == expected


def test_a_quoted_latin_text_is_marked_inside_a_word_too() -> None:
    assert shown(mark("the party", [Needle("art", inside=True)])) == "the p[art]y"


@pytest.mark.parametrize("text", ["云溪 茶会", "云溪\n茶会", "云溪\u3000 茶会"])
def test_a_blank_in_a_needle_is_any_white_space_in_the_text(text: str) -> None:
    assert marks_in(f"去{text}吧", "云溪  茶会") == f"去[{text}]吧"


def test_a_needle_of_pattern_characters_is_text() -> None:
    assert marks_in("a.c abc (a. c)", "a. c", ".*", "(") == "a.c abc [(a. c])"


@pytest.mark.parametrize("needle", ["", " ", "\n"])
def test_an_empty_needle_marks_nothing(needle: str) -> None:
    assert mark("茶 山", [Needle(needle)]).marks == ()


def test_punctuation_and_emoji_can_be_marked() -> None:
    assert marks_in("雨，雪😀", "，", "😀") == "雨[，]雪[😀]"


# Snippets


def test_a_short_body_is_shown_whole() -> None:
    assert shown(snippet_of("茶山种茶。", "茶山")) == "[茶山]种茶。"


def test_without_any_needle_the_lead_is_shown() -> None:
    assert snippet_of("正文在此。", "没有的词", lead="导语在此。") == Marked("导语在此。")


def test_a_long_lead_that_is_shown_instead_is_cut() -> None:
    assert len(snippet_of("雪" * 500, "没有").text) <= SNIPPET_LENGTH + 1


def test_the_lead_is_shown_when_the_words_stand_only_there() -> None:
    assert shown(snippet_of(FILLER, "茶会", lead="云溪茶会开幕。")) == "云溪[茶会]开幕。"


def test_the_body_is_shown_when_both_hold_the_words() -> None:
    assert "正文" in snippet_of("正文说到茶会。", "茶会", lead="导语说到茶会。").text


def test_a_body_with_more_of_the_words_is_preferred_to_the_lead() -> None:
    found = snippet_of("正文：云溪的茶会。", "云溪", "茶会", lead="茶会开幕。")
    assert shown(found) == "正文：[云溪]的[茶会]。"


def test_the_end_of_a_very_long_body_is_found() -> None:
    body = FILLER * 1700 + "最后，罗秋满走上了讲台。"
    found = snippet_of(body, "罗秋满")
    assert len(body) > 100_000
    assert "[罗秋满]" in shown(found)
    assert found.text.endswith("最后，罗秋满走上了讲台。")


def test_the_window_with_more_different_words_wins_over_many_of_one() -> None:
    body = "茶会茶会茶会茶会。" + FILLER * 4 + "云溪的茶会开幕。" + FILLER * 4
    assert "[云溪]的[茶会]" in shown(snippet_of(body, "云溪", "茶会"))


def test_a_rarer_word_wins_over_a_common_one() -> None:
    body = FILLER * 3 + "云溪的茶会。" + (FILLER + "茶会在此。") * 9 + FILLER * 3 + "古塔" + FILLER
    assert "[古塔]" in shown(snippet_of(body, "茶会", "古塔", "云溪"))


def test_words_far_apart_are_shown_in_two_pieces_in_the_order_of_the_text() -> None:
    body = FILLER * 3 + "古塔下的集市。" + FILLER * 5 + "云溪的茶会。" + FILLER * 3
    text = shown(snippet_of(body, "茶会", "古塔"))
    assert text.index("[古塔]") < text.index("…", text.index("[古塔]")) < text.index("[茶会]")


def test_a_snippet_begins_where_a_sentence_begins_if_one_is_near() -> None:
    body = "甲" * 100 + "。雨后，茶会开幕了。" + "乙" * 200
    assert snippet_of(body, "茶会").text.startswith("雨后，茶会")


def test_a_snippet_that_begins_or_ends_within_a_sentence_says_so() -> None:
    text = snippet_of("甲" * 300 + "茶会" + "乙" * 300, "茶会").text
    assert text.startswith("…")
    assert text.endswith("…")


def test_a_snippet_is_one_line() -> None:
    assert "\n" not in snippet_of("第一段。\n茶会。\n第三段。", "茶会").text


def test_a_needle_longer_than_a_snippet_is_marked_as_far_as_it_is_shown() -> None:
    found = snippet_of("前言。" + "茶山古道" * 100, "茶山古道" * 60)
    assert len(found.text) <= SNIPPET_LENGTH + 2
    assert found.marks


def test_signs_of_html_stay_text() -> None:
    text = "若 a<b 且 茶会>5，写成 &lt;b&gt;。"
    assert text in snippet_of(text, "茶会").text


# Whatever text and needles: small alphabets, so that needles are found, overlap and touch borders.

TEXTS = st.text("茶山灣湾云 \n\u3000aB1２，。”…", max_size=400)
NEEDLES = st.lists(
    st.builds(Needle, st.text("茶山湾云 aB12，。", max_size=4), inside=st.booleans()), max_size=6
)


def assert_sound(marked: Marked, needles: list[Needle]) -> None:
    """Marks lie within the text, in order and apart, and each is covered by needles end to end."""
    behind = -1
    for start, end in marked.marks:
        assert behind < start < end <= len(marked.text)
        behind = end
        inside = fold_literal(marked.text[start:end])
        assert any(fold_literal(needle.text) in inside for needle in needles)


@given(TEXTS, NEEDLES)
def test_marks_cover_exactly_the_places_of_the_needles(text: str, needles: list[Needle]) -> None:
    marked = mark(text, needles)
    assert_sound(marked, needles)
    covered = {place for start, end in marked.marks for place in range(start, end)}
    expected: set[int] = set()
    for needle in needles:
        literal = fold_literal(needle.text)
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                piece = text[start:end]
                if piece[0].isspace() or piece[-1].isspace() or fold_literal(piece) != literal:
                    continue
                if needle.inside or (stands_alone(text, start) and stands_alone(text, end)):
                    expected.update(range(start, end))
    assert covered == expected


def stands_alone(text: str, place: int) -> bool:
    """The slow twin of is_border: spelt out for the alphabet above."""
    before, after = fold(text)[place - 1 : place], fold(text)[place : place + 1]
    return not (before and after and any({before, after} <= set(kind) for kind in ("ab", "12")))


@given(TEXTS, TEXTS, NEEDLES)
def test_a_snippet_is_sound_whatever_the_article(
    body: str, opening: str, needles: list[Needle]
) -> None:
    found = article(title="题", body=body, lead=opening)
    marked = snippet(found, needles)
    assert_sound(marked, needles)
    assert "\n" not in marked.text
    assert len(marked.text) <= SNIPPET_LENGTH + 3
    whole = mark(f"{found.body}\n{found.lead}", needles)
    if any(mark(text, needles).marks for text in (found.body, found.lead)):
        assert marked.marks, "something is found, so something is shown"
    assert whole or not marked.marks


@given(st.text(max_size=300), st.lists(st.text(max_size=5), max_size=5))
def test_any_unicode_is_marked_without_an_error(text: str, needles: list[str]) -> None:
    assert_sound(mark(text, [Needle(each) for each in needles]), [Needle(n) for n in needles])
