"""The API keys of the store, for the web. Each question looks into the store, so a revocation acts at once.

The look costs about half a millisecond. A cache would save little, and would keep a revoked key alive.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Final, TypeVar

from indexer.errors import StoreUnavailable
from indexer.store.keys import ApiKey, KeyStore, Scope, find_keys

_WRITING: Final[tuple[Scope, ...]] = ("write", "admin")

_Answer = TypeVar("_Answer")


class LiveKeys:
    """The keys, as they are now. Safe to share between threads; one for each process.

    The store is opened at the first question, for reading only. Every question raises StoreUnavailable while the store cannot
    be read. The next question opens the store again.
    """

    def __init__(self, store_url: str | None = None) -> None:
        """Without ``store_url`` there are no keys."""
        self._store_url = store_url
        self._store: KeyStore | None = None
        self._lock = Lock()

    def find(self, text: str) -> ApiKey | None:
        """The key with this text, in whatever state; None if there is none."""
        return self._ask(lambda store: store.find(text), otherwise=None)

    def may_write(self, now: datetime) -> bool:
        """Whether any key may write at ``now``. Without one, writing is off."""
        return self._ask(lambda store: store.any_active(_WRITING, now), otherwise=False)

    def close(self) -> None:
        """Close the store. The next question opens it again."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _ask(self, question: Callable[[KeyStore], _Answer], *, otherwise: _Answer) -> _Answer:
        if self._store_url is None:
            return otherwise
        try:
            return question(self._opened(self._store_url))
        except StoreUnavailable:
            self.close()
            raise

    def _opened(self, store_url: str) -> KeyStore:
        with self._lock:
            if self._store is None:
                self._store = find_keys(store_url)
            return self._store
