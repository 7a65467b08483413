"""One index in the cluster: how it is made, changed, committed, copied and read as of one commit.

The folder of an index holds the name of the index in the cluster, with a checksum. All else is in the cluster.

A document of the index holds its :class:`State`. Each shard but the one of that document has a marker with the facts of the last
commit, since the shards do not show a commit in the same instant: by its markers a reader sees whether all show the same one.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any, Final, NamedTuple

import orjson

from indexer.durable import replace_file
from indexer.engines.opensearch.cluster import (
    MAINTENANCE,
    READING,
    Cluster,
    NotFoundError,
    status_of,
)
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import (
    COMMIT,
    COMMIT_ID,
    COMMITTED,
    MAPPINGS,
    SETTINGS,
    phrase_stream,
)
from indexer.engines.opensearch.sending import SHARD_WAIT, Change, send
from indexer.engines.opensearch.state import Facts, Overtaken, Place, State, facts_of, marker_of
from indexer.engines.opensearch.statistics import Frequencies, frequencies_in
from indexer.errors import FolderNotWritable, IndexDamaged

FILE: Final = "index.json"
"""The file in the folder that names the index."""

_CONFLICT: Final = 409
_FREQUENCIES: Final = "docs.error.reason,docs.term_vectors.*.terms.*.doc_freq"
"""All that is read of the answer that says how many articles hold words."""


class RemoteIndex:
    """An index in the cluster. ``folder`` is where it is named, for errors."""

    def __init__(self, cluster: Cluster, name: str, folder: Path) -> None:
        self.cluster, self.name, self.folder = cluster, name, folder
        self._client = cluster.client

    # Making

    def create(self) -> None:
        """Make the index, with an empty commit and without replicas.

        Raises:
            ClusterFailed: it cannot be made.
        """
        shards = {"number_of_shards": self.cluster.shards}
        settings = SETTINGS | {"index": SETTINGS["index"] | shards}
        with self.translated():
            self._client.indices.create(
                index=self.name, body={"settings": settings, "mappings": MAPPINGS}
            )
        self._write_state(State(0, 0), {"op_type": "create"})
        self.mark(Facts(0, 0), 0)
        self.refresh()

    def copy_to(self, name: str) -> None:
        """Make another index of the last commit. Nobody may write meanwhile. The nodes share the bytes by hard links.

        Raises:
            ClusterFailed: it cannot be made.
            IndexDamaged: this index is missing.
        """
        # The copy gets all other settings of this index, but neither this block nor its replicas.
        settings = {
            "index.blocks.write": None,
            "index.auto_expand_replicas": "false",
            "index.number_of_replicas": 0,
        }
        try:
            self.put_settings({"index.blocks.write": True})
            with self.translated():
                self._client.indices.clone(
                    index=self.name,
                    target=name,
                    body={"settings": settings},
                    params={"request_timeout": MAINTENANCE, "wait_for_active_shards": "all"},
                )
        finally:
            self.put_settings({"index.blocks.write": None})
        copy = RemoteIndex(self.cluster, name, self.folder)
        state, place = copy.state()
        with suppress(Overtaken):  # then the client asked twice: nobody else knows the copy
            copy.write_state(state.free(), place)

    def put_settings(self, settings: Mapping[str, Any]) -> None:
        """Change settings of the index.

        Raises:
            ClusterFailed: they cannot be changed.
            IndexDamaged: the index is missing.
        """
        with self.translated():
            self._client.indices.put_settings(index=self.name, body=settings)

    def size(self) -> int:
        """The bytes of all its copies.

        Raises:
            ClusterFailed: the cluster does not answer.
            IndexDamaged: the index is missing.
        """
        with self.translated():
            stats = self._client.indices.stats(index=self.name, metric="store")
        size: int = stats["_all"]["total"]["store"]["size_in_bytes"]
        return size

    def remove(self) -> None:
        """Remove the index from the cluster, if it is there.

        Raises:
            ClusterFailed: it cannot be removed.
        """
        with self.cluster.translated():
            self._client.indices.delete(index=self.name, params={"ignore_unavailable": "true"})

    # Writing

    def send(self, changes: Iterable[Change], version: int) -> None:
        """Send changes that a later :meth:`refresh` shows. Where the index holds a higher version, a change is refused.

        Raises:
            ClusterFailed: a change was refused, or the cluster stayed without room.
            IndexDamaged: the index is missing.
        """
        with self.translated():
            send(self.cluster, self.name, changes, version)

    def mark(self, facts: Facts, version: int) -> None:
        """Write the markers of all shards but the one that holds the state. Raises what :meth:`send` raises."""
        with self.translated():
            ids = _marker_ids(self.cluster, self.name)
            content = orjson.dumps(marker_of(facts))
            send(self.cluster, self.name, ((each, content) for each in ids[1:]), version)

    def state(self) -> tuple[State, Place]:
        """The state as it was written last, shown or not.

        Raises:
            IndexDamaged: the index is missing, or holds no commit.
            ClusterFailed: the cluster does not answer.
        """
        with self.translated():
            found = self._client.get(index=self.name, id=COMMIT_ID)
        return State(**found["_source"][COMMIT]), Place(found["_seq_no"], found["_primary_term"])

    def write_state(self, state: State, after: Place) -> Place:
        """Write the state, if nobody wrote it after ``after``.

        Raises:
            Overtaken: somebody did.
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer.
        """
        try:
            return self._write_state(
                state, {"if_seq_no": after.seq_no, "if_primary_term": after.primary_term}
            )
        except ClusterFailed as failure:
            if status_of(failure) == _CONFLICT:
                raise Overtaken from failure
            raise

    def _write_state(self, state: State, params: dict[str, Any]) -> Place:
        with self.translated():
            made = self._client.index(
                index=self.name,
                id=COMMIT_ID,
                body=marker_of(state),
                params=params | SHARD_WAIT,
            )
        return Place(made["_seq_no"], made["_primary_term"])

    def refresh(self) -> None:
        """Show everything that was sent. A copy of a shard that cannot show it, such as one whose node just died, is asked again.

        Raises:
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer, or a copy showed nothing for some seconds.
        """
        self.ask_all(lambda: self._client.indices.refresh(index=self.name), "show no changes")

    def ask_all(self, ask: Callable[[], Mapping[str, Any]], lack: str) -> None:
        """Ask all copies of the shards, and again for some seconds if some of them cannot. ``lack`` says what they do not do then.

        Raises:
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer, or some copies could not.
        """
        for pause in (0.0, 0.5, 1.0, 2.0, 4.0):
            sleep(pause)
            with self.translated():
                asked = ask()["_shards"]
            if not asked["failed"]:
                return
        why = f"{asked['failed']} of {asked['total']} shards of the index {self.name} {lack} now"
        raise ClusterFailed(self.cluster.shown, why)

    # Reading

    def facts(self) -> Facts:
        """The facts of the last commit. One look-up.

        Raises:
            IndexDamaged: the index is missing, or holds no commit.
            ClusterFailed: the cluster does not answer.
        """
        asked = {"realtime": "false", "request_timeout": READING}
        with self.translated():
            found = self._client.get(index=self.name, id=COMMIT_ID, params=asked)
        return facts_of(found)

    def open_point(self, keep_alive: str) -> str:
        """Open a point in time: the index as it is shown now. The cluster drops it when it was not asked for so long.

        Raises:
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer, or keeps too many already.
        """
        asked = {"keep_alive": keep_alive, "request_timeout": READING}
        with self.translated():
            made = self._client.create_pit(index=self.name, params=asked)
        point: str = made["pit_id"]
        return point

    def close_point(self, point: str) -> None:
        """Drop a point in time, if it is still there.

        Raises:
            ClusterFailed: the cluster does not answer.
        """
        with self.cluster.translated(), suppress(NotFoundError):
            self._client.delete_pit(body={"pit_id": [point]}, params={"request_timeout": READING})

    def frequencies(
        self, words: Mapping[str, Sequence[str]], number: int, *, patience: float
    ) -> Frequencies:
        """How many articles hold each of some words in each of some fields. Words that none holds are left out.

        As of the last commit, which may be a later one than that with the ``number``. Deleted articles count until a merge drops
        them. O(words x shards).

        Raises:
            TooLate: there was no answer after ``patience`` seconds.
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer.
        """
        asked = {
            "doc": {field: phrase_stream(each) for field, each in words.items()}
            | {COMMITTED: f"{number + 1}"},
            "fields": [*words, COMMITTED],
            "term_statistics": True,
            **dict.fromkeys(("field_statistics", "positions", "offsets"), False),
        }
        with self.cluster.in_time(patience), self.translated():
            shards = [{"routing": each} | asked for each in _marker_ids(self.cluster, self.name)]
            found = self._client.mtermvectors(
                index=self.name,
                body={"docs": shards},
                params={"filter_path": _FREQUENCIES, "request_timeout": patience},
            )
        shards = found.get("docs", ())
        for shard in shards:
            if "error" in shard:
                raise ClusterFailed(self.cluster.shown, str(shard["error"].get("reason")))
        return frequencies_in(shard["term_vectors"] for shard in shards)

    def faults(self) -> list[str]:
        """What is wrong with the index, as far as the cluster knows. It compares checksums itself when it reads files.

        Raises:
            IndexDamaged: the index is missing, or holds no commit.
            ClusterFailed: the cluster does not answer.
        """
        self.facts()
        with self.translated():
            health = self._client.cluster.health(index=self.name)
            mappings = self._client.indices.get_mapping(index=self.name)[self.name]["mappings"]
        faults = []
        if health["status"] == "red":
            faults.append(f"a shard of the index {self.name} has no copy that the cluster can use")
        if mappings["properties"].keys() != MAPPINGS["properties"].keys():
            faults.append(f"the index {self.name} has other fields than this program's")
        return faults

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise ClusterFailed for what the client raises, and IndexDamaged if the index is missing."""
        try:
            with self.cluster.translated():
                yield
        except NotFoundError as error:
            why = f"the index {self.name} is not in the cluster {self.cluster.shown}"
            raise IndexDamaged(self.folder, why) from error


class Named(NamedTuple):
    """What a folder says: the index that it means, and the name under which whoever writes to the folder holds a lease."""

    name: str
    holder: str


def new_name(cluster: Cluster) -> str:
    """A name that no index has."""
    return f"{cluster.name}-{secrets.token_hex(8)}"


def write_name(folder: Path, name: str) -> None:
    """Note in a folder which index it means.

    Raises:
        FolderNotWritable: it cannot be written.
    """
    try:
        replace_file(folder / FILE, _with_checksum(Named(name, secrets.token_hex(8))))
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error


def read_name(folder: Path) -> str:
    """The name of the index that a folder means. Raises what :func:`read_names` raises."""
    return read_names(folder).name


def read_names(folder: Path) -> Named:
    """What a folder says.

    Raises:
        IndexDamaged: it names no index, or the file was altered.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
        said = orjson.loads(content)
        named = Named(said["name"], said["holder"])
        expected = _with_checksum(named)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexDamaged(path, str(error)) from error
    if content != expected:
        raise IndexDamaged(path, "its checksum is wrong")
    return named


def _with_checksum(named: Named) -> bytes:
    return orjson.dumps(named._asdict() | {"crc32": zlib.crc32("\n".join(named).encode())})


@cache
def _marker_ids(cluster: Cluster, index: str) -> tuple[str, ...]:
    """An id of a marker for each shard; the first is that of the state. The cluster tells which shard an id goes to."""
    shards = len(cluster.client.search_shards(index=index)["shards"])
    ids: dict[int, str] = {}
    for number in count():
        candidate = f"{COMMIT_ID}{number or ''}"
        (copies,) = cluster.client.search_shards(index=index, routing=candidate)["shards"]
        ids.setdefault(copies[0]["shard"], candidate)
        if len(ids) == shards:
            break
    return tuple(ids.values())
