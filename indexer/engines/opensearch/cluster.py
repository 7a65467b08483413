"""The connection to the cluster: what is asked of it, and its errors as ours.

Only this module and its neighbours know OpenSearch's client. The settings SEARCH_OPENSEARCH_... are read here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import orjson

from indexer.engines.opensearch.errors import ClusterFailed
from indexer.errors import PackageMissing
from indexer.settings import IndexSettings, read_settings

try:
    from opensearchpy import JSONSerializer, OpenSearch, RoundRobinSelector, Urllib3HttpConnection
    from opensearchpy.exceptions import ConnectionError as NoConnection
    from opensearchpy.exceptions import (
        ConnectionTimeout,
        OpenSearchException,
        SerializationError,
        SSLError,
    )
    from opensearchpy.exceptions import NotFoundError as NotFoundError
    from opensearchpy.exceptions import TransportError as TransportError
except ImportError as error:
    raise PackageMissing("opensearch-py", "requirements-opensearch.txt") from error

# What fails is raised, and told by whoever catches it. The client would tell each failure, with a traceback.
logging.getLogger("opensearch").setLevel(logging.ERROR)

PATIENCE: Final = 60.0
"""Seconds that a request without a deadline may take."""
READING: Final = 5.0
"""Seconds that a question of a reader may take that has no deadline. One thread asks for all readers: what it waits for, all do."""
CONNECTIONS: Final = 8
"""Connections to each node that are kept open: threads send at once."""
MAINTENANCE: Final = 3600.0
"""Seconds that merging or copying an index may take."""
AVOIDED: Final = 10.0
"""Seconds before a node that did not answer in time is asked again while others answer, mostly by one request alone."""


_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_NO_SHARD: Final = 503
"""No copy of a shard answers: also of a snapshot, which is kept by one copy of each shard alone."""


class SnapshotGone(Exception):
    """The cluster dropped a snapshot, because nobody asked it for a while or its node ended."""


class TooLate(Exception):
    """The time for an answer ended before there was one."""


class _Json(JSONSerializer):
    """Reads the cluster's answers: several times as fast as the client itself does."""

    def loads(self, s: str) -> Any:
        """The value of a text."""
        try:
            return orjson.loads(s)
        except ValueError as error:
            raise SerializationError(s, error) from error


class _Node(Urllib3HttpConnection):
    """A node. The client itself avoids nodes that refuse a connection, and none that takes it and answers nothing."""

    avoided_until = 0.0

    def perform_request(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the node."""
        until = 0.0
        try:
            return super().perform_request(*args, **kwargs)
        except ConnectionTimeout:
            until = monotonic() + AVOIDED
            raise
        finally:
            self.avoided_until = until


class _Awake(RoundRobinSelector):
    """Chooses among the nodes that answer."""

    def select(self, connections: Sequence[Any]) -> Any:
        """The next of the :class:`_Node` to ask."""
        now = monotonic()
        for node in connections:
            if 0 < node.avoided_until < now:
                node.avoided_until = now + AVOIDED
                return node
        awake = [node for node in connections if not node.avoided_until]
        return super().select(awake or connections)


class Cluster:
    """A cluster, at the URLs of one node or of several. Threads may share it.

    What one node does not answer, another is asked. The names of new indexes begin with ``name``. They get so many ``shards``, and
    up to so many ``replicas``.
    """

    def __init__(
        self,
        urls: str,
        *,
        name: str = "search",
        authorities: Path | None = None,
        shards: int = 1,
        replicas: int = 0,
    ) -> None:
        nodes = [each.strip() for each in urls.split(",")]
        self.shown = ", ".join(map(_without_password, nodes))
        self.name, self.shards, self.replicas = name, shards, replicas
        self.client = OpenSearch(
            nodes,
            timeout=PATIENCE,
            max_retries=max(2, len(nodes)),
            pool_maxsize=CONNECTIONS,
            ca_certs=None if authorities is None else str(authorities),
            serializer=_Json(),
            connection_class=_Node,
            selector_class=_Awake,
        )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise ClusterFailed for what the client raises, except that something does not exist."""
        try:
            yield
        except NotFoundError:
            raise
        except OpenSearchException as error:
            raise ClusterFailed(self.shown, _reason(error)) from error

    @contextmanager
    def in_time(self, patience: float) -> Iterator[None]:
        """Raise TooLate if there was no answer after ``patience`` seconds, unless nobody is in a hurry."""
        try:
            yield
        except ClusterFailed as failure:
            if is_late(failure) and patience < PATIENCE:
                raise TooLate from failure
            raise

    def search(
        self, bodies: Sequence[dict[str, Any]], *, patience: float = PATIENCE, parted: bool = False
    ) -> list[dict[str, Any]]:
        """The answers to some searches, in one round trip.

        If the index is ``parted`` into shards, scores come of the counts of all of them together.

        Raises:
            TooLate: there was no answer after ``patience`` seconds.
            SnapshotGone: the snapshot that they name was dropped, or the nodes that had it ended.
            ClusterFailed: the cluster does not answer, or refuses one of them.
        """
        how = {"search_type": "dfs_query_then_fetch"} if parted else {}
        lines = (line for body in bodies for line in (how, body))
        asked = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        with self.in_time(patience), self.translated():
            found = self.client.msearch(body=asked, params={"request_timeout": patience})
        for answer in found["responses"]:
            if "error" in answer:
                kind, why = _cause(answer["error"])
                if answer["status"] in (_NOT_FOUND, _NO_SHARD):
                    raise SnapshotGone(why)
                raise ClusterFailed(self.shown, f"{kind}: {why}")
        responses: list[dict[str, Any]] = found["responses"]
        return responses


def status_of(failure: ClusterFailed) -> int | None:
    """The HTTP status of what the cluster refused; None if it did not answer."""
    cause = failure.__cause__
    status = cause.status_code if isinstance(cause, TransportError) else None
    return status if isinstance(status, int) else None


def is_late(failure: ClusterFailed) -> bool:
    """Whether there was no answer in time. The cluster may still do what it was asked."""
    return isinstance(failure.__cause__, ConnectionTimeout)


def is_unanswered(failure: ClusterFailed) -> bool:
    """Whether no node answered."""
    return isinstance(failure.__cause__, NoConnection)


def the_cluster() -> Cluster:
    """The cluster that the settings name. All engines of a process share its connections."""
    return _cluster_of(read_settings(IndexSettings, os.environ))


@cache
def _cluster_of(settings: IndexSettings) -> Cluster:
    return Cluster(
        settings.opensearch_url,
        name=settings.opensearch_name,
        authorities=settings.opensearch_ca,
        shards=settings.opensearch_shards,
        replicas=settings.opensearch_replicas,
    )


def _cause(error: dict[str, Any]) -> tuple[str, str]:
    """The kind and the sentence of an error that an answer holds: those of its root."""
    roots = error.get("root_cause") or [error]
    return str(roots[0].get("type")), str(roots[0].get("reason"))


def _reason(error: OpenSearchException) -> str:
    if isinstance(error, SSLError):
        return f"no TLS connection ({error.error}); is the certificate's authority in SEARCH_OPENSEARCH_CA?"
    if isinstance(error, NoConnection):
        return "does not answer; start it, or set SEARCH_OPENSEARCH_URL right"
    if isinstance(error, TransportError) and error.status_code == _UNAUTHORIZED:
        return "refuses the name and the password; set them right in SEARCH_OPENSEARCH_URL"
    if isinstance(error, TransportError) and isinstance(error.info, dict):
        found = error.info.get("error")
        if isinstance(found, dict):
            return ": ".join(_cause(found))
    return str(error)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
