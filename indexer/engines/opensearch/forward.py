"""The words of one text field of an article, with their places: what rescoring reads of the best articles.

They are kept as doc values, which the cluster hands out without looking at anything else of an article. As bytes: HEADER; how often
the field holds each word; the positions of all words, one word after another; the words, each between two control characters.
Words that tell what an article is about come first, those that the field holds often before the others.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.analysis.analyzers import Token
from indexer.engines.agreement import can_tell
from indexer.engines.opensearch.fields import POSITION

HEADER: Final = Struct("<IIIII")
"""The bytes of a number, the words, how many of them tell something, how many of these occur more than once, all occurrences."""

Numbers = NDArray[np.uint16] | NDArray[np.uint32]


def packed(tokens: Iterable[Token]) -> str:
    """The words of a text as the cluster takes them, in base64."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for token in tokens:
        places[token.text].append(token.position)
    words = sorted(places, key=lambda word: (not can_tell(word), -len(places[word])))
    telling = [len(places[word]) for word in words if can_tell(word)]
    counts = [len(places[word]) for word in words]
    positions = [position for word in words for position in places[word]]
    highest = max(*counts, *positions, 0, 0)
    kind = np.dtype("<u2" if highest < 1 << 16 else "<u4")
    content = (
        HEADER.pack(
            kind.itemsize, len(words), len(telling), len(telling) - telling.count(1), len(positions)
        ),
        np.array(counts, kind).tobytes(),
        np.array(positions, kind).tobytes(),
        POSITION.join(("", *words, "")).encode(),
    )
    return b64encode(b"".join(content)).decode()


class Forward:
    """The words that :func:`packed` packed."""

    __slots__ = ("_counts", "_often", "_positions", "_telling", "_text")

    def __init__(self, value: str) -> None:
        content = b64decode(f"{value}==")  # the cluster leaves the padding out
        size, words, self._telling, self._often, occurrences = HEADER.unpack_from(content)
        numbers: Numbers = np.frombuffer(content, f"<u{size}", words + occurrences, HEADER.size)
        self._counts, self._positions = numbers[:words], numbers[words:]
        self._text = content[HEADER.size + size * len(numbers) :].decode()

    @property
    def often(self) -> tuple[list[str], Numbers]:
        """The words that tell something and occur more than once, and how often the field holds each."""
        words = self._text.split(POSITION, self._often + 1)[1:-1]
        return words, self._counts[: self._often]

    @property
    def once(self) -> list[str]:
        """The words that tell something and occur once."""
        return self._text.split(POSITION, self._telling + 1)[self._often + 1 : -1]

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
                ends = self._counts.cumsum(dtype=np.int64)
            number = self._text.count(POSITION, 0, at)
            end = int(ends[number])
            found.append(self._positions[end - int(self._counts[number]) : end])
        return found
