"""Ingest: writes what records say to the store. An IngestReport says what happened.

Ingest does not touch indexes. A rebuild, or a follower of the store, indexes what was stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final, Literal

from indexer.errors import SourceUnreadable
from indexer.fields import Note
from indexer.preparing import Preparing, Ready, What, prepared_here
from indexer.reading import Reading, UnseenKeys
from indexer.records import Item, Record, Rejection, Removal
from indexer.rejects import RejectsFile
from indexer.store.articles import ArticleStore
from indexer.store.changing import Condition, Result, Stored
from indexer.store.prepared import Prepared

BATCH: Final = 1000
"""Articles in one transaction of the store. Its commit waits for the disk. Other writers wait for it, about a third of a second."""
BATCH_CHARACTERS: Final = 5_000_000
"""Characters of lines in one transaction. The limit bounds memory for very long articles and for very long rejected lines."""

MAX_REPORTED: Final = 20
"""The most rejections, and the most names of unused keys, in a report; the most of these names in an outcome."""
MAX_UNUSED: Final = 1_000
"""The most unused keys that are counted."""
MAX_RAW_REPORTED: Final = 200
"""The most characters of a rejected line in a report. The rejects file has the whole line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """The outcome of an ingest. ``read`` = created + updated + unchanged + deleted + absent + skipped + rejected.

    A withdrawn article is an updated one. ``absent`` counts removals of articles that did not exist, ``skipped`` records that the
    hook dropped.

    ``rejections`` are the first ones, with shortened lines. ``notes`` counts what was done to values, by :attr:`Note.name`;
    ``dropped`` are the first values that could not be used as they were, each as its place and its note. ``unused_fields`` has the
    commonest keys that are neither mapped nor fields of an article, each with the number of records that have it. ``unseen_keys`` are
    those that the reading names and no record has. ``failure`` says that the source could not be read, or
    broke off. What came before the failure is stored.
    """

    read: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    absent: int
    skipped: int
    rejected: int
    rejections: tuple[Rejection, ...]
    notes: Mapping[str, int]
    dropped: tuple[tuple[str, Note], ...]
    unused_fields: Mapping[str, int]
    unseen_keys: tuple[str, ...]
    seconds: float
    failure: SourceUnreadable | None

    @property
    def complete(self) -> bool:
        """True if the source did not fail and no record was rejected."""
        return self.failure is None and not self.rejected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item.

    ``revision`` is the article's, or its tombstone's. A rejected item has neither, and its ``rejection``. ``unused`` are its keys
    that are neither mapped nor fields of an article: the first ones, shortened. ``notes`` say what was done to its values.
    """

    where: str
    result: Result | Literal["skipped", "rejected"]
    article_id: str = ""
    revision: int = 0
    rejection: Rejection | None = None
    unused: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def accept(
    items: Iterable[Item],
    store: ArticleStore,
    reading: Reading,
    *,
    rejects: RejectsFile | None = None,
    progress: Callable[[int], None] = lambda _: None,
    preparing: Preparing | None = None,
) -> IngestReport:
    """Store every record that is a valid article, reject the others, and make the removals, all in their order.

    Rejected lines are added to ``rejects``. ``progress`` is called with the number of items read, at least once a batch.
    ``preparing`` is where the articles are prepared; without it here. Accepting the same items again changes nothing. Memory is that
    of one batch, with a process beside of three, however many items there are.

    Raises:
        StoreUnavailable: earlier batches stay stored; give the items again.
        FolderNotWritable: the rejects file cannot be written; earlier batches stay stored.
        PreparingFailed: the process beside died; earlier batches stay stored.
    """
    ingest = Ingest(store, reading, progress=progress, preparing=preparing)
    for outcomes in ingest.batches(items):
        for each in outcomes:
            if each.rejection and rejects:
                rejects.add(each.rejection)
    return ingest.report()


def accept_one(
    item: Item, store: ArticleStore, reading: Reading, *, when: Condition | None = None
) -> Outcome:
    """Take one item, just as :func:`accept` does, if ``when`` holds.

    Raises:
        ConditionFailed: ``when`` does not hold; nothing was changed.
        StoreUnavailable: nothing was changed.
    """
    (outcomes,) = Ingest(store, reading, when=when).batches([item])
    return outcomes[0]


class Ingest:
    """One ingest: its outcomes as they become durable, then its report.

    A batch holds articles, or removals of one kind; rejections stand between them.
    """

    def __init__(
        self,
        store: ArticleStore,
        reading: Reading,
        *,
        when: Condition | None = None,
        progress: Callable[[int], None] = lambda _: None,
        preparing: Preparing | None = None,
    ) -> None:
        """See :func:`accept`. ``when`` must hold for each change."""
        self._store, self._when, self._progress = store, when, progress
        self._preparing = preparing or prepared_here(reading)
        self._started = perf_counter()
        self._read = 0
        self._counts: Counter[str] = Counter()
        self._rejections: list[Rejection] = []
        self._notes: Counter[str] = Counter()
        self._dropped: list[tuple[str, Note]] = []
        self._unused: Counter[str] = Counter()
        self._unseen = UnseenKeys(reading)
        self._failure: SourceUnreadable | None = None

    def batches(self, items: Iterable[Item]) -> Iterator[list[Outcome]]:
        """Take all items. Yields the outcomes of each batch, in the order of its items, once they are durable.

        Raises:
            ConditionFailed, StoreUnavailable: nothing of the current batch was changed. Earlier batches stay stored.
            PreparingFailed: earlier batches stay stored.
        """
        for chunk in self._preparing(self._chunks(items)):
            for batch in _of_one_kind(chunk):
                yield self._store_batch(batch)

    def _chunks(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """The items, counted, as many at a time as one transaction may hold, until they end or their source fails."""
        chunk: list[Item] = []
        characters = 0
        try:
            for item in items:
                self._read += 1
                if isinstance(item, Record):
                    self._unseen.see(item.values)
                chunk.append(item)
                characters += _size(item)
                if len(chunk) >= BATCH or characters >= BATCH_CHARACTERS:
                    self._progress(self._read)
                    yield chunk
                    chunk, characters = [], 0
        except SourceUnreadable as failure:
            self._failure = failure
        if chunk:
            yield chunk

    def _store_batch(self, batch: Sequence[Ready]) -> list[Outcome]:
        """Store a batch. Returns the outcomes of its items."""
        changes = iter(self._change([each.what for each in batch]))
        outcomes = []
        for where, what, unused, notes in batch:
            self._note_unused(unused)
            self._note(where, notes)
            told = unused[:MAX_REPORTED]
            if isinstance(what, Rejection):
                self._note_rejection(what)
                outcomes.append(Outcome(where, "rejected", rejection=what, unused=told))
            elif what is None:
                self._counts["skipped"] += 1
                outcomes.append(Outcome(where, "skipped", unused=told))
            else:
                article_id, result, revision = next(changes)
                self._counts[result] += 1
                outcomes.append(
                    Outcome(where, result, article_id, revision, unused=told, notes=notes)
                )
        self._progress(self._read)
        return outcomes

    def _change(self, batch: Sequence[What]) -> list[Stored]:
        """Make the changes of a batch in the store, one result for each, as if they were made one after another."""
        removals = [each for each in batch if isinstance(each, Removal)]
        if not removals:
            articles = [each for each in batch if isinstance(each, Prepared)]
            return list(self._store.put_prepared(articles, when=self._when))
        deleting = removals[0].how == "delete"
        change = self._store.delete if deleting else self._store.withdraw
        ids = [each.article_id for each in removals]
        done = {each.article_id: each for each in change(ids, when=self._when)}
        again: Result = "absent" if deleting else "unchanged"
        results = []
        for each in ids:
            results.append(done[each])
            if done[each].result != "absent":
                done[each] = done[each]._replace(result=again)
        return results

    def _note_rejection(self, rejection: Rejection) -> None:
        self._counts["rejected"] += 1
        if len(self._rejections) < MAX_REPORTED:
            self._rejections.append(replace(rejection, raw=rejection.raw[:MAX_RAW_REPORTED]))

    def _note(self, where: str, notes: Iterable[Note]) -> None:
        for each in notes:
            self._notes[each.name] += 1
            if each.why and len(self._dropped) < MAX_REPORTED:
                self._dropped.append((where, each))

    def _note_unused(self, names: Iterable[str]) -> None:
        """Count unused keys, at most MAX_UNUSED different ones, since some files have a different key in each record."""
        for name in names:
            if name in self._unused or len(self._unused) < MAX_UNUSED:
                self._unused[name] += 1

    def report(self) -> IngestReport:
        """The report of what was taken so far. Items of a batch that the store did not take are not in it."""
        counts = self._counts
        return IngestReport(
            read=counts.total(),
            created=counts["created"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            deleted=counts["deleted"],
            absent=counts["absent"],
            skipped=counts["skipped"],
            rejected=counts["rejected"],
            rejections=tuple(self._rejections),
            notes=dict(self._notes.most_common()),
            dropped=tuple(self._dropped),
            unused_fields=dict(self._unused.most_common(MAX_REPORTED)),
            unseen_keys=self._unseen.keys(),
            seconds=perf_counter() - self._started,
            failure=self._failure,
        )


def _of_one_kind(chunk: Iterable[Ready]) -> Iterator[list[Ready]]:
    """The items of a chunk in runs that hold articles, or removals of one kind, and what changes nothing."""
    run: list[Ready] = []
    kind = ""
    for each in chunk:
        its = _kind(each.what)
        if its and kind and its != kind:
            yield run
            run = []
        kind = its or kind
        run.append(each)
    if run:
        yield run


def _kind(what: What) -> str:
    """The kind of a batch that an item can be in. Empty if it can be in all."""
    if isinstance(what, Removal):
        return what.how
    return "put" if isinstance(what, Prepared) else ""


def _size(item: Item) -> int:
    """About how many characters of an item a batch holds: those of its line or of its texts."""
    if isinstance(item, Removal):
        return 0
    values = item.values.values() if isinstance(item, Record) else ()
    return max(len(item.raw), sum(len(each) for each in values if isinstance(each, str)))
