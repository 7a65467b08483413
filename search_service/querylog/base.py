"""The promises of a query log, what it answers, and the log that is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from search_service.answering.search import Answer
from search_service.querylog.lists import Lists
from search_service.querylog.visitors import Visitor
from search_service.watching import Trouble

State = Literal["on", "away", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHealth:
    """Whether entries reach the database: ``away`` when they do not at the moment.

    ``waiting`` entries are in memory; ``dropped`` is how many were lost since the process started, because too many
    were waiting. ``trouble``: why it is away.
    """

    state: State
    waiting: int
    dropped: int
    trouble: Trouble | None = None


class QueryLog(Protocol):
    """Takes note of searches and clicks, and lends the lists that are made of them. Safe to share between threads.

    No call waits for a database, and none fails because of one.
    """

    def searched(self, answer: Answer, visitor: Visitor) -> str | None:
        """Take note of a search. The id that its clicks refer to; None when it is not logged."""

    def clicked(
        self,
        visitor: Visitor,
        *,
        article_id: str,
        position: int,
        query_id: str | None = None,
        query: str | None = None,
    ) -> None:
        """Take note of a hit that was opened: of a search by its id, or of a query as it was typed."""

    @property
    def lists(self) -> Lists:
        """The lists as they were last read, a minute ago or less; empty ones before that."""

    def settle(self, patience: float) -> bool:
        """Have everything written and the lists read anew, and wait up to ``patience`` seconds for it.

        False when that took longer, or failed.
        """

    def health(self) -> LogHealth:
        """Whether entries reach the database."""

    def close(self) -> None:
        """Write what waits, if that is possible, and take note of nothing from now on."""


class NoQueryLog:
    """The query log that is switched off."""

    lists: Final = Lists()

    def searched(self, answer: Answer, visitor: Visitor) -> str | None:  # noqa: ARG002
        """None: nothing is logged."""
        return None

    def clicked(
        self,
        visitor: Visitor,
        *,
        article_id: str,
        position: int,
        query_id: str | None = None,
        query: str | None = None,
    ) -> None:
        """Nothing is logged."""

    def settle(self, patience: float) -> bool:  # noqa: ARG002
        """True: there is nothing to write."""
        return True

    def health(self) -> LogHealth:
        """Off."""
        return LogHealth(state="off", waiting=0, dropped=0)

    def close(self) -> None:
        """Nothing to close."""
