"""The words that the segmenter knows: jieba's own dictionary, and the user dictionary, which holds the editors' words.

This module reads and checks both. ``routes.py`` turns words and frequencies into a cut. jieba's cache in the folder for
temporary files is never read, since anybody who can write to this folder could forge the cache.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from indexer.analysis.characters import fold, folded_characters
from indexer.errors import InvalidDictionary, SegmenterMismatch
from indexer.said import Said, told

JIEBA: Final = "jieba 0.42.1"
JIEBA_MD5: Final = "897a1f17ca8c08caa37a36f92e2da441"
LONGEST_WORD: Final = 32
"""The most characters of a user's word. jieba's own longest has 16."""

HIGHEST_FREQUENCY: Final = 100_000_000

RAREST: Final = 3
"""The frequency that jieba gives words from lists instead of texts. It is no reason to change another word's frequency."""

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class PackagedDictionary:
    """jieba's dictionary as the package holds it: lines of ``word frequency tag``.

    ``total`` is jieba's, the sum of the frequencies of all lines; ``longest`` is the length of the longest word.
    """

    text: str
    total: int = 60_101_967
    longest: int = 16

    def frequencies(self) -> dict[str, int]:
        """Every word with its frequency: about 0.3 s and 60 MB."""
        fields = self.text.split()
        return dict(zip(fields[::3], map(int, fields[1::3]), strict=True))

    def frequencies_of(self, words: set[str]) -> dict[str, int]:
        """The frequencies of the ``words`` that the dictionary holds: about 0.1 s."""
        lines = (line.split(" ") for line in self.text.splitlines())
        return {line[0]: int(line[1]) for line in lines if line[0] in words}

    def frequency_of(self, word: str) -> int:
        """The frequency of one word, 0 for none: about a millisecond."""
        start = self.text.find(f"\n{word} ") + len(word) + 2
        return int(self.text[start : self.text.index(" ", start)]) if start > len(word) + 1 else 0

    def tagged(self, tags: frozenset[str]) -> frozenset[str]:
        """The words that have one of these tags, such as p for prepositions: about 0.2 s."""
        fields = self.text.split()
        return frozenset(
            word for word, tag in zip(fields[::3], fields[2::3], strict=True) if tag in tags
        )

    def folded_words(self) -> list[tuple[str, str, int]]:
        """The Chinese words of several characters that folding changes, such as 乾隆: word, folded word, frequency.

        A folded text never holds them in the dictionary's form.
        """
        changed = "".join(
            sorted(character for character in folded_characters() if is_han(character))
        )
        rows: list[tuple[str, str, int]] = []
        end = 0
        for match in re.finditer(f"[{changed}]", self.text):
            if match.start() >= end:
                start = self.text.rfind("\n", 0, match.start()) + 1
                end = self.text.index("\n", match.start())
                word, frequency, _ = self.text[start:end].split(" ")
                if len(word) > 1 and is_han(word):
                    rows.append((word, fold(word), int(frequency)))
        return rows


def mixed_words() -> list[str]:
    """The folded words of jieba's dictionary that contain more than Chinese characters: t恤, b超, 4s店, c++."""
    return _lines("mixed_words.txt")


def symbol_words() -> list[str]:
    """Additional names that contain symbols, folded: .net, *st."""
    return _lines("symbol_words.txt")


def _lines(name: str) -> list[str]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("# ")]


_FUNCTION_TAGS: Final = frozenset(
    (
        "p",
        "c",
        "u",
        "uj",
        "ul",
        "uz",
        "ug",
        "uv",
        "ud",
        "d",
        "r",
        "m",
        "f",
        "y",
        "e",
        "k",
        "mq",
        "t",
    )
)


@cache
def function_words() -> frozenset[str]:
    """jieba's prepositions, conjunctions, particles, adverbs, pronouns, and words for numbers, places and times: 0.2 s, once."""
    return packaged_dictionary().tagged(_FUNCTION_TAGS)


@cache
def verbs() -> frozenset[str]:
    """jieba's verbs that are not nouns as well, such as 表示: 0.2 s, once."""
    return packaged_dictionary().tagged(frozenset("v"))


@cache
def packaged_dictionary() -> PackagedDictionary:
    """jieba's dictionary, checked: about 30 ms, once.

    Raises:
        SegmenterMismatch: it is not the dictionary of jieba 0.42.1; another package may have installed itself over jieba, or
            none is installed.
    """
    return read_packaged_dictionary(jieba_folder() / "dict.txt")


def jieba_folder() -> Path:
    """Where jieba's files are. It is not imported: that takes 0.1 s, most of it for setuptools, which nothing here needs.

    Raises:
        SegmenterMismatch: jieba is not installed.
    """
    found = find_spec("jieba")
    if found is None or found.origin is None:
        raise SegmenterMismatch(JIEBA, "it is not installed")
    return Path(found.origin).parent


def read_packaged_dictionary(path: Path) -> PackagedDictionary:
    """The dictionary in a file, which must be the dictionary of jieba 0.42.1; see :func:`packaged_dictionary`."""
    data = path.read_bytes()
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != JIEBA_MD5:
        raise SegmenterMismatch(JIEBA, f"the dictionary in {path} is another")
    return PackagedDictionary(data.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class UserWord:
    """A folded word of the user dictionary. Without a frequency the word gets one that makes it a word; 0 removes the word."""

    text: str
    frequency: int | None = None


@dataclass(frozen=True, slots=True)
class UserDictionary:
    """The user dictionary's words. The order affects frequencies that are not given: each word counts for those after it."""

    words: tuple[UserWord, ...] = ()

    @classmethod
    def of(cls, words: Iterable[UserWord]) -> UserDictionary:
        """The dictionary of these words, the shorter ones first: so the parts of a word count, whatever the order given."""
        return cls(tuple(sorted(words, key=lambda word: (len(word.text), word.text))))

    def without(self, other: UserDictionary) -> UserDictionary:
        """The words that ``other`` says nothing about."""
        texts = {word.text for word in other.words}
        return UserDictionary(tuple(word for word in self.words if word.text not in texts))

    @property
    def fingerprint(self) -> str:
        """16 hex digits of the words and frequencies, without comments and white space."""
        rows = "".join(f"{word.text} {word.frequency}\n" for word in self.words)
        return hashlib.sha256(rows.encode()).hexdigest()[:16]

    @property
    def lines(self) -> str:
        """The words as the text of a file for :func:`parse_user_dictionary`."""
        return "".join(
            f"{word.text}\n" if word.frequency is None else f"{word.text} {word.frequency}\n"
            for word in self.words
        )


NO_WORDS: Final = UserDictionary()


def parse_user_dictionary(data: bytes, path: Path) -> UserDictionary:
    """The words of a file of lines ``word`` or ``word frequency``, given its bytes and, for messages, its path.

    Empty lines and lines that begin with # are skipped. The file is UTF-8, with or without a byte order mark.

    Raises:
        InvalidDictionary: a line is wrong; the message says which line, why, and what would be right.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = data.count(b"\n", 0, error.start) + 1
        why = Said("is not UTF-8: save the file as UTF-8")
        raise InvalidDictionary(path, broken, why) from error
    words: dict[str, tuple[int, UserWord]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            text = fold(line.removesuffix("\r")).strip(" ")
            if not text or text.startswith("#"):
                continue
            word = read_user_word(text)
            if word.text in words:
                raise ValueError(
                    Said(
                        "{word!r} stands in line {line} already: remove one",
                        word=word.text,
                        line=words[word.text][0],
                    )
                )
        except ValueError as error:
            raise InvalidDictionary(path, number, told(error)) from error
        words[word.text] = number, word
    return UserDictionary(tuple(word for _, word in words.values()))


def read_user_word(text: str) -> UserWord:
    """The word that ``word`` or ``word frequency`` spells. It is folded like texts, so full-width characters and traditional
    words become what the index holds. Raises ValueError with the reason.
    """
    folded = fold(text).strip(" ")
    for character in folded:
        if character != " " and unicodedata.category(character)[0] in "CZ":
            code = ord(character)
            raise ValueError(
                Said("holds U+{code:04X}: part word and frequency by one space", code=code)
            )
    word, *rest = folded.split(" ")
    if len(rest) > 1:
        raise ValueError(
            Said(
                "has {count} fields: a line is a word without spaces and, after one space, its frequency",
                count=1 + len(rest),
            )
        )
    _check_word(word)
    if not rest:
        return UserWord(word)
    digits = rest[0]
    if not (digits.isascii() and digits.isdigit() and int(digits[:10]) <= HIGHEST_FREQUENCY):
        raise ValueError(
            Said(
                "frequency {digits!r} must be a whole number from 1 to {limit}, or 0 to remove the word",
                digits=digits,
                limit=HIGHEST_FREQUENCY,
            )
        )
    return UserWord(word, int(digits))


def _check_word(word: str) -> None:
    if not 2 <= len(word) <= LONGEST_WORD:
        raise ValueError(
            Said(
                "{word!r} has {count} characters: a word has from 2 to {limit}; single ones need no entry",
                word=word,
                count=len(word),
                limit=LONGEST_WORD,
            )
        )
    if not any(map(str.isalnum, word)):
        raise ValueError(
            Said("{word!r} has neither letter nor digit: it could never be found", word=word)
        )
    plain = fold(unicodedata.normalize("NFKC", word))
    if plain != word:
        raise ValueError(
            Said(
                "{word!r} holds characters that stand for others: write {plain!r}",
                word=word,
                plain=plain,
            )
        )


def is_han(text: str) -> bool:
    """Whether ``text`` contains only Han characters that jieba knows."""
    return all("\u4e00" <= character <= "\u9fd5" for character in text)
