"""Ingest: cleans records and writes them to the store. An IngestReport says what happened.

Ingest does not touch indexes. A rebuild, or a follower of the store, indexes what was stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final, Literal, NamedTuple

from indexer.article import Article
from indexer.clean import clean, unused_keys
from indexer.errors import SourceUnreadable
from indexer.fields import Made, Note
from indexer.reading import Reading, UnseenKeys
from indexer.records import Record, Rejection, Removal
from indexer.rejects import RejectsFile
from indexer.store.articles import ArticleStore
from indexer.store.changing import Condition, Result, Stored

BATCH: Final = 1000
"""Articles in one transaction of the store. Its commit waits for the disk. Other writers wait for it, about a third of a second."""
BATCH_CHARACTERS: Final = 5_000_000
"""Characters of lines in one transaction. The limit bounds memory for very long articles and for very long rejected lines."""

MAX_REPORTED: Final = 20
"""The most rejections, and the most names of unused keys, in a report; the most of these names in an outcome."""
MAX_UNUSED: Final = 1_000
"""The most unused keys that are counted."""
MAX_NAME_REPORTED: Final = 60
"""The most characters that are kept of an unused key."""
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


Item = Record | Removal | Rejection
"""What can be ingested."""


def accept(
    items: Iterable[Item],
    store: ArticleStore,
    reading: Reading,
    *,
    rejects: RejectsFile | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> IngestReport:
    """Store every record that is a valid article, reject the others, and make the removals, all in their order.

    Rejected lines are added to ``rejects``. ``progress`` is called with the number of items read, at least once a batch.
    Accepting the same items again changes nothing. Memory is that of one batch, however many items there are.

    Raises:
        StoreUnavailable: earlier batches stay stored; give the items again.
        FolderNotWritable: the rejects file cannot be written; earlier batches stay stored.
    """
    ingest = Ingest(store, reading, progress=progress)
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


_What = Article | Removal | Rejection | None
"""What becomes of an item. None: the hook dropped it."""


class _Taken(NamedTuple):
    """An item of the current batch, with its keys that were not used, and the notes on its values."""

    where: str
    what: _What
    unused: tuple[str, ...]
    notes: tuple[Note, ...]


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
    ) -> None:
        """See :func:`accept`. ``when`` must hold for each change."""
        self._store, self._reading = store, reading
        self._when, self._progress = when, progress
        self._started = perf_counter()
        self._batch: list[_Taken] = []
        self._kind = "put"
        self._characters = 0
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
        """
        for item in self._counted(items):
            what: _What
            unused: tuple[str, ...] = ()
            notes: tuple[Note, ...] = ()
            if isinstance(item, Record):
                self._unseen.see(item.values)
                made = clean(item, self._reading)
                what, notes = made if isinstance(made, Made) else (made, ())
                names = _shown(unused_keys(item, self._reading))
                self._note_unused(names)
                unused = names[:MAX_REPORTED]
            else:
                what = item
            if self._batch and not self._fits(what):
                yield self._store_batch()
            self._take(_Taken(item.where, what, unused, notes))
            self._characters += _size(item, what)
            if len(self._batch) >= BATCH or self._characters >= BATCH_CHARACTERS:
                yield self._store_batch()
        if self._batch:
            yield self._store_batch()

    def _counted(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, counted, until they end or their source fails."""
        try:
            for item in items:
                self._read += 1
                if self._read % BATCH == 0:
                    self._progress(self._read)
                yield item
        except SourceUnreadable as failure:
            self._failure = failure

    def _fits(self, what: _What) -> bool:
        """Whether an item may join the current batch."""
        return what is None or isinstance(what, Rejection) or _kind(what) == self._kind

    def _take(self, taken: _Taken) -> None:
        what = taken.what
        if isinstance(what, Article | Removal):
            self._kind = _kind(what)
        self._batch.append(taken)

    def _store_batch(self) -> list[Outcome]:
        """Store the batch. Returns the outcomes of its items."""
        changes = iter(self._change([each.what for each in self._batch]))
        outcomes = []
        for where, what, unused, notes in self._batch:
            self._note(where, notes)
            if isinstance(what, Rejection):
                self._note_rejection(what)
                outcomes.append(Outcome(where, "rejected", rejection=what, unused=unused))
            elif what is None:
                self._counts["skipped"] += 1
                outcomes.append(Outcome(where, "skipped", unused=unused))
            else:
                article_id, result, revision = next(changes)
                self._counts[result] += 1
                outcomes.append(
                    Outcome(where, result, article_id, revision, unused=unused, notes=notes)
                )
        self._batch.clear()
        self._characters = 0
        self._progress(self._read)
        return outcomes

    def _change(self, batch: list[_What]) -> list[Stored]:
        """Make the changes of a batch in the store, one result for each, as if they were made one after another."""
        if self._kind == "put":
            articles = [each for each in batch if isinstance(each, Article)]
            return list(self._store.put(articles, when=self._when))
        change = self._store.delete if self._kind == "delete" else self._store.withdraw
        ids = [each.article_id for each in batch if isinstance(each, Removal)]
        done = {each.article_id: each for each in change(ids, when=self._when)}
        again: Result = "absent" if self._kind == "delete" else "unchanged"
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


def _shown(keys: Iterable[str]) -> tuple[str, ...]:
    """Keys as they can be told, in order: shortened, and escaped where they cannot be encoded."""
    cut = {each[:MAX_NAME_REPORTED].encode(errors="backslashreplace").decode() for each in keys}
    return tuple(sorted(cut))


def _kind(what: Article | Removal) -> str:
    """The kind of a batch that the item can be in."""
    return "put" if isinstance(what, Article) else what.how


def _size(item: Item, what: _What) -> int:
    """About how many characters of an item a batch holds. A record without a line has at least its body."""
    line = 0 if isinstance(item, Removal) else len(item.raw)
    return max(line, len(what.body)) if isinstance(what, Article) else line
