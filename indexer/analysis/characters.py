"""Character folding: one character becomes one character, so offsets into folded text are offsets into the text.

There are four foldings, with tables made once in each process: compatibility forms of one character (full width, circled, CJK
radicals and compatibility ideographs; NFKC), traditional to simplified (OpenCC's table for single characters), lower
case, and Latin letters without their marks. ``filters.py`` makes the changes that affect the length, token by token.
"""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
from opencc import OpenCC

HAN: Final = "\u4e00-\u9fd5"
"""The characters that jieba's dictionary and model know, as the inside of a regular expression's class."""

BLOCKS_BESIDE_HAN: Final = (
    (0x41, 0x3400),
    (0xA000, 0xAC00),
    (0xF900, 0x20000),
    (0x2F800, 0x2FA20),
)
"""Code points that include all compatibility forms and capital letters (a test checks all of Unicode)."""

_SAME_WORDS: Final = dict(
    zip(
        "著妳牠藉覆甦瞭鍾锺迳鉅钜衹彷簷痺颚姊敍粧糭衞枱畧鬪",
        "着你它借复苏了钟钟径巨巨只仿檐痹腭姐叙妆粽卫台略斗",
        strict=True,
    )
)
"""Characters that OpenCC folds in some words only (慰藉 keeps its 藉, 憑藉 does not), or that regions write differently (沿著 and
沿着). They are folded in all words: a reader of one script should not need to know which characters these are.

Not 畫 and 划, nor 沈 and 沉: the one-character words differ (沈 is a family name).
"""

_LONG: Final = 64
"""From this many characters on, one look-up of all is faster than one for each: some 5 µs, against 65 ns a character."""

_UTF_32: Final = "utf-32-le"
_CODES: Final = np.dtype("<u4")
"""A code point in UTF-32."""

_MARKED: Final = re.compile("LATIN SMALL LETTER ([A-Z]) WITH .*")
"""The Unicode name of a Latin letter with a mark or a stroke. Its group is the letter without it."""

_HAN_BLOCKS: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x323B0))


def fold(text: str) -> str:
    """``text`` in the form that is cut into words, and in which literals and titles are compared. Keeps the length. O(length)."""
    if len(text) < _LONG:
        return text.translate(_table())
    codes = np.frombuffer(text.encode(_UTF_32, "surrogatepass"), _CODES)
    images = np.frombuffer(_table(), _CODES).take(codes)
    return str(images.data, _UTF_32, "surrogatepass")


def fold_literal(text: str) -> str:
    """``fold(text)`` with each run of white space replaced by one space, and none at the ends. The length may change."""
    return spaced(fold(text))


def spaced(text: str) -> str:
    """``text`` with each run of white space replaced by one space, and none at the ends."""
    return " ".join(text.split())


def fold_title(text: str) -> str:
    """``fold(text)`` without blanks and punctuation, as titles are compared; :func:`fold_literal` if nothing else is in it.

    Symbols stay: 20℃ is not 20, nor c++ c.
    """
    return "".join(filter(_is_told, fold(text))) or fold_literal(text)


def _is_told(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "S"


def folded_characters() -> frozenset[str]:
    """The characters that :func:`fold` changes."""
    return frozenset(_steps())


@cache
def fold_fingerprint() -> str:
    """16 hex digits of the folding table itself. It changes if a Unicode or OpenCC release changes the table."""
    rows = "".join(f"{key}{image}" for key, image in sorted(_steps().items()))
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


@cache
def _table() -> memoryview:
    """The image of each code point, uint32[0x110000]: 4 MB.

    ``str.translate`` accepts it too. With a dict, every unchanged character would raise and catch an error.
    """
    table = np.arange(sys.maxunicode + 1, dtype=_CODES)
    for character, image in _steps().items():
        table[ord(character)] = ord(image)
    return table.data


@cache
def _steps() -> dict[str, str]:
    """Each folded character with its image. About 50 ms, once."""
    # Compatibility forms override lower case: U+03F9 and its compatibility form have different lower-case letters.
    steps = _lowered() | _unmarked() | _compatible() | _simplified() | _SAME_WORDS
    return {character: _end(image, steps) for character, image in steps.items()}


def _end(character: str, steps: dict[str, str]) -> str:
    """Follow the steps to their end, so folding twice equals folding once."""
    while (image := steps.get(character)) is not None:
        character = image
    return character


def _compatible() -> dict[str, str]:
    characters = characters_of(BLOCKS_BESIDE_HAN)
    # One call for all characters. The line feeds between them prevent combination with neighbours.
    normalized = unicodedata.normalize("NFKC", "\n".join(characters)).split("\n")
    return _changed(characters, normalized)


def _lowered() -> dict[str, str]:
    characters = characters_of(BLOCKS_BESIDE_HAN)
    # U+0130 has no lower case of one character, except the simple one of the Unicode tables.
    return _changed(characters, "\n".join(characters).lower().split("\n")) | {"\u0130": "i"}


def _unmarked() -> dict[str, str]:
    """Small Latin letters without their marks and strokes: café and cafe, Ødegaard and Odegaard. Keyboards lack these letters."""
    small = filter(str.islower, characters_of(BLOCKS_BESIDE_HAN))
    named = ((each, unicodedata.name(each, "")) for each in small)
    found = ((each, _MARKED.fullmatch(name)) for each, name in named)
    return {each: match[1].lower() for each, match in found if match}


def _simplified() -> dict[str, str]:
    """Traditional to simplified, where OpenCC maps one character to one.

    A simplified character that is too rare for jieba is folded to the traditional one instead, which jieba's dictionary has.
    The two still match each other.
    """
    characters = characters_of(_HAN_BLOCKS)
    converted = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    steps: dict[str, str] = {}
    for traditional, simplified in _changed(characters, converted).items():
        if not _known_to_jieba(traditional) or _known_to_jieba(simplified):
            steps[traditional] = simplified
        elif simplified in steps:
            steps[traditional] = steps[simplified]
        else:
            steps[simplified] = traditional
    return steps


def _known_to_jieba(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fd5"


def characters_of(blocks: Iterable[tuple[int, int]]) -> list[str]:
    """The characters of blocks of code points. Each block is given as its first code point and the one after its last."""
    return [chr(code) for start, end in blocks for code in range(start, end)]


def _changed(characters: list[str], mapped: list[str]) -> dict[str, str]:
    return {
        character: image
        for character, image in zip(characters, mapped, strict=True)
        if character != image and len(image) == 1
    }
