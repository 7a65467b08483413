"""The state of an index in the cluster, as one of its documents holds it: the last commit, and who may write the next one."""

from __future__ import annotations

from typing import Any, NamedTuple

from indexer.engines.opensearch.fields import COMMIT, COMMITTED


class Facts(NamedTuple):
    """What a commit says of itself. ``number`` counts the commits of the index."""

    number: int
    revision: int


class State(NamedTuple):
    """The last commit, and the lease of whoever may write.

    ``lease`` counts the leases that were given. ``holder`` has the present one, ``who`` and ``purpose`` are what others are told
    of it, and ``beat`` counts its signs of life. Without a holder it is free. ``at`` is when the commit was made, in seconds since 1970;
    0 if it is not known.
    """

    number: int
    revision: int
    lease: int = 0
    holder: str = ""
    who: str = ""
    purpose: str = ""
    beat: int = 0
    at: float = 0.0

    @property
    def facts(self) -> Facts:
        """The last commit."""
        return Facts(self.number, self.revision)

    def free(self) -> State:
        """The same commit without a holder."""
        return State(*self.facts, lease=self.lease, at=self.at)


class Place(NamedTuple):
    """Which write of the state it was. Whoever writes the next one must know."""

    seq_no: int
    primary_term: int


class Overtaken(Exception):
    """Somebody else wrote the state meanwhile."""


def facts_of(document: dict[str, Any]) -> Facts:
    """The facts in a document that holds the state, or in the marker of a shard."""
    commit = document["_source"][COMMIT]
    return Facts(commit["number"], commit["revision"])


def marker_of(said: Facts | State) -> dict[str, Any]:
    """A document that tells the facts of a commit, its number as a term too."""
    return {COMMIT: said._asdict(), COMMITTED: f"{said.number}"}
