from __future__ import annotations

from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.characters import fold
from indexer.analysis.pinyin import homophones, readings, syllables, units
from indexer.analysis.readings import PYPINYIN


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("乡村", "xiang cun"),
        ("银行", "yin hang"),
        ("行走", "xing zou"),
        ("重庆", "chong qing"),
        ("重要", "zhong yao"),
        ("长沙", "chang sha"),
        ("校长", "xiao zhang"),
        ("女排", "nv pai"),
        ("a股", "a gu"),
        ("5g手机", "5 g shou ji"),
        ("iphone 15 pro", "iphone 15 pro"),
        ("云溪，茶会！", "yun xi cha hui"),
        ("", ""),
        ("！？", ""),
    ],
)
def test_words_decide_how_characters_are_read(text: str, sounds: str) -> None:
    assert [unit.sound for unit in units(text)] == sounds.split()


def test_the_dictionary_is_the_one_that_an_index_is_made_with() -> None:
    assert f"pypinyin {version('pypinyin')}" == PYPINYIN


def test_a_character_that_nobody_can_read_sounds_as_itself() -> None:
    assert units("𠮷") == (("𠮷", "𠮷"),)
    assert readings("😀") == ("😀",)


def test_a_character_has_all_its_readings_the_usual_first() -> None:
    assert readings("重")[:2] == ("zhong", "chong")


def test_common_characters_are_known_by_their_sounds() -> None:
    assert {"进", "近", "金", "今"} <= set(homophones()["jin"])
    assert "xiang" in syllables()
    assert not {"n", "ng", "m"} & syllables()
    assert all(sound.isascii() and sound.isalpha() for sound in syllables())


@given(st.text(max_size=30))
def test_any_text_is_read_without_leaving_out_a_letter_and_no_unit_is_empty(text: str) -> None:
    folded = fold(text)
    read = units(folded)
    assert all(unit.text and unit.sound for unit in read)
    assert "".join(unit.text for unit in read) == "".join(
        c for c in folded if c != "_" and (c.isalnum() or c.isdecimal())
    )
