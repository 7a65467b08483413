from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import fold
from indexer.analysis.scripts import LONGEST_RUN, holds_word, split_scripts
from tests.contracts.analyzer import ANY_CHARACTER, TEXTS


@given(st.one_of(TEXTS, st.text(ANY_CHARACTER)))
@settings(max_examples=500)
def test_the_pieces_joined_are_the_text(text: str) -> None:
    pieces = split_scripts(text)
    assert "".join(pieces) == text
    assert all(pieces)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iphone15", ["iphone", "15"]),
        ("iphone 15", ["iphone", "15"]),
        ("5g", ["5", "g"]),
        ("3.5%", ["3", "5"]),
        ("apt-get_x", ["apt", "get", "x"]),
        ("café cafe\u0301", ["cafe", "cafe\u0301"]),
        ("привет", ["привет"]),
        ("हिन्दी", ["हिन्दी"]),
        ("カタカナひらがなー", ["カタカナひらがなー"]),
        ("カ\u3099news", ["カ\u3099", "news"]),
        ("한국어x", ["한국어", "x"]),
        ("㐂𠮷々〇", ["㐂", "𠮷", "々", "〇"]),
        ("😀👍🏽", ["😀", "👍", "🏽"]),
        ("5㎏½", ["5", "㎏", "½"]),
        ("№", ["№"]),
        ("£5_\u200b\ufe0f\u0301", ["5"]),
        ("، ۱۲۳", ["۱۲۳"]),
    ],
)
def test_scripts_digits_and_symbols_are_parted(text: str, words: list[str]) -> None:
    assert [piece for piece in split_scripts(fold(text)) if holds_word(piece)] == words


def test_a_huge_run_is_cut() -> None:
    for character in ("a", "7", "ア", "가", "й"):
        pieces = split_scripts(character * 1000)
        assert [len(piece) for piece in pieces] == [LONGEST_RUN] * 3 + [1000 - 3 * LONGEST_RUN]
