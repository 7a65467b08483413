"""An index in the cluster as a whole, for whoever knows no more than the folder that names it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from indexer.engines.opensearch.cluster import the_cluster
from indexer.engines.opensearch.index import RemoteIndex, read_name
from indexer.engines.opensearch.leases import holder_elsewhere, holding_lease
from indexer.errors import IndexDamaged

log = logging.getLogger(__name__)


class ClusterStorage:
    """The storage of the index that a folder names."""

    is_local = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self) -> int:
        """The bytes of all its copies in the cluster."""
        return self._index().size()

    def changed_at(self) -> datetime | None:
        """When the last commit was made, by the clock of the machine that made it. One look-up in the cluster."""
        state, _ = self._index().state()
        return datetime.fromtimestamp(state.at, UTC) if state.at else None

    @contextmanager
    def writing(self, purpose: str) -> Iterator[None]:
        """Hold the lease of the index."""
        with ExitStack() as held:
            with suppress(IndexDamaged):
                held.enter_context(holding_lease(self._index(), purpose=purpose))
            yield

    def writer_elsewhere(self, purpose: str) -> str | None:
        """The machine that holds the lease, if this one does not. One look-up in the cluster."""
        return holder_elsewhere(self._index(), purpose)

    def remove(self) -> None:
        """Remove the index from the cluster. An index that the folder does not name rightly stays there, and is told."""
        try:
            index = self._index()
        except IndexDamaged as damage:
            log.warning("if the cluster has an index of this folder, remove it by hand: %s", damage)
            return
        index.remove()

    def _index(self) -> RemoteIndex:
        return RemoteIndex(the_cluster(), read_name(self._folder), self._folder)
