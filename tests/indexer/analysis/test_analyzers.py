from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from indexer.analysis import analyzers
from indexer.analysis.analyzers import Analyzer, Token, make_analyzer
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserDictionary, read_user_word
from indexer.analysis.spellings import written_as
from tests.conftest import PROJECT
from tests.contracts.analyzer import AnalyzerContract
from tests.typed_queries import analyzer

ZH = make_analyzer()


class TestChineseAnalyzer(AnalyzerContract):
    def make(self) -> Analyzer:
        return ZH


def dictionary(*lines: str) -> UserDictionary:
    return UserDictionary.of(map(read_user_word, lines))


@pytest.fixture(scope="module")
def with_words() -> Analyzer:
    return make_analyzer(words=dictionary("晴川谷", "晴川谷地鐵", "K9专列", "银行 0"))


@pytest.mark.thorough
class TestChineseAnalyzerWithWordsAddedAndRemoved(AnalyzerContract):
    analyzer: Analyzer

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def share(cls, with_words: Analyzer) -> None:
        cls.analyzer = with_words

    def make(self) -> Analyzer:
        return self.analyzer


def texts(tokens: list[Token]) -> list[str]:
    return [token.text for token in tokens]


def found(query: str, text: str) -> bool:
    """Whether a text holds all the words of a query."""
    return set(texts(ZH.query(query))) <= set(texts(ZH.index(text)))


def test_words_stand_at_ordinal_positions_and_the_words_inside_them_beside_them() -> None:
    assert ZH.index("去农业银行，问路") == [
        ("去", 0, 0, 1),
        ("农业银行", 1, 1, 5),
        ("农业", 1, 1, 3),
        ("银行", 1, 3, 5),
        ("问路", 2, 6, 8),
    ]


def test_mixed_words_keep_their_parts_at_their_position() -> None:
    assert ZH.index("IP地址") == [
        ("ip地址", 0, 0, 4),
        ("ip", 0, 0, 2),
        ("地址", 0, 2, 4),
    ]
    assert texts(ZH.query("穿T恤")) == ["穿", "t恤"]


@pytest.mark.parametrize(
    ("sign", "word"),
    [("㎡", "㎡"), ("℃", "℃"), ("½", "½"), ("㏂", "㏂"), ("Ⅲ", "iii"), ("㎏", "kg"), ("№", "no"), ("⑴", "1"), ("㈱", "株")],
)  # fmt: skip
def test_a_sign_is_one_word(sign: str, word: str) -> None:
    assert ZH.index(f"5，{sign}") == [("5", 0, 0, 1), (word, 1, 2, 3)]
    assert texts(ZH.query(sign)) == texts(ZH.query(word)) == [word]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("上海科技大学", "他毕业于上海科技大学物理系"),
        ("上海 大学", "他毕业于上海科技大学物理系"),
        ("农业银行吗？", "中国农业银行在村口开了分店"),
        ("ABC123", "型号ＡＢＣ１２３发布"),
        ("ＡＢＣ１２３", "型号abc123发布"),
        ("iPhone 15", "iPhone15评测"),
        ("iphone", "iPhone15评测"),
        ("iPhone15", "IPHONE 15 评测"),
        ("7号电池", "买了两节7号电池"),
        ("7", "买了两节7号电池"),
        ("电池", "买了两节7号电池"),
        ("股", "A股午后上涨"),
        ("A股", "A股午后上涨"),
        ("5G", "5G手机"),
        ("2024年", "2024年的春天"),
        ("年", "2024年的春天"),
        ("恤", "蓝色的T恤"),
        ("t", "蓝色的T恤"),
        ("台湾软件", "臺灣軟件"),
        ("臺灣軟體", "台湾软体展"),
        ("之後", "之后"),
        ("乾隆", "乾隆年间"),
        ("的", "我们的山村"),
        ("😀", "真好😀"),
        ("𠮷", "𠮷野家"),
        ("kg", "5㎏大米"),
        ("fine", "ﬁne"),
        ("café", "cafe\u0301"),
        ("一" * 5_000, "一" * 5_000),
    ],
)
def test_queries_find_what_their_readers_mean(query: str, text: str) -> None:
    assert found(query, text)


@pytest.mark.parametrize(
    ("query", "words", "ignored"),
    [
        ("农业银行吗？", ["农业银行"], ("吗",)),
        ("的", ["的"], ()),
        ("的了吗", ["的", "了", "吗"], ()),
        ("我的山和你的山", ["我", "山", "你", "山"], ("的", "和")),
        ("上海大学", ["上海大学"], ()),
    ],
)
def test_stopwords_are_dropped_from_queries_and_told(
    query: str, words: list[str], ignored: tuple[str, ...]
) -> None:
    assert texts(ZH.query(query)) == words
    assert ZH.ignored(query) == ignored


@pytest.mark.parametrize(
    ("text", "expected"),
    [("的了吗", True), ("什么", True), ("山的", False), ("，", False), ("", False)],
)
def test_a_text_of_nothing_but_stopwords_is_told(text: str, expected: bool) -> None:
    assert ZH.only_stopwords(text) is expected


@pytest.mark.parametrize(("word", "expected"), [("上海", True), ("t恤", True), ("罗秋满", False)])
def test_the_dictionary_holds_words_and_not_guesses_of_the_model(word: str, expected: bool) -> None:
    assert ZH.holds(word) is expected


def test_the_dictionary_holds_the_users_words(with_words: Analyzer) -> None:
    assert with_words.holds("晴川谷地铁")
    assert not ZH.holds("晴川谷地铁")


def test_stopwords_are_indexed() -> None:
    assert {"的", "了", "和", "是", "在"} <= set(texts(ZH.index("山的、水的和我在的，是了")))


def test_a_query_keeps_the_positions_of_the_text() -> None:
    assert ZH.query("山的水") == [("山", 0, 0, 1), ("水", 2, 2, 3)]


def test_the_users_words_count_in_both_modes(with_words: Analyzer) -> None:
    assert texts(with_words.query("坐k9專列去晴川谷地铁")) == ["坐", "k9专列", "去", "晴川谷地铁"]
    tokens = texts(with_words.index("坐K9专列去晴川谷地铁站"))
    assert {"k9专列", "k", "9", "专列", "晴川谷地铁", "晴川谷", "地铁"} <= set(tokens)
    assert "银行" not in texts(with_words.index("农业银行"))


# Words of every kind and of every frequency, across words of the dictionary too.
CHANGED = ["晴川谷", "名学生 9000000", "学生会 0", "的人 90000000", "划部 9000000", "株式会社 0"]
CHANGED += ["4s店 0", "K9专列"]
TEXTS = (
    "一名学生会成员在晴川谷的人群里",
    "企画部和企划部",
    "㍿晴川",
    "K9專列旁的4S店",
    "人们常在此跑步,多云溪流",
    "山村小学的体育老师把中国的城市都走遍了",
)


@cache
def tokens_before() -> dict[str, list[Token]]:
    """The tokens of TEXTS and of the sample articles, without words of the users."""
    samples = (PROJECT / "samples" / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    return {text: ZH.index(text) for text in (*TEXTS, *samples)}


@pytest.mark.parametrize("line", CHANGED)
def test_a_word_changes_only_texts_that_hold_it_or_another_spelling_of_it(line: str) -> None:
    word = read_user_word(line)
    other = ZH.knowing(UserDictionary((word,)))
    written = written_as(word.text)
    changed = [text for text, before in tokens_before().items() if before != other.index(text)]
    assert changed, "the test asks for nothing"
    assert all(any(each in fold(text) for each in written) for text in changed)


def test_an_unknown_analyzer_is_refused() -> None:
    with pytest.raises(ValueError, match="use 'zh'"):
        make_analyzer("klingon")


def test_the_fingerprint_follows_the_users_words_and_the_chain_but_not_the_stopwords(
    with_words: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_analyzer().fingerprint
    assert plain == ZH.fingerprint != with_words.fingerprint
    monkeypatch.setattr(analyzers, "read_stopwords", frozenset)
    assert make_analyzer().fingerprint == plain
    for name, other in (
        ("CHAIN_VERSION", 99),
        ("JIEBA_MD5", "0" * 32),
        ("RJIEBA", "9.9"),
        ("fold_fingerprint", lambda: "0" * 16),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(analyzers, name, other)
            assert make_analyzer().fingerprint != plain, name


def test_a_planted_cache_in_the_folder_for_temporary_files_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "jieba.cache").write_bytes(b"a dictionary of somebody else's")
    script = (
        "from indexer.analysis.analyzers import make_analyzer\n"
        "import jieba\n"
        "print([token.text for token in make_analyzer().query('农业银行')])\n"
        "assert not jieba.dt.initialized\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={"TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert run.stdout.strip() == "['农业银行']"
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert re.search("jieba.cache", run.stderr) is None


def test_the_words_of_queries_are_remembered_and_those_of_articles_are_not() -> None:
    analyzer = make_analyzer()
    assert isinstance(analyzer, analyzers.ChineseAnalyzer)
    for number in range(600):
        analyzer.query(f"地铁{number}")
        analyzer.query("地铁开通了。" * 200 + str(number))
    assert len(analyzer._words) <= 256
    assert max(map(len, analyzer._words)) <= 500


@pytest.mark.parametrize(
    ("text", "word"),
    [("7号线", "号"), ("18日讯", "日"), ("2023年底", "年"), ("3天后", "天"), ("2亿元", "亿")],
)
def test_a_measure_is_found_at_the_beginning_of_a_word_that_follows_a_number(
    text: str, word: str
) -> None:
    assert (word, 1) in [(token.text, token.position) for token in analyzer().index(text)]


def test_a_measure_inside_a_word_after_no_number_is_no_word() -> None:
    assert "年" not in {token.text for token in analyzer().index("在年底")}


@pytest.mark.parametrize(("text", "inside"), [("30分钟", "分"), ("70年代", "年"), ("3公里", "公")])
def test_a_measure_of_several_characters_is_no_other_measure(text: str, inside: str) -> None:
    assert inside not in {token.text for token in analyzer().index(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("十七号", {"十七号", "十七"}),
        ("二十大", {"二十大", "二十"}),
        ("五四运动", {"五四运动", "五四", "运动"}),
        ("第二十届", {"第二十届", "第二十", "二十"}),
    ],
)
def test_no_word_begins_or_ends_inside_a_numeral(text: str, expected: set[str]) -> None:
    assert {token.text for token in analyzer().index(text)} == expected


@pytest.mark.parametrize(
    ("text", "steps"),
    [("茶会。开幕", 2), ("茶会！？开幕", 2), ("茶会\n开幕", 2), ("tea. opens", 2), ("茶会，开幕", 1), ("tea.opens", 1), ("茶会、开幕", 1)],
)  # fmt: skip
def test_a_position_is_left_out_where_a_sentence_ends(text: str, steps: int) -> None:
    for tokens in (analyzer().index(text), analyzer().query(text)):
        assert tokens[-1].position - tokens[0].position == steps
