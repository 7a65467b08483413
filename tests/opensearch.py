"""A real OpenSearch of one node, for the tests of its engine. ``tools/opensearch.sh`` starts it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from indexer.engines.opensearch.cluster import Cluster
from indexer.engines.opensearch.index import PREFIX
from tests.conftest import PROJECT

SCRIPT: Final = PROJECT / "tools" / "opensearch.sh"
_PATIENCE: Final = 60.0
"""Seconds; OpenSearch looks every 30."""
_MEMORY: Final = Path("/dev/shm")
"""Linux keeps this folder in memory. A test that waits for no disk takes a third of the time."""
_SOON: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a server that lives for minutes: it compiles fast rather than well."""


class Node:
    """A cluster of one node. ``url`` is its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._cluster = Cluster(url)

    def drop_deleted(self, index: str) -> None:
        """Drop for good what was deleted in an index, as OpenSearch does in its own time.

        It keeps deletions for copies that are behind. Every half minute it looks whether they were flushed and nobody needs them.
        """
        client = self._cluster.client
        client.indices.flush(index=index)
        until = time.monotonic() + _PATIENCE
        while True:
            shards = client.indices.stats(index=index, level="shards")["indices"][index]["shards"]
            (shard,) = shards["0"]
            (lease,) = shard["retention_leases"]["leases"]
            if lease["retaining_seq_no"] > shard["seq_no"]["max_seq_no"]:
                break
            assert time.monotonic() < until, "OpenSearch keeps the deletions"
            time.sleep(0.5)
        client.indices.forcemerge(index=index, params={"only_expunge_deletes": "true"})
        client.indices.refresh(index=index)

    def drop_snapshots(self) -> None:
        """Drop every point in time, as a node does that starts again."""
        self._cluster.client.delete_all_pits()

    def empty(self) -> None:
        """Remove every index of ours. What opened one still finds none."""
        with self._cluster.translated():
            self._cluster.client.indices.delete(index=f"{PREFIX}*")


def served() -> Iterator[Node]:
    """What a session's fixture yields: a node of this run, at a free port.

    Where there is no Java or Maven the test is skipped with a reason. If CI is set, it fails.
    """
    for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            sentence = f"there is no program {program} here: install Debian's package {package}"
            if os.environ.get("CI"):
                pytest.fail(sentence)
            pytest.skip(sentence)
    with tempfile.TemporaryDirectory(
        prefix="opensearch-", dir=_MEMORY if _MEMORY.is_dir() else None, ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)  # the node runs as another user
        environment = os.environ | {
            "OPENSEARCH_RUN": f"{folder}/nodes",
            "OPENSEARCH_PORT": f"{_free_port()}",
            "OPENSEARCH_TRANSPORT_PORT": f"{_free_port()}",
            "OPENSEARCH_JAVA_OPTIONS": _SOON,
        }
        started = subprocess.run(
            [SCRIPT, "start"], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        try:
            yield Node(started.stdout.strip())
        finally:
            subprocess.run([SCRIPT, "wipe"], env=environment, check=True)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
