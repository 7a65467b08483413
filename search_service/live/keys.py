"""The API keys of the store, for the web. Each question looks into the store, so a revocation acts at once.

The look costs about half a millisecond. A cache would save little, and would keep a revoked key alive.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from indexer.store.keys import ApiKey, KeyStore, Scope, find_keys
from search_service.live.reopening import Reopened

_WRITING: Final[tuple[Scope, ...]] = ("write", "admin")

_Answer = TypeVar("_Answer")


class LiveKeys:
    """The keys, as they are now. Safe to share between threads; one for each process.

    The store is opened at the first question, for reading only. Every question raises StoreUnavailable while the store cannot
    be read. The next question opens the store again.
    """

    def __init__(self, store_url: str | None = None) -> None:
        """Without ``store_url`` there are no keys."""
        self._keys = None if store_url is None else Reopened(partial(find_keys, store_url))

    def find(self, text: str) -> ApiKey | None:
        """The key with this text, in whatever state; None if there is none."""
        return self._ask(lambda store: store.find(text), otherwise=None)

    def may_write(self, now: datetime) -> bool:
        """Whether any key may write at ``now``. Without one, writing is off."""
        return self._ask(lambda store: store.any_active(_WRITING, now), otherwise=False)

    def close(self) -> None:
        """Close the store. The next question opens it again."""
        if self._keys is not None:
            self._keys.close()

    def _ask(self, question: Callable[[KeyStore], _Answer], *, otherwise: _Answer) -> _Answer:
        if self._keys is None:
            return otherwise
        with self._keys.use() as store:
            return question(store)
