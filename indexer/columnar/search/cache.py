"""A cache of values by key, bounded in bytes, that keeps the most frequently requested values.

When it is full, a new value replaces the least recently used ones, but only those that were requested less often than the new
one (the idea of TinyLFU, Einziger et al. 2017). A stream of rare requests thus cannot evict the frequent ones. The counts are
halved from time to time, so formerly frequent values do not stay for ever.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from sys import getsizeof
from typing import Final, Generic, TypeVar

_Value = TypeVar("_Value")

_OVERHEAD: Final = 170
"""Approximate bytes that an entry takes besides its key and its value."""
_LARGEST_SHARE: Final = 8
"""A value that takes more than one part in this many of the cache is not kept."""
_COUNTED: Final = 50_000
"""The number of counted keys beyond which the counts are halved."""


class BoundedCache(Generic[_Value]):
    """A cache of values by key, bounded in bytes. Threads may share it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[Hashable, tuple[_Value, int]] = OrderedDict()
        self._asked: dict[int, int] = {}  # by the key's hash, since a key may be as long as a query
        self._lock = threading.Lock()
        self.held = 0
        """Bytes of all entries, keys included."""

    def __len__(self) -> int:
        return len(self._entries)

    def takes(self, nbytes: int) -> bool:
        """Whether a value of ``nbytes`` may be kept at all."""
        return (nbytes + _OVERHEAD) * _LARGEST_SHARE <= self._limit

    def admits(self, key: Hashable, nbytes: int) -> bool:
        """Whether the cache holds the key, or would now keep a value of ``nbytes``.

        False counts as a request, so the next answer may be True.
        """
        if not self.takes(nbytes):
            return False
        hashed = hash(key)
        with self._lock:
            if key in self._entries or self.held + nbytes + _OVERHEAD + weight(key) <= self._limit:
                return True
            asked = self._asked.get(hashed, 0) + 1
            if self._asked.get(hash(next(iter(self._entries))), 0) < asked:
                return True
            self._asked[hashed] = asked
            return False

    def get(self, key: Hashable) -> _Value | None:
        """The value, or None if the cache does not hold the key. The call counts as a request."""
        hashed = hash(key)
        with self._lock:
            self._asked[hashed] = self._asked.get(hashed, 0) + 1
            if len(self._asked) > _COUNTED:
                self._asked = {each: count // 2 for each, count in self._asked.items() if count > 1}
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: _Value, nbytes: int) -> None:
        """Keep a value of ``nbytes`` if there is room, or if it is requested more often than the values that it evicts."""
        size = nbytes + _OVERHEAD + weight(key)
        if not self.takes(nbytes) or size > self._limit:
            return
        with self._lock:
            if key in self._entries:
                return
            asked = self._asked.get(hash(key), 0)
            while self.held + size > self._limit:
                oldest = next(iter(self._entries))
                if self._asked.get(hash(oldest), 0) >= asked:
                    return
                self.held -= self._entries.pop(oldest)[1]
            self._entries[key] = (value, size)
            self.held += size

    def keep_only(self, segments: frozenset[str]) -> None:
        """Drop all values except those whose key is a tuple that begins with the name of one of these segments. O(values)."""
        with self._lock:
            for key in [*self._entries]:
                if isinstance(key, tuple) and key[0] in segments:
                    continue
                self.held -= self._entries.pop(key)[1]


def weight(key: object) -> int:
    """Bytes that a key takes, its contents included."""
    if isinstance(key, tuple):
        return getsizeof(key) + sum(map(weight, key))
    if not isinstance(key, str | bytes | float | int) and is_dataclass(key):
        return getsizeof(key) + sum(weight(getattr(key, each.name)) for each in fields(key))
    return getsizeof(key)
