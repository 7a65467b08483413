"""What a cluster fails with."""

from __future__ import annotations

from indexer.errors import IndexUnavailable


class ClusterFailed(IndexUnavailable):
    """The OpenSearch cluster at ``url`` does not answer, or refuses what is asked of it. A later try may succeed."""

    def __init__(self, url: str, why: str) -> None:
        self.url, self.why = url, why
        super().__init__("OpenSearch at {url}: {why}", **vars(self))
