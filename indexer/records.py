"""Records: what comes from outside and may become an article, and what cannot.

Whoever brings articles gives these, a file's source or a request; ``ingest.py`` takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was given, under the keys of whoever gave it.

    ``where`` is a place that a person can go to, such as ``news.jsonl.gz:12``. ``raw`` is the record as one line that can
    be ingested again: the line as it stood, or the values as JSON where there were no lines.
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
