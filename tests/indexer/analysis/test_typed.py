from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.characters import fold, fold_literal
from indexer.analysis.pinyin import pronunciations, units
from indexer.analysis.typed import MAX_KEYS, MAX_PATTERNS, key_of, plain_pinyin, read_typed


def fits(typed: str, text: str) -> bool:
    """Whether a text begins as was typed; its key must then begin as one of those looked up."""
    read = read_typed(typed)
    begins = read.begins(text)
    keys = map(key_of, pronunciations(text))
    assert not begins or any(key.startswith(read.keys) for key in keys)
    return begins


@pytest.mark.parametrize(
    "typed",
    [
        "x", "xc", "xczx", "xiang", "xiangc", "xiangcun", "xcun", "xiangcz", "xcunzx", "xiangcunzhenxing", "乡", "乡c",
        "乡cun", "乡村zx", "乡村振兴", "鄉村", "XCZX", "ｘｃ", "xiang cun", "x c z x", "xiangcunzhenx", "xcunzhen",
    ],
)  # fmt: skip
def test_characters_pinyin_initials_and_mixtures_begin_a_text(typed: str) -> None:
    assert fits(typed, "乡村振兴在路上")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("xian", "先生"),
        ("xian", "西安"),
        ("xian", "乡村"),
        ("zg", "中国"),
        ("zhg", "中国"),
        ("shanghai", "上海"),
        ("cq", "重庆"),
        ("chongqing", "重庆"),
        ("nvpai", "女排"),
        ("nüpai", "女排"),
        ("NÜPAI", "女排"),
        ("nu\u0308pai", "女排"),
        ("nu:pai", "女排"),
        ("lǜsè", "绿色"),
        ("lǜs", "绿色"),
        ("lyuse", "绿色"),
        ("zhanlue", "战略"),
        ("zhong1guo2", "中国"),
        ("zhong1 guo", "中国"),
        ("zhōngguó", "中国"),
        ("ＺＨＯＮＧ１ＧＵＯ２", "中国"),
        ("xi'an", "西安"),
        ("Xi’ān", "西安"),
        ("baise", "百色"),
        ("bose", "百色"),
        ("曾guof", "曾国藩"),
        ("agu", "a股"),
        ("a股", "a股"),
        ("iph", "iphone 15"),
        ("iphone15", "iphone 15 pro"),
        ("iphone 1", "iphone 15"),
        ("5gsj", "5g手机"),
        ("enshi", "恩施"),
        ("c+", "c++"),
        ("c++k", "c++ 开发"),
        ("*s", "*st云溪"),
        (".net k", ".net 开发"),
        ("st", "*st云溪"),
    ],
)
def test_what_letters_can_mean(typed: str, text: str) -> None:
    assert fits(typed, text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("zhongqing", "重庆"),
        ("a4", "啊"),
        ("xian4", "先生"),
        ("windows1", "我"),
        ("香cun", "乡村"),
        ("乡村", "香村"),
        ("xczx", "乡村"),
        ("xiangcun", "向往"),
        ("cun", "乡村"),
        ("iphone 16", "iphone 15"),
        ("15", "iphone 15"),
        ("c++", "产品"),
        ("c#", "c++"),
        (".n", "南京"),
        ("<b>", "北京"),
        ("<b>", "b2b"),
    ],
)
def test_what_does_not_begin_so(typed: str, text: str) -> None:
    assert not fits(typed, text)


@pytest.mark.parametrize("typed", ["a4", "c919", "iphone15", "h7n9", "5g手机", "xian4"])
def test_a_digit_that_can_be_no_tone_is_kept(typed: str) -> None:
    assert plain_pinyin(typed) == typed


@pytest.mark.parametrize("typed", ["", " ", "*", "！", "\ud800"])
def test_nothing_begins_as_nothing(typed: str) -> None:
    read = read_typed(typed)
    assert read.keys == ()
    assert not read.begins("乡村")


@pytest.mark.parametrize(
    ("typed", "text", "extent"),
    [
        ("乡村", "乡村振兴", "乡村"),
        ("xc", "乡村振兴", "乡村"),
        ("xiangc", "乡村振兴", "乡村"),
        ("xiangcunz", "乡村振兴", "乡村振"),
        ("乡c", "乡村振兴", "乡村"),
        ("bose", "百色起义", "百色"),
        ("xcz", "“乡村”振兴在路上", "“乡村”振"),
        ("ipho", "iphone发布", "ipho"),
        ("c9", "c919首飞", "c9"),
        ("乡镇", "乡村振兴", ""),
        ("", "乡村振兴", ""),
    ],
)
def test_the_extent_is_what_the_typed_text_stands_for(typed: str, text: str, extent: str) -> None:
    assert text[: read_typed(typed).extent(text)] == extent


@given(
    st.text(alphabet="aeinoghxzsc乡村重 15'.+-", max_size=12),
    st.text(alphabet="axc乡村重百 15'.+-“”", max_size=20),
)
def test_a_text_has_an_extent_if_it_begins_so(typed: str, text: str) -> None:
    read, folded = read_typed(typed), fold_literal(text)
    extent = read.extent(folded)
    assert extent <= len(folded)
    if read.patterns and read.begins(folded):
        assert extent > 0


def test_which_characters_were_typed_first() -> None:
    assert read_typed("乡村zx").in_characters == "乡村"
    assert read_typed("x乡").in_characters == ""


@pytest.mark.thorough
@given(st.text(alphabet="aeinoghxzscu乡村重 15'", max_size=80))
def test_reading_is_bounded_and_no_key_stands_in_another(typed: str) -> None:
    read = read_typed(typed)
    assert len(read.patterns) <= MAX_PATTERNS
    assert len(read.keys) <= MAX_KEYS
    assert not any(a != b and a.startswith(b) for a in read.keys for b in read.keys)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("aa shang shang shang", "aa上上上"),
        ("s shang s s shang", "上上上上上"),
        ("sz shang s shang a", "sz上上上a"),
        ("z重重行", "振重重行"),
        ("z重c行长", "振重重行长"),
    ],
)
def test_the_likely_readings_are_kept_where_there_are_too_many(typed: str, text: str) -> None:
    assert fits(typed, text)


@pytest.mark.parametrize("typed", ["sh sh sh sh", "ml3gtcacalo", "n3sppq1x x乡xh"])
def test_keys_that_many_readings_share_count_once(typed: str) -> None:
    assert 10 < len(read_typed(typed).keys) <= MAX_KEYS


@given(st.text(alphabet="乡村振兴重庆银行上海长安a股5", min_size=1, max_size=6), st.data())
def test_a_text_is_found_by_its_sounds_its_initials_and_any_mixture(
    text: str, data: st.DataObject
) -> None:
    read = units(fold(text))
    typed = [
        data.draw(st.sampled_from((unit.text, unit.sound, unit.sound[:1])))
        if unit.text != unit.sound
        else unit.sound
        for unit in read
    ]
    assert fits(" ".join(typed), text)
