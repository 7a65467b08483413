"""The encoding of a page is found from its bytes, whatever it declares."""

from __future__ import annotations

import pytest

from indexer.sources.pages.decoding import decode, is_text

SIMPLIFIED = (
    "集市一早就热闹起来，卖糖画的老人支起了摊子，孩子们把他围得水泄不通，这是人们多年没有见过的。"
)
TRADITIONAL = (
    "集市一早就熱鬧起來，賣糖畫的老人支起了攤子，孩子們把他圍得水洩不通，這是人們多年沒有見過的。"
)
DECLARATIONS = ["", "utf-8", "gb2312", "big5", "iso-8859-1", "utf-16", "klingon"]


def _page(text: str, declared: str) -> str:
    declaration = f'<meta charset="{declared}">' if declared else ""
    return f"<html><head>{declaration}<title>集市</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("declared", DECLARATIONS)
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "gbk"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "gbk"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "utf-8"),
        (SIMPLIFIED + "𠀀", "gb18030"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
    ],
)
def test_declared_or_not_the_text_is_found(text: str, encoding: str, declared: str) -> None:
    found = decode(_page(text, declared).encode(encoding))
    assert found.text == _page(text, declared)
    assert found.replaced == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_is_no_part_of_the_text(encoding: str) -> None:
    assert decode(("\ufeff" + _page(SIMPLIFIED, "gbk")).encode(encoding)).text == _page(
        SIMPLIFIED, "gbk"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_damaged_byte_costs_one_character_and_is_counted(encoding: str) -> None:
    before, after = (each.encode(encoding) for each in (SIMPLIFIED[:20], SIMPLIFIED[20:]))
    found = decode(before + b"\xff" + after)
    assert found.text.replace("\ufffd", "") == SIMPLIFIED
    assert found.replaced == 1


def test_a_replacement_character_that_the_page_itself_holds_is_not_counted() -> None:
    assert decode((SIMPLIFIED + "\ufffd").encode()).replaced == 0
    assert decode((SIMPLIFIED + "\ufffd").encode() + b"\xff").replaced == 1


@pytest.mark.parametrize("raw", [b"", b"\x00", b"<", "集".encode("gbk")])
def test_very_short_pages_are_decoded(raw: bytes) -> None:
    assert isinstance(decode(raw).text, str)


def test_bytes_with_zeros_are_no_text_unless_they_are_utf_16() -> None:
    assert is_text(_page(SIMPLIFIED, "").encode())
    assert is_text(_page(SIMPLIFIED, "").encode("utf-16"))
    assert is_text(_page(SIMPLIFIED, "").encode("utf-16-be"))
    assert not is_text(b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(range(256)))


def test_a_badly_damaged_page_keeps_its_encoding() -> None:
    raw = bytearray(_page(SIMPLIFIED * 10, "").encode())
    raw[100:1_400:30] = b"\xff" * len(raw[100:1_400:30])
    assert decode(bytes(raw)).encoding == "utf-8"
