"""Analyzers by name: from a text to the tokens that are indexed, and to those that are searched for.

Fold, cut, filter, in that order in both modes, so that a query's words are found in the text that they came from. What
is indexed is never a code object: engines and manifests know an analyzer by its name and fingerprint.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from indexer.analysis.characters import fold, fold_fingerprint
from indexer.analysis.dictionary import (
    JIEBA,
    JIEBA_MD5,
    UserDictionary,
    packaged_dictionary,
    read_user_dictionary,
)
from indexer.analysis.filters import drop_stopwords, expand, read_stopwords
from indexer.analysis.memo import Memo
from indexer.analysis.pinyin import DICTIONARY
from indexer.analysis.routes import RJIEBA
from indexer.analysis.scripts import holds_word
from indexer.analysis.segmenter import ChineseSegmenter
from indexer.analysis.spellings import is_number, usual

CHAIN_VERSION: Final = 2
"""Raised whenever the same text and dictionaries give other tokens than before."""


class Token(NamedTuple):
    """One token: its text as indexed, its ordinal position, and where it stands in the original text."""

    text: str
    position: int
    start: int
    end: int


class Analyzer(Protocol):
    """From text to tokens. Safe to share between threads; any text is taken, and none raises.

    Can be pickled for another process, if what gives its stopwords can.
    """

    @property
    def name(self) -> str:
        """The name in :func:`make_analyzer`."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits for all that :meth:`index` depends on. Cheap: no dictionary is loaded for it."""

    @property
    def user_dictionary(self) -> UserDictionary:
        """The user's words that it knows."""

    def knowing(self, words: UserDictionary) -> Analyzer:
        """The same analyzer with these words for the user's; itself where they are the same."""

    def index(self, text: str) -> list[Token]:
        """The tokens of a document's text.

        The words at ordinal positions, and at a word's position also the dictionary's words inside it. In the order
        of the positions; at one position the word first, then those inside it by start, the longer first.
        """

    def query(self, text: str) -> list[Token]:
        """The words of a query: those of :meth:`index` without the ones inside others and without stopwords.

        Where there are only stopwords, they are kept. Positions are those that :meth:`index` gives.
        """

    def counts(self, text: str) -> dict[str, tuple[int, int, int]]:
        """The distinct texts of :meth:`query`'s tokens: how many there are of each, and where the first starts and ends."""

    def ignored(self, text: str) -> tuple[str, ...]:
        """The distinct stopwords that :meth:`query` drops."""

    def only_stopwords(self, text: str) -> bool:
        """Whether there are words, and all are stopwords, so that :meth:`query` keeps them."""


def make_analyzer(
    name: str = "zh",
    *,
    user_dictionary: Path | None = None,
    stopwords: Callable[[], frozenset[str]] = read_stopwords,
) -> Analyzer:
    """The analyzer of that name; ``zh`` is the only one. The segmenter is loaded when it is first used.

    ``stopwords`` gives the folded words that a query is searched without; it is asked for each query, so that editors
    can change them at any time.

    Raises:
        ValueError: there is no such analyzer.
        InvalidSetting: the user dictionary cannot be read.
        InvalidDictionary: a line of it is wrong.
        SegmenterMismatch: an installed package is not the one that words are cut with.
    """
    if name != ChineseAnalyzer.name:
        raise ValueError(f"there is no analyzer {name!r}: use {ChineseAnalyzer.name!r}")
    return ChineseAnalyzer(
        read_user_dictionary(user_dictionary) if user_dictionary else UserDictionary(), stopwords
    )


def words_of(analyzer: Analyzer, text: str) -> tuple[str, ...]:
    """The texts of a query's tokens: what queries to the index carry."""
    return tuple(token.text for token in analyzer.query(text))


def is_one_word(analyzer: Analyzer, text: str) -> bool:
    """Whether the analyzer makes one token of a folded text, and that token is all of it."""
    return words_of(analyzer, text) == (text,)


_TYPED: Final = 500
"""Characters of a query, at most: one search asks for the words of the same text again and again. An article is read once."""
_RECENT: Final = 256
"""Queries whose words are remembered."""

_Row = tuple[str, int, int]
"""A token of a piece: its text, and where in the piece it starts and ends."""


class ChineseAnalyzer:
    """Chinese, with whatever other scripts stand in it."""

    name: Final = "zh"

    def __init__(
        self, user: UserDictionary, stopwords: Callable[[], frozenset[str]] = read_stopwords
    ) -> None:
        self._user = user
        self._packaged = packaged_dictionary()
        self._stopwords = stopwords
        self._rows = Memo(self._rows_of)
        self._words = Memo(self._words_of, longest=_TYPED, most=_RECENT)

    def __reduce__(self) -> tuple[Any, ...]:
        """What was loaded and remembered stays here, and is loaded again where it is needed."""
        return type(self), (self._user, self._stopwords)

    @cached_property
    def fingerprint(self) -> str:
        """Of the chain, the segmenter's releases, the dictionaries, the folding table and what words are read by."""
        facts = (
            f"{self.name} {CHAIN_VERSION}\n{JIEBA} {JIEBA_MD5}\nrjieba {RJIEBA}\n"
            f"fold {fold_fingerprint()}\nread {DICTIONARY}\nuser {self._user.fingerprint}\n"
        )
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    @property
    def user_dictionary(self) -> UserDictionary:
        """See :meth:`Analyzer.user_dictionary`."""
        return self._user

    def knowing(self, words: UserDictionary) -> ChineseAnalyzer:
        """See :meth:`Analyzer.knowing`."""
        return self if words == self._user else type(self)(words, self._stopwords)

    def index(self, text: str) -> list[Token]:
        """See :meth:`Analyzer.index`."""
        tokens: list[Token] = []
        append, rows_of = tokens.append, self._rows
        make = (
            tuple.__new__
        )  # as Token(...), in half the time; this loop is the longest part of indexing
        position = at = 0
        for piece in self._segmenter.cut(fold(text)):
            end = at + len(piece)
            rows = rows_of[piece]
            if rows is not None:
                if not rows:
                    append(make(Token, (piece, position, at, end)))
                for word, start, stop in rows:
                    append(make(Token, (word, position, at + start, at + stop)))
                position += 1
            at = end
        return tokens

    def query(self, text: str) -> list[Token]:
        """See :meth:`Analyzer.query`."""
        words = self._words[text]
        dropped = drop_stopwords((word.text for word in words), self._stopwords())
        return [word for word in words if word.text not in dropped]

    def counts(self, text: str) -> dict[str, tuple[int, int, int]]:
        """See :meth:`Analyzer.counts`. A piece is looked at once, however often it comes: half the time of :meth:`query`."""
        pieces = self._segmenter.cut(fold(text))
        starts = [*accumulate(map(len, pieces), initial=0)]
        firsts = dict(zip(reversed(pieces), reversed(starts[:-1]), strict=True))
        found: dict[str, tuple[int, int, int]] = {}
        for piece, times in Counter(pieces).items():
            start, stop = firsts[piece], firsts[piece] + len(piece)
            for word in self._whole(piece):
                count, first, end = found.get(word, (0, start, stop))
                found[word] = count + times, first, end
        for word in drop_stopwords(found, self._stopwords()):
            del found[word]
        return found

    def ignored(self, text: str) -> tuple[str, ...]:
        """See :meth:`Analyzer.ignored`."""
        return drop_stopwords((word.text for word in self._words[text]), self._stopwords())

    def only_stopwords(self, text: str) -> bool:
        """See :meth:`Analyzer.only_stopwords`."""
        words = self._words[text]
        return bool(words) and self._stopwords().issuperset(word.text for word in words)

    @cached_property
    def _segmenter(self) -> ChineseSegmenter:
        return ChineseSegmenter(self._packaged, self._user.words)

    def _words_of(self, text: str) -> tuple[Token, ...]:
        """The tokens of :meth:`index` that are as long as their pieces: the words inside others are left out."""
        tokens: list[Token] = []
        append, whole, make = tokens.append, self._whole, tuple.__new__
        position = at = 0
        for piece in self._segmenter.cut(fold(text)):
            stop = at + len(piece)
            words = whole(piece)
            for word in words:
                append(make(Token, (word, position, at, stop)))
            position += bool(words)
            at = stop
        return tuple(tokens)

    def _whole(self, piece: str) -> Sequence[str]:
        """The words of a piece that are as long as it; none where it only separates words."""
        rows = self._rows[piece]
        if not rows:
            return () if rows is None else (piece,)
        return [word for word, start, end in rows if end - start == len(piece)] or (piece,)

    def _rows_of(self, piece: str) -> tuple[_Row, ...] | None:
        """The tokens of a piece: None for what separates words, () where the piece is its one token."""
        size = len(piece)
        if self._segmenter.is_mixed(piece):
            return (piece, 0, size), *self._parts(piece)
        respelt = usual(piece)
        if is_number(piece):
            return (respelt, 0, size), *self._parts(piece)
        if respelt != piece:
            return (respelt, 0, size), *self._segmenter.inner_words(respelt)
        expanded = expand(piece)
        if expanded != piece:
            # Written out it may be several words: U+33A1 is m and 2. Each stands where the piece stands.
            words = [word for word in self._segmenter.cut_parts(expanded) if holds_word(word)]
            return tuple((word, 0, size) for word in dict.fromkeys(words)) or None
        if not holds_word(piece):
            return None
        inner = self._segmenter.inner_words(piece)
        return ((piece, 0, size), *inner) if inner else ()

    def _parts(self, mixed: str) -> list[_Row]:
        """The words inside one that mixes scripts, and the words inside those."""
        rows: list[_Row] = []
        at = 0
        for part in self._segmenter.cut_parts(mixed):
            if holds_word(part) and part != mixed:
                rows.append((part, at, at + len(part)))
                inner = self._segmenter.inner_words(part)
                rows += [(word, at + start, at + end) for word, start, end in inner]
            at += len(part)
        return rows
