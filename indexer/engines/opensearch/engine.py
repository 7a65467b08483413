"""The OpenSearch engine: an index of a cluster, its snapshots and its writer."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.folder import make_folder
from indexer.engines.opensearch.cluster import the_cluster
from indexer.engines.opensearch.filled import merge, replicate
from indexer.engines.opensearch.index import (
    RemoteIndex,
    new_name,
    read_name,
    write_name,
)
from indexer.engines.opensearch.parts import PartWriter
from indexer.engines.opensearch.reader import OpenSearchReader
from indexer.engines.opensearch.snapshot import Snapshot
from indexer.engines.opensearch.writer import OpenSearchWriter, committing
from indexer.errors import IndexDamaged


class OpenSearchEngine:
    """An index in a cluster, which a file in the folder names."""

    name = "opensearch"

    def __init__(self, folder: Path, *, analyzer: Analyzer, timezone: ZoneInfo) -> None:
        self.folder = folder
        self.analyzer = analyzer
        self._timezone = timezone
        self._lock = threading.Lock()
        self._last: Snapshot | None = None

    def create(self) -> None:
        """Name an index in the folder, then make it in the cluster: so nothing there is ever without a name here."""
        make_folder(self.folder)
        cluster = the_cluster()
        index = RemoteIndex(cluster, new_name(cluster), self.folder)
        write_name(self.folder, index.name)
        index.create()

    def copy_to(self, folder: Path) -> None:
        """Copy the index in the cluster. A commit that begins meanwhile waits until the copy is made."""
        index = self._index()
        make_folder(folder)
        name = new_name(index.cluster)
        write_name(folder, name)
        with committing(self.folder):
            index.copy_to(name)

    def reader(self) -> OpenSearchReader:
        """Open the last commit. Readers of one commit share its point in time and its counts."""
        index = self._index()
        facts = index.facts()
        with self._lock:
            last = self._last
            if last is None or last.facts.number < facts.number:
                fresh = Snapshot(index)
                self._last = fresh
                if last and not last.users:
                    last.close()
                last = fresh
            last.users += 1
        return OpenSearchReader(last, self._timezone, self._left)

    def _left(self, snapshot: Snapshot) -> None:
        """Close a snapshot that its last reader left, unless it is the one that the next reader gets."""
        with self._lock:
            snapshot.users -= 1
            unused = not snapshot.users and snapshot is not self._last
        if unused:
            snapshot.close()

    def writer(self) -> OpenSearchWriter:
        """Begin a batch of changes."""
        return OpenSearchWriter(self.folder, self.analyzer, self._index())

    def build_part(self, articles: Iterable[Article]) -> list[str]:
        """Write a file of documents. The cluster is not asked."""
        part = PartWriter(self.folder, self.analyzer)
        for article in articles:
            part.add(article.id, article)
        return [part.close().name]

    def merge(self) -> None:
        """Have the cluster merge each shard into one segment. Waits an hour at most."""
        merge(self._index())

    def replicate(self) -> None:
        """Have the cluster make as many replicas as SEARCH_OPENSEARCH_REPLICAS says, if it has nodes for them."""
        replicate(self._index())

    def version(self) -> object:
        """The number of the last commit. One look-up in the cluster."""
        return self._index().facts().number

    def check(self) -> list[str]:
        """Look whether the cluster has the index, whole and with this program's fields."""
        try:
            return self._index().faults()
        except IndexDamaged as damage:
            return [str(damage)]

    def _index(self) -> RemoteIndex:
        return RemoteIndex(the_cluster(), read_name(self.folder), self.folder)
