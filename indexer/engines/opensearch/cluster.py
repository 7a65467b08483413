"""The connection to the cluster: what is asked of it, and its errors as ours.

Only this module and its neighbours know OpenSearch's client. Its address is the setting SEARCH_OPENSEARCH_URL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from indexer.engines.opensearch.errors import ClusterFailed
from indexer.errors import PackageMissing
from indexer.settings import IndexSettings, read_settings

try:
    from opensearchpy import OpenSearch
    from opensearchpy.exceptions import ConnectionError as NoConnection
    from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException
    from opensearchpy.exceptions import NotFoundError as NotFoundError
    from opensearchpy.exceptions import TransportError as TransportError
except ImportError as error:
    raise PackageMissing("opensearch-py", "requirements-opensearch.txt") from error

PATIENCE: Final = 60.0
"""Seconds that a request without a deadline may take."""
MAINTENANCE: Final = 3600.0
"""Seconds that merging or copying an index may take."""


NAMED_SCORES: Final = "include_named_queries_score"
"""What a search holds that wants the scores of its named queries."""
_NOT_FOUND: Final = 404


class SnapshotGone(Exception):
    """The cluster dropped a snapshot, because nobody asked it for a while or its node ended."""


class TooLate(Exception):
    """The time for an answer ended before there was one."""


class Cluster:
    """A cluster at one address. Threads may share it."""

    def __init__(self, url: str) -> None:
        self.shown = _without_password(url)
        self.client = OpenSearch(url, timeout=PATIENCE, max_retries=2)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise ClusterFailed for what the client raises, except that something does not exist."""
        try:
            yield
        except NotFoundError:
            raise
        except OpenSearchException as error:
            raise ClusterFailed(self.shown, _reason(error)) from error

    def search(
        self, bodies: Sequence[dict[str, Any]], *, patience: float = PATIENCE
    ) -> list[dict[str, Any]]:
        """The answers to some searches, in one round trip. One for each search if they want the scores of named queries.

        Raises:
            TooLate: there was no answer after ``patience`` seconds.
            SnapshotGone: the snapshot that they name was dropped.
            ClusterFailed: the cluster does not answer, or refuses one of them.
        """
        try:
            if any(NAMED_SCORES in body for body in bodies):
                return [self._search(body, patience) for body in bodies]
            return self._search_together(bodies, patience)
        except ClusterFailed as failure:
            if isinstance(failure.__cause__, ConnectionTimeout) and patience < PATIENCE:
                raise TooLate from failure
            raise

    def _search(self, body: dict[str, Any], patience: float) -> dict[str, Any]:
        # The server gives the scores only if the address asks for them too, and no address of several searches can.
        params = {"request_timeout": patience, NAMED_SCORES: "true"}
        try:
            with self.translated():
                found: dict[str, Any] = self.client.search(body=body, params=params)
        except NotFoundError as error:
            raise SnapshotGone(_reason(error)) from error
        return found

    def _search_together(
        self, bodies: Sequence[dict[str, Any]], patience: float
    ) -> list[dict[str, Any]]:
        lines = [line for body in bodies for line in ({}, body)]
        with self.translated():
            found = self.client.msearch(body=lines, params={"request_timeout": patience})
        for answer in found["responses"]:
            if "error" in answer:
                kind, why = _cause(answer["error"])
                if answer["status"] == _NOT_FOUND:
                    raise SnapshotGone(why)
                raise ClusterFailed(self.shown, f"{kind}: {why}")
        responses: list[dict[str, Any]] = found["responses"]
        return responses


def the_cluster() -> Cluster:
    """The cluster that the settings name. All engines of a process share its connections."""
    return _cluster_at(read_settings(IndexSettings, os.environ).opensearch_url)


@cache
def _cluster_at(url: str) -> Cluster:
    return Cluster(url)


def _cause(error: dict[str, Any]) -> tuple[str, str]:
    """The kind and the sentence of an error that an answer holds: those of its root."""
    roots = error.get("root_cause") or [error]
    return str(roots[0].get("type")), str(roots[0].get("reason"))


def _reason(error: OpenSearchException) -> str:
    if isinstance(error, NoConnection):
        return "does not answer; start it, or set SEARCH_OPENSEARCH_URL right"
    if isinstance(error, TransportError) and isinstance(error.info, dict):
        found = error.info.get("error")
        if isinstance(found, dict):
            return ": ".join(_cause(found))
    return str(error)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
