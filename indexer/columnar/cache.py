"""A cache of values by key, bounded in bytes, that forgets what was not asked for the longest time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

_Value = TypeVar("_Value")

_OVERHEAD: Final = 200
"""Bytes that an entry takes beside its value, about."""
_LARGEST_SHARE: Final = 8
"""A value that would take more than this fraction of the cache is not kept."""


class BoundedCache(Generic[_Value]):
    """Shared by threads. Looking up takes no lock: a dictionary's ``get`` is atomic."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[Hashable, tuple[_Value, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.held = 0
        """Bytes that are held."""

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, key: Hashable) -> _Value | None:
        """The value, without counting as asked for."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def get(self, key: Hashable) -> _Value | None:
        """The value, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Hashable, value: _Value, nbytes: int) -> None:
        """Keep a value of so many bytes, and forget others until all fit."""
        size = nbytes + _OVERHEAD
        if size * _LARGEST_SHARE > self._limit:
            return
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = (value, size)
            self.held += size
            while self.held > self._limit:
                _, (_, freed) = self._entries.popitem(last=False)
                self.held -= freed
