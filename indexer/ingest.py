"""Ingest: cleans records and writes them to the store. An IngestReport says what happened.

Ingest does not touch indexes. A rebuild, or a follower of the store, indexes what was stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import tzinfo
from pathlib import Path
from time import perf_counter
from typing import Final

from indexer.article import Article
from indexer.clean import check_mapping, clean, unused_keys
from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection
from indexer.rejects import RejectsFile
from indexer.store.articles import ArticleStore

BATCH: Final = 500
"""Articles in one transaction of the store."""
BATCH_CHARACTERS: Final = 5_000_000
"""Characters of bodies in one transaction. The limit bounds memory for very long articles."""

MAX_REPORTED: Final = 20
"""The most rejections, and the most names of unused keys, in a report."""
MAX_UNUSED: Final = 1_000
"""The most unused keys that are counted."""
MAX_NAME_REPORTED: Final = 60
"""The most characters that are kept of an unused key."""
MAX_RAW_REPORTED: Final = 200
"""The most characters of a rejected line in a report. The rejects file has the whole line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """The outcome of an ingest. ``read`` = created + updated + unchanged + rejected.

    ``rejections`` are the first ones, with shortened lines. ``unused_fields`` has the commonest keys that are neither mapped nor
    fields of an article, each with the number of records that have it. ``failure`` says that the source could not be read, or
    broke off. What came before the failure is stored.
    """

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejections: tuple[Rejection, ...]
    unused_fields: Mapping[str, int]
    seconds: float
    failure: SourceUnreadable | None

    @property
    def complete(self) -> bool:
        """True if the source did not fail and no record was rejected."""
        return self.failure is None and not self.rejected


def accept(
    records: Iterable[Record | Rejection],
    store: ArticleStore,
    *,
    mapping: Mapping[str, str],
    timezone: tzinfo,
    rejects: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> IngestReport:
    """Store every record that is a valid article, and reject the others.

    ``mapping`` and ``timezone`` are ``clean``'s. Rejected lines go to the file ``rejects``, which is made at the end and only if
    there are any; see ``rejects.py``. ``progress`` is called with the number of records read, at least once a batch.
    Accepting the same records again changes nothing. Memory is that of one batch, however many records there are.

    Raises:
        InvalidSetting: ``mapping`` names an unknown field; nothing was read.
        StoreUnavailable: earlier batches stay stored; give the records again.
        FolderNotWritable: the rejects file cannot be written; earlier batches stay stored.
    """
    check_mapping(mapping)
    run = _Run(store, progress)
    with RejectsFile(rejects) if rejects else nullcontext() as rejects_file:
        for record in run.counted(records):
            if isinstance(record, Rejection):
                outcome: Article | Rejection = record
            else:
                outcome = clean(record, mapping=mapping, timezone=timezone)
                run.note_unused(unused_keys(record, mapping=mapping))
            if isinstance(outcome, Article):
                run.put(outcome)
            else:
                run.note_rejection(outcome)
                if rejects_file:
                    rejects_file.add(outcome)
        run.store_batch()
    return run.report()


class _Run:
    """The state of one ingest: the current batch, and the counts so far."""

    def __init__(self, store: ArticleStore, progress: Callable[[int], None]) -> None:
        self._store = store
        self._progress = progress
        self._started = perf_counter()
        self._batch: list[Article] = []
        self._characters = 0
        self._counts: Counter[str] = Counter()
        self._rejections: list[Rejection] = []
        self._unused: Counter[str] = Counter()
        self._failure: SourceUnreadable | None = None

    def counted(self, records: Iterable[Record | Rejection]) -> Iterator[Record | Rejection]:
        """The records, counted, until they end or their source fails."""
        try:
            for record in records:
                self._counts["read"] += 1
                if self._counts["read"] % BATCH == 0:
                    self._progress(self._counts["read"])
                yield record
        except SourceUnreadable as failure:
            self._failure = failure

    def put(self, article: Article) -> None:
        self._batch.append(article)
        self._characters += len(article.body)
        if len(self._batch) >= BATCH or self._characters >= BATCH_CHARACTERS:
            self.store_batch()

    def store_batch(self) -> None:
        result = self._store.put(self._batch)
        self._counts.update(asdict(result))
        self._batch.clear()
        self._characters = 0
        self._progress(self._counts["read"])

    def note_rejection(self, rejection: Rejection) -> None:
        self._counts["rejected"] += 1
        if len(self._rejections) < MAX_REPORTED:
            self._rejections.append(replace(rejection, raw=rejection.raw[:MAX_RAW_REPORTED]))

    def note_unused(self, keys: set[str]) -> None:
        """Count unused keys, at most MAX_UNUSED different ones, since some files have a different key in each record."""
        for key in keys:
            name = key[:MAX_NAME_REPORTED].encode(errors="backslashreplace").decode()
            if name in self._unused or len(self._unused) < MAX_UNUSED:
                self._unused[name] += 1

    def report(self) -> IngestReport:
        counts = self._counts
        return IngestReport(
            read=counts["read"],
            created=counts["created"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            rejected=counts["rejected"],
            rejections=tuple(self._rejections),
            unused_fields=dict(self._unused.most_common(MAX_REPORTED)),
            seconds=perf_counter() - self._started,
            failure=self._failure,
        )
