from __future__ import annotations

import pytest

from indexer.analysis.characters import fold
from indexer.analysis.filters import drop_stopwords, expand, read_stopwords


@pytest.mark.parametrize(
    ("piece", "expanded"),
    [
        ("㎏", "kg"),
        ("ﬁne", "fine"),
        ("e\u0301", "e"),
        ("℃", "°c"),
        ("㍿", "株式会社"),
        ("カ\u3099", "ガ"),
        ("abc", "abc"),
    ],
)
def test_what_stands_for_several_characters_is_written_out(piece: str, expanded: str) -> None:
    assert expand(piece) == expanded


def test_the_stopwords_are_few_chinese_words_as_tokens_are() -> None:
    stopwords = read_stopwords()
    assert {"的", "了", "和", "是", "在", "吗", "呢", "吧"} <= stopwords
    assert len(stopwords) < 100
    assert all(fold(word) == word == word.strip() for word in stopwords)


def test_stopwords_are_dropped_once_each_in_order_unless_nothing_else_is_left() -> None:
    stopwords = frozenset("的了")
    assert drop_stopwords(["山", "了", "的", "了"], stopwords) == ("了", "的")
    assert drop_stopwords(["了", "的"], stopwords) == ()
    assert drop_stopwords([], stopwords) == ()
