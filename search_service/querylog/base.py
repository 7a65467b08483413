"""The contract of a query log, the data that it returns, and the log that is switched off."""

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
    """Whether entries reach the database. In the state ``away`` they do not.

    ``waiting`` counts the entries in memory. ``dropped`` counts the entries lost since the process started, because too
    many were waiting. ``trouble`` says why the database is away.
    """

    state: State
    waiting: int
    dropped: int
    trouble: Trouble | None = None


class QueryLog(Protocol):
    """Records searches, clicks and views, and provides the lists made from them. Safe to share between threads.

    No call waits for a database, and none fails because of a database.
    """

    def searched(self, answer: Answer, visitor: Visitor) -> str | None:
        """Record a search. Returns the id that clicks refer to; None if the search is not logged."""

    def clicked(
        self,
        visitor: Visitor,
        *,
        article_id: str,
        position: int,
        query_id: str | None = None,
        query: str | None = None,
    ) -> None:
        """Record that a hit was opened. The search is given by its id, or by the query as typed."""

    def viewed(self, visitor: Visitor, *, article_id: str) -> None:
        """Record that an article was read. An id that no article can have must not be given; an unknown one may."""

    @property
    def lists(self) -> Lists:
        """The lists as they were last read: at most a minute ago, or longer if the log is big. Empty before the first reading."""

    def settle(self, patience: float) -> bool:
        """Write all entries and read the lists anew. Waits up to ``patience`` seconds.

        False if that took longer or failed.
        """

    def health(self) -> LogHealth:
        """Whether entries reach the database."""

    def close(self) -> None:
        """Write the waiting entries if possible. From now on nothing is recorded."""


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

    def viewed(self, visitor: Visitor, *, article_id: str) -> None:
        """Nothing is logged."""

    def settle(self, patience: float) -> bool:  # noqa: ARG002
        """True: there is nothing to write."""
        return True

    def health(self) -> LogHealth:
        """Off."""
        return LogHealth(state="off", waiting=0, dropped=0)

    def close(self) -> None:
        """Nothing to close."""
