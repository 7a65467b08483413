"""The API keys of the store, for the web. A key that was found is known for a second, so a revocation acts within a second.

A look into the store takes as long as all the rest of checking a key, and as a fifth of storing an article.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from indexer.store.database import find_keys
from indexer.store.keys import ApiKey, KeyStore, Scope
from search_service.live.reopening import Reopened

KNOWN_SECONDS: Final = 1.0
"""Seconds that a process may use a key without a new look into the store: how long a revoked key still works."""

_WRITING: Final[tuple[Scope, ...]] = ("write", "admin")

_Answer = TypeVar("_Answer")


class LiveKeys:
    """The keys, as they were at most KNOWN_SECONDS ago. Safe to share between threads; one for each process.

    The store is opened at the first question, for reading only. Every question that looks into the store raises StoreUnavailable
    while it cannot be read. The next question opens the store again.
    """

    def __init__(
        self, store_url: str | None = None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        """Without ``store_url`` there are no keys."""
        self._clock = clock
        self._known: dict[str, tuple[ApiKey, float]] = {}
        self._origins: tuple[frozenset[str], float] | None = None
        self._keys = None if store_url is None else Reopened(partial(find_keys, store_url))

    def find(self, text: str) -> ApiKey | None:
        """The key with this text, in whatever state; None if there is none.

        Only keys of the store are remembered, so guesses cost no memory, and a new key works at once.
        """
        known, now = self._known.get(text), self._clock()
        if known and now < known[1] + KNOWN_SECONDS:
            return known[0]
        key = self._ask(lambda store: store.find(text), otherwise=None)
        if key is not None:
            self._known[text] = key, now
        return key

    def may_write(self, now: datetime) -> bool:
        """Whether any key may write at ``now``. Without one, writing is off."""
        return self._ask(lambda store: store.any_active(_WRITING, now), otherwise=False)

    def origins(self, now: datetime) -> frozenset[str]:
        """The origins of all keys that work at ``now``."""
        known, at = self._origins, self._clock()
        if known and at < known[1] + KNOWN_SECONDS:
            return known[0]
        found: frozenset[str] = self._ask(lambda store: store.origins(now), otherwise=frozenset())
        self._origins = found, at
        return found

    def close(self) -> None:
        """Forget the keys, and close the store. The next question opens it again."""
        self._known.clear()
        self._origins = None
        if self._keys is not None:
            self._keys.close()

    def _ask(self, question: Callable[[KeyStore], _Answer], *, otherwise: _Answer) -> _Answer:
        if self._keys is None:
            return otherwise
        with self._keys.use() as store:
            return question(store)
