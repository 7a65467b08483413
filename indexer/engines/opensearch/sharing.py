"""What the machines of a service agree on, as documents of a small index beside the indexes of their generations.

One document holds the agreement. It is changed only as it was read, so of two changes at once one is tried again. Each generation
has a document with its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from indexer.engines.folder import make_folder
from indexer.engines.opensearch.cluster import (
    Cluster,
    NotFoundError,
    TransportError,
    the_cluster,
)
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.index import read_name, write_name
from indexer.engines.sharing import Agreed

_AGREED: Final = "agreed"
"""The id of the document with the agreement. The others have names of generations."""
_HELD: Final = "held"
_CONFLICT: Final = 409
_BAD: Final = 400

_MAPPINGS: Final = {
    "dynamic": "strict",
    "properties": {_HELD: {"type": "object", "enabled": False}},
}
_SETTINGS: Final = {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-2"}}


class ClusterSharing:
    """The agreement in the cluster that the settings name."""

    def agreed(self) -> Agreed | None:
        """What is agreed now."""
        with self._cluster() as cluster, suppress(NotFoundError):
            return _agreed_in(cluster.client.get(index=_index(cluster), id=_AGREED))
        return None

    def reserve(self, above: int) -> int:
        """A number for a new generation."""
        return self._change(lambda agreed: agreed._replace(last=max(above, agreed.last) + 1)).last

    def publish(self, name: str, index: Path, files: Mapping[str, str]) -> None:
        """Write the generation's document, then add its name."""
        with self._cluster() as cluster:
            _make(cluster)
            held = {"index": read_name(index), "files": dict(files)}
            cluster.client.index(index=_index(cluster), id=name, body={_HELD: held})
        self._change(lambda agreed: agreed._replace(names=tuple(sorted({*agreed.names, name}))))

    def fetch(self, name: str, index: Path) -> dict[str, str]:
        """Read the generation's document, and name its index in a folder."""
        with self._cluster() as cluster:
            try:
                held = cluster.client.get(index=_index(cluster), id=name)["_source"][_HELD]
            except NotFoundError as error:
                raise _gone(cluster, name) from error
        make_folder(index)
        write_name(index, held["index"])
        files: dict[str, str] = held["files"]
        return files

    def promote(self, name: str | None) -> None:
        """Change one word of the agreement."""

        def change(agreed: Agreed) -> Agreed:
            if name is None:
                return agreed._replace(live=None)
            if name not in agreed.names:
                raise _gone(the_cluster(), name)
            return agreed._replace(live=name, were_live=tuple({*agreed.were_live, name}))

        self._change(change)

    def withdraw(self, name: str) -> None:
        """Take out the name, then remove the document."""

        def change(agreed: Agreed) -> Agreed:
            if name == agreed.live:
                raise ClusterFailed(the_cluster().shown, f"generation {name} is live")
            names, were_live = (
                tuple(each for each in some if each != name)
                for some in (agreed.names, agreed.were_live)
            )
            return agreed._replace(names=names, were_live=were_live)

        self._change(change)
        with self._cluster() as cluster, suppress(NotFoundError):
            cluster.client.delete(index=_index(cluster), id=name)

    def _change(self, change: Callable[[Agreed], Agreed]) -> Agreed:
        while True:
            with self._cluster() as cluster, suppress(_Beaten):
                before, place = _read(cluster)
                after = change(before)
                if after != before:
                    body = {_HELD: after._asdict()}
                    with _beaten():
                        cluster.client.index(
                            index=_index(cluster), id=_AGREED, body=body, params=place
                        )
                return after

    @contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        cluster = the_cluster()
        with cluster.translated():
            yield cluster


class _Beaten(Exception):
    """Another machine did it first."""


@contextmanager
def _beaten(status: int = _CONFLICT) -> Iterator[None]:
    try:
        yield
    except TransportError as error:
        if error.status_code != status:
            raise
        raise _Beaten from error


def _index(cluster: Cluster) -> str:
    return f"{cluster.name}-generations"


def _make(cluster: Cluster) -> None:
    """Make the index, if it is not there."""
    if not cluster.client.indices.exists(index=_index(cluster)):
        body = {"mappings": _MAPPINGS, "settings": _SETTINGS}
        with suppress(_Beaten), _beaten(_BAD):
            cluster.client.indices.create(index=_index(cluster), body=body)


def _read(cluster: Cluster) -> tuple[Agreed, dict[str, Any]]:
    """What is agreed, and what whoever changes it must say: which write he knows, or that there is none."""
    try:
        found = cluster.client.get(index=_index(cluster), id=_AGREED)
    except NotFoundError:
        _make(cluster)
        return Agreed(), {"op_type": "create"}
    place = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
    return _agreed_in(found), place


def _agreed_in(document: Mapping[str, Any]) -> Agreed:
    held = document["_source"][_HELD]
    return Agreed(tuple(held["names"]), tuple(held["were_live"]), held["live"], held["last"])


def _gone(cluster: Cluster, name: str) -> ClusterFailed:
    return ClusterFailed(cluster.shown, f"generation {name} is no longer there")
