"""The encoding of a text, found from its bytes."""

from __future__ import annotations

import io
import random

import pytest

from indexer.errors import SourceUnreadable
from indexer.sources.encodings import decode, encoding_of, utf8

SIMPLIFIED = "清晨的江面起了雾，渡船停航。岸上的人排起队，卖粥的摊子先热闹起来。"
TRADITIONAL = "清晨的江面起了霧，渡船停航。岸上的人排起隊，賣粥的攤子先熱鬧起來。"


@pytest.mark.parametrize("length", [2, 5, 34])
@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "gb2312", "gb18030"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        ("\ufeff" + SIMPLIFIED, "utf-16-le", "utf-16-le"),
        ("\ufeff" + SIMPLIFIED, "utf-16-be", "utf-16-be"),
        ("\ufeff" + SIMPLIFIED, "utf-32-le", "utf-32-le"),
        ("\ufeff" + SIMPLIFIED, "utf-32-be", "utf-32-be"),
        ("only letters", "utf-8", "utf-8"),
        ("only letters", "utf-16-le", "utf-16-le"),
    ],
)
def test_short_and_long_texts_are_told_apart(
    text: str, encoding: str, name: str, length: int
) -> None:
    content = f'{{"t": "{text[:length]}"}}\n'
    if text.startswith("\ufeff"):
        content = f"\ufeff{content.replace(chr(0xFEFF), '')}"
    head = content.encode(encoding)
    assert encoding_of(head) == name
    assert decode(head, name) == content.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("text", "encoding", "name"), [(SIMPLIFIED, "gbk", "gb18030"), (TRADITIONAL, "big5", "big5hkscs")]
)  # fmt: skip
def test_a_head_may_end_inside_a_character(text: str, encoding: str, name: str) -> None:
    assert encoding_of(text.encode(encoding)[:-1]) == name


@pytest.mark.parametrize(
    "declared", ["", "utf-8", "gb2312", "big5", "iso-8859-1", "utf-16", "klingon"]
)
@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED + "𠀀", "gb18030", "gb18030"),
        (TRADITIONAL, "gbk", "gb18030"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL + "€", "cp950", "cp950"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
    ],
)  # fmt: skip
def test_what_a_page_declares_decides_nothing(
    text: str, encoding: str, name: str, declared: str
) -> None:
    page = f'<html><head><meta charset="{declared}"><title>渡船</title></head><body><p>{text}</p></body></html>'
    assert encoding_of(page.encode(encoding)) == name
    assert decode(page.encode(encoding), name) == page


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_found_in_text_without_ascii(encoding: str) -> None:
    """The character 一 has a zero byte where ASCII has none."""
    for text in (SIMPLIFIED, TRADITIONAL, "一江一舟，一人一粥。", f'{{"t": "{"一" * 9}"}}'):
        assert encoding_of(text.encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5hkscs"])
def test_a_few_broken_bytes_change_nothing(encoding: str) -> None:
    text = (SIMPLIFIED if encoding != "big5hkscs" else TRADITIONAL) * 5
    content = bytearray(text.encode(encoding))
    content[20] = content[81] = 0xFF
    assert encoding_of(bytes(content)) == encoding


def test_a_badly_damaged_text_keeps_its_encoding() -> None:
    content = bytearray((SIMPLIFIED * 10).encode())
    content[100::90] = b"\xff" * len(content[100::90])
    assert encoding_of(bytes(content)) == "utf-8"


def test_a_zero_byte_makes_no_utf16() -> None:
    assert encoding_of(f"id,title\n1,{SIMPLIFIED[:4]}\x00\n".encode()) == "utf-8"


def test_noise_is_no_text() -> None:
    noise = random.Random(1)
    assert encoding_of(noise.randbytes(2_000)) is None
    assert encoding_of(bytes(100)) is None


def test_undecodable_bytes_pass_through_as_they_are() -> None:
    noise = random.Random(2).randbytes(100_000)
    stream = utf8(io.BufferedReader(io.BytesIO(noise)), "gb18030", "noise")
    text = stream.read().decode("utf-8", "surrogateescape")
    assert text == noise.decode("gb18030", "surrogateescape")


def test_half_a_character_at_the_end_of_utf16_is_an_error() -> None:
    content = SIMPLIFIED.encode("utf-16-le")[:-1]
    with pytest.raises(SourceUnreadable, match="get it whole, or convert it to UTF-8"):
        utf8(io.BufferedReader(io.BytesIO(content)), "utf-16-le", "n").read()
