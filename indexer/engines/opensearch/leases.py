"""Leases: who may write to an index, when several machines could.

A lease has a number, higher than that of every lease before. All changes of its holder carry it, and the cluster refuses a change
where it holds one with a higher number. So a writer that was taken for dead puts nothing old over what another wrote since, and its
commit is refused. What it may still put elsewhere, the other writes again: it begins at the last commit, as it was at that time.

No clocks are compared. Others take a lease when they saw no sign of life for EXPIRES seconds.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep, time
from typing import Final, NamedTuple

from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.index import RemoteIndex, read_names
from indexer.engines.opensearch.state import Facts, Overtaken, Place, State
from indexer.errors import IndexDamaged, WriterBusy

EXPIRES: Final = 10.0
"""Seconds without a sign of life after which others may take a lease."""
BEAT: Final = 2.0
"""Seconds between two signs of life."""
_LOOK: Final = 0.5
"""Seconds between two looks at a lease, until there was a sign of life."""
_BATCHES: Final = 32
"""The bits of a version that count the batches of a lease. The others are its number."""


class Lease:
    """The right to write to an index. If another machine took it, it is lost."""

    def __init__(self, index: RemoteIndex, state: State, place: Place) -> None:
        self._index, self._state, self._place = index, state, place
        self._batches = 0
        self._lock = threading.Lock()
        self._lost = False

    @property
    def facts(self) -> Facts:
        """The last commit."""
        return self._state.facts

    def version_of_batch(self) -> int:
        """The version of the changes of the next batch: higher than all before, of this lease and of earlier ones.

        Raises:
            WriterBusy: the lease is known to be lost.
        """
        if self._lost:
            raise _busy(self._index, self._index.state()[0])
        self._batches += 1
        return self._state.lease << _BATCHES | self._batches

    def commit(self, facts: Facts) -> None:
        """Write the facts of a commit, which the next refresh shows.

        Raises:
            WriterBusy: the lease is lost.
            ClusterFailed, IndexDamaged: they were not written.
        """
        self._write(lambda state: state._replace(**facts._asdict(), at=time()))

    def beat(self) -> None:
        """Give a sign of life. Raises what :meth:`commit` raises."""
        self._write(lambda state: state._replace(beat=state.beat + 1))

    def release(self) -> None:
        """Let others write. If the cluster does not hear it, they wait until the lease expires."""
        with suppress(WriterBusy, ClusterFailed, IndexDamaged):
            self._write(State.free)

    def _write(self, change: Callable[[State], State]) -> None:
        with self._lock:
            while True:
                state = change(self._state)
                try:
                    self._place = self._index.write_state(state, self._place)
                except Overtaken:
                    found, place = self._index.state()
                    if found.lease != state.lease:
                        self._lost = True
                        raise _busy(self._index, found) from None
                    # It was an earlier write of this lease, whose answer was lost.
                    self._state, self._place = found, place
                else:
                    self._state = state
                    return


class _Seen(NamedTuple):
    """A state that another holder wrote, since when it is the same, and whether that was a sign of life."""

    state: State
    since: float
    alive: bool


_seen: dict[str, _Seen] = {}
"""By index."""
_standing: dict[Path, Lease] = {}
"""The leases that this process holds for longer than a batch, by the folder of the index."""


def claim(index: RemoteIndex, *, purpose: str = "") -> Lease:
    """Take the lease of an index. Whoever writes to its folder holds the folder's lock, and so takes what a dead process held.

    Raises:
        WriterBusy: another machine holds it. That takes a few seconds to find out, until it gives a sign of life.
        IndexDamaged: the index is missing.
        ClusterFailed: the cluster does not answer, or takes no writes.
    """
    holder = read_names(index.folder).holder
    while True:
        state, place = index.state()
        if state.holder not in ("", holder) and not _is_silent(index, state):
            sleep(_LOOK)
            continue
        mine = State(
            *state.facts,
            lease=state.lease + 1,
            holder=holder,
            who=f"{os.getpid()} on {socket.gethostname()}",
            purpose=purpose,
            at=state.at,
        )
        with suppress(Overtaken):
            return Lease(index, mine, index.write_state(mine, place))


def holder_elsewhere(index: RemoteIndex, purpose: str) -> str | None:
    """The machine that holds the lease for a purpose, if it is another one. One that was never seen before counts as alive.

    Raises:
        IndexDamaged: the index is missing.
        ClusterFailed: the cluster does not answer.
    """
    state, _ = index.state()
    if state.purpose != purpose or state.holder in ("", read_names(index.folder).holder):
        return None
    with suppress(WriterBusy):
        if _is_silent(index, state):
            return None
    return state.who.partition(" on ")[2]


def lease_of(index: RemoteIndex) -> Lease | None:
    """The lease that this process holds, if it does."""
    return _standing.get(index.folder)


@contextmanager
def holding_lease(index: RemoteIndex, *, purpose: str) -> Iterator[None]:
    """Hold the lease of an index until the block ends, or until another machine takes it. A thread gives the signs of life.

    Raises what :func:`claim` raises.
    """
    lease = claim(index, purpose=purpose)
    ended = threading.Event()
    beating = threading.Thread(target=_keep, args=(lease, ended), name="lease", daemon=True)
    _standing[index.folder] = lease
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        del _standing[index.folder]
        lease.release()


def _keep(lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(BEAT):
        try:
            lease.beat()
        except ClusterFailed:  # it may come back in time
            continue
        except (WriterBusy, IndexDamaged):  # who writes next is told
            return


def _is_silent(index: RemoteIndex, state: State) -> bool:
    """Whether the holder gave no sign of life for EXPIRES seconds.

    Raises:
        WriterBusy: it gave one.
    """
    seen = _seen.get(index.name)
    if seen is None or seen.state != state:
        seen = _seen[index.name] = _Seen(state, monotonic(), alive=seen is not None)
    if monotonic() - seen.since > EXPIRES:
        return True
    if seen.alive:
        raise _busy(index, state)
    return False


def _busy(index: RemoteIndex, state: State) -> WriterBusy:
    return WriterBusy(index.folder, state.who if state.purpose else "", state.purpose)
