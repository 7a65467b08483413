from __future__ import annotations

import pytest

from indexer.analysis.analyzers import make_analyzer
from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.analysis.spoken import LONGEST, SpokenWords


@pytest.mark.parametrize(
    ("sounds", "word"),
    [
        ("yan jian yi gai", "言简意赅"),
        ("shu ju", "数据"),
        ("bai se", "百色"),
        ("bo se", "百色"),
        ("lv se", "绿色"),
        ("qian long", "干隆"),
    ],
)
def test_words_are_found_by_every_usual_reading(sounds: str, word: str) -> None:
    assert word in make_analyzer().sounding(sounds.split())


@pytest.mark.parametrize(
    "sounds", ["", "xyz", "yan xyz", "zhong", " ".join(["yi"] * (LONGEST + 1))]
)
def test_what_no_word_sounds_like_finds_nothing(sounds: str) -> None:
    assert make_analyzer().sounding(sounds.split()) == []


def test_a_word_has_a_sound_for_each_character() -> None:
    spoken = SpokenWords("数据 3 n\n数据库\n数 1\n据k\n")
    assert spoken.of(["shu", "ju"]) == ["数据"]
    assert spoken.of(["shu", "ju", "ku"]) == ["数据库"]
    assert spoken.of(["shu"]) == []


def test_the_users_words_count_and_removed_words_do_not() -> None:
    words = UserDictionary((UserWord("云溪茶会"), UserWord("数据", 0)))
    analyzer = make_analyzer(words=words)
    assert analyzer.sounding(["yun", "xi", "cha", "hui"]) == ["云溪茶会"]
    assert "数据" not in analyzer.sounding(["shu", "ju"])
