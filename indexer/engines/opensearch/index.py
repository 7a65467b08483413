"""One index in the cluster: how it is made, changed, committed, copied and read as of one commit.

The folder of an index holds the name of the index in the cluster, with a checksum. All else is in the cluster.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple

import orjson

from indexer.durable import replace_file
from indexer.engines.opensearch.cluster import (
    MAINTENANCE,
    Cluster,
    NotFoundError,
    TransportError,
)
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import (
    COMMIT,
    COMMIT_ID,
    MAPPINGS,
    SETTINGS,
    phrase_stream,
)
from indexer.errors import FolderNotWritable, IndexDamaged

FILE: Final = "index.json"
"""The file in the folder that names the index."""
PREFIX: Final = "search-"
"""How the names of all our indexes in a cluster begin."""

_BULK_BYTES: Final = 5 << 20
"""The documents of one request; more take memory there and gain nothing."""
_TRIES: Final = 8
_FIRST_WAIT: Final = 0.25
"""Seconds before what the cluster had no room for is sent again; twice as long each time, half a minute together."""
_TOO_MANY: Final = 429
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404


class Facts(NamedTuple):
    """What a commit says of itself. ``number`` counts the commits of the index."""

    number: int
    revision: int


class RemoteIndex:
    """An index in the cluster. ``folder`` is where it is named, for errors."""

    def __init__(self, cluster: Cluster, name: str, folder: Path) -> None:
        self.cluster, self.name, self._folder = cluster, name, folder
        self._client = cluster.client

    # Making

    def create(self) -> None:
        """Make the index, with an empty commit.

        Raises:
            ClusterFailed: it cannot be made.
        """
        with self._translated():
            self._client.indices.create(
                index=self.name, body={"settings": SETTINGS, "mappings": MAPPINGS}
            )
        self.commit(Facts(0, 0))

    def copy_to(self, name: str) -> None:
        """Make another index of the last commit. Nobody may write meanwhile. The nodes share the bytes by hard links.

        Raises:
            ClusterFailed: it cannot be made.
            IndexDamaged: this index is missing.
        """
        # The copy gets all other settings of this index, but neither this block nor the number of replicas.
        replicas = SETTINGS["index"]["number_of_replicas"]
        settings = {"index.blocks.write": None, "index.number_of_replicas": replicas}
        try:
            self._block_writes(True)
            with self._translated():
                self._client.indices.clone(
                    index=self.name,
                    target=name,
                    body={"settings": settings},
                    params={"request_timeout": MAINTENANCE, "wait_for_active_shards": "all"},
                )
        finally:
            self._block_writes(None)

    def _block_writes(self, block: bool | None) -> None:
        with self._translated():
            self._client.indices.put_settings(index=self.name, body={"index.blocks.write": block})

    def remove(self) -> None:
        """Remove the index from the cluster, if it is there.

        Raises:
            ClusterFailed: it cannot be removed.
        """
        with self.cluster.translated():
            self._client.indices.delete(index=self.name, params={"ignore_unavailable": "true"})

    # Writing

    def send(self, changes: Iterable[tuple[str, bytes]], number: int) -> None:
        """Send changes that the commit ``number`` will show: ids with documents as JSON, empty for what is deleted.

        A later commit may have written an article already. Then the change is refused.

        Raises:
            ClusterFailed: a change was refused, or the cluster stayed without room.
            IndexDamaged: the index is missing.
        """
        for chunk in _chunks(changes):
            self._send(chunk, number)

    def _send(self, chunk: Mapping[str, bytes], number: int) -> None:
        why = ""
        for attempt in range(_TRIES):
            if attempt:
                sleep(_FIRST_WAIT * 2 ** (attempt - 1))
            rejected, why = self._try(chunk, number)
            if not rejected:
                return
            chunk = {each: chunk[each] for each in rejected}
        raise ClusterFailed(
            self.cluster.shown, f"{len(chunk)} changes were refused again and again: {why}"
        )

    def _try(self, chunk: Mapping[str, bytes], number: int) -> tuple[list[str], str]:
        """Send a chunk. Returns the ids for which the cluster had no room, and why."""
        body = b"".join(_lines(each, document, number) for each, document in chunk.items())
        try:
            with self._translated():
                answer = self._client.bulk(index=self.name, body=body)
        except ClusterFailed as failure:
            cause = failure.__cause__
            if isinstance(cause, TransportError) and cause.status_code == _TOO_MANY:
                return [*chunk], failure.why
            raise
        rejected, why = [], ""
        for item in answer["items"]:
            (result,) = item.values()
            if result["status"] < 300 or (result["status"] == _NOT_FOUND and "delete" in item):
                continue
            why = f"{result['_id']}: {result.get('error', {}).get('reason')}"
            if result["status"] != _TOO_MANY:
                raise ClusterFailed(self.cluster.shown, f"it refused the change of article {why}")
            rejected.append(result["_id"])
        return rejected, why

    def commit(self, facts: Facts) -> None:
        """Show everything that was sent, all at once.

        Raises:
            ClusterFailed: a later commit was made meanwhile, or the cluster does not answer.
            IndexDamaged: the index is missing.
        """
        with self._translated():
            self._client.index(
                index=self.name,
                id=COMMIT_ID,
                body={COMMIT: facts._asdict()},
                params={"version": facts.number + 1, "version_type": "external"},
            )
            self._client.indices.refresh(index=self.name)

    # Reading

    def facts(self) -> Facts:
        """The facts of the last commit. One look-up.

        Raises:
            IndexDamaged: the index is missing, or holds no commit.
            ClusterFailed: the cluster does not answer.
        """
        with self._translated():
            found = self._client.get(index=self.name, id=COMMIT_ID, params={"realtime": "false"})
        return Facts(**found["_source"][COMMIT])

    def open_point(self, keep_alive: str) -> str:
        """Open a point in time: the index as it is shown now. The cluster drops it when it was not asked for so long.

        Raises:
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer, or keeps too many already.
        """
        with self._translated():
            made = self._client.create_pit(index=self.name, params={"keep_alive": keep_alive})
        point: str = made["pit_id"]
        return point

    def close_point(self, point: str) -> None:
        """Drop a point in time, if it is still there.

        Raises:
            ClusterFailed: the cluster does not answer.
        """
        with self.cluster.translated(), suppress(NotFoundError):
            self._client.delete_pit(body={"pit_id": [point]})

    def frequencies(self, field: str, words: Sequence[str]) -> dict[str, int]:
        """How many articles hold each word in a text field, as of the last commit. Words that none holds are left out.

        Deleted ones count until a merge drops them. O(words).

        Raises:
            IndexDamaged: the index is missing.
            ClusterFailed: the cluster does not answer.
        """
        if not words:
            return {}
        body = {
            "doc": {field: phrase_stream(words)},
            "fields": [field],
            "term_statistics": True,
            **dict.fromkeys(("field_statistics", "positions", "offsets"), False),
        }
        with self._translated():
            found = self._client.termvectors(index=self.name, body=body)
        terms = found["term_vectors"].get(field, {}).get("terms", {})
        return {word: each["doc_freq"] for word, each in terms.items() if "doc_freq" in each}

    def faults(self) -> list[str]:
        """What is wrong with the index, as far as the cluster knows. It compares checksums itself when it reads files.

        Raises:
            IndexDamaged: the index is missing, or holds no commit.
            ClusterFailed: the cluster does not answer.
        """
        self.facts()
        with self._translated():
            health = self._client.cluster.health(index=self.name)
            mappings = self._client.indices.get_mapping(index=self.name)[self.name]["mappings"]
        faults = []
        if health["status"] == "red":
            faults.append(f"a shard of the index {self.name} has no copy that the cluster can use")
        if mappings["properties"].keys() != MAPPINGS["properties"].keys():
            faults.append(f"the index {self.name} has other fields than this program's")
        return faults

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with self.cluster.translated():
                yield
        except NotFoundError as error:
            why = f"the index {self.name} is not in the cluster {self.cluster.shown}"
            raise IndexDamaged(self._folder, why) from error


def new_name() -> str:
    """A name that no index has."""
    return f"{PREFIX}{secrets.token_hex(8)}"


def write_name(folder: Path, name: str) -> None:
    """Note in a folder which index it means.

    Raises:
        FolderNotWritable: it cannot be written.
    """
    facts = {"index": name, "crc32": zlib.crc32(name.encode())}
    try:
        replace_file(folder / FILE, orjson.dumps(facts))
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error


def read_name(folder: Path) -> str:
    """The name of the index that a folder means.

    Raises:
        IndexDamaged: the folder names none, or the file was altered.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
        name: str = orjson.loads(content)["index"]
        expected = {"index": name, "crc32": zlib.crc32(name.encode())}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexDamaged(path, str(error)) from error
    if content != orjson.dumps(expected):
        raise IndexDamaged(path, "its checksum is wrong")
    return name


def _chunks(changes: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    """Changes in groups of some size. Of several changes of one article in a group only the last is sent."""
    chunk: dict[str, bytes] = {}
    size = 0
    for article_id, document in changes:
        chunk[article_id] = document
        size += len(document)
        if size >= _BULK_BYTES:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk


def _lines(article_id: str, document: bytes, number: int) -> bytes:
    """A change in the form of bulk requests. No older commit may change the article after it."""
    meta = {"_id": article_id, "version": number + 1, "version_type": "external_gte"}
    if not document:
        return orjson.dumps({"delete": meta}) + b"\n"
    return orjson.dumps({"index": meta}) + b"\n" + document + b"\n"
