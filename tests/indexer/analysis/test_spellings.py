from __future__ import annotations

import pytest
from hypothesis import given

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.analysis.spellings import is_number, number_branches, spelt_as_indexed, usual
from tests.contracts.analyzer import TEXTS
from tests.typed_queries import analyzer


def words(text: str) -> list[str]:
    return [token.text for token in analyzer().query(text)]


def tokens(made: Analyzer, text: str) -> set[str]:
    return {token.text for token in made.index(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000元", ["1000", "元"]),
        ("１，０００", ["1000"]),
        ("12,345,678", ["12345678"]),
        ("1,000.5", ["1000.5"]),
        ("100％", ["100%"]),
        ("3.5%", ["3.5%"]),
        ("4.5万亿", ["4.5", "万亿"]),
        ("0.3个百分点", ["0.3", "百分点"]),
        ("¥3.50", ["3.50"]),
        ("9•11", ["9·11"]),
        ("５・１２", ["5·12"]),
        ("2∶1", ["2:1"]),
        ("4：0", ["4:0"]),
        ("3-2", ["3-2"]),
        ("24:30", ["24:30"]),
        ("100—200米", ["100-200", "米"]),
        ("3〜5", ["3~5"]),
        ("10%-15%", ["10%-15%"]),
        ("1.2.3.4", ["1.2.3.4"]),
        ("V2.0", ["v", "2.0"]),
        ("A4-1", ["a", "4-1"]),
        ("iPhone15", ["iphone", "15"]),
        ("COVID-19", ["covid", "19"]),
        ("-20度", ["20", "度"]),
        ("2023/12/9", ["2023-12-09"]),
        ("2023.12.19", ["2023-12-19"]),
        ("2023-13-40", ["2023-13-40"]),
        ("2023-02-30", ["2023-02-30"]),
        ("010-12345678", ["01012345678"]),
        ("０５７１－１２３４５６７", ["05711234567"]),
        ("二〇二四年", ["2024", "年"]),
        ("二零二四年，一九九八年", ["2024", "年", "1998", "年"]),
        ("二○二四年", ["2024", "年"]),
    ],
)
def test_a_number_is_one_word_however_it_is_written(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    ["1,00", "1,0000", "1,000,00", "3.1,000", "0,123", "2010-12345678", "010-123456", "010-123456789",
     "二〇二四", "一二〇二四年", "三〇二四年", "一一一一年"],
)  # fmt: skip
def test_what_only_looks_like_such_a_number_is_left_alone(text: str) -> None:
    assert all(token in fold(text) for token in words(text))


def test_the_parts_of_a_number_are_found_too() -> None:
    assert tokens(analyzer(), "010-12345678") == {"01012345678", "010", "12345678"}
    assert tokens(analyzer(), "100%") == {"100%", "100"}
    assert tokens(analyzer(), "10-15") == {"10-15", "10", "15"}
    assert tokens(analyzer(), "3.5~4.5") == {"3.5~4.5", "3.5", "4.5"}
    assert tokens(analyzer(), "19:30-21:00") == {"19:30-21:00", "19:30", "21:00"}
    assert tokens(analyzer(), "3-5%") == {"3-5%", "3", "5%", "5"}
    assert tokens(analyzer(), "2023-12-19") == {"2023-12-19", "2023", "12", "19"}
    assert tokens(analyzer(), "2023/1/9-2023/1/12") == {
        "2023/1/9-2023/1/12", "2023-01-09", "2023-01-12", "2023", "1", "9", "12"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["1,000", "4.5", "9·11", "2:1", "19:30", "1.2.3.4"])
def test_a_number_that_is_one_has_no_parts(text: str) -> None:
    assert len(tokens(analyzer(), text)) == 1


def test_a_long_chain_of_numbers_is_several_words() -> None:
    chain = "-".join(map(str, range(1000, 1020)))
    assert [word.count("-") for word in words(chain)] == [7, 7, 3]
    digits = "12345678901234567890123"
    assert words(f"{digits}.5") == [digits, "5"]


@pytest.mark.parametrize("unit", ["1.", "1:1-", "12345678901234567890123.", "1,000,", "0%-"])
def test_noise_of_digits_and_signs_is_cut_to_its_end(unit: str) -> None:
    text = unit * 1_000
    last = analyzer().query(text)[-1]
    assert last.end == max(at for at, sign in enumerate(text, 1) if sign.isdigit() or sign == "%")
    assert max(len(token.text) for token in analyzer().query(text)) <= 255


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".NET开发", [".net", "开发"]),
        ("ASP.NET", ["asp", ".net"]),
        ("*ST云溪", ["*st", "云溪"]),
        ("F#和Notepad++", ["f#", "notepad++"]),
        (".network", ["network"]),
        ("*star", ["star"]),
    ],
)
def test_a_name_keeps_its_symbols(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20°C", ["20", "℃"]),
        ("68 °f", ["68", "℉"]),
        ("80m2", ["80", "㎡"]),
        ("80 m²", ["80", "㎡"]),
        ("5CM3", ["5", "㎤"]),
        ("3km²", ["3", "㎢"]),
        ("2mm2", ["2", "㎟"]),
        ("元/m2", ["元", "㎡"]),
        ("M2", ["m", "2"]),
        ("80m25", ["80", "m", "25"]),
        ("°Cx", ["cx"]),
    ],
)
def test_a_unit_is_its_sign(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_text_spelt_as_indexed_knows_where_it_came_from() -> None:
    assert spelt_as_indexed("水深1,000米") == ("水深1000米", [0, 1, 2, 2, 2, 2, 7, 8])
    assert spelt_as_indexed("国ⅲ级") == ("国iii级", [0, 1, 1, 1, 2, 3])
    assert spelt_as_indexed("80m2或20°c") == ("80㎡或20℃", [0, 1, 2, 4, 5, 6, 7, 9])
    assert spelt_as_indexed("二〇二四年") == ("2024年", [0, 0, 0, 0, 4, 5])
    assert spelt_as_indexed("没有数字") == ("没有数字", None)


@given(TEXTS)
def test_places_of_a_spelt_text_ascend_within_the_text(text: str) -> None:
    folded = fold(text)
    spelt, places = spelt_as_indexed(folded)
    if places is None:
        assert spelt == folded
    else:
        assert len(places) == len(spelt) + 1
        assert places == sorted(places)
        assert places[-1] == len(folded)


def test_a_name_is_found_without_its_symbols_too() -> None:
    assert tokens(analyzer(), ".NET *ST") == {".net", "net", "*st", "st"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("計畫", ["计划"]),
        ("都市計畫", ["都市计划"]),
        ("大部份", ["大部分"]),
        ("甚麼", ["什么"]),
        ("設計畫面", ["设计", "画面"]),
        ("沈先生", ["沈先生"]),
        ("漫画分镜", ["漫画", "分镜"]),
    ],
)
def test_a_word_that_regions_write_otherwise_is_one_word(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_the_words_inside_a_variant_are_found() -> None:
    assert {"都市", "计划"} <= tokens(analyzer(), "都市計畫")


def test_each_branch_begins_with_another_character() -> None:
    firsts = [branch[0] for branch in number_branches()]
    assert len(set(firsts)) == len(firsts)


def test_the_usual_spelling_is_folded_of_equal_length_and_its_own() -> None:
    for written in ("计画", "沈没", "部份", "帐号", "项炼"):
        assert fold(written) == written
        assert len(usual(written)) == len(written)
        assert usual(usual(written)) == usual(written) != written
    assert not is_number(usual("1,000"))
