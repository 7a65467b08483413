from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.characters import fold, fold_fingerprint, fold_literal, folded_characters
from tests.contracts.analyzer import ANY_CHARACTER, TEXTS

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


def test_every_code_point_stays_one_and_folding_twice_is_folding_once() -> None:
    folded = fold("".join(EVERY))
    assert len(folded) == len(EVERY)
    assert folded == "".join(map(fold, EVERY))
    assert fold(folded) == folded


def test_every_compatibility_form_of_one_character_is_folded() -> None:
    for character in EVERY:
        if not "\ud800" <= character <= "\udfff":
            normal = unicodedata.normalize("NFKC", character)
            if len(normal) == 1:
                assert fold(character) == fold(normal), hex(ord(character))


def test_every_lower_case_of_one_character_is_folded() -> None:
    for character in EVERY:
        if len(character.lower()) == 1 and unicodedata.normalize("NFKC", character) == character:
            assert fold(character) == fold(character.lower()), hex(ord(character))


def test_characters_that_folding_changes_are_told() -> None:
    assert folded_characters() == {character for character in EVERY if fold(character) != character}


@given(st.text(ANY_CHARACTER), st.integers(1, 200))
def test_folding_goes_character_by_character(text: str, times: int) -> None:
    assert fold(text * times) == "".join(map(fold, text)) * times


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("，！（）：；？～％", ",!():;?~%"),
        ("臺灣軟體", "台湾软体"),
        ("後來在裡面發現頭髮", "后来在里面发现头发"),
        ("乾隆", "干隆"),
        ("沿著河岸，憑藉瞭解，反覆答覆", "沿着河岸,凭借了解,反复答复"),
        ("妳和姊姊，牠復甦了", "你和姐姐,它复苏了"),
        ("计画 沈阳", "计画 沈阳"),
        ("İstanbul STRASSE ſ", "istanbul strasse s"),
        ("①⼀㊗\u3000ｶﾞ", "1一祝 カ\u3099"),
        ("豈樂\U0002f80a", "岂乐僧"),
        ("Café Müller Ødegård Łódź", "cafe muller odegard lodz"),
        ("Señor Nguyễn Beyoncé Šarić", "senor nguyen beyonce saric"),
        ("Ёлка Άθήνα", "ёлка άθήνα"),
        ("\ud800\udfff\x00", "\ud800\udfff\x00"),
    ],
)
def test_width_case_and_script_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["ß", "ﬁ", "㎏", "½", "æ", "沈", "😀", "𠮷", "가", "ー", "〇"])
def test_what_would_need_more_than_one_character_or_a_phrase_stays(text: str) -> None:
    assert fold(text) == text


def test_a_simplified_character_too_rare_for_jieba_is_folded_to_the_one_that_jieba_knows() -> None:
    assert fold("趙孟頫") == fold("赵孟𫖯") == "赵孟頫"


@given(TEXTS)
def test_a_folded_literal_has_single_spaces_and_none_at_its_ends(text: str) -> None:
    literal = fold_literal(text)
    assert literal == literal.strip()
    assert "  " not in literal
    assert not any(character.isspace() and character != " " for character in literal)
    assert "".join(literal.split()) == "".join(fold(text).split())
    assert fold_literal(literal) == literal


def test_the_fingerprint_is_of_the_table() -> None:
    assert len(fold_fingerprint()) == 16
    int(fold_fingerprint(), 16)
