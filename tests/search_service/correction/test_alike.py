from __future__ import annotations

import pytest

from indexer.analysis.pinyin import units
from indexer.analysis.typed import key_of
from indexer.engines.completions import accepting
from search_service.correction.alike import (
    Guess,
    near_sound,
    of_sounds,
    one_letter,
    same_sound,
    spelt_out,
)


def fits(guess: Guess, text: str) -> bool:
    """Whether a text is guessed at; its key must then be one of those looked up."""
    taken = accepting(guess.texts)(text)
    assert not taken or key_of(units(text)) in guess.keys
    return taken


@pytest.mark.parametrize(
    ("typed", "meant", "alike"),
    [
        ("渔岗", "渔港", True),
        ("人工只能", "人工智能", True),
        ("渔港", "渔港", False),
        ("攻势", "公示", False),
        ("渔岗", "渔场", False),
        ("渔岗", "渔港村", False),
    ],
)
def test_words_of_the_same_sound_share_half_their_characters(
    typed: str, meant: str, alike: bool
) -> None:
    assert fits(same_sound(typed), meant) is alike


@pytest.mark.parametrize(
    ("typed", "meant", "alike"),
    [
        ("四城", "市城", True),
        ("老板", "脑板", True),
        ("北金", "北京", True),
        ("湖建", "福建", True),
        ("飞机", "灰机", True),
        ("黄山", "房山", True),
        ("北金", "南京", False),
        ("北天", "北京", False),
    ],
)
def test_words_of_a_near_sound_have_one_other_character(
    typed: str, meant: str, alike: bool
) -> None:
    assert fits(near_sound(typed), meant) is alike


def test_of_a_latin_word_one_letter_may_be_wrong() -> None:
    guess = one_letter("iphnoe")
    assert fits(guess, "iphone")
    assert not fits(guess, "iphnoe")
    for typed in ("ipone", "ipphone", "uphone", "iphonee"):
        assert fits(one_letter(typed), "iphone")
    assert not fits(one_letter("ihpnoe"), "iphone")


@pytest.mark.parametrize(
    ("letters", "sounds"),
    [
        ("xiangcun", ["xiang cun", "xi ang cun"]),
        ("beijing ditie", ["bei jing di tie", "bei jing di ti e"]),
        ("fangan", ["fang an", "fan gan"]),
        ("xi'an", ["xi an"]),
        ("zhanlue", ["zhan lve", "zhan lu e"]),
        ("shujuanquan", ["shu juan quan", "shu juan qu an", "shu ju an quan"]),
        ("xc", []),
        ("xiang", []),
        ("iphone", []),
        ("xiangc", []),
        ("", []),
    ],
)
def test_only_pinyin_in_full_is_spelt_out(letters: str, sounds: list[str]) -> None:
    assert [" ".join(each) for each in spelt_out(letters)] == sounds


def test_sounds_are_those_of_chinese_words() -> None:
    assert fits(of_sounds(["xiang", "cun"]), "乡村")
    assert not fits(of_sounds(["xiang", "cun"]), "xiangcun")
    assert not fits(of_sounds(["xiang", "cun"]), "乡村振兴")
