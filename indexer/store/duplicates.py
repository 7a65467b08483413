"""Near-duplicates: decides whether two articles are the same text, and makes the keys that find candidates.

Reprints are the same text: they differ in the headline, a dateline, a source line, the portal's own tail, a word or a
paragraph break. These are not the same text: two reports of one game, the half-time report and the final one, this month's
bulletin and last month's. Precision comes first, since a wrong group hides an article from readers.

Bodies are compared as folded letters and digits, so punctuation and layout do not matter. The comparison uses overlapping
pieces of SHINGLE characters (Broder, On the resemblance and containment of documents, 1997). Candidates share one of KEYS hash
values, each made of ROWS minima (banded MinHash; Leskovec et al., Mining of Massive Datasets, 3.4). The probability that a
pair shares a hash value is 0.98 at resemblance 0.8, 0.9996 at 0.9, and 0.05 at 0.2. :func:`same_text` then compares the texts.

A store keeps only the keys. A change of anything that determines the keys needs a migration that drops them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.characters import fold, fold_literal
from indexer.article import Article

SHINGLE: Final = 5
"""Characters of a piece. Texts on one subject share shorter pieces; every changed word breaks longer ones."""
KEYS: Final = 6
ROWS: Final = 3

CHUNK: Final = 32_768
"""Characters of bodies that are sketched at once: enough to hide the cost of a call, few enough to stay in a processor's cache."""

LEAST_LETTERS: Final = 40
"""Shorter bodies are the same only if body and title are equal: (图) or 快讯 says nothing."""
SHORT_LETTERS: Final = 200
"""In shorter bodies one name or one number may be the only difference between two notices."""
LEAST_RESEMBLANCE: Final = 0.8
"""Shared pieces over all pieces of both. Of 300 pairs of real articles above it that were read, one was not the same text
(it is short). Between 0.7 and 0.8 about one in seven is another text: a half-time report, a later figure.
"""
LEAST_RESEMBLANCE_SHORT: Final = 0.9
"""One different name of three characters in 120 leaves 0.89."""
DATELINE_NUMBERS: Final = 4
"""How many numbers of a long text may differ on both sides: year, month, day, hour. A bulletin from a form has more."""

_U64 = NDArray[np.uint64]
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""The constants of SplitMix64 (Steele, Lea and Flood, 2014)."""

_HEAD = re.compile(
    r"""\A\s*(?:
        [【\[(](?:转载|转发|转自|原标题|来源)[^】\])\n]{0,60}[】\])]           # 【转载】
      | (?:原标题|来源|转载自|转自|作者|记者|编辑)\s*[:/][^\n]{0,60}\n        # 来源:... on a line of its own
      | [^\n。,!?;]{0,25}?\d{1,2}日(?:电|讯|消息)(?:\s*\([^)\n]{0,30}\))?      # 溪口社3月2日电(记者 何一苇)
    )""",
    re.VERBOSE,
)
_TAIL = re.compile(
    r"""[\n(【\[](?:
        (?<=\n)[^\w\n]*(?:责任编辑|责编|编辑|校对|审核|监制|统筹|稿件来源|文章来源|本文来源|来源|本文转自|转自|原标题|原文链接
           |作者|免责声明|版权声明|特别声明|郑重声明|声明|更多|延伸阅读|相关阅读|推荐阅读|扫码|扫一扫|扫描|长按|点击
           |关注|返回|欢迎|举报|投稿|新闻热线)[^\n]{0,300}
      | (?<!\n)(?:完|责任编辑|责编|编辑|来源|作者|记者|文|图|原标题)[^()【】\[\]\n]{0,60}[)】\]]
    )\s*\Z""",
    re.VERBOSE,
)
"""Begins with one set of characters, which ``re`` looks for fast."""
_TAIL_WINDOW: Final = 400
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class Sketch:
    """The parts of an article that are compared.

    ``letters`` is its folded, trimmed body, letters and digits only. If that is too short, it is the whole folded title and body.
    ``pieces``, uint64, are the hashes of its pieces in the order of the text, a view of an array that other sketches share. It is
    empty if only equality counts. ``keys`` are signed numbers of 64 bits; articles of the same text almost surely share one.
    """

    letters: str
    pieces: _U64
    keys: tuple[int, ...]

    @cached_property
    def shingles(self) -> _U64:
        """The distinct hashes, ascending. Made when they are first asked for, since most articles are compared with none."""
        hashes = np.sort(self.pieces)
        fresh = np.ones(len(hashes), dtype=bool)
        np.not_equal(hashes[1:], hashes[:-1], out=fresh[1:])
        return hashes[fresh]


def sketch(article: Article) -> Sketch:
    """The sketch of one article. O(body), about 0.2 ms for 800 characters; :func:`sketches` is faster for many."""
    return sketches([article])[0]


def sketches(articles: Iterable[Article]) -> list[Sketch]:
    """The sketches of articles, in their order. O(bodies), about 40 microseconds for each 800 characters."""
    return [each for chunk in _chunks(articles) for each in _sketched(chunk)]


def same_text(one: Sketch, other: Sketch) -> bool:
    """Whether two articles are the same text. O(pieces of both)."""
    if one.letters == other.letters:
        return True
    if not len(one.shingles) or not len(other.shingles):
        return False
    shared = len(np.intersect1d(one.shingles, other.shingles, assume_unique=True))
    resemblance = shared / (len(one.shingles) + len(other.shingles) - shared)
    if min(len(one.letters), len(other.letters)) < SHORT_LETTERS:
        least, replaceable = LEAST_RESEMBLANCE_SHORT, 0
    else:
        least, replaceable = LEAST_RESEMBLANCE, DATELINE_NUMBERS
    return resemblance >= least and _replaced_numbers(one, other) <= replaceable


def _replaced_numbers(one: Sketch, other: Sketch) -> int:
    """How many numbers of one text are replaced by other numbers in the other."""
    numbers = [Counter(_DIGITS.findall(each.letters)) for each in (one, other)]
    return min((numbers[0] - numbers[1]).total(), (numbers[1] - numbers[0]).total())


def _trimmed(body: str) -> str:
    """A folded body without dateline, source line and portal's tail; the whole body if these are more than half of it."""
    start, end = 0, len(body)
    while head := _HEAD.match(body[start : start + _TAIL_WINDOW]):
        start += head.end()
    while tail := _TAIL.search(body, max(start, end - _TAIL_WINDOW), end):
        end = tail.start()
    return body[start:end] if 2 * (end - start) >= len(body) else body


@cache
def _is_letter() -> NDArray[np.bool_]:
    """bool[code points]: letters and digits, as ``str.isalnum`` tells them. 1 MB, made once."""
    return np.strings.isalnum(np.arange(0x110000, dtype="<u4").view("<U1"))


def _chunks(articles: Iterable[Article]) -> Iterator[list[Article]]:
    """The articles in runs with CHUNK characters of bodies, or a little more."""
    chunk: list[Article] = []
    characters = 0
    for article in articles:
        chunk.append(article)
        characters += len(article.body)
        if characters >= CHUNK:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _sketched(articles: Sequence[Article]) -> Iterator[Sketch]:
    """The sketches of a chunk. Its bodies are one array, so each step is one call for all of them."""
    folded = fold("".join(article.body for article in articles))
    ends = accumulate((len(article.body) for article in articles), initial=0)
    bodies = [_trimmed(folded[start:end]) for start, end in pairwise(ends)]
    letters, bounds = _letters(bodies)
    told = np.diff(bounds) >= LEAST_LETTERS
    starts, stops = bounds[:-1][told], bounds[1:][told] - (SHINGLE - 1)
    pieces = _pieces(letters)
    keys = iter(_keys(pieces, starts, stops))
    text = str(letters.data, "utf-32-le")
    for article, long_enough, (start, end) in zip(
        articles, told.tolist(), pairwise(bounds.tolist()), strict=True
    ):
        if long_enough:
            yield Sketch(text[start:end], pieces[start : end - (SHINGLE - 1)], next(keys))
        else:
            yield _by_equality(article)


def _by_equality(article: Article) -> Sketch:
    """The sketch of an article that is too short to be compared by pieces."""
    text = f"{fold_literal(article.title)}\n{fold_literal(article.body)}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return Sketch(text, np.empty(0, np.uint64), (int.from_bytes(digest, signed=True),))


def _letters(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The code points of all texts that are letters or digits, uint32, and the bounds of each text in them, int64[texts + 1]."""
    codes: NDArray[np.uint32] = np.frombuffer("".join(texts).encode("utf-32-le"), dtype="<u4")
    places = np.flatnonzero(_is_letter().take(codes))
    ends = list(accumulate(map(len, texts), initial=0))
    return codes.take(places), np.searchsorted(places, ends)


def _pieces(letters: NDArray[np.uint32]) -> _U64:
    """The hash of the piece that begins at each letter, uint64[letters]: a polynomial of its characters, mixed.

    The pieces at the end of a text reach into the next one. The last letters are followed by zeros.
    """
    wide = np.zeros(len(letters) + SHINGLE - 1, np.uint64)
    wide[: len(letters)] = letters
    hashes = wide[: len(letters)].copy()
    for place in range(1, SHINGLE):
        hashes *= _GOLDEN
        hashes += wide[place : place + len(letters)]
    return _mixed(hashes)


def _mixed(numbers: _U64) -> _U64:
    """SplitMix64's step for each number."""
    numbers = numbers + _GOLDEN
    for shift, factor in zip((30, 27), _MIX, strict=True):
        numbers ^= numbers >> np.uint64(shift)
        numbers *= factor
    numbers ^= numbers >> np.uint64(31)
    return numbers


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """KEYS * ROWS odd factors and offsets, both uint32[KEYS * ROWS, 1]. Each pair gives a different order of 32-bit hashes."""
    numbers = _mixed(np.arange(2 * KEYS * ROWS, dtype=np.uint64)).astype(np.uint32)
    factors, offsets = numbers.reshape(2, -1, 1)
    return factors | np.uint32(1), offsets


def _keys(
    pieces: _U64, starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> list[tuple[int, ...]]:
    """The keys of each text, whose pieces are those from its start to before its stop.

    For each of KEYS, a hash of its number and of ROWS minima.
    """
    if not len(starts):
        return []
    hashes = (pieces >> np.uint64(32)).astype(np.uint32)
    bounds = np.column_stack((starts, stops)).ravel()
    factors, offsets = _permutations()
    ordered = hashes * factors
    ordered += offsets
    minima = np.minimum.reduceat(ordered, bounds, axis=1)[:, ::2].reshape(KEYS, ROWS, -1)
    keys = np.arange(KEYS, dtype=np.uint64)[:, np.newaxis]
    for row in range(ROWS):
        keys = _mixed(keys ^ minima[:, row])
    return list(zip(*keys.view(np.int64).tolist(), strict=True))
