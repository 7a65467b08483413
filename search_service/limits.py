"""Rate limits: how often one key, such as an address or an API key, may do something. Right over all processes that share a file.

The package ``limits`` was looked at first: it counts in one process, or in a server such as Redis. This is a table in a mapped file.
For each key it keeps one time, as the generic cell rate algorithm does (ITU-T I.371): the time at which all that the key used up
is free again. The table has a fixed size. If many keys share a place, the key whose time comes first is forgotten: the one that
used up least. So a flood of keys costs no memory, and can only make a limit milder.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from time import time
from typing import Final

_SLOT: Final = struct.Struct("<Qd")
"""A key's fingerprint and its time."""
_SLOTS: Final = 8
_PLACE: Final = _SLOT.size * _SLOTS
_PLACES: Final = 8192
"""With _SLOTS, room for 65,536 keys in a MiB."""


class Limits:
    """The table. Safe to share between threads, and with other processes that are given the same file. A hit takes microseconds."""

    def __init__(self, file: Path | None = None, *, clock: Callable[[], float] = time) -> None:
        """Without ``file``, this process counts alone. ``clock`` is the time in seconds, the same for all processes."""
        self._clock, self._lock = clock, Lock()
        self._file: int | None = None
        if file is None:
            self._table = mmap.mmap(-1, _PLACE * _PLACES)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, _PLACE * _PLACES)  # new bytes are zero: no key, long ago
        self._table = mmap.mmap(self._file, _PLACE * _PLACES)

    def hit(self, key: str, *, limit: int, window: float) -> float:
        """Count one use of ``key``, of which ``limit`` are allowed at once, and then one in each ``window / limit`` seconds.

        A key is always used with the same ``limit`` and ``window``. It should say what it counts: ``read:192.0.2.7``.

        Returns:
            0.0 if the use is allowed. Otherwise the seconds until the next one will be; the refused use does not count.
        """
        digest = blake2b(key.encode("utf-8", "backslashreplace"), digest_size=16).digest()
        place = int.from_bytes(digest[:4]) % _PLACES * _PLACE
        fingerprint = int.from_bytes(digest[8:])
        step = window / limit
        with self._held(place):
            now = self._clock()
            slots = list(_SLOT.iter_unpack(self._table[place : place + _PLACE]))
            at = next((n for n, slot in enumerate(slots) if slot[0] == fingerprint), None)
            if at is None:
                at = min(range(_SLOTS), key=lambda n: slots[n][1])
                used = now
            else:
                used = slots[at][1]
            if not now <= used <= now + window:  # all is free again, or the clock was set back
                used = now
            wait: float = used + step - window - now
            if wait > step * 1e-6:
                return wait
            _SLOT.pack_into(self._table, place + at * _SLOT.size, fingerprint, used + step)
            return 0.0

    def close(self) -> None:
        """Unmap the file. Its contents stay."""
        self._table.close()
        if self._file is not None:
            os.close(self._file)

    @contextmanager
    def _held(self, place: int) -> Iterator[None]:
        """Keep other threads, and other processes, from a place. A process that dies lets go of it."""
        with self._lock:
            if self._file is None:
                yield
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX, _PLACE, place)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _PLACE, place)
