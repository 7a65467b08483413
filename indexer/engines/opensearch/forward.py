"""The words of an article, from the article's side: what rescoring reads of the best articles.

They are kept as doc values, which the cluster reads without looking at anything else of an article. All numbers are little-endian.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, count, pairwise
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.streams import Stream
from indexer.engines.agreement import can_tell
from indexer.engines.opensearch.fields import POSITION
from indexer.vectorised import rows_at

CANDIDATES: Final = 96
"""The words of a body that may be the 32 most telling ones. Of 184 words of news, 97 % of the 32 are among so many."""
MOST_PLACES: Final = 1_000
"""Places of one word that are kept, the first ones."""
FARTHEST: Final = 0xFFFF
"""The last place of a field that is kept. Hardly an article has half as many words."""

_HEAD: Final = 3
"""The numbers of 16 bits before the places of a word: its hash takes two, the number of its places one."""
_COUNT: Final = Struct("<I")
_MOST: Final = 0xFFFF

Hashes = NDArray[np.uint32]
Counts = NDArray[np.uint16]
Ints = NDArray[np.int64]
U32 = NDArray[np.uint32]


def hash_of(word: str) -> int:
    """32 bits of a word, which stand for it in doc values. Of 200,000 words some five share theirs with another."""
    return crc32(word.encode())


def signed(number: int) -> int:
    """The same 32 bits as Java reads them."""
    return number - (number >> 31 << 32)


class Occurrences(NamedTuple):
    """The words of ``size`` texts, text by text, each at its position; of the words of one position those inside another follow it.

    ``words`` are the distinct ones. ``texts`` int64[n], ``ids`` uint32[n] and ``positions`` uint32[n] are the number of an occurrence's
    text, that of its word, and its position.
    """

    size: int
    words: Sequence[str]
    texts: Ints
    ids: U32
    positions: U32


def occurrences(stream: Stream) -> Occurrences:
    """The words of a stream. O(words)."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    places = [(place,) if isinstance(place, str) else place for place in stream.places]
    members = np.array([numbers[word] for word in chain.from_iterable(places)], dtype=np.uint32)
    sizes = np.array([*map(len, places)], dtype=np.int64)
    held = sizes[stream.ids]
    ids = members[rows_at((np.cumsum(sizes) - sizes)[stream.ids], held)]
    size = len(stream.counts)
    texts = np.repeat(np.repeat(np.arange(size), stream.counts), held)
    return Occurrences(size, [*numbers], texts, ids, np.repeat(stream.positions, held))


def places_of(found: Occurrences) -> list[str]:
    """Where each word of each text stands, in base64: for each hash, ascending as Java orders them, an entry.

    An entry is the hash (int32), the number of places (uint16), and the places (uint16 each). O(n log n) for n words.
    """
    near = found.positions <= FARTHEST
    words = _hashes(found.words).view("<i4")
    hashes, texts = words[found.ids[near]], found.texts[near]
    order, firsts, counts = _grouped(texts, hashes)
    kept = np.minimum(counts, MOST_PLACES)
    sizes = _HEAD + kept
    begins = np.cumsum(sizes) - sizes
    content = np.empty(sizes.sum(), dtype="<u2")
    content[begins], content[begins + 1] = hashes[order[firsts]].view("<u2").reshape(-1, 2).T
    content[begins + 2] = kept
    content[rows_at(begins + _HEAD, kept)] = found.positions[near][order][rows_at(firsts, kept)]
    edges = np.append(begins, len(content))[_edges(texts[order[firsts]], found.size)]
    return [b64encode(content[begin:end].tobytes()).decode() for begin, end in pairwise(edges)]


def candidates_of(found: Occurrences) -> list[str]:
    """The words that may tell what each body is about, in base64: their number, their hashes, how often each occurs, the words.

    Those that occur most often, the longer ones first. O(n log n) for n words.
    """
    telling = np.array([*map(can_tell, found.words)], dtype=bool)[found.ids]
    ids, texts = found.ids[telling], found.texts[telling]
    order, firsts, times = _grouped(texts, ids)
    first = order[firsts]
    texts, ids = texts[first], ids[first]
    lengths = np.array([*map(len, found.words)], dtype=np.int64)
    best = np.lexsort((first, -lengths[ids], -times, texts))
    ids, times, hashes = ids[best], times[best], _hashes(found.words)
    packed = []
    for begin, end in pairwise(_edges(texts, found.size)):
        chosen = slice(begin, min(end, begin + CANDIDATES))
        content = (
            _COUNT.pack(len(ids[chosen])),
            hashes[ids[chosen]].tobytes(),
            np.minimum(times[chosen], _MOST).astype("<u2").tobytes(),
            POSITION.join(found.words[each] for each in ids[chosen].tolist()).encode(),
        )
        packed.append(b64encode(b"".join(content)).decode())
    return packed


def _hashes(words: Sequence[str]) -> Hashes:
    return np.array([*map(hash_of, words)], dtype="<u4")


def _grouped(texts: Ints, keys: NDArray[np.integer]) -> tuple[Ints, Ints, Ints]:
    """The order by text and key; in it, where each text and key begins that differs from the last, and how often it occurs."""
    order = np.lexsort((keys, texts))
    texts, keys = texts[order], keys[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (texts[1:] != texts[:-1]) | (keys[1:] != keys[:-1])
    firsts = np.flatnonzero(begins)
    return order, firsts, np.diff(firsts, append=len(order))


def _edges(texts: Ints, size: int) -> Ints:
    """int64[size + 1]: where each text begins among ascending numbers of texts, and the end."""
    return np.searchsorted(texts, np.arange(size + 1))


class Candidates:
    """The words that :func:`candidates_of` chose: their ``hashes``, and how often each occurs."""

    __slots__ = ("_content", "counts", "hashes")

    def __init__(self, value: str) -> None:
        self._content = b64decode(f"{value}==")  # the cluster leaves the padding out
        (size,) = _COUNT.unpack_from(self._content)
        self.hashes: Hashes = np.frombuffer(self._content, "<u4", size, _COUNT.size)
        begin = _COUNT.size + self.hashes.nbytes
        self.counts: Counts = np.frombuffer(self._content, "<u2", size, begin)

    @property
    def words(self) -> list[str]:
        """The words themselves."""
        begin = _COUNT.size + self.hashes.nbytes + self.counts.nbytes
        return self._content[begin:].decode().split(POSITION)
