"""The lines that editors write: what each means, how it is spelt, and what is said of a wrong one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.editorial.entries import (
    LISTS,
    Blocked,
    BlockPlacement,
    Days,
    Entry,
    Golden,
    HotQuery,
    ListName,
    NothingToFind,
    Placement,
    Stopword,
    Synonyms,
    Word,
    dictionary_of,
    spell_entries,
)
from indexer.editorial.lines import MOST_WORDS, entry_key, read_entries, read_entry
from indexer.errors import InvalidEntry

SPRING = Days(date(2026, 1, 20), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("name", "line", "entry", "spelt"),
    [
        ("synonyms", "软件, 軟體，ＳＯＦＴ", Synonyms(("软件", "软体", "soft")), "软件, 软体, soft"),
        ("synonyms", "番茄=>西红柿、洋柿子", Synonyms(("番茄",), ("西红柿", "洋柿子")), "番茄 => 西红柿, 洋柿子"),
        ("synonyms", "- 软件, 软体", Synonyms(("软件", "软体"), apart=True), "-软件, 软体"),
        ("synonyms", "炒 蛋, 煎  蛋", Synonyms(("炒 蛋", "煎 蛋")), "炒 蛋, 煎 蛋"),
        ("stopwords", " 請問 ", Stopword("请问"), "请问"),
        ("stopwords", "-什么", Stopword("什么", kept=True), "-什么"),
        ("words", " 晴川  谷地鐵 ".replace("  ", ""), Word(UserWord("晴川谷地铁")), "晴川谷地铁"),
        ("words", "K9專列\t２０００", Word(UserWord("k9专列", 2000)), "k9专列 2000"),
        ("words", "-科技", Word(UserWord("科技", 0)), "-科技"),
        ("words", "- *ST", Word(UserWord("*st", 0)), "-*st"),
        ("words", "科技 0", Word(UserWord("科技", 0)), "-科技"),
        ("blocked", "某  词", Blocked("某 词"), "某 词"),
        ("hot", "春运 抢票", HotQuery("春运 抢票"), "春运 抢票"),
        ("hot", "春运 2026-01-20..2026-03-01", HotQuery("春运", SPRING), "春运 2026-01-20..2026-03-01"),
        ("hot", "2026-01-20", HotQuery("2026-01-20"), "2026-01-20"),
        ("golden", " 春运  抢票 => a-1  a-2 ", Golden("春运 抢票", ("a-1", "a-2")), "春运 抢票 => a-1 a-2"),
        ("golden", '"早班" => "a b" a-2 "a-2"', Golden('"早班"', ("a b", "a-2")), '"早班" => "a b" a-2'),
        ("golden", '屏 => "5"" =>" =>x', Golden("屏", ('5" =>', "=>x")), '屏 => "5"" =>" "=>x"'),
        ("nothing", " 昨天  的票 ", NothingToFind("昨天 的票"), "昨天 的票"),
        ("nothing", "-2026-01-20", NothingToFind("-2026-01-20"), "-2026-01-20"),
        ("pins", "春运 抢票 => a-1 2", Placement("春运 抢票", "a-1", 2), "春运 抢票 => a-1 2"),
        (
            "pins",
            "春运=>a-1 2 2026-01-20..2026-03-01 off",
            Placement("春运", "a-1", 2, SPRING, active=False),
            "春运 => a-1 2 2026-01-20..2026-03-01 off",
        ),
        ("hides", "春运 => a-1", Placement("春运", "a-1"), "春运 => a-1"),
        (
            "hides",
            "春运 => a-1 2026-01-20..",
            Placement("春运", "a-1", None, Days(date(2026, 1, 20))),
            "春运 => a-1 2026-01-20..",
        ),
        (
            "hides",
            "a => b => 7 2026-01-20",
            Placement("a => b", "7", None, Days(date(2026, 1, 20), date(2026, 1, 20))),
            "a => b => 7 2026-01-20",
        ),
        ("pins", "春运 => 新闻/1,a%2F 1", Placement("春运", "新闻/1,a%2F", 1), "春运 => 新闻/1,a%2F 1"),
        ("pins", '春运 => "a-1" 1', Placement("春运", "a-1", 1), "春运 => a-1 1"),
        ("pins", '春  运 =>"a  b" 1 off', Placement("春 运", "a  b", 1, active=False), '春 运 => "a  b" 1 off'),
        ("hides", '春运 => "5"" 屏"', Placement("春运", '5" 屏'), '春运 => "5"" 屏"'),
        ("hides", '春运 => 5"', Placement("春运", '5"'), '春运 => 5"'),
        ("hides", '春运 => """"', Placement("春运", '"'), '春运 => """"'),
        ("hides", '春运 => "x=>y"', Placement("春运", "x=>y"), '春运 => "x=>y"'),
        ("hides", '春运 => "x => ""y"" z"', Placement("春运", 'x => "y" z'), '春运 => "x => ""y"" z"'),
        ("hides", 'a => "b c" => 7', Placement('a => "b c"', "7"), 'a => "b c" => 7'),
        ("hides", 'a => "b" => "c d"', Placement('a => "b"', "c d"), 'a => "b" => "c d"'),
        ("hides", "春运 => *", Placement("春运", "*"), '春运 => "*"'),
        ("picks", "related  a-1=>a-2 1", BlockPlacement("related", "a-1", "a-2", 1), "related a-1 => a-2 1"),
        ("picks", "related => a-2 3 off", BlockPlacement("related", None, "a-2", 3, active=False), "related => a-2 3 off"),
        (
            "picks",
            "hot => a-2 1 2026-01-20..2026-03-01",
            BlockPlacement("hot", None, "a-2", 1, SPRING),
            "hot => a-2 1 2026-01-20..2026-03-01",
        ),
        ("bans", 'related "a => ""b""" => c', BlockPlacement("related", 'a => "b"', "c"), 'related "a => ""b""" => c'),
        ("bans", "related hot => hot", BlockPlacement("related", "hot", "hot"), "related hot => hot"),
        ("bans", "related a-1 => *", BlockPlacement("related", "a-1", None), "related a-1 => *"),
        ("bans", 'related a-1 => "*"', BlockPlacement("related", "a-1", "*"), 'related a-1 => "*"'),
        ("bans", 'related * => a-1', BlockPlacement("related", "*", "a-1"), 'related "*" => a-1'),
    ],
)  # fmt: skip
def test_a_line_is_read_and_spelt(name: ListName, line: str, entry: Entry, spelt: str) -> None:
    assert read_entry(name, line) == entry
    assert entry.spell() == spelt
    assert read_entry(name, spelt) == entry


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("synonyms", ", -春运, 春节", "begins with -"),
        ("synonyms", "、＃春运、春节", "begins with #"),
        ("stopwords", "＃春运", "begins with #"),
        ("synonyms", "软件", "two words or more"),
        ("synonyms", "-软件", "two words or more"),
        ("synonyms", "软件, 软体, 軟體", "'软体' stands there twice"),
        ("synonyms", "软件 => ", "a word on either side"),
        ("synonyms", "软件, 程序 => 程序", "'程序' stands on both sides"),
        ("synonyms", ", ".join(f"名{n}" for n in range(MOST_WORDS + 1)), "part it into lines"),
        ("synonyms", "软件, ！", "neither letter nor digit"),
        ("stopwords", "-", "the word is missing"),
        ("stopwords", "很" * 65, "longer than 64 characters"),
        ("words", "晴", "a word has from 2 to 32"),
        ("words", "晴川 谷", "frequency '谷' must be a whole number"),
        ("words", "-科技 7", "write -科技 alone"),
        ("words", "--科技", "begins with -"),
        ("words", "＃科技", "begins with #"),
        ("words", "5㎏米", "write '5kg米'"),
        ("blocked", "某\u200b词", r"U\+200B, which does not show"),
        ("blocked", "某\udcff词", r"U\+DCFF"),
        ("blocked", "# 某词", "begins with #"),
        ("hot", "", "empty"),
        ("hot", "春运 2026-02-30..", "春运 2026-02-30..: "),
        ("hot", "春运 2026-03-01..2026-01-20", "ends before it begins"),
        ("golden", "春运", "needs a query, => and the ids"),
        ("golden", "春运 => ", "needs a query, => and the ids"),
        ("golden", "=> a-1", "the word is missing"),
        ("golden", '春运 => a-1 "a b', "the quotes around an id do not fit"),
        ("golden", "春运 => " + " ".join(f"a-{n}" for n in range(11)), "names 11 articles"),
        ("golden", "春运 => ..", "'..' is not 1 to 256 bytes"),
        ("pins", "春运", "needs a query, => and the id"),
        ("pins", "春运 =>", "needs a query, => and the id"),
        ("pins", "=> a-1 1", "the word is missing"),
        ("pins", "春运 => .. 1", "'..' is not 1 to 256 bytes"),
        ("pins", "春运 => a\u200b1 1", r"holds U\+200B"),
        ("pins", '春运 => "a\tb" 1', r"holds U\+0009"),
        ("pins", '春运 => "a b 1', "the quotes around an id do not fit"),
        ("pins", '春运 => "a"b 1', "the quotes around an id do not fit"),
        ("hides", '春运 => " a"', "begins or ends with a blank"),
        ("hides", '春运 => ""', "'' is not 1 to 256 bytes"),
        ("pins", "春运 => a-1", "needs a position from 1 to 100"),
        ("pins", "春运 => a-1 0", "needs a position from 1 to 100"),
        ("pins", "春运 => a-1 ２", "needs a position from 1 to 100"),
        ("pins", "春运 => a-1 2026-01-20..", "needs a position from 1 to 100"),
        ("hides", "春运 => a-1 2", "neither days"),
        ("hides", "春运 => a-1 gone", "neither days"),
        ("hides", "春运 => a-1 2026-13-01", "month must be in 1..12"),
        ("picks", "hot a-2 1", "needs a list of articles, => and the id"),
        ("picks", "热门 => a-2 1", "'热门' names no list of articles"),
        ("picks", "hot a-1 => a-2 1", "'hot a-1' names no list of articles"),
        ("picks", "related a-1 a-2 => a-3 1", "names no list of articles"),
        ("picks", "related .. => a-3 1", "'..' is not 1 to 256 bytes"),
        (
            "picks",
            "hot => a-2",
            "a position from 1 to 100 behind the article, such as related a-1 => a-2 1",
        ),
        ("picks", "related a-1 => * 1", "only bans all related articles of one page"),
        ("bans", "hot => *", "only bans all related articles of one page"),
        ("bans", "related => *", "only bans all related articles of one page"),
        ("bans", "hot => a-1 2", "neither days"),
    ],
)
def test_a_wrong_line_says_what_would_be_right(name: ListName, line: str, why: str) -> None:
    with pytest.raises(InvalidEntry, match=why):
        read_entry(name, line)


@example('"=>')
@given(
    st.lists(st.sampled_from(["春", "a", '"', " ", "=>", ".", ",", "*"]), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda text: text == text.strip() and text not in (".", "..", ""))
)
def test_every_id_can_be_pinned_picked_and_have_picks(article_id: str) -> None:
    pin = Placement("春运 抢票", article_id, 3, SPRING, active=False)
    pick = BlockPlacement("related", article_id, article_id[::-1], 3, SPRING, active=False)
    assert read_entry("pins", pin.spell()) == pin
    assert entry_key("pins", pin.spell()) == pin.key
    assert read_entry("picks", pick.spell()) == pick
    assert entry_key("picks", pick.spell()) == pick.key


def test_every_wrong_line_of_a_file_is_named_and_none_is_taken() -> None:
    text = "# pins\n\n春运 => a-1 1\n春运\n  # more\n春运 => a-2 x\n"
    with pytest.raises(InvalidEntry) as caught:
        read_entries("pins", text, where="pins.txt")
    assert str(caught.value).startswith("pins, pins.txt: line 4: needs a query")
    assert "; line 6: needs a position" in str(caught.value)
    assert "nothing was taken over" in str(caught.value)
    with pytest.raises(InvalidEntry, match="; and 2 more; nothing was taken over"):
        read_entries("synonyms", "一\n" * 7, where="file")


def test_the_words_are_a_dictionary_whatever_their_order() -> None:
    words = [read_entry("words", line) for line in ("晴川谷地铁", "-科技", "晴川谷 7")]
    assert dictionary_of(words) == dictionary_of(words[::-1])
    assert dictionary_of(words).lines == "科技 0\n晴川谷 7\n晴川谷地铁\n"
    assert dictionary_of([Stopword("请问")]) == UserDictionary()


def test_days_are_whole_and_both_included() -> None:
    assert not SPRING.hold(date(2026, 1, 19))
    assert SPRING.hold(date(2026, 1, 20))
    assert SPRING.hold(date(2026, 3, 1))
    assert not SPRING.hold(date(2026, 3, 2))
    assert Days().hold(date(1990, 1, 1))


def test_a_placement_acts_on_its_days_unless_it_is_off() -> None:
    pin = Placement("春运", "a-1", 1, SPRING)
    assert pin.acts_on(date(2026, 2, 1))
    assert not pin.acts_on(date(2026, 4, 1))
    assert not Placement("春运", "a-1", 1, SPRING, active=False).acts_on(date(2026, 2, 1))


@pytest.mark.parametrize(
    ("name", "line", "other"),
    [
        ("stopwords", "请问", "-請問"),
        ("words", "晴川谷 7", "-晴川谷"),
        ("blocked", "ABC", "ａｂｃ"),
        ("hot", "春运 2026-01-20..", "春運"),
        ("golden", "春运 抢票 => a-1 a-2", "春運  搶票"),
        ("pins", "春运 抢票 => a-1 2 off", "春運  搶票 => a-1"),
        ("hides", "春运 => a-1 2026-01-20..", "春运 => a-1"),
        ("pins", '春运 => "a b" 2 off', '春運 => "a b"'),
        ("hides", "春运 => a-1", '春运 => "a-1"'),
        ("picks", "related a-1 => a-2 1 off", 'related "a-1" => a-2'),
        ("bans", "related a-1 => * 2026-01-20..", "related  a-1 => *"),
    ],
)
def test_what_names_the_same_entry_has_the_same_key(name: ListName, line: str, other: str) -> None:
    assert read_entry(name, line).key == entry_key(name, line) == entry_key(name, other)
    with pytest.raises(InvalidEntry):
        entry_key(name, "=>")


@given(
    st.sampled_from(LISTS),
    st.lists(
        st.sampled_from(
            ["hot => ", "related ", *'春运a1* -,=>#.2026-off，、"\ud800\n', "=>", ' => "', '" ']
        ),
        max_size=30,
    ).map("".join),
)
def test_any_line_is_an_entry_that_spells_itself_or_is_refused(name: ListName, line: str) -> None:
    try:
        entries = [read_entry(name, line)]
    except InvalidEntry:
        entries = []
    assert read_entries(name, spell_entries(entries), where="file") == entries
