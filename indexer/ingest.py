"""Ingest: cleans records and writes them to the store. An IngestReport says what happened.

Ingest does not touch indexes. A rebuild, or a follower of the store, indexes what was stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from time import perf_counter
from typing import Final, Literal, NamedTuple

from indexer.article import Article
from indexer.clean import check_mapping, clean, unused_keys
from indexer.errors import SourceUnreadable
from indexer.records import Record, Rejection, Removal
from indexer.rejects import RejectsFile
from indexer.store.articles import ArticleStore, Condition, Result, Stored

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
    """The outcome of an ingest. ``read`` = created + updated + unchanged + deleted + absent + rejected.

    A withdrawn article is an updated one. ``absent`` counts removals of articles that did not exist.

    ``rejections`` are the first ones, with shortened lines. ``unused_fields`` has the commonest keys that are neither mapped nor
    fields of an article, each with the number of records that have it. ``failure`` says that the source could not be read, or
    broke off. What came before the failure is stored.
    """

    read: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    absent: int
    rejected: int
    rejections: tuple[Rejection, ...]
    unused_fields: Mapping[str, int]
    seconds: float
    failure: SourceUnreadable | None

    @property
    def complete(self) -> bool:
        """True if the source did not fail and no record was rejected."""
        return self.failure is None and not self.rejected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record or removal.

    ``revision`` is the article's, or its tombstone's. A rejected record has neither, and says ``why``. ``unused`` are its keys that
    are neither mapped nor fields of an article.
    """

    where: str
    result: Result | Literal["rejected"]
    article_id: str = ""
    revision: int = 0
    why: str = ""
    unused: tuple[str, ...] = ()


Item = Record | Removal | Rejection
"""What can be given to :func:`accept`."""


def accept(
    items: Iterable[Item],
    store: ArticleStore,
    *,
    mapping: Mapping[str, str],
    timezone: tzinfo,
    rejects: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
    tell: Callable[[Outcome], None] = lambda _: None,
) -> IngestReport:
    """Store every record that is a valid article, reject the others, and make the removals, all in their order.

    ``mapping`` and ``timezone`` are ``clean``'s. Rejected lines go to the file ``rejects``, which is made at the end and only if
    there are any; see ``rejects.py``. ``progress`` is called with the number of items read, at least once a batch. ``tell`` is
    called with the outcome of each item, in their order, once it is durable. Accepting the same items again changes nothing.
    Memory is that of one batch, however many items there are.

    Raises:
        InvalidSetting: ``mapping`` names an unknown field; nothing was read.
        StoreUnavailable: earlier batches stay stored; give the items again.
        FolderNotWritable: the rejects file cannot be written; earlier batches stay stored.
    """
    check_mapping(mapping)
    run = _Run(store, progress, tell)
    with RejectsFile(rejects) if rejects else nullcontext() as rejects_file:
        for item in run.counted(items):
            outcome: Article | Removal | Rejection
            unused: set[str] = set()
            if isinstance(item, Record):
                outcome = clean(item, mapping=mapping, timezone=timezone)
                unused = unused_keys(item, mapping=mapping)
            else:
                outcome = item
            if isinstance(outcome, Rejection) and rejects_file:
                rejects_file.add(outcome)
            run.take(item.where, outcome, unused)
        run.store_batch()
    return run.report()


def accept_one(
    record: Record, store: ArticleStore, *, timezone: tzinfo, when: Condition | None = None
) -> Outcome:
    """Store one record, if ``when`` holds, just as :func:`accept` does.

    Raises:
        ConditionFailed: ``when`` does not hold; nothing was stored.
        StoreUnavailable: nothing was stored.
    """
    cleaned = clean(record, mapping={}, timezone=timezone)
    unused = tuple(sorted(unused_keys(record, mapping={})))
    if isinstance(cleaned, Rejection):
        return Outcome(record.where, "rejected", why=cleaned.why, unused=unused)
    (stored,) = store.put([cleaned], when=when)
    return _outcome(record.where, stored, unused)


def _outcome(where: str, stored: Stored, unused: Iterable[str]) -> Outcome:
    return Outcome(
        where, stored.result, stored.article_id, stored.revision, unused=tuple(sorted(unused))
    )


class _Taken(NamedTuple):
    """An item of the current batch, with its keys that were not used."""

    where: str
    what: Article | Removal | Rejection
    unused: Iterable[str]


class _Run:
    """The state of one ingest: the current batch, and the counts so far.

    A batch holds articles, or removals of one kind; rejections stand between them.
    """

    def __init__(
        self,
        store: ArticleStore,
        progress: Callable[[int], None],
        tell: Callable[[Outcome], None],
    ) -> None:
        self._store = store
        self._progress, self._tell = progress, tell
        self._started = perf_counter()
        self._batch: list[_Taken] = []
        self._kind = "put"
        self._characters = 0
        self._counts: Counter[str] = Counter()
        self._rejections: list[Rejection] = []
        self._unused: Counter[str] = Counter()
        self._failure: SourceUnreadable | None = None

    def counted(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, counted, until they end or their source fails."""
        try:
            for item in items:
                self._counts["read"] += 1
                if self._counts["read"] % BATCH == 0:
                    self._progress(self._counts["read"])
                yield item
        except SourceUnreadable as failure:
            self._failure = failure

    def take(self, where: str, what: Article | Removal | Rejection, unused: Iterable[str]) -> None:
        """Take the next item into the batch. Stores the batch when it is full, or when another kind of item comes."""
        self._note_unused(unused)
        if isinstance(what, Rejection):
            self._note_rejection(what)
        else:
            kind = what.how if isinstance(what, Removal) else "put"
            if kind != self._kind:
                self.store_batch()
                self._kind = kind
            self._characters += len(what.body) if isinstance(what, Article) else 0
        self._batch.append(_Taken(where, what, unused))
        if len(self._batch) >= BATCH or self._characters >= BATCH_CHARACTERS:
            self.store_batch()

    def store_batch(self) -> None:
        """Store the batch, and tell what became of its items."""
        articles = [each.what for each in self._batch if isinstance(each.what, Article)]
        removed = [each.what.article_id for each in self._batch if isinstance(each.what, Removal)]
        if self._kind == "put":
            done = iter(self._store.put(articles))
        else:
            change = self._store.delete if self._kind == "delete" else self._store.withdraw
            by_id = {each.article_id: each for each in change(removed)}
            done = iter([by_id[each] for each in removed])
        for where, what, unused in self._batch:
            if isinstance(what, Rejection):
                self._tell(Outcome(where, "rejected", why=what.why, unused=tuple(sorted(unused))))
            else:
                stored = next(done)
                self._counts[stored.result] += 1
                self._tell(_outcome(where, stored, unused))
        self._batch.clear()
        self._characters = 0
        self._progress(self._counts["read"])

    def _note_rejection(self, rejection: Rejection) -> None:
        self._counts["rejected"] += 1
        if len(self._rejections) < MAX_REPORTED:
            self._rejections.append(replace(rejection, raw=rejection.raw[:MAX_RAW_REPORTED]))

    def _note_unused(self, keys: Iterable[str]) -> None:
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
            deleted=counts["deleted"],
            absent=counts["absent"],
            rejected=counts["rejected"],
            rejections=tuple(self._rejections),
            unused_fields=dict(self._unused.most_common(MAX_REPORTED)),
            seconds=perf_counter() - self._started,
            failure=self._failure,
        )
