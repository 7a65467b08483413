"""Sends changes of articles to the cluster: several requests at once, each bounded in bytes, until every line was taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from time import sleep
from typing import Final

import orjson

from indexer.engines.opensearch.cluster import PATIENCE, Cluster, is_unanswered, status_of
from indexer.engines.opensearch.errors import ClusterFailed

Change = tuple[str, bytes]
"""The id of an article with its document as JSON, which is empty if the article is deleted."""

BULK_BYTES: Final = 5 << 20
"""The documents of one request; more take memory there and gain nothing."""
SENDERS: Final = 4
"""Requests on their way at once. The cluster works on the next one while an answer travels."""
TRIES: Final = 8
FIRST_WAIT: Final = 0.25
"""Seconds before what the cluster had no room for is sent again; twice as long each time, half a minute together."""
SHARD_WAIT: Final = {"timeout": "10s", "request_timeout": PATIENCE}
"""How long the cluster waits for a copy of a shard that takes writes, before it says that there is none."""

_TAKEN: Final = range(200, 300)
_NOT_FOUND: Final = 404
_LATER: Final = (429, 503)
"""No room, or no copy of the shard that takes writes: that is so for a moment when a node died."""


def send(cluster: Cluster, index: str, changes: Iterable[Change], version: int) -> None:
    """Send changes with a version. Where the index holds a higher one of an article, the change is refused.

    Changes of one article keep their order.

    Raises:
        ClusterFailed: a change was refused, or the cluster stayed without room.
        NotFoundError: there is no such index.
    """
    sending: dict[Future[None], Set[str]] = {}
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="bulk") as senders:
        for chunk in _chunks(changes):
            while len(sending) == SENDERS or any(chunk.keys() & ids for ids in sending.values()):
                _await_one(sending)
            sending[senders.submit(_send, cluster, index, chunk, version)] = chunk.keys()
        while sending:
            _await_one(sending)


def _await_one(sending: dict[Future[None], Set[str]]) -> None:
    done, _ = wait(sending, return_when=FIRST_COMPLETED)
    for each in done:
        del sending[each]
        each.result()


def _send(cluster: Cluster, index: str, chunk: Mapping[str, bytes], version: int) -> None:
    why = ""
    for attempt in range(TRIES):
        if attempt:
            sleep(FIRST_WAIT * 2 ** (attempt - 1))
        rejected, why = _try(cluster, index, chunk, version)
        if not rejected:
            return
        chunk = {each: chunk[each] for each in rejected}
    raise ClusterFailed(cluster.shown, f"{len(chunk)} changes were refused again and again: {why}")


def _try(
    cluster: Cluster, index: str, chunk: Mapping[str, bytes], version: int
) -> tuple[list[str], str]:
    """Send a chunk. Returns the ids to send again, and why."""
    body = b"".join(_lines(each, document, version) for each, document in chunk.items())
    try:
        with cluster.translated():
            answer = cluster.client.bulk(index=index, body=body, params=SHARD_WAIT)
    except ClusterFailed as failure:
        if is_unanswered(failure) or status_of(failure) in _LATER:
            return [*chunk], failure.why
        raise
    rejected, why = [], ""
    for item in answer["items"]:
        (result,) = item.values()
        status = result["status"]
        if status in _TAKEN or (status == _NOT_FOUND and "error" not in result):
            continue  # what is deleted need not be there
        why = f"{result['_id']}: {result.get('error', {}).get('reason')}"
        if status not in _LATER:
            raise ClusterFailed(cluster.shown, f"it refused the change of article {why}")
        rejected.append(result["_id"])
    return rejected, why


def _chunks(changes: Iterable[Change]) -> Iterator[dict[str, bytes]]:
    """Changes in groups of some size. Of several changes of one article in a group only the last is sent."""
    chunk: dict[str, bytes] = {}
    size = 0
    for article_id, document in changes:
        chunk[article_id] = document
        size += len(document)
        if size >= BULK_BYTES:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk


def _lines(article_id: str, document: bytes, version: int) -> bytes:
    """A change in the form of bulk requests."""
    meta = {"_id": article_id, "version": version, "version_type": "external_gte"}
    if not document:
        return orjson.dumps({"delete": meta}) + b"\n"
    return orjson.dumps({"index": meta}) + b"\n" + document + b"\n"
