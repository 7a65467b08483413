from __future__ import annotations

import logging
import math
import sys
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis import routes
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserWord, is_han, packaged_dictionary
from indexer.analysis.routes import DictionaryRoute, RjiebaRoute, make_route, weigh
from indexer.errors import SegmenterMismatch

PACKAGED = packaged_dictionary()


def all_ways(run: str) -> list[list[str]]:
    places = range(1, len(run))
    return [
        [run[start:end] for start, end in zip((0, *cuts), (*cuts, len(run)), strict=True)]
        for count in range(len(run))
        for cuts in combinations(places, count)
    ]


@given(
    st.dictionaries(st.text("甲乙丙丁", min_size=1, max_size=4), st.integers(0, 50), max_size=12),
    st.text("甲乙丙丁戊", min_size=1, max_size=8),
)
@settings(max_examples=500, deadline=None)
def test_the_route_is_the_most_probable_of_all_ways(frequencies: dict[str, int], run: str) -> None:
    total = 1000

    def allowed(word: str, way: list[str], at: int) -> bool:
        # A character without a frequency of its own stands alone only where no word begins.
        if frequencies.get(word):
            return True
        start = sum(map(len, way[:at]))
        rest = run[start:]
        return len(word) == 1 and not any(
            rest.startswith(other) for other, count in frequencies.items() if count
        )

    def score(way: list[str]) -> float:
        return sum(math.log((frequencies.get(word) or 1) / total) for word in way)

    ways = [
        way for way in all_ways(run) if all(allowed(word, way, at) for at, word in enumerate(way))
    ]
    way = DictionaryRoute(frequencies, total=total).cut(run)
    assert "".join(way) == run
    if ways:  # else a character alone is the way out of a dead end, as in jieba
        assert score(way) >= max(map(score, ways)) - 1e-9


def test_a_route_takes_runs_parted_by_line_feeds() -> None:
    for route in (make_route(PACKAGED), DictionaryRoute({"上海": 3}, total=9)):
        assert route.cut("上海\n\n上海") == ["上海", "\n", "\n", "上海"]
        assert route.cut("") == []


def test_a_route_knows_its_words_and_the_length_of_the_longest() -> None:
    plain = DictionaryRoute({"上": 1, "上海": 3, "上海人家": 2, "海": 0, "海口": 0}, total=9)
    assert [plain.holds(word) for word in ("上", "上海", "上海人家", "上海人", "海", "海口", "山")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert plain.longest == 4
    assert DictionaryRoute({}, total=9).longest == 1
    route = make_route(PACKAGED, [UserWord("甲" * 20)])
    assert route.longest == 20
    assert make_route(PACKAGED).longest == max(map(len, PACKAGED.frequencies())) == 16


def test_rjieba_is_used_unless_it_cannot_remove_a_word() -> None:
    assert isinstance(make_route(PACKAGED, [UserWord("晴川谷")]), RjiebaRoute)
    assert isinstance(make_route(PACKAGED, [UserWord("科技", 0)]), RjiebaRoute)
    assert isinstance(make_route(PACKAGED, [UserWord("仫佬族", 0)]), DictionaryRoute)


@pytest.mark.thorough
def test_with_words_added_and_removed_both_forms_cut_alike() -> None:
    chance, known = Random(16), PACKAGED.frequencies()
    some = sorted(
        word for word in known if 2 <= len(word) <= 4 and is_han(word) and fold(word) == word
    )
    words = {
        word: chance.choice((0, 1, 30, 4000, 90_000_000))
        for word in chance.sample(some, 400)
        if word[0] in known
    }
    fast, plain = RjiebaRoute(PACKAGED, words), DictionaryRoute.of(PACKAGED, words)
    for _ in range(3000):
        text = "".join(chance.choices((*words, *chance.sample(some, 400)), k=6))
        assert fast.cut(text) == plain.cut(text)
    assert all(
        fast.holds(word) == plain.holds(word) == (count > 0) for word, count in words.items()
    )


def test_a_word_moves_the_total_of_no_form() -> None:
    pairs = ["在有", "和是", "的了"]
    words = {"晴川谷": 90_000_000, "人民": 7, "上海": 0, "干隆": 99_999, "乾隆": 5}
    plain, with_words = RjiebaRoute(PACKAGED, {}), RjiebaRoute(PACKAGED, words)
    # rjieba suggests frequencies in proportion to its total.
    suggested = [[each._words.suggest_freq(pair) for pair in pairs] for each in (plain, with_words)]
    assert suggested[0] == suggested[1]


def test_without_rjieba_plain_python_does_the_work_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with caplog.at_level(logging.WARNING):
        assert isinstance(make_route(PACKAGED), DictionaryRoute)
    assert "pip install rjieba==0.2.2" in caplog.text


def test_another_release_of_rjieba_is_refused_with_the_way_to_mend_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routes, "version", lambda _: "0.2.3")
    with pytest.raises(SegmenterMismatch, match=r"pip install .* rjieba==0\.2\.2"):
        make_route(PACKAGED)


def test_a_word_with_a_frequency_keeps_it_and_one_without_gets_enough_to_be_one_word() -> None:
    weighed = weigh(PACKAGED, [UserWord("晴川谷", 7), UserWord("晴川谷地铁"), UserWord("中国")])
    assert weighed["晴川谷"] == 7
    assert weighed["晴川谷地铁"] >= 1
    assert weighed["中国"] >= PACKAGED.frequencies()["中国"]


@pytest.mark.parametrize(
    "word", ["晴川谷", "上海科技大学", "的和", "中国", "龘龘", "我们的山村小学"]
)
def test_a_frequency_that_is_not_given_is_the_one_that_jieba_suggests(
    reference: Any, word: str
) -> None:
    assert weigh(PACKAGED, [UserWord(word)]) == {word: reference.suggest_freq(word)}
