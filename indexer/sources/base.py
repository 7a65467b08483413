"""What every source of articles promises. Each promise has a test in ``tests/contracts/source.py``.

A source reads records and says where each came from. It keeps nothing. ``clean.py`` decides what is an acceptable article.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.said import Said


class Source(Protocol):
    """Records from one place, read once from beginning to end."""

    def records(self) -> Iterator[Record | Rejection]:
        """Read the records, in order. An unreadable record becomes a Rejection, and the next one follows.

        Streams: memory does not grow with the number of records. Files are open only until the iterator ends or is
        closed. ``raw`` is one line, never empty, from which ``json_files.py`` reads the same values; or, of what could not be read, a
        line that it rejects for the same reason.

        Raises:
            SourceUnreadable: the source cannot be opened, or breaks off. Raised only after every record before the
                break was given.
        """

    def count(self) -> int:
        """The number of records that :meth:`records` is going to give, or somewhat more. 0 if only reading them would tell.

        It is an estimate for progress, much cheaper than reading the records. A source that breaks off is counted up to the
        break.

        Raises:
            SourceUnreadable: the source cannot be opened.
        """


@runtime_checkable
class Tabular(Source, Protocol):
    """A source whose records all have the same keys."""

    @property
    def columns(self) -> tuple[str, ...]:
        """These keys, from the first record on, or from the end if there is none. Empty before."""


@runtime_checkable
class Incremental(Source, Protocol):
    """A source that can go on where it ended the last time. It gives its records in the order of their changes."""

    since: str | None
    """Where to begin: what ``reached`` was at the end of the last run. None: at the beginning."""

    @property
    def identity(self) -> str | None:
        """A name of at most 64 characters, the same in every run, for keeping ``reached``. None: every run reads all."""

    @property
    def reached(self) -> str | None:
        """How far the records have been read; None before the first one. A run since then gives at least all later changes."""


def refused(where: str, error: OSError) -> SourceUnreadable:
    """The failure of a file that the system does not let us read."""
    return SourceUnreadable(
        where,
        Said(
            "cannot be read ({why}): check the path, and who may read it", why=str(error.strerror)
        ),
    )
