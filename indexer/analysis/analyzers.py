"""Analyzers by name: they turn a text into tokens for the index, and a query into tokens for the search.

Both modes fold, cut and filter in that order, so the words of a query match the text that they came from. An index never stores
code objects: engines and manifests know an analyzer by its name and fingerprint.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, NamedTuple, Protocol
from weakref import WeakValueDictionary

from indexer.analysis.characters import fold, fold_fingerprint
from indexer.analysis.dictionary import (
    JIEBA,
    JIEBA_MD5,
    NO_WORDS,
    UserDictionary,
    UserWord,
    packaged_dictionary,
)
from indexer.analysis.filters import drop_stopwords, read_stopwords
from indexer.analysis.glued import glued_ends
from indexer.analysis.measures import counters
from indexer.analysis.memo import Memo
from indexer.analysis.new_words import find_words
from indexer.analysis.readings import readings_fingerprint
from indexer.analysis.routes import RJIEBA
from indexer.analysis.rows import Row, rows_of, with_counter
from indexer.analysis.scripts import ends_sentence
from indexer.analysis.segmenter import ChineseSegmenter
from indexer.analysis.spoken import SpokenWords, packaged_words
from indexer.analysis.streams import Place, TextBatch

CHAIN_VERSION: Final = 4
"""Increased whenever the same text and dictionaries give other tokens than before."""


class Token(NamedTuple):
    """One token: its text as indexed, its ordinal position, and its start and end in the original text."""

    text: str
    position: int
    start: int
    end: int


class Analyzer(Protocol):
    """Turns text into tokens. Threads may share it. It accepts any text without an error.

    It can be pickled for another process if its ``stopwords`` function can.
    """

    @property
    def name(self) -> str:
        """The name in :func:`make_analyzer`."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits that cover everything :meth:`index` depends on, except the found words. Cheap: loads no dictionary."""

    @property
    def user_dictionary(self) -> UserDictionary:
        """The user dictionary that it uses."""

    @property
    def found_words(self) -> UserDictionary:
        """The words that it knows because :meth:`learning` found them."""

    def knowing(self, words: UserDictionary, found: UserDictionary = NO_WORDS) -> Analyzer:
        """This analyzer with another user dictionary and other found words. Returns this analyzer if both are the same."""

    def learning(self, texts: Iterable[str]) -> Analyzer:
        """This analyzer with the words that it finds in ``texts`` as the only found words.

        A word of the user dictionary is never found, even if that removes it. A word that it adds hides no other. The same texts
        give the same words.
        """

    def index(self, text: str) -> list[Token]:
        """The tokens of a document's text.

        Each word has an ordinal position. One position is left out where a sentence or paragraph ends, so the words on both sides do
        not follow one another. Words of the dictionary inside a longer word share the longer word's position. So do the numbers
        inside a number with signs, and a measure of one character at the beginning of a word that follows a number (号 in 7号线).
        Tokens come in the order of positions; at one position the word comes first, then those inside it by start, the longer
        first.
        """

    def batch(self) -> TextBatch:
        """What :meth:`index` finds, for many texts at once, without where it stands: an index needs no more."""

    def glued(self, place: Place) -> tuple[str, ...]:
        """The names that the segmenter glued to a neighbour in the words of a place: see ``glued.py``."""

    def query(self, text: str) -> list[Token]:
        """The words of a query: those of :meth:`index` without words inside others and without stopwords.

        If all words are stopwords, they are kept. Positions are those of :meth:`index`.
        """

    def counts(self, text: str) -> dict[str, tuple[int, int, int]]:
        """The distinct texts of :meth:`query`'s tokens, each with its count and the start and end of its first token."""

    def ignored(self, text: str) -> tuple[str, ...]:
        """The distinct stopwords that :meth:`query` drops."""

    def only_stopwords(self, text: str) -> bool:
        """Whether the text has words and all are stopwords. Then :meth:`query` keeps them."""

    def holds(self, word: str) -> bool:
        """Whether the dictionaries hold a folded word. The words that only the model of unknown words makes are not held."""

    def sounding(self, sounds: Sequence[str]) -> list[str]:
        """The folded Chinese words of the dictionaries that are usually read with these sounds, one for each character.

        About 0.3 ms. The first call makes tables, in a second.
        """


def make_analyzer(
    name: str = "zh",
    *,
    words: UserDictionary = NO_WORDS,
    stopwords: Callable[[], frozenset[str]] = read_stopwords,
) -> Analyzer:
    """The analyzer of that name; ``zh`` is the only one. The segmenter is loaded on first use.

    ``words`` are the editors' words. ``stopwords`` returns the folded words to drop from queries. It is called for each query, so editors can change the
    stopwords at any time.

    Raises:
        ValueError: there is no such analyzer.
        SegmenterMismatch: an installed package is not the release that the segmenter requires.
    """
    if name != ChineseAnalyzer.name:
        raise ValueError(f"there is no analyzer {name!r}: use {ChineseAnalyzer.name!r}")
    return ChineseAnalyzer(words, stopwords)


def words_of(analyzer: Analyzer, text: str) -> tuple[str, ...]:
    """The texts of a query's tokens, as queries to the index contain them."""
    return tuple(token.text for token in analyzer.query(text))


def is_one_word(analyzer: Analyzer, text: str) -> bool:
    """Whether a folded text is exactly one token of the analyzer."""
    return words_of(analyzer, text) == (text,)


_TYPED: Final = 500
"""The most characters of a cached text. One search analyzes its query again and again, but an article is analyzed once."""
_RECENT: Final = 256
"""The number of queries whose words are cached."""

_INDEXED: Final = 1 << 18
"""The number of pieces whose places are cached: 40 MB in a process that indexes much. 6,000 articles have 110,000 pieces."""


_SEGMENTERS: Final[WeakValueDictionary[tuple[UserWord, ...], ChineseSegmenter]] = (
    WeakValueDictionary()
)
"""The segmenters that somebody uses, by the words that they know beside jieba's. Each takes 0.15 s and 60 MB."""


def _segmenter_of(words: tuple[UserWord, ...]) -> ChineseSegmenter:
    """The segmenter that also knows these words: the one that somebody uses, or a new one."""
    segmenter = _SEGMENTERS.get(words)
    if segmenter is None:
        segmenter = _SEGMENTERS[words] = ChineseSegmenter(packaged_dictionary(), words)
    return segmenter


class ChineseAnalyzer:
    """The analyzer for Chinese text that may contain other scripts."""

    name: Final = "zh"

    def __init__(
        self,
        user: UserDictionary,
        stopwords: Callable[[], frozenset[str]] = read_stopwords,
        found: UserDictionary = NO_WORDS,
    ) -> None:
        self._user = user
        self._found = found
        self._packaged = packaged_dictionary()
        self._stopwords = stopwords
        self._rows = Memo(self._rows_of)
        self._places = Memo(self._place_of, most=_INDEXED)
        self._ends = Memo(ends_sentence)
        self._words = Memo(self._words_of, longest=_TYPED, most=_RECENT)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles only the arguments. Loaded and cached data is loaded again in the other process."""
        return type(self), (self._user, self._stopwords, self._found)

    @cached_property
    def fingerprint(self) -> str:
        """Covers the chain, the segmenter's releases, the dictionaries, the folding table and the readings."""
        facts = (
            f"{self.name} {CHAIN_VERSION}\n{JIEBA} {JIEBA_MD5}\nrjieba {RJIEBA}\n"
            f"fold {fold_fingerprint()}\nread {readings_fingerprint()}\nuser {self._user.fingerprint}\n"
        )
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    @property
    def user_dictionary(self) -> UserDictionary:
        """See :meth:`Analyzer.user_dictionary`."""
        return self._user

    @property
    def found_words(self) -> UserDictionary:
        """See :meth:`Analyzer.found_words`."""
        return self._found

    def knowing(self, words: UserDictionary, found: UserDictionary = NO_WORDS) -> ChineseAnalyzer:
        """See :meth:`Analyzer.knowing`."""
        same = (words, found) == (self._user, self._found)
        return self if same else type(self)(words, self._stopwords, found)

    def learning(self, texts: Iterable[str]) -> ChineseAnalyzer:
        """See :meth:`Analyzer.learning`. A word gets a frequency as if jieba's dictionary had been made from the texts."""
        # This analyzer does not keep it: its dictionary takes 60 MB, and this analyzer may never cut a text. It does not know the
        # words that the user added, so what stands inside one is found as it would be without: 云溪 in 云溪县.
        segmenter = _segmenter_of(tuple(word for word in self._user.words if word.frequency == 0))
        users = {word.text for word in self._user.words}
        words = find_words(
            texts,
            divide=segmenter.divide,
            known=lambda word: word in users or segmenter.holds(word),
        )
        total = self._packaged.total
        found = tuple(UserWord(word.text, max(1, round(word.share * total))) for word in words)
        return self.knowing(self._user, UserDictionary(found))

    def index(self, text: str) -> list[Token]:
        """See :meth:`Analyzer.index`."""
        tokens: list[Token] = []
        counts = counters()
        position = at = 0
        folded = fold(text)
        for piece in self._segmenter.cut(folded):
            end = at + len(piece)
            rows = self._rows[piece]
            if rows is None:
                position += position > 0 and self._ends[piece]
            else:
                if piece[0] in counts and at and folded[at - 1].isdigit():
                    rows = with_counter(piece, rows)
                for word, start, stop in rows or ((piece, 0, end - at),):
                    tokens.append(Token(word, position, at + start, at + stop))
                position += 1
            at = end
        return tokens

    def batch(self) -> TextBatch:
        """See :meth:`Analyzer.batch`."""
        return TextBatch(lambda: self._segmenter, self._places.__getitem__, self._after_number)

    def glued(self, place: Place) -> tuple[str, ...]:
        """See :meth:`Analyzer.glued`."""
        words = (place,) if isinstance(place, str) else place
        return tuple(end for word in words for end in glued_ends(word, self.holds))

    def query(self, text: str) -> list[Token]:
        """See :meth:`Analyzer.query`."""
        words = self._words[text]
        dropped = drop_stopwords((word.text for word in words), self._stopwords())
        return [word for word in words if word.text not in dropped]

    def counts(self, text: str) -> dict[str, tuple[int, int, int]]:
        """See :meth:`Analyzer.counts`. Analyzes each distinct piece once, which takes half the time of :meth:`query`."""
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

    def holds(self, word: str) -> bool:
        """See :meth:`Analyzer.holds`."""
        return self._segmenter.holds(word)

    def sounding(self, sounds: Sequence[str]) -> list[str]:
        """See :meth:`Analyzer.sounding`."""
        found = [*packaged_words().of(sounds), *self._spoken.of(sounds)]
        return [word for word in dict.fromkeys(found) if self.holds(word)]

    @cached_property
    def _spoken(self) -> SpokenWords:
        return SpokenWords(self._user.lines + self._found.lines)

    @cached_property
    def _segmenter(self) -> ChineseSegmenter:
        # The user's words come last: one without a frequency gets one that wins against those before it.
        return _segmenter_of((*self._found.words, *self._user.words))

    def _words_of(self, text: str) -> tuple[Token, ...]:
        """The tokens of :meth:`index` that are as long as their pieces, without the words inside others."""
        tokens: list[Token] = []
        append, whole, ends, make = tokens.append, self._whole, self._ends, tuple.__new__
        position = at = 0
        for piece in self._segmenter.cut(fold(text)):
            stop = at + len(piece)
            words = whole(piece)
            for word in words:
                append(make(Token, (word, position, at, stop)))
            position += bool(words) or (position > 0 and ends[piece])
            at = stop
        return tuple(tokens)

    def _whole(self, piece: str) -> Sequence[str]:
        """The words of a piece that are as long as it; none for a separator."""
        rows = self._rows[piece]
        if not rows:
            return () if rows is None else (piece,)
        return [word for word, start, end in rows if end - start == len(piece)] or (piece,)

    def _rows_of(self, piece: str) -> tuple[Row, ...] | None:
        return rows_of(piece, self._segmenter)

    def _after_number(self, word: str) -> Place:
        """What a word puts at its position if it follows a number and begins with a measure."""
        rows = with_counter(word, self._rows[word] or ())
        return tuple(row[0] for row in rows) or word

    def _place_of(self, piece: str) -> Place | None:
        """What a piece puts at its position; None for a separator that takes none."""
        rows = self._rows_of(piece)
        if rows is None:
            return () if ends_sentence(piece) else None
        if len(rows) > 1:
            return tuple(row[0] for row in rows)
        return rows[0][0] if rows else piece
