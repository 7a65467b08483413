"""A real OpenSearch, of one node or several, for the tests of its engine and of the service. ``tools/opensearch.sh`` starts it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from tests.conftest import PROJECT

OURS: Final = "search-*"
"""The indexes of a service in its cluster."""
SCRIPT: Final = PROJECT / "tools" / "opensearch.sh"
_PATIENCE: Final = 60.0
"""Seconds; OpenSearch looks every 30."""
_SHORT: Final = 5.0
"""Seconds for a node to tell how its cluster is. One that finds no others says nothing."""
_MEMORY: Final = Path("/dev/shm")
"""Linux keeps this folder in memory. A test that waits for no disk takes a third of the time."""
_ROOM: Final = 2 * 2**30
"""Bytes that nodes may need there. In a container the folder may be small."""
_SOON: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a server that lives for minutes: it compiles fast rather than well."""
_APART: Final = 10
"""Ports between the first node's and the first one for the nodes among themselves: more than there are nodes."""


class Nodes:
    """A cluster on this machine. ``urls`` are the addresses of its nodes, ``url`` that of the first one."""

    def __init__(self, port: int, count: int, environment: Mapping[str, str]) -> None:
        self.urls = [f"http://127.0.0.1:{port + node}" for node in range(count)]
        self.url = self.urls[0]
        self._environment = environment
        self._clients = [OpenSearch(url, timeout=_PATIENCE, max_retries=0) for url in self.urls]

    @property
    def client(self) -> OpenSearch:
        """A client of the first node."""
        return self._clients[0]

    def drop_deleted(self, index: str) -> None:
        """Drop for good what was deleted in an index, as OpenSearch does in its own time.

        It keeps deletions for copies that are behind. Every half minute it looks whether they were flushed and nobody needs them.
        """
        self.client.indices.flush(index=index)
        until = time.monotonic() + _PATIENCE
        while True:
            stats = self.client.indices.stats(index=index, level="shards")
            shards = stats["indices"][index]["shards"].values()
            if not any(map(_keeps_deletions, chain.from_iterable(shards))):
                break
            assert time.monotonic() < until, "OpenSearch keeps the deletions"
            time.sleep(0.5)
        self.client.indices.forcemerge(index=index, params={"only_expunge_deletes": "true"})
        self.client.indices.refresh(index=index)

    def drop_snapshots(self) -> None:
        """Drop every point in time, as a node does that starts again."""
        self.client.delete_all_pits()

    def empty(self) -> None:
        """Remove every index of ours. What opened one still finds none."""
        self.client.indices.delete(index=OURS)

    def kill(self, node: int) -> None:
        """End a node as a power cut would."""
        self._script("kill", str(node))

    def up(self, node: int) -> None:
        """Start a node that was killed. It joins the others some seconds later."""
        self._script("up", str(node))

    @contextmanager
    def standing_still(self, node: int) -> Iterator[None]:
        """Let a node do nothing for the length of the ``with`` block, as one that is out of memory. It still takes connections."""
        process = int(Path(self._environment["OPENSEARCH_RUN"], f"{node}", "pid").read_text())
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def wait(self, count: int) -> None:
        """Wait until ``count`` nodes run and every shard has all its copies, asking whichever node answers."""
        until = time.monotonic() + 3 * _PATIENCE
        while True:
            for client in self._clients:
                try:
                    health = client.cluster.health(params={"request_timeout": _SHORT})
                    if (health["number_of_nodes"], health["status"]) == (count, "green"):
                        return
                except OpenSearchException:
                    continue  # it is down, or has not yet found the others
            assert time.monotonic() < until, "the cluster is not whole in time"
            time.sleep(0.2)

    def manager(self) -> int:
        """The node that manages the cluster."""
        (found,) = self.client.cat.cluster_manager(params={"format": "json"})
        return int(found["node"].removeprefix("node-"))

    def _script(self, *arguments: str) -> None:
        subprocess.run([SCRIPT, *arguments], env=self._environment, check=True)


def _keeps_deletions(shard: dict[str, Any]) -> bool:
    """Whether a copy of a shard may not drop what was deleted yet."""
    leases = shard["retention_leases"]["leases"]
    newest = shard["seq_no"]["max_seq_no"]
    return any(lease["retaining_seq_no"] <= newest for lease in leases)


@contextmanager
def cluster(count: int, **environ: str) -> Iterator[Nodes]:
    """A cluster of ``count`` nodes for the length of the ``with`` block, as :func:`place_for_nodes` says."""
    with place_for_nodes(**environ) as (port, environment):
        subprocess.run(
            [SCRIPT, "start", str(count)], env=environment, stdout=subprocess.DEVNULL, check=True
        )
        yield Nodes(port, count, environment)


@contextmanager
def place_for_nodes(**environ: str) -> Iterator[tuple[int, dict[str, str]]]:
    """A port for a first node, with free ones behind it, and the environment for the script, with ``environ``.

    At the end of the ``with`` block all nodes are stopped. Where there is no Java or Maven the test is skipped with a reason. If CI
    is set, it fails.
    """
    for program, package in (("java", "default-jre-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            sentence = f"there is no program {program} here: install Debian's package {package}"
            if os.environ.get("CI"):
                pytest.fail(sentence)
            pytest.skip(sentence)
    with tempfile.TemporaryDirectory(
        prefix="opensearch-", dir=_MEMORY if _has_room() else None, ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)  # the nodes run as another user
        port = _free_ports()
        environment = (
            os.environ
            | {
                "OPENSEARCH_RUN": f"{folder}/nodes",
                "OPENSEARCH_PORT": f"{port}",
                "OPENSEARCH_TRANSPORT_PORT": f"{port + _APART}",
                "OPENSEARCH_JAVA_OPTIONS": _SOON,
            }
            | environ
        )
        try:
            yield port, environment
        finally:
            subprocess.run([SCRIPT, "wipe"], env=environment, check=True)


def _has_room() -> bool:
    return _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM


def _free_ports() -> int:
    """The first of 2 * _APART ports in a row that nobody listens on now."""
    while True:
        with ExitStack() as probes:
            first = 0
            try:
                for place in range(2 * _APART):
                    probe = probes.enter_context(closing(socket.socket()))
                    probe.bind(("127.0.0.1", first and first + place))
                    first = first or probe.getsockname()[1]
            except (OSError, OverflowError):
                continue
            return first
