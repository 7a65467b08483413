"""The first records of a source as they would be stored, without storing them: what keys they have, and what is made of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

from indexer.article import article_to_record
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.fields import Made
from indexer.reading import Reading
from indexer.records import Record, Rejection
from indexer.sources.base import Source

SAMPLE: Final = 120
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What becomes of one record: an article, as a record of our own, with notes; or none, for the reason ``why``."""

    where: str
    article: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The keys of the first records, each with the first value that is not empty, and what becomes of these records."""

    keys: Mapping[str, str]
    records: tuple[Outlook, ...]


def preview(source: Source, reading: Reading, *, size: int) -> Preview:
    """Read the first ``size`` records of a source. Stores nothing.

    Raises:
        SourceUnreadable: not even the first of them can be read.
    """
    keys: dict[str, str] = {}
    outlooks: list[Outlook] = []
    # Every source's records are a generator, which closes its files when it is closed.
    given = cast(Generator[Record | Rejection, None, None], source.records())
    with closing(given) as records:
        try:
            for record in islice(records, size):
                if isinstance(record, Record):
                    for key, value in record.values.items():
                        keys[key] = keys.get(key) or _shown(value)
                outlooks.append(_outlook(record, reading))
        except SourceUnreadable:
            if not outlooks:
                raise
    return Preview(keys=keys, records=tuple(outlooks))


def _outlook(record: Record | Rejection, reading: Reading) -> Outlook:
    made = clean(record, reading) if isinstance(record, Record) else record
    if isinstance(made, Made):
        return Outlook(
            where=record.where,
            article=article_to_record(made.article),
            notes=tuple(map(str, made.notes)),
        )
    if isinstance(made, Rejection):
        return Outlook(where=record.where, article=None, why=made.why)
    why = "dropped by the hook" if made is None else f"deletes the article {made.article_id}"
    return Outlook(where=record.where, article=None, why=why)


def _shown(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= SAMPLE else f"{text[:SAMPLE]}…"
