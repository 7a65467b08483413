"""What is amiss with a service that answers searches all the same. Each fault has a code for programs and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from search_service.live.index import IndexState
from search_service.services import Services

Fault = Literal[
    "store_unavailable",
    "index_behind",
    "index_outdated",
    "index_held_back",
    "lists_old",
    "query_log_away",
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

BEHIND_SECONDS: Final = 60.0
"""Lag from which the index counts as behind. A follower that runs needs about a second."""


@dataclass(frozen=True, slots=True)
class Degraded:
    """One fault, and what it means."""

    code: Fault
    detail: str


def degraded(services: Services, index: IndexState | None) -> tuple[Degraded, ...]:
    """The faults of a service whose live index is in the state ``index``; None if it cannot be read. Takes no look of its own."""
    found: list[Degraded] = []

    def note(code: Fault, detail: str) -> None:
        found.append(Degraded(code, detail))

    if services.store is not None and services.store.trouble is not None:
        note(
            "store_unavailable",
            "the store cannot be read: nothing can be written, no key can be checked, and the lag of the index is unknown",
        )
    lag = index and index.lag
    if lag and (lag.seconds or 0.0) > BEHIND_SECONDS:
        note(
            "index_behind",
            f"the index has lacked changes for {lag.seconds:.0f} s: is 'python -m indexer follow' running?",
        )
    if index and index.outdated:
        note(
            "index_outdated",
            "the index was made by another release or with other words: run 'python -m indexer rebuild'",
        )
    if index and index.held_back is not None:
        note("index_held_back", f"answers come from the generation before: {index.held_back}")
    if services.editorial_state().trouble is not None:
        note(
            "lists_old",
            "the editors' lists cannot be read: search goes on with those that were read before",
        )
    if services.query_log.health().state == "away":
        note(
            "query_log_away",
            "the database of the query log cannot be written: searches and clicks wait in memory",
        )
    return tuple(found)
