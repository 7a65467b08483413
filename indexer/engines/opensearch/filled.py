"""What an index gets when it was filled, before readers depend on it: few segments, and its replicas."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final

from indexer.engines.opensearch.cluster import MAINTENANCE, PATIENCE, is_late
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.index import RemoteIndex

log = logging.getLogger(__name__)

_TIMED_OUT: Final = 408
_LOOK: Final = "20s"
"""How long one question after the health of an index may wait for it."""


def merge(index: RemoteIndex) -> None:
    """Have each shard merged into one segment, and the merged ones shown.

    A search looks every word up in every segment. And only a merge drops the whole documents that the cluster keeps for replicas,
    which are more than half of all bytes; those of the last 30 seconds stay until the next merge.

    After MAINTENANCE seconds the cluster goes on alone, and the log says so.

    Raises:
        ClusterFailed: the cluster does not answer, or does not merge some shards.
        IndexDamaged: the index is missing.
    """
    client = index.cluster.client
    # What came after the last flush is kept as it came.
    index.ask_all(lambda: client.indices.flush(index=index.name), "do not flush")
    asked = {"max_num_segments": 1, "request_timeout": MAINTENANCE}
    try:
        index.ask_all(
            lambda: client.indices.forcemerge(index=index.name, params=asked), "do not merge"
        )
    except ClusterFailed as failure:
        if not is_late(failure):
            raise
        log.warning(
            "the index %s is still being merged: until then searches take longer", index.name
        )
    index.refresh()


def replicate(index: RemoteIndex) -> None:
    """Have the cluster make the replicas, and wait until they are there.

    Raises:
        ClusterFailed: they are not there after MAINTENANCE seconds.
        IndexDamaged: the index is missing.
    """
    cluster = index.cluster
    if not cluster.replicas:
        return
    index.put_settings({"index.auto_expand_replicas": f"0-{cluster.replicas}"})
    until = monotonic() + MAINTENANCE
    asked = {
        "wait_for_status": "green",
        "timeout": _LOOK,
        "request_timeout": PATIENCE,
        "ignore": _TIMED_OUT,
    }
    while True:
        with index.translated():
            health = cluster.client.cluster.health(index=index.name, params=asked)
        if not health["timed_out"]:
            return
        if monotonic() > until:
            missing = health["unassigned_shards"] + health["initializing_shards"]
            why = (
                f"{missing} replicas of the index {index.name} are not there; see that the nodes have room on their "
                "disks, or ask for fewer in SEARCH_OPENSEARCH_REPLICAS"
            )
            raise ClusterFailed(cluster.shown, why)
