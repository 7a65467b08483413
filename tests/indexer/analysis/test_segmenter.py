"""Our segmenter against jieba itself.

The claim: every run of Chinese characters of a folded text is cut as ``jieba.cut`` cuts it, unless it holds a word that
our dictionary has and jieba's has not, or has as a rarer one, or a year in Chinese digits. Those are the words that jieba's dictionary has in
characters that are folded: folding would make them unknown, so they are known under their folded form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import HAN, fold
from indexer.analysis.dictionary import RAREST, UserWord, packaged_dictionary
from indexer.analysis.segmenter import ChineseSegmenter
from tests.contracts.analyzer import ANY_CHARACTER, TEXTS
from tests.indexer.analysis.conftest import UNUSED, private_tokenizer, sample_of_articles

RUN = re.compile(f"[{HAN}]+")

PACKAGED = packaged_dictionary()
WORDS = sorted(word for word in PACKAGED.frequencies() if RUN.fullmatch(word))

HAN_CHARACTERS = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5)
COMMON = st.sampled_from(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)
HAN_TEXTS = st.one_of(
    st.text(HAN_CHARACTERS, min_size=1, max_size=30),
    st.text(COMMON, min_size=1, max_size=30),
    # Few characters, often repeated: where the parts of a sum come in another order, the last bit decides.
    st.sets(HAN_CHARACTERS, min_size=1, max_size=3).flatmap(
        lambda few: st.text(st.sampled_from(sorted(few)), min_size=1, max_size=15)
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join),
)


@pytest.fixture(scope="module")
def moved(reference: Any) -> frozenset[str]:
    """The words that are known under their folded form, and to jieba are not, or as rarer ones."""
    return frozenset(
        folded
        for _, folded, count in PACKAGED.folded_words()
        if not (known := reference.FREQ.get(folded)) or max(RAREST, known) < count
    )


@pytest.fixture(scope="module")
def comparable(moved: frozenset[str]) -> Callable[[str], bool]:
    """Whether a run is one of those that are claimed to be cut as jieba cuts them."""
    pattern = re.compile("|".join((*sorted(moved), "一[八九]..年", "二[〇零]..年")))
    return lambda run: pattern.search(run) is None


@pytest.mark.thorough
def test_every_chinese_run_of_real_articles_is_cut_as_jieba_cuts_it(
    fast: ChineseSegmenter, reference: Any, comparable: Callable[[str], bool], corpus_dir: Path
) -> None:
    texts = sample_of_articles(corpus_dir, each=66)
    assert len(texts) > 600
    runs = {run for text in texts for run in RUN.findall(fold(text)) if comparable(run)}
    assert len(runs) > 30_000
    for run in runs:
        assert fast.cut(run) == reference.lcut(run)


@pytest.mark.thorough
def test_in_real_articles_the_form_in_plain_python_cuts_alike(
    fast: ChineseSegmenter, plain: ChineseSegmenter, corpus_dir: Path
) -> None:
    for text in map(fold, sample_of_articles(corpus_dir, each=88)):
        assert plain.cut(text) == fast.cut(text)


@given(HAN_TEXTS)
@settings(max_examples=1500, deadline=None)
def test_random_chinese_is_cut_as_jieba_cuts_it_in_both_forms(
    fast: ChineseSegmenter,
    plain: ChineseSegmenter,
    reference: Any,
    comparable: Callable[[str], bool],
    text: str,
) -> None:
    folded = fold(text)
    pieces = fast.cut(folded)
    assert plain.cut(folded) == pieces
    if comparable(folded):
        assert pieces == reference.lcut(folded)


@pytest.mark.parametrize(
    "run",
    [
        *("生" * size for size in range(1, 12)),
        "噪噪噪噪噪",
        "审审审审偿审偿偿审偿",
        # rjieba's own model, in single precision, says 常在 here.
        "人们常在此跑步",
        "太多太多太多太多的不舍",
        "龘龘龘",
    ],
)
def test_what_the_last_bit_decides_is_decided_as_in_jieba(
    fast: ChineseSegmenter, plain: ChineseSegmenter, reference: Any, run: str
) -> None:
    assert fast.cut(run) == plain.cut(run) == reference.lcut(run)


def test_32_000_rare_characters_are_cut_as_jieba_cuts_them(
    fast: ChineseSegmenter, plain: ChineseSegmenter
) -> None:
    run = fold("".join(chr(0x4E00 + 7 * number % 20_950) for number in range(32_000)))
    assert fast.cut(run) == plain.cut(run)


@given(st.one_of(TEXTS, st.text(ANY_CHARACTER)))
@settings(max_examples=500, deadline=None)
def test_the_pieces_joined_are_the_text(
    fast: ChineseSegmenter, plain: ChineseSegmenter, text: str
) -> None:
    folded = fold(text)
    pieces = fast.cut(folded)
    assert "".join(pieces) == folded
    assert all(pieces)
    assert plain.cut(folded) == pieces
    assert "".join(fast.cut_parts(folded)) == folded


@pytest.mark.parametrize(
    "words",
    [
        "著名 木匠",
        "显著 优势",
        "覆盖 全县",
        "颠覆 了",
        "扭转乾坤",
        "沿着 河岸",
        "瞭望台",
        "乾隆 写诗",
    ],
)
def test_a_word_that_folding_changes_is_cut_as_the_word_that_it_was(
    fast: ChineseSegmenter, plain: ChineseSegmenter, words: str
) -> None:
    pieces = fold(words).split()
    assert fast.cut("".join(pieces)) == plain.cut("".join(pieces)) == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("他穿T恤衫", ["他", "穿", "t恤衫"]),
        ("做B超", ["做", "b超"]),
        ("阿Q去了4S店", ["阿q", "去", "了", "4s店"]),
        ("学C++语言", ["学", "c++", "语言"]),
        ("江南Style", ["江南style"]),
        ("A股下跌", ["a股", "下跌"]),
    ],
)
def test_the_dictionarys_mixed_words_are_found_the_longest_first_whatever_their_case(
    fast: ChineseSegmenter, text: str, pieces: list[str]
) -> None:
    assert fast.cut(fold(text)) == pieces
    assert (
        fast.is_mixed(pieces[-1]) or fast.is_mixed("".join(pieces[:1])) or fast.is_mixed(pieces[1])
    )


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("CT恤", ["ct", "恤"]),
        ("14S店", ["14", "s", "店"]),
        ("大Size", ["大", "size"]),
        ("XC++", ["xc", "++"]),
    ],
)
def test_a_mixed_word_does_not_begin_or_end_inside_a_run_of_letters_and_digits(
    fast: ChineseSegmenter, text: str, pieces: list[str]
) -> None:
    assert fast.cut(fold(text)) == pieces


@pytest.mark.parametrize(
    ("text", "word"),
    [("乾隆皇帝", "干隆皇帝"), ("手塚治虫", "手冢治虫"), ("哪吒鬧海", "哪咤闹海")],
)
def test_words_that_jieba_knows_in_traditional_characters_only_are_words_when_folded(
    fast: ChineseSegmenter, plain: ChineseSegmenter, text: str, word: str
) -> None:
    assert fast.cut(fold(text)) == plain.cut(fold(text)) == [word]


def test_a_few_hundred_words_are_known_under_their_folded_form(moved: frozenset[str]) -> None:
    assert 200 < len(moved) < 800
    assert all(len(word) > 1 for word in moved)


def test_the_words_inside_a_word_are_all_those_of_the_dictionary_whatever_their_length(
    fast: ChineseSegmenter, plain: ChineseSegmenter
) -> None:
    expected = [
        ("中华人民", 0, 4),
        ("中华", 0, 2),
        ("华人", 1, 3),
        ("人民共和国", 2, 7),
        ("人民", 2, 4),
        ("共和国", 4, 7),
        ("共和", 4, 6),
    ]
    assert fast.inner_words("中华人民共和国") == plain.inner_words("中华人民共和国") == expected
    assert fast.inner_words("中国") == fast.inner_words("") == []


@given(st.sampled_from(WORDS))
@settings(max_examples=500, deadline=None)
def test_both_forms_find_the_same_words_inside_a_word(
    fast: ChineseSegmenter, plain: ChineseSegmenter, word: str
) -> None:
    inner = fast.inner_words(fold(word))
    assert inner == plain.inner_words(fold(word))
    assert all(fold(word)[start:end] == text for text, start, end in inner)


# Words of nobody's: they stand in no dictionary.
USER = [
    UserWord("晴川谷"),
    UserWord("晴川谷地铁"),
    UserWord("稻香云计算", 7),
    UserWord("青石小镇", 2000),
    UserWord("的和是"),
]
HOMES = [
    "我在晴川谷地铁站等稻香云计算的人",
    "青石小镇在晴川谷旁边",
    "的和是是的和是",
    "稻香云计算晴川谷晴川谷地铁",
]


@pytest.fixture(scope="module")
def with_words(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """jieba with the user's words, added as its own load_userdict adds them."""
    tokenizer = private_tokenizer(tmp_path_factory.mktemp("jieba"))
    for word in USER:
        tokenizer.add_word(word.text, word.frequency)
    return tokenizer


@pytest.fixture(scope="module")
def ours() -> ChineseSegmenter:
    return ChineseSegmenter(PACKAGED, USER)


@pytest.fixture(scope="module")
def ours_plain() -> ChineseSegmenter:
    return ChineseSegmenter(PACKAGED, [*USER, UserWord(UNUSED, 0)])


@pytest.mark.parametrize("text", HOMES)
def test_the_users_words_are_cut_as_jieba_cuts_them_in_both_forms(
    ours: ChineseSegmenter, ours_plain: ChineseSegmenter, with_words: Any, text: str
) -> None:
    assert ours.cut(text) == ours_plain.cut(text) == with_words.lcut(text)


def test_a_users_word_without_a_frequency_is_cut_as_one_word(
    fast: ChineseSegmenter, ours: ChineseSegmenter
) -> None:
    for word in USER[:2]:
        assert fast.cut(word.text) != [word.text]
        assert ours.cut(word.text) == [word.text]
    assert ("晴川谷", 0, 3) in ours.inner_words("晴川谷地铁")


def test_other_texts_are_cut_alike_with_the_users_words(
    ours: ChineseSegmenter, with_words: Any, reference: Any
) -> None:
    for run in ("他毕业于上海科技大学物理系", "一段简单的话", "人们常在此跑步"):
        assert ours.cut(run) == with_words.lcut(run) == reference.lcut(run)


def test_a_removed_word_is_no_word_any_more_not_even_for_the_model(
    fast: ChineseSegmenter, tmp_path: Path
) -> None:
    assert fast.cut("上海科技大学") == ["上海", "科技", "大学"]
    removed = [UserWord("科技", 0), UserWord("中华人民共和国", 0)]
    ours = ChineseSegmenter(PACKAGED, removed)
    tokenizer = private_tokenizer(tmp_path)
    for word in removed:
        tokenizer.FREQ[word.text] = 0
    for text in ("上海科技大学", "中华人民共和国成立", "科技", "中华人民共和国"):
        assert not {word.text for word in removed} & set(ours.cut(text))
    assert ours.cut("中华人民共和国") == tokenizer.lcut("中华人民共和国")
    assert "科技" not in {word for word, _, _ in ours.inner_words("科技大学城")}


def test_a_removed_word_that_the_model_makes_again_is_cut_into_characters() -> None:
    assert ChineseSegmenter(PACKAGED).cut("杭研大厦") == [
        "杭研",
        "大厦",
    ]  # no dictionary holds 杭研
    assert ChineseSegmenter(PACKAGED, [UserWord("杭研", 0)]).cut("杭研大厦") == ["杭", "研", "大厦"]


def test_the_users_words_may_mix_scripts_and_mixed_words_be_removed(fast: ChineseSegmenter) -> None:
    ours = ChineseSegmenter(
        PACKAGED,
        [UserWord("k9专列"), UserWord("阿米尔·晴川"), UserWord("𠮷野家", 5), UserWord("t恤", 0)],
    )
    assert ours.cut("坐k9专列去𠮷野家见阿米尔·晴川穿t恤") == [
        "坐", "k9专列", "去", "𠮷野家", "见", "阿米尔·晴川", "穿", "t", "恤",
    ]  # fmt: skip
    assert not ours.is_mixed("t恤")
    assert fast.is_mixed("t恤")


def test_the_users_frequency_takes_the_place_of_jiebas(fast: ChineseSegmenter) -> None:
    words = [UserWord("人民", 5), UserWord("上海科技大学", 90_000)]
    ours = ChineseSegmenter(PACKAGED, words)
    plain = ChineseSegmenter(PACKAGED, [*words, UserWord(UNUSED, 0)])
    text = "他毕业于上海科技大学的人民和人民群众"
    assert ours.cut(text) == plain.cut(text)
    assert "上海科技大学" in ours.cut(text)
    assert "上海科技大学" not in fast.cut(text)
