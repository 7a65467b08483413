"""Records: input that may become an article, and rejections for input that cannot.

A file's source or a request makes records; ``ingest.py`` takes them. A request can also ask for removals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was given, with the giver's own keys.

    ``where`` is a place that a person can look up, such as ``news.jsonl.gz:12``. ``raw`` is the record as one line that can
    be ingested again: the original line, or the values as JSON where there were no lines.
    """

    where: str
    values: Mapping[str, object]
    raw: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot become an article: its place, the reason, and its original line.

    Bytes of ``raw`` that are not UTF-8 are kept as surrogate escapes. ``raw`` is empty if the line was too long to keep.
    """

    where: str
    why: str
    raw: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A demand to delete an article, or to withdraw it: then it stays in the store, and readers no longer see it."""

    where: str
    article_id: str
    how: Literal["delete", "withdraw"]
