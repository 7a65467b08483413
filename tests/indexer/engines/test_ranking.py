"""The rules of scoring that every engine keeps to."""

from __future__ import annotations

import math

import pytest

from indexer.engines.ranking import idf, words_needed


@pytest.mark.parametrize(
    ("need", "words", "expected"),
    [
        (1.0, 1, 1),
        (1.0, 7, 7),
        (0.0, 7, 1),
        (0.5, 4, 2),
        (0.5, 5, 3),
        (0.67, 3, 3),
        (0.66, 3, 2),
        (0.07, 100, 7),
        (0.28, 25, 7),
        (0.01, 3, 1),
    ],
)
def test_the_share_of_words_is_rounded_up_and_is_one_at_least(
    need: float, words: int, expected: int
) -> None:
    assert words_needed(need, words) == expected


def test_no_share_needs_more_than_all_words() -> None:
    for words in range(1, 200):
        for percent in range(101):
            needed = words_needed(percent / 100, words)
            assert max(1, words * percent / 100 - 1e-6) <= needed < words * percent / 100 + 1 + 1e-6
            assert needed <= words


def test_idf_is_whoosh_s_and_never_below_zero() -> None:
    assert idf(1000, 9) == math.log(100) + 1
    for articles in (1, 2, 10, 10**6):
        assert 0 < idf(articles, articles) < idf(articles, 0)
