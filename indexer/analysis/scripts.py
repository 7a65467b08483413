"""Where one script ends and the next begins: the pieces of a text that are not Chinese words.

Works on folded text. Letters and digits are separated from each other. Kana, hangul and all other alphabets form runs.
Han characters that jieba does not know and emoji stand alone. The segmenter cuts Chinese runs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from indexer.analysis.characters import BLOCKS_BESIDE_HAN, HAN, characters_of

HAN_RUN: Final = re.compile(f"([{HAN}]+)")
"""One capturing group, so ``split`` returns what lies between, run, between, run, ..., between."""

_KANA: Final = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_HANGUL: Final = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb"
_OTHER_HAN: Final = (
    "\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_EMOJI: Final = "\u2600-\u27bf\U0001f000-\U0001faff"
_NOT_ALPHABETIC: Final = f"{HAN}{_KANA}{_HANGUL}{_OTHER_HAN}"

_END: Final = re.compile(r"[。!?;…\n\r\v\f\x85\u2028\u2029]|\.[\"'”’)\]]*\s")

LONGEST_RUN: Final = 255
"""The most characters of a run. A longer one (an encoded file, a line of noise) is cut, so no token is huge."""

LETTER_OR_DIGIT: Final = rf"[^\W_{_NOT_ALPHABETIC}]"
"""A letter or digit of a script that separates words by spaces."""
LETTERS_AND_DIGITS: Final = re.compile(f"{LETTER_OR_DIGIT}+")


def split_scripts(text: str) -> list[str]:
    """Cut folded text without Chinese runs into pieces. The joined pieces are the text.

    A piece is a run of one script with its combining marks, a run of digits, a single character, or a separator of words.
    """
    return _piece().findall(text)


def holds_word(piece: str) -> bool:
    """Whether a piece of :func:`split_scripts` is a word, not a separator."""
    return _word().match(piece) is not None


def is_symbol(character: str) -> bool:
    """Whether a character is a symbol: Unicode's categories S (+ € ° → 😀)."""
    return unicodedata.category(character)[0] == "S"


def is_sign(character: str) -> bool:
    """Whether a character is a symbol or punctuation, and neither a letter nor a digit."""
    return unicodedata.category(character)[0] in "PS" and not character.isalnum()


def ends_sentence(separator: str) -> bool:
    """Whether a sentence or a paragraph ends in a separator of :func:`split_scripts`. A point ends one if white space follows."""
    return _END.search(separator) is not None


@cache
def _word() -> re.Pattern[str]:
    return re.compile(rf"[^\W_]|[{_EMOJI}{_abbreviations()}]")


@cache
def _piece() -> re.Pattern[str]:
    marks = _marks()
    alone = f"{_OTHER_HAN}{_EMOJI}{_abbreviations()}"
    letter = rf"[^\W\d_{_NOT_ALPHABETIC}]"
    rest = LONGEST_RUN - 1
    alternatives = (
        rf"[{_KANA}][{_KANA}{marks}]{{0,{rest}}}",
        rf"[{_HANGUL}][{_HANGUL}{marks}]{{0,{rest}}}",
        rf"{letter}(?:{letter}|[{marks}]){{0,{rest}}}",
        rf"\d{{1,{LONGEST_RUN}}}",
        f"[{alone}]",
        rf"(?:[^\w{alone}]|_)+",
        ".",
    )
    return re.compile("|".join(alternatives), re.DOTALL)


def _marks() -> str:
    """The combining marks, which ``\\w`` does not include, as the inside of a character class."""
    return _ranges(
        code for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"
    )


@cache
def _abbreviations() -> str:
    """Symbols that stand for several letters or digits, such as U+338F for kg, as the inside of a character class."""
    return _ranges(
        ord(character)
        for character in characters_of(BLOCKS_BESIDE_HAN)
        if not character.isalnum()
        and len(expanded := unicodedata.normalize("NFKC", character)) > 1
        and any(map(str.isalnum, expanded))
    )


def _ranges(codes: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
