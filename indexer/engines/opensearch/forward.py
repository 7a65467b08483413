"""The words of an article, from the article's side: what rescoring reads of the best articles.

They are kept as doc values, which the cluster reads without looking at anything else of an article. All numbers are little-endian.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable
from struct import Struct
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.analyzers import Token
from indexer.engines.agreement import can_tell
from indexer.engines.opensearch.fields import POSITION

CANDIDATES: Final = 96
"""The words of a body that may be the 32 most telling ones. Of 184 words of news, 97 % of the 32 are among so many."""
MOST_PLACES: Final = 1_000
"""Places of one word that are kept, the first ones."""
FARTHEST: Final = 0xFFFF
"""The last place of a field that is kept. Hardly an article has half as many words."""

_ENTRY: Final = Struct("<iH")
"""A word's hash, and the number of its places."""
_COUNT: Final = Struct("<I")
_MOST: Final = 0xFFFF

Hashes = NDArray[np.uint32]
Counts = NDArray[np.uint16]


def hash_of(word: str) -> int:
    """32 bits of a word, which stand for it in doc values. Of 200,000 words some five share theirs with another."""
    return crc32(word.encode())


def signed(number: int) -> int:
    """The same 32 bits as Java reads them."""
    return number - (number >> 31 << 32)


def places_of(tokens: Iterable[Token]) -> str:
    """Where each word of a field stands, in base64: for each hash, ascending as Java orders them, its _ENTRY and its places."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for token in tokens:
        if token.position <= FARTHEST:
            places[signed(hash_of(token.text))].append(token.position)
    content = bytearray()
    for word, found in sorted(places.items()):
        kept = found[:MOST_PLACES]
        content += _ENTRY.pack(word, len(kept)) + np.array(kept, "<u2").tobytes()
    return b64encode(content).decode()


def candidates_of(tokens: Iterable[Token]) -> str:
    """The words that may tell what a body is about, in base64: their number, their hashes, how often each occurs, the words.

    Those that occur most often, the longer ones first.
    """
    times = Counter(token.text for token in tokens if can_tell(token.text))
    words = sorted(times, key=lambda word: (-times[word], -len(word)))[:CANDIDATES]
    content = (
        _COUNT.pack(len(words)),
        np.array([hash_of(word) for word in words], "<u4").tobytes(),
        np.array([min(times[word], _MOST) for word in words], "<u2").tobytes(),
        POSITION.join(words).encode(),
    )
    return b64encode(b"".join(content)).decode()


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
