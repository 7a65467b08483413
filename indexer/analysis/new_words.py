"""Finds the words that texts hold and the dictionary lacks: names above all, such as 李家超 and 进博会.

A word stands free: many different words precede and follow it, and often nothing does, because a clause begins or ends there.
Its parts belong together: they are neighbours far more often than chance would make them. Both tests are old (Huang and Powers,
"Chinese Word Segmentation Based on Contextual Entropy", 2003; Sornlertlamvanich et al., "Automatic Corpus-Based Thai Word
Extraction", 2000). The texts are first divided into the dictionary's words, so no candidate lies across one. A wrong word does
harm in every text, and a missing one only there, so the limits prefer missing words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, count
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.characters import fold
from indexer.analysis.dictionary import function_words
from indexer.analysis.filters import read_stopwords

Numbers = NDArray[np.int32]

LEAST: Final = 8
"""The fewest occurrences of a word. With fewer, the variety of its neighbours means nothing."""
LONGEST: Final = 6
"""The most characters of a word. Longer candidates were phrases more often than names."""
VARIETY: Final = 2.0
"""The least entropy of the neighbours on either side, in bits: as if four words followed equally often."""
FREE: Final = 0.05
"""The least share of occurrences at the beginning of a clause, and at the end of one. 是中国 and 记者从 rarely end a clause."""
COHESION: Final = 6.6
"""How many bits more often the parts are neighbours than by chance, wherever the word is divided. 记者|从 has 4, 字母|哥 14."""
FREE_PAIR: Final = 0.15
VARIETY_PAIR: Final = 3.0
COHESION_PAIR: Final = 4.1
"""Two single characters that stand so free need less cohesion, such as 李可: both are frequent. Or, with COHESION, one may be a
function word by its tag, such as 西 in 梅西 and 挺 in 周挺. Nine in ten of such pairs were words.
"""
SHARE: Final = 0.2
"""A known word inside a new one must occur there in this share of its occurrences, or the rest must. 大湾 occurs before 区 in
94 % of all cases, but 人民政府 after 镇 in 15 %: that is a phrase.
"""
BOUND: Final = 0.5
"""In this share of its occurrences the rest of a candidate must have the function word at its edge, as 穆里 has 略."""

CLOSING: Final = 0.75
"""A single character that ends a clause in this share of its occurrences is a verb such as 说 or a mark such as 讯."""
CLOSING_SHARE: Final = 0.01
"""Unless this share of its occurrences is in one candidate, as with the last character of a name."""

_BATCH: Final = 500_000
"""Characters that are divided at a time."""
_END, _OTHER = "\n", "0"
"""What ends a clause, and what is part of a number or of a longer run of letters."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word, and its share of all words of the texts."""

    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Neighbouring pieces: how often they occur, and how free they stand on the side where they are less free.

    ``variety`` is the entropy of the neighbours in bits, ``free`` the share of occurrences at the edge of a clause.
    """

    pieces: tuple[str, ...]
    count: int
    variety: float
    free: float

    @property
    def text(self) -> str:
        """The pieces joined."""
        return "".join(self.pieces)

    @property
    def divisions(self) -> Iterator[tuple[str, str]]:
        """The two parts of the text for each place between two pieces."""
        ends = accumulate(map(len, self.pieces[:-1]))
        return ((self.text[:end], self.text[end:]) for end in ends)


def find_words(
    texts: Iterable[str],
    *,
    divide: Callable[[str], list[str]],
    known: Callable[[str], bool],
) -> list[NewWord]:
    """The new words of ``texts``, by text. The same texts give the same words.

    ``divide`` cuts Chinese runs that are separated by line feeds into the dictionary's words; each line feed is an item of its
    own. ``known`` says whether the dictionary holds a word. Words are Chinese, or Chinese with one letter (c罗).

    About 0.7 s and 15 MB for a million characters.
    """
    pieces, numbers = _read(texts, divide)
    counts = np.bincount(numbers, minlength=len(pieces))
    total = int(counts[2:].sum())
    candidates: list[Candidate] = []
    occurrences = {
        piece: times for piece, times in zip(pieces, counts.tolist(), strict=True) if times >= LEAST
    }
    for grams in _grams(numbers, _sizes(pieces), counts):
        texts_of = [tuple(pieces[n] for n in row) for row in grams.rows.tolist()]
        for parts, times in zip(texts_of, grams.counts.tolist(), strict=True):
            text = "".join(parts)
            occurrences[text] = occurrences.get(text, 0) + times
        before, after = _sides(numbers, grams)
        variety = np.minimum(before.variety, after.variety)
        free = np.minimum(before.free, after.free)
        fit = np.flatnonzero((variety >= VARIETY) & (free >= FREE))
        candidates += [
            Candidate(texts_of[n], int(grams.counts[n]), float(variety[n]), float(free[n]))
            for n in fit.tolist()
        ]
    if not candidates:
        return []
    choice = _Choice(
        occurrences,
        total,
        known,
        read_stopwords(),
        function_words(),
        _closing(pieces, numbers, counts),
    )
    chosen = choice.words(candidates)
    return [NewWord(text, occurrences[text] / total) for text in sorted(chosen)]


def _read(texts: Iterable[str], divide: Callable[[str], list[str]]) -> tuple[list[str], Numbers]:
    """The distinct pieces, and the texts as one row of numbers of pieces. Number 0 is the end of a clause, 1 no word."""
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    for piece in (_END, _OTHER, *_LETTERS):
        number_of[piece]
    rows: list[Numbers] = [np.zeros(1, np.int32)]
    for text in _batches(texts):
        codes = np.frombuffer(fold(text).encode("utf-32-le", "surrogatepass"), np.uint32)
        chinese = (codes >= 0x4E00) & (codes <= 0x9FD5)
        runs = np.where(chinese, codes, np.uint32(ord("\n"))).tobytes().decode("utf-32-le")
        cut = divide(runs)
        row = np.fromiter(map(number_of.__getitem__, cut), np.int32, len(cut))
        row[row == 0] = _classes(codes)[~chinese]
        rows.append(row)
    rows.append(np.zeros(1, np.int32))
    return list(number_of), np.concatenate(rows)


def _batches(texts: Iterable[str]) -> Iterator[str]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch += text, "\n"
        size += len(text)
        if size >= _BATCH:
            yield "".join(batch)
            batch, size = [], 0
    yield "".join(batch)


def _classes(codes: NDArray[np.uint32]) -> Numbers:
    """For each character the number of its piece if it is not Chinese: a letter that stands alone has its own."""
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    joined = letter | ((codes >= ord("0")) & (codes <= ord("9")))
    alone = letter.copy()
    alone[1:] &= ~joined[:-1]
    alone[:-1] &= ~joined[1:]
    return np.where(alone, codes - np.uint32(ord("a") - 2), joined).astype(np.int32)


def _sizes(pieces: list[str]) -> Numbers:
    return np.fromiter(map(len, pieces), np.int32, len(pieces))


def _closing(pieces: list[str], numbers: Numbers, counts: NDArray[np.int64]) -> frozenset[str]:
    """The frequent single characters that mostly end a clause."""
    last = np.bincount(numbers[:-1][numbers[1:] == 0], minlength=len(pieces))
    mostly = np.flatnonzero((counts >= LEAST) & (last >= CLOSING * counts))
    return frozenset(piece for n in mostly.tolist() if len(piece := pieces[n]) == 1)


@dataclass(frozen=True, slots=True)
class _Grams:
    """The frequent sequences of one number of pieces.

    ``rows``: int32[n, size], the pieces of each. ``counts``: int64[n]. ``starts`` and ``which``: int32[occurrences], the place of
    each occurrence, ascending, and its sequence.
    """

    rows: Numbers
    counts: NDArray[np.int64]
    starts: Numbers
    which: Numbers

    @property
    def size(self) -> int:
        size: int = self.rows.shape[1]
        return size


def _grams(numbers: Numbers, sizes: Numbers, counts: NDArray[np.int64]) -> Iterator[_Grams]:
    """The sequences of two pieces, three, and so on, that can be words. One of two neighbours must be a single character.

    A frequent sequence consists of frequent ones, so each step only extends what the step before found. O(n log n) for the pairs.
    """
    starts = _pairs(numbers, sizes, counts)
    which = numbers[starts]
    lengths = sizes[which]
    rows = np.arange(len(sizes), dtype=np.int32)[:, None]
    size = 2
    while True:
        following = numbers[starts + (size - 1)]
        lengths = lengths + sizes[following]
        short = lengths <= LONGEST
        starts, which, lengths, following = (
            each[short] for each in (starts, which, lengths, following)
        )
        keys = which.astype(np.int64) * len(sizes) + following
        distinct, gram, times = np.unique(keys, return_inverse=True, return_counts=True)
        frequent = times >= LEAST
        if not frequent.any():
            return
        renumbered = (np.cumsum(frequent) - 1).astype(np.int32)
        kept = frequent[gram]
        starts, which, lengths = starts[kept], renumbered[gram[kept]], lengths[kept]
        before, last = np.divmod(distinct[frequent], len(sizes))
        rows = np.column_stack([rows[before], last.astype(np.int32)])
        grams = _Grams(rows, times[frequent], starts, which)
        yield grams
        # Extended only where the next sequence of this size is frequent too: both share all pieces but the outer ones.
        begins = np.zeros(len(numbers) + 1, np.bool_)
        begins[starts] = True
        longer = begins[starts + 1]
        starts, which, lengths = starts[longer], which[longer], lengths[longer]
        size += 1


def _pairs(numbers: Numbers, sizes: Numbers, counts: NDArray[np.int64]) -> Numbers:
    """The places of two neighbouring frequent pieces, at least one of them a single character."""
    usable = counts >= LEAST
    usable[:2] = False
    # For each piece two bits: whether it is usable, and whether it is single as well.
    bits = (usable.astype(np.uint8) | (usable & (sizes == 1)) << 1)[numbers]
    return np.flatnonzero((bits[:-1] & 1) & (bits[1:] & 1) & ((bits[:-1] | bits[1:]) >> 1)).astype(
        np.int32
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """How free sequences stand on one side: the entropy of the neighbours in bits, and the share without one. float64[grams]."""

    variety: NDArray[np.float64]
    free: NDArray[np.float64]


def _sides(numbers: Numbers, grams: _Grams) -> tuple[_Side, _Side]:
    return (
        _side(grams, numbers[grams.starts - 1], most=int(numbers.max()) + 1),
        _side(grams, numbers[grams.starts + grams.size], most=int(numbers.max()) + 1),
    )


def _side(grams: _Grams, neighbours: Numbers, *, most: int) -> _Side:
    """Each clause's edge counts as a neighbour of its own. ``most`` exceeds every number of a piece."""
    size = len(grams.counts)
    times = grams.counts.astype(np.float64)
    ends = neighbours == 0
    free = np.bincount(grams.which[ends], minlength=size) / times
    keys = grams.which[~ends].astype(np.int64) * most + neighbours[~ends]
    pairs, together = np.unique(keys, return_counts=True)
    gram = pairs // most
    shares = together / times[gram]
    variety = np.bincount(gram, -shares * np.log2(shares), minlength=size)
    return _Side(variety + free * np.log2(times), free)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Chooses the words among candidates. ``occurrences`` counts every frequent sequence of pieces, ``total`` all pieces."""

    occurrences: Mapping[str, int]
    total: int
    known: Callable[[str], bool]
    stopwords: frozenset[str]
    function_words: frozenset[str]
    closing: frozenset[str]

    def words(self, candidates: Iterable[Candidate]) -> set[str]:
        """The texts of the candidates that are words."""
        found: set[str] = set()
        for each in sorted(candidates, key=lambda each: (len(each.text), each.pieces)):
            if (
                not self.known(each.text)
                and not each.text.isascii()
                and self._has_content(each)
                and self._is_cohesive(each)
                and self._is_unit(each, found)
            ):
                found.add(each.text)
        return found

    def _has_content(self, candidate: Candidate) -> bool:
        """Whether no function word is part of it by chance: 在北京, 和平与稳定."""
        pieces, text = candidate.pieces, candidate.text
        inner = pieces[1:-1] if len(pieces) == len(text) else pieces
        if not self.stopwords.isdisjoint(inner):
            return False
        first, last = pieces[0], pieces[-1]
        if last in self.closing and self._share(candidate, last) < CLOSING_SHARE:
            return False
        return all(
            len(edge) == 1 and self._share(candidate, rest) >= BOUND
            for edge, rest in ((first, text[len(first) :]), (last, text[: -len(last)]))
            if edge in self.stopwords
            or (edge in self.function_words and not _is_free_pair(candidate))
        )

    def _is_cohesive(self, candidate: Candidate) -> bool:
        """Whether its parts are neighbours much more often than by chance, wherever it is divided."""
        grammatical = not self.function_words.isdisjoint(candidate.pieces)
        least = COHESION_PAIR if _is_free_pair(candidate) and not grammatical else COHESION
        return all(
            log2(candidate.count * self.total / (self.occurrences[left] * self.occurrences[right]))
            >= least
            for left, right in candidate.divisions
        )

    def _is_unit(self, candidate: Candidate, found: set[str]) -> bool:
        """Whether it is more than several words in a row, and more than one word with something common beside it."""
        words = found | {piece for piece in candidate.pieces if len(piece) > 1}
        return not _consists_of(candidate.text, words) and not any(
            word in words
            and self._share(candidate, word) < SHARE
            and (len(rest) > 1 or self._share(candidate, rest) < SHARE)
            for left, right in candidate.divisions
            for word, rest in ((left, right), (right, left))
        )

    def _share(self, candidate: Candidate, part: str) -> float:
        """The share of a part's occurrences that are inside the candidate."""
        return candidate.count / self.occurrences[part]


def _is_free_pair(candidate: Candidate) -> bool:
    """Whether it is two single characters that stand very free."""
    return (
        len(candidate.text) == 2
        and candidate.free >= FREE_PAIR
        and candidate.variety >= VARIETY_PAIR
    )


def _consists_of(text: str, words: Collection[str]) -> bool:
    """Whether the text is a row of at least two of the ``words``."""
    return any(
        text[:end] in words and (text[end:] in words or _consists_of(text[end:], words))
        for end in range(1, len(text))
    )
