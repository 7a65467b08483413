"""What every source of articles promises. Each promise has a test in ``tests/contracts/source.py``.

A source reads records and says where each came from. What is an acceptable article is ``clean.py``'s business, and
a source keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the source gives it, under the source's own keys.

    ``where`` is a place that a person can go to, such as ``news.jsonl.gz:12``. ``raw`` is the record as one line that can
    be ingested again: the line as it stood, or the values as JSON where the source has no lines.
    """

    where: str
    values: Mapping[str, object]
    raw: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that cannot become an article: where it stands, why, and the line as it stood.

    Bytes of ``raw`` that are not UTF-8 are kept as surrogate escapes. It is empty where the line was too long to keep.
    """

    where: str
    why: str
    raw: str


class Source(Protocol):
    """Records from one place, read once from beginning to end."""

    def records(self) -> Iterator[Record | Rejection]:
        """Read the records, in order. A record that cannot be read is a Rejection, and the next one follows.

        Streams: memory does not grow with the number of records. Files are open only until the iterator ends or is
        closed. ``raw`` never holds a line break.

        Raises:
            SourceUnreadable: the source cannot be opened, or breaks off. Raised only after every record before the
                break was given.
        """
