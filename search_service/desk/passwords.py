"""Passwords: what may be one, and their hashes by argon2id.

A hash takes 19 MiB and some 25 ms of a core, as OWASP's sheet on storing passwords advises as the least. Few are made at a time,
so that a flood of attempts costs neither the memory nor the cores that searches need.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from indexer.errors import Overloaded

LEAST: Final = 10
"""Characters of a password at least."""
MOST: Final = 200
"""Characters of a password at most, so that nobody lets us hash megabytes."""
AT_ONCE: Final = 2
"""Hashes that a process makes at a time."""
PATIENCE: Final = 5.0
"""Seconds that an attempt waits for its turn."""

_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_turns: Final = BoundedSemaphore(AT_ONCE)
_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5nIHNhbHR5$"
    "wKlNV3QXg5RsUwvwkVbZ3gXm3ZhHkV8hH3sJp3m0n8E"
)
"""A hash that no password has. An unknown name is checked against it, so that the answer takes as long as for a known one."""


def is_acceptable(password: str) -> bool:
    """Whether a text may become a password: LEAST to MOST characters."""
    return LEAST <= len(_normal(password)) <= MOST


def hash_of(password: str) -> str:
    """The hash of a password, with a salt of its own.

    Raises:
        Overloaded: too many wait for their turn.
    """
    with _turn():
        return _hasher.hash(_normal(password))


def is_right(password: str, hashed: str | None) -> bool:
    """Whether a password has this hash. Without a hash it takes as long, and is wrong.

    Raises:
        Overloaded: too many wait for their turn.
    """
    with _turn():
        try:
            return _hasher.verify(hashed or _NOBODY, _normal(password)[: MOST + 1])
        except VerificationError:
            return False


def _normal(password: str) -> str:
    """The same text whichever way a keyboard composes its characters (NFC)."""
    return unicodedata.normalize("NFC", password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise Overloaded(AT_ONCE, "are logging in")
    try:
        yield
    finally:
        _turns.release()
