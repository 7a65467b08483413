"""Compares what a source holds with what the store holds, by ids and content hashes, and repairs the store.

The source is right: what it lacks is deleted, so much care is taken that a source that is empty, that broke off, or that is the
wrong one never empties the store. The store is read first: what somebody stores meanwhile is then never taken for orphaned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from indexer.article import Article, channel_ancestry, content_hash
from indexer.clean import clean, id_of
from indexer.errors import InvalidSetting, ReconcileRefused, SourceUnreadable
from indexer.fields import Made
from indexer.importing import checked_records
from indexer.ingest import MAX_REPORTED, Ingest
from indexer.reading import Reading, UnseenKeys, say_unseen
from indexer.records import Record, Rejection, Removal
from indexer.rejects import RejectsFile
from indexer.said import Said
from indexer.sources.base import Source
from indexer.store.articles import ArticleStore

MOST_ORPHANED: Final = 5
"""At most one of so many compared articles may be orphaned. A source that lacks more is probably cut off, or another one."""
BATCH: Final = 500
"""Articles that are deleted in one transaction."""

Belongs = Callable[[Article], bool]
"""Whether an article of the store comes from the source."""

_OWNERS: Final[dict[str, Callable[[Article], tuple[str, ...]]]] = {
    "site": lambda article: (article.site,),
    "source": lambda article: (article.source,),
    "channel": lambda article: channel_ancestry(article.channel),
}


@dataclass(frozen=True, slots=True)
class Found:
    """The number of articles in one state, and the ids of the first ones."""

    count: int
    ids: tuple[str, ...]

    def called(self, state: str) -> Said:
        """A line that names the articles, and the state that they are in."""
        more, ids = self.count - len(self.ids), ", ".join(self.ids)
        if more:
            return Said("{state}: {ids} and {more:,} more", state=state, ids=ids, more=more)
        return Said("{state}: {ids}", state=state, ids=ids)

    @classmethod
    def of(cls, ids: Iterable[str], count: int) -> Found:
        """What is found, of which there are ``count``."""
        return cls(count, tuple(islice(ids, MAX_REPORTED)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """How a source and the store compare, and what was repaired.

    ``missing`` are only in the source, ``stale`` have another content in the store, ``orphaned`` are only in the store, or the source
    says that they are deleted. ``unseen_keys`` are those that the reading names and no record has. ``compared`` counts the articles of the store that belong to the source. ``failure`` says that the
    source could not be read to its end: then what it lacks is unknown, and nothing is orphaned. ``repaired``: the store was made to
    hold what the source holds; ``stored`` and ``deleted`` count the changes. ``refusal`` says why that was not even tried.
    """

    read: int
    compared: int
    same: int
    missing: Found
    stale: Found
    orphaned: Found
    rejected: int
    rejections: tuple[Rejection, ...]
    unseen_keys: tuple[str, ...]
    failure: SourceUnreadable | None
    refusal: ReconcileRefused | None = None
    repaired: bool = False
    stored: int = 0
    deleted: int = 0

    def lines(self) -> list[str]:
        """The counts, the ids of the first articles that differ, and a warning of keys that no record has."""
        parts: list[str] = [
            Said(
                "read {read:,}, compared with {compared:,} articles of the store: {same:,} same, "
                "{missing:,} missing, {stale:,} stale, {orphaned:,} orphaned, {rejected:,} rejected",
                read=self.read,
                compared=self.compared,
                same=self.same,
                missing=self.missing.count,
                stale=self.stale.count,
                orphaned=self.orphaned.count,
                rejected=self.rejected,
            )
        ]
        if self.repaired:
            changes = {"stored": self.stored, "deleted": self.deleted}
            parts.append(Said("{stored:,} stored, {deleted:,} deleted", **changes))
        states = {"missing": self.missing, "stale": self.stale, "orphaned": self.orphaned}
        parts += [found.called(state) for state, found in states.items() if found.count]
        if self.unseen_keys:
            parts.append(say_unseen(self.unseen_keys))
        return parts

    @property
    def agree(self) -> bool:
        """True if the store holds what the source holds, and no record was rejected."""
        differ = self.missing.count + self.stale.count + self.orphaned.count
        return self.failure is None and not self.rejected and (self.repaired or not differ)


@dataclass(slots=True)
class _Comparison:
    """The state of a comparison. An id costs about 400 bytes: 45,000 articles take 20 MB.

    ``held`` has the hash of each article of the store, ``given`` of each of the source; of a repeated id the last counts, as in an
    ingest. ``belong`` are the ids in the store that belong to the source, ``named`` those that a rejected record names.
    """

    held: dict[str, bytes] = field(default_factory=dict)
    belong: set[str] = field(default_factory=set)
    given: dict[str, bytes | Literal["deleted"]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    nameless: int = 0
    read: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    unseen_keys: tuple[str, ...] = ()
    failure: SourceUnreadable | None = None

    def reject(self, rejection: Rejection, article_id: str | None) -> None:
        self.rejected += 1
        if len(self.rejections) < MAX_REPORTED:
            self.rejections.append(rejection)
        if article_id is None:
            self.nameless += 1
        else:
            self.named.add(article_id)

    def missing(self) -> Iterator[str]:
        for each, digest in self.given.items():
            if digest != "deleted" and each not in self.held:
                yield each

    def stale(self) -> Iterator[str]:
        for each, digest in self.given.items():
            if digest != "deleted" and each in self.held and self.held[each] != digest:
                yield each

    def orphaned(self) -> Iterator[str]:
        """In the order of the store. An article whose record was rejected is none: the source has it."""
        if self.failure is not None:
            return
        for each in self.held:
            state = self.given.get(each)
            lost = state is None and each in self.belong and each not in self.named
            if lost or state == "deleted":
                yield each

    def report(self) -> Reconciliation:
        missing, stale, orphaned = (
            Found.of(each(), sum(1 for _ in each()))
            for each in (self.missing, self.stale, self.orphaned)
        )
        articles = sum(each != "deleted" for each in self.given.values())
        return Reconciliation(
            read=self.read,
            compared=len(self.belong),
            same=articles - missing.count - stale.count,
            missing=missing,
            stale=stale,
            orphaned=orphaned,
            rejected=self.rejected,
            rejections=tuple(self.rejections),
            unseen_keys=self.unseen_keys,
            failure=self.failure,
        )


def read_only(text: str | None) -> Belongs:
    """What ``site=NAME``, ``source=NAME`` or ``channel=PATH`` says of which articles belong to a source; without it all do.

    A channel includes its subchannels.

    Raises:
        InvalidSetting: it has another form.
    """
    if text is None:
        return lambda _: True
    name, _, value = (part.strip() for part in text.partition("="))
    if name not in _OWNERS or not value:
        raise InvalidSetting(
            "--only", text, f"must be FIELD=VALUE, and FIELD one of {', '.join(_OWNERS)}"
        )
    values = _OWNERS[name]
    return lambda article: value in values(article)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared, and whether the store is repaired. ``force``: even if there is a reason to doubt the source."""

    belongs: Belongs
    apply: bool = False
    force: bool = False


def reconcile(
    source: Source,
    store: ArticleStore,
    reading: Reading,
    plan: Plan,
    *,
    rejects: Path,
    progress: Callable[[int], None],
) -> Reconciliation:
    """Compare a source with the store. To apply it, make the store hold what the source holds.

    To apply it the source is read twice: first to compare, then to store what differs. An article is deleted only if both times
    the source lacked it, and if nobody changed it meanwhile. Nothing at all is changed if there is a reason to doubt the source:
    see :func:`_refusal`. Rejected lines go to the file ``rejects``, as in an ingest. ``progress`` is called with the number of
    records that were read.

    Raises:
        InvalidSetting: the source is a table without a column that the reading names; nothing was changed.
        StoreUnavailable, FolderNotWritable: what was repaired before stays repaired.
    """
    before = store.revision()
    comparison = _compare(source, store, reading, plan.belongs, progress)
    report = comparison.report()
    if not plan.apply or report.failure is not None:
        return report
    refusal = _refusal(comparison, report, force=plan.force)
    if refusal is not None:
        return replace(report, refusal=refusal)
    orphaned = dict.fromkeys(comparison.orphaned())
    ingest = Ingest(store, reading, progress=progress)
    stored = deleted = 0
    with RejectsFile(rejects) as rejects_file:
        for outcomes in ingest.batches(checked_records(source, reading)):
            for each in outcomes:
                orphaned.pop(each.article_id, None)
                stored += each.result in ("created", "updated")
                deleted += each.result == "deleted"
                if each.rejection:
                    rejects_file.add(each.rejection)
    failure = ingest.report().failure
    if failure is None:
        deleted += _delete(store, orphaned, before)
    return replace(
        report, repaired=failure is None, stored=stored, deleted=deleted, failure=failure
    )


def _compare(
    source: Source,
    store: ArticleStore,
    reading: Reading,
    belongs: Belongs,
    progress: Callable[[int], None],
) -> _Comparison:
    found, unseen = _Comparison(), UnseenKeys(reading)
    for change in store.changes(upto=store.revision()):
        if change.article is not None:
            found.held[change.article_id] = _digest(change.article)
            if belongs(change.article):
                found.belong.add(change.article_id)
    try:
        for found.read, item in enumerate(checked_records(source, reading), start=1):
            if isinstance(item, Record):
                unseen.see(item.values)
            _take(found, item, reading)
            if found.read % BATCH == 0:
                progress(found.read)
    except SourceUnreadable as failure:
        found.failure = failure
    progress(found.read)
    found.unseen_keys = unseen.keys()
    return found


def _take(found: _Comparison, item: Record | Rejection, reading: Reading) -> None:
    """Note what a record says of its article."""
    if isinstance(item, Rejection):
        found.reject(item, None)
        return
    made = clean(item, reading)
    if isinstance(made, Rejection):
        found.reject(made, id_of(item, reading))
    elif isinstance(made, Removal):
        found.given[made.article_id] = "deleted"
    elif isinstance(made, Made):
        found.given[made.article.id] = _digest(made.article)


def _digest(article: Article) -> bytes:
    return bytes.fromhex(content_hash(article))


def _refusal(
    comparison: _Comparison, report: Reconciliation, *, force: bool
) -> ReconcileRefused | None:
    """Why a source is not to be trusted with the store. None if there is no reason."""
    orphaned, compared = report.orphaned.count, report.compared
    if not orphaned:
        return None
    if not comparison.given:
        return ReconcileRefused(
            Said(
                "the source holds no article, and the store {compared:,} of it: "
                "delete articles with 'python -m indexer delete' if that is meant",
                compared=compared,
            )
        )
    if force:
        return None
    if orphaned * MOST_ORPHANED > compared:
        return ReconcileRefused(
            Said(
                "{orphaned:,} of {compared:,} articles of the store are not in the source, which is more than one in {most}: "
                "see whether it is whole and the right one, name its part of the store with --only, or give --force",
                orphaned=orphaned,
                compared=compared,
                most=MOST_ORPHANED,
            )
        )
    if comparison.nameless:
        return ReconcileRefused(
            Said(
                "{nameless:,} records were rejected that name no id, so {orphaned:,} orphaned articles may be theirs: "
                "put these right, or give --force",
                nameless=comparison.nameless,
                orphaned=orphaned,
            )
        )
    return None


def _delete(store: ArticleStore, orphaned: Iterable[str], before: int) -> int:
    """Delete articles, except those that somebody changed since the revision ``before``. Returns their number."""
    deleted, seen = 0, before
    changed: set[str] = set()
    left = iter(orphaned)
    while batch := [*islice(left, BATCH)]:
        for change in store.changes(after=seen):
            changed.add(change.article_id)
            seen = change.revision
        done = store.delete(each for each in batch if each not in changed)
        deleted += sum(each.result == "deleted" for each in done)
    return deleted
