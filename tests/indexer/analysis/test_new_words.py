"""New words are found by where they stand. The texts are invented: each word is put into many different sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from hypothesis import given

from indexer.analysis.analyzers import make_analyzer, words_of
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import (
    NO_WORDS,
    UserDictionary,
    UserWord,
    packaged_dictionary,
)
from indexer.analysis.new_words import NewWord, find_words
from indexer.analysis.segmenter import ChineseSegmenter
from tests.contracts.analyzer import MANY, TEXTS

BEFORE = ("教练", "昨天", "我们", "队友", "球迷", "裁判", "妈妈", "学校")
AFTER = ("参加", "离开", "获得", "回到", "认为", "接受", "准备", "完成")
OTHER = (
    "今天天气很好，大家一起去公园散步。学校组织学生参观博物馆，老师讲解历史知识。"
    "工厂生产机器设备，工人检查产品质量。医生研究疾病，农民种植水稻，商店出售水果。"
) * 3
"""What else the texts say: words of the dictionary."""


def sentences(word: str) -> Iterator[str]:
    """A word that stands free: between others, at the beginning of a clause and at its end."""
    for before, after in zip(BEFORE, AFTER, strict=True):
        yield f"{before}{word}{after}比赛。"
        yield f"大家欢迎{before}{word}，有人鼓掌。"
        yield f"消息传来，{word}{after}训练。"


def texts(*words: str) -> list[str]:
    return [f"{each}{OTHER}" for word in words for each in sentences(word)]


@cache
def segmenter() -> ChineseSegmenter:
    return ChineseSegmenter(packaged_dictionary())


def words_in(given: Iterable[str]) -> list[NewWord]:
    return find_words(given, divide=segmenter().divide, known=segmenter().holds)


def found(*given: str) -> set[str]:
    return {word.text for word in words_in(given)}


@pytest.mark.parametrize(
    "word", ["罗秋满", "云栖谷杯", "晴川谷", "云溪", "奥维托里", "q站", "满帅", "苏云栖", "罗挺"]
)
def test_a_word_that_stands_free_is_found_whole(word: str) -> None:
    assert found(*texts(word)) == {word}


@pytest.mark.parametrize(
    "phrase",
    [
        "在北京",
        "是问题",
        "的消息",
        "记者从",
        "这家公司",
        "北京天气",
        "老师学生",
        "昨天下午",
    ],
)
def test_words_of_the_dictionary_beside_each_other_are_no_word(phrase: str) -> None:
    assert phrase not in found(*texts(phrase))


@pytest.mark.parametrize("part", ["罗秋", "秋满"])
def test_what_only_occurs_inside_a_word_is_none(part: str) -> None:
    assert part not in found(*texts("罗秋满"))


def test_a_word_with_another_beside_it_is_not_a_longer_word() -> None:
    given = texts("罗秋满", "罗秋满表示", "教练罗秋满", "云溪", "云溪罗秋满")
    assert found(*given) == {"罗秋满", "云溪"}


def test_what_always_has_the_same_neighbour_is_no_word() -> None:
    assert found(*(f"昨天罗秋满{after}比赛，{OTHER}" for after in AFTER * 3)) == set()
    assert found(*(f"{before}罗秋满参加比赛，{OTHER}" for before in BEFORE * 3)) == set()


def test_what_never_ends_a_clause_is_no_word() -> None:
    given = (f"{b}罗秋满{a}比赛，{OTHER}" for b, a in zip(BEFORE * 3, AFTER * 3, strict=True))
    assert found(*given) == set()


def test_a_rare_word_is_not_found() -> None:
    assert found(*texts("罗秋满")[:7]) == set()


def test_the_order_of_the_texts_does_not_matter() -> None:
    given = texts("罗秋满", "云溪", "q站")
    assert [word.text for word in words_in(given)] == ["q站", "云溪", "罗秋满"]
    assert words_in(reversed(given)) == words_in(given)


def test_traditional_full_width_and_capital_forms_count_together() -> None:
    assert found(*texts("羅秋滿")) == {"罗秋满"}
    assert found(*texts("Ｑ站")) == {"q站"}


# What an analyzer does with them


def test_found_words_are_cut_whole_in_queries_and_articles() -> None:
    analyzer = make_analyzer()
    learned = analyzer.learning(texts("晴川谷", "q站"))
    assert words_of(analyzer, "晴川谷将q站") == ("晴川", "谷", "将", "q", "站")
    assert words_of(learned, "晴川谷将q站") == ("晴川谷", "将", "q站")
    assert [token.text for token in learned.index("晴川谷将")] == ["晴川谷", "晴川", "将"]


def test_an_accident_of_two_words_stays_two_words() -> None:
    learned = make_analyzer().knowing(NO_WORDS, UserDictionary((UserWord("云溪", 200),)))
    assert words_of(learned, "云溪的路") == ("云溪", "路")
    assert words_of(learned, "多云溪流") == ("多云", "溪流")


@pytest.mark.parametrize("frequency", [5, 0])
def test_the_users_decision_about_a_word_stands(frequency: int | None) -> None:
    users = make_analyzer().knowing(UserDictionary((UserWord("晴川谷", frequency),)))
    learned = users.learning(texts("晴川谷", "云溪"))
    assert [word.text for word in learned.found_words.words] == ["云溪"]
    assert words_of(learned, "去晴川谷") == (
        ("去", "晴川", "谷") if frequency == 0 else ("去", "晴川谷")
    )


def test_a_word_that_the_user_adds_hides_no_word_inside_it() -> None:
    seldom = texts("云溪")
    half = len(seldom) // 2
    mixed = [*seldom[:half], *(each.replace("云溪", "云溪县") for each in seldom[half:])]
    added = make_analyzer().knowing(UserDictionary((UserWord("云溪县"),)))
    learned = added.learning(mixed)
    assert [word.text for word in learned.found_words.words] == ["云溪"]
    assert [token.text for token in learned.index("云溪县的路")][:2] == ["云溪县", "云溪"]


def test_what_was_learned_before_is_replaced() -> None:
    learned = make_analyzer().learning(texts("晴川谷")).learning(texts("云溪"))
    assert [word.text for word in learned.found_words.words] == ["云溪"]
    assert learned.learning([]).found_words == NO_WORDS


def test_found_words_leave_the_fingerprint_as_it_is() -> None:
    analyzer = make_analyzer()
    learned = analyzer.learning(texts("晴川谷"))
    assert learned.fingerprint == analyzer.fingerprint
    assert learned.knowing(analyzer.user_dictionary, learned.found_words) is learned
    assert learned.knowing(analyzer.user_dictionary) is not learned


@given(TEXTS)
@MANY
def test_any_text_is_taken(text: str) -> None:
    assert all(word.text in fold(text * 20) for word in words_in([text, text * 20]))
