from __future__ import annotations

import re
from pathlib import Path

import jieba
import pytest

from indexer.analysis.characters import fold
from indexer.analysis.dictionary import (
    HIGHEST_FREQUENCY,
    LONGEST_WORD,
    UserDictionary,
    UserWord,
    is_han,
    mixed_words,
    packaged_dictionary,
    parse_user_dictionary,
    read_packaged_dictionary,
)
from indexer.errors import InvalidDictionary, SegmenterMismatch

PACKAGED = packaged_dictionary()


def write(folder: Path, text: str) -> Path:
    path = folder / "words.txt"
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> UserDictionary:
    return parse_user_dictionary(path.read_bytes(), path)


def test_jiebas_dictionary_is_read_as_jieba_reads_it() -> None:
    frequencies = PACKAGED.frequencies()
    with (Path(jieba.__file__).parent / "dict.txt").open("rb") as file:
        known, total = jieba.Tokenizer.gen_pfdict(file)
    assert frequencies == {word: count for word, count in known.items() if count}
    assert total == PACKAGED.total
    assert max(map(len, frequencies)) == PACKAGED.longest


def test_some_frequencies_are_those_of_all() -> None:
    assert PACKAGED.frequencies_of({"上海", "科技", "无此词"}) == {
        word: PACKAGED.frequencies()[word] for word in ("上海", "科技")
    }
    assert PACKAGED.frequencies_of(set()) == {}


def test_the_folded_words_are_all_chinese_words_that_folding_changes() -> None:
    frequencies = PACKAGED.frequencies()
    assert PACKAGED.folded_words() == [
        (word, fold(word), count)
        for word, count in frequencies.items()
        if len(word) > 1 and is_han(word) and fold(word) != word
    ]
    assert ("乾隆", "干隆", frequencies["乾隆"]) in PACKAGED.folded_words()


def test_the_mixed_words_are_all_words_that_are_not_chinese_alone() -> None:
    words = [fold(word) for word in PACKAGED.frequencies() if not is_han(word)]
    assert sorted(mixed_words()) == sorted(set(words))
    assert {"t恤", "b超", "4s店", "c++", "阿q", "γ射线"} <= set(words)


def test_another_dictionary_in_jiebas_place_is_refused_with_the_way_to_mend_it(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "上海 3 ns\n")
    with pytest.raises(SegmenterMismatch, match=re.escape(str(path))) as caught:
        read_packaged_dictionary(path)
    assert "pip install --force-reinstall --no-deps jieba==0.42.1" in str(caught.value)


def test_words_come_in_order_with_or_without_a_frequency(tmp_path: Path) -> None:
    path = write(tmp_path, "# 地名\n晴川谷\n\n青石小镇 2000\nT恤 0\n  阿米尔·晴川 \n")
    assert read(path).words == (
        UserWord("晴川谷"),
        UserWord("青石小镇", 2000),
        UserWord("t恤", 0),
        UserWord("阿米尔·晴川"),
    )


def test_lines_are_folded_as_texts_are(tmp_path: Path) -> None:
    path = write(tmp_path, "臺灣軟體\u3000１２\nＫ９專列\n")
    assert read(path).words == (UserWord("台湾软体", 12), UserWord("k9专列"))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff晴川谷\r\n青石小镇 5\r\n".encode())
    assert read(path).words == (UserWord("晴川谷"), UserWord("青石小镇", 5))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("晴川谷\t5", r"holds U\+0009: part word and frequency by one space"),
        ("晴川\u200b谷", r"holds U\+200B"),
        ("晴川\u2028谷", r"holds U\+2028"),
        ("晴川谷 5 n", "has 3 fields"),
        ("晴川谷  5", "has 3 fields"),
        ("晴川 谷", "frequency '谷' must be a whole number"),
        ("晴川谷 n", "frequency 'n' must be a whole number"),
        ("晴川谷 -3", "frequency '-3' must be a whole number"),
        ("晴川谷 1.5", "frequency '1.5' must be a whole number"),
        (f"晴川谷 {HIGHEST_FREQUENCY + 1}", f"from 1 to {HIGHEST_FREQUENCY}"),
        (f"晴川谷 {'9' * 5000}", "must be a whole number"),
        ("晴", "'晴' has 1 characters"),
        ("晴" * (LONGEST_WORD + 1), f"has {LONGEST_WORD + 1} characters"),
        ("——", "neither letter nor digit"),
        ("5㎏米", "write '5kg米'"),
        ("青石小镇 7", "'青石小镇' stands in line 2 already: remove one"),
        ("青石小鎮", "'青石小镇' stands in line 2 already"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, line: str, why: str) -> None:
    path = write(tmp_path, f"# 词\n青石小镇\n\n{line}\n")
    with pytest.raises(InvalidDictionary, match=why) as caught:
        read(path)
    assert (caught.value.path, caught.value.line) == (path, 4)


def test_a_file_in_another_encoding_is_refused_with_the_first_line_that_is(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("ascii\n晴川谷\n".encode("gb18030"))
    with pytest.raises(InvalidDictionary, match="save the file as UTF-8") as caught:
        read(path)
    assert caught.value.line == 2


def test_the_fingerprint_is_of_words_and_frequencies_not_of_comments(tmp_path: Path) -> None:
    def fingerprint(text: str) -> str:
        return read(write(tmp_path, text)).fingerprint

    assert fingerprint("晴川谷\n青石小镇 5\n") == fingerprint("# 词\n\n晴川谷 \n青石小鎮 ５\n")
    texts = ["", "晴川谷\n", "晴川谷 1\n", "晴川谷\n青石小镇\n", "青石小镇\n晴川谷\n"]
    assert len({fingerprint(text) for text in texts}) == len(texts)


def test_the_lines_of_a_dictionary_are_read_as_the_same_words(tmp_path: Path) -> None:
    path = write(tmp_path, "# 地名\n晴川谷\n青石小镇 2000\nK9专列\n科技 0\n")
    words = read(path)
    assert read(write(tmp_path, words.lines)) == words
    assert UserDictionary().lines == ""


def test_a_dictionary_of_words_has_the_parts_of_words_before_them_in_any_order() -> None:
    words = [UserWord("晴川谷地铁"), UserWord("青石"), UserWord("晴川谷", 5)]
    made = UserDictionary.of(words)
    assert (
        made == UserDictionary.of(reversed(words)) == UserDictionary((words[1], words[2], words[0]))
    )
    assert made.without(UserDictionary((UserWord("青石", 0),))).words == (words[2], words[0])
