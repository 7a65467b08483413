"""The words of one text field of an article, with their places: what rescoring reads of the best articles.

They are kept as doc values, which the cluster hands out without looking at anything else of an article. As bytes: HEADER; the hash of
each candidate; how often the field holds each word; the positions of all words, one word after another; the words, each between two
control characters. The words that tell what an article is about come first, those that the field holds most often before the others,
then the longer ones. The first of them are the candidates.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.analyzers import Token
from indexer.engines.agreement import can_tell
from indexer.engines.opensearch.fields import POSITION

HEADER: Final = Struct("<IIII")
"""The bytes of a number, the candidates, the words, and the occurrences of all."""
CANDIDATES: Final = 96
"""The words of a field that may be the 32 most telling ones. Of 184 words of news, 97 % of the 32 are among so many."""

Hashes = NDArray[np.uint32]
Numbers = NDArray[np.uint16] | NDArray[np.uint32]


def hash_of(word: str) -> int:
    """32 bits of a word: what agreement takes for it. Of 200,000 words some five share theirs with another."""
    return crc32(word.encode())


def packed(tokens: Iterable[Token]) -> str:
    """The words of a text as the cluster takes them, in base64."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for token in tokens:
        places[token.text].append(token.position)
    telling = sorted(filter(can_tell, places), key=lambda word: (-len(places[word]), -len(word)))
    words = [*telling, *(word for word in places if not can_tell(word))]
    hashes = [hash_of(word) for word in telling[:CANDIDATES]]
    counts = [len(places[word]) for word in words]
    positions = [position for word in words for position in places[word]]
    highest = max(*counts, *positions, 0, 0)
    kind = np.dtype("<u2" if highest < 1 << 16 else "<u4")
    content = (
        HEADER.pack(kind.itemsize, len(hashes), len(words), len(positions)),
        np.array(hashes, "<u4").tobytes(),
        np.array(counts, kind).tobytes(),
        np.array(positions, kind).tobytes(),
        POSITION.join(("", *words, "")).encode(),
    )
    return b64encode(b"".join(content)).decode()


class Forward:
    """The words that :func:`packed` packed. ``hashes`` are those of the candidates, ``counts`` how often each word occurs."""

    __slots__ = ("_positions", "_text", "counts", "hashes")

    def __init__(self, value: str) -> None:
        content = b64decode(f"{value}==")  # the cluster leaves the padding out
        size, candidates, words, occurrences = HEADER.unpack_from(content)
        self.hashes: Hashes = np.frombuffer(content, "<u4", candidates, HEADER.size)
        begin = HEADER.size + self.hashes.nbytes
        numbers: Numbers = np.frombuffer(content, f"<u{size}", words + occurrences, begin)
        self.counts, self._positions = numbers[:words], numbers[words:]
        self._text = content[begin + numbers.nbytes :].decode()

    @property
    def candidates(self) -> list[str]:
        """The words that may be the most telling ones."""
        return self._text.split(POSITION, len(self.hashes) + 1)[1:-1]

    def positions(self, words: Sequence[str]) -> list[Numbers]:
        """The positions of each of some words, ascending. O(words x bytes)."""
        ends = None
        found = []
        for word in words:
            at = self._text.find(f"{POSITION}{word}{POSITION}")
            if at < 0:
                found.append(self._positions[:0])
                continue
            if ends is None:
                ends = self.counts.cumsum(dtype=np.int64)
            number = self._text.count(POSITION, 0, at)
            end = int(ends[number])
            found.append(self._positions[end - int(self.counts[number]) : end])
        return found
