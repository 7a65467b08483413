"""A store that requests share: opened at its first use, and opened again after a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from indexer.errors import StoreUnavailable

LOCK_PATIENCE: Final = 5.0
"""Seconds that a request waits for the lock of a SQLite store."""


def needed(store_url: str | None) -> str:
    """The URL of a store that somebody needs.

    Raises:
        StoreUnavailable: there is none.
    """
    if store_url is None:
        raise StoreUnavailable("", "there is none: set SEARCH_STORE_URL")
    return store_url


class Closable(Protocol):
    """What can be opened and closed."""

    def close(self) -> None:
        """Close the idle connections."""


_Store = TypeVar("_Store", bound=Closable)


class Reopened(Generic[_Store]):
    """One open store for all threads of a process. A use that fails closes it, and the next use opens it again."""

    def __init__(self, opener: Callable[[], _Store]) -> None:
        """``opener`` opens the store, or raises StoreUnavailable. It is not called before the first use."""
        self._opener = opener
        self._store: _Store | None = None
        self._lock = Lock()

    @contextmanager
    def use(self) -> Iterator[_Store]:
        """The open store, for the length of the ``with`` block.

        Raises:
            StoreUnavailable: it cannot be opened, or it failed in the block.
        """
        try:
            yield self._opened()
        except StoreUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Close the store. The next use opens it again."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _opened(self) -> _Store:
        with self._lock:
            if self._store is None:
                self._store = self._opener()
            return self._store
