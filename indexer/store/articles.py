"""The article store: articles by id, each change with its revision, deletions kept as tombstones.

Every change takes the next revision under the lock of one row, in the transaction that makes the change. On any database, a
revision thus never becomes visible before a lower one. A reader that has seen all revisions up to N finds everything newer with
``changes(after=N)``. The store does not search; engines do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, cast

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from indexer.article import Article, Status
from indexer.store import changing
from indexer.store.changing import Condition, Stored, give_out
from indexer.store.dialects import for_one_state, for_writing, translated
from indexer.store.groups import (
    NUMBER,
    WITH_NUMBER,
    group,
    now_ms,
    pack,
    write_groups,
)
from indexer.store.prepared import Prepared, article_of, prepare
from indexer.store.tables import articles as table
from indexer.store.tables import revisions, watermarks

_LAST: Final = select(revisions.c.last).with_for_update()
_COUNT: Final = select(func.count()).where(table.c.deleted == false()).select_from(table)
_CHANGES: Final = (
    select(table.c.revision, table.c.id, table.c.deleted, table.c.document, NUMBER)
    .select_from(WITH_NUMBER)
    .where(table.c.revision > bindparam("after"))
    .order_by(table.c.revision)
)
_UNGROUPED: Final = (table.c.deleted == false(), table.c.duplicate_keys.is_(None))
_REGROUP: Final = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(
        revision=bindparam("of_revision"),
        duplicate_group=bindparam("of_group"),
        duplicate_keys=bindparam("of_keys"),
        changed_at=bindparam("of_time"),
    )
)


@dataclass(frozen=True, slots=True)
class Pending:
    """The changes above a revision: how many revisions, and when the oldest one was stored.

    ``since`` is None if there are none, or if a release stored them that did not note the time.
    """

    revisions: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The outcome of one batch of articles without keys: their number, and how many articles changed their group."""

    articles: int
    changed: int


@dataclass(frozen=True, slots=True)
class Change:
    """The state of an article since ``revision``. ``article`` is None for a tombstone."""

    revision: int
    article_id: str
    article: Article | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The first changes after a revision, as the store was at one moment.

    ``revision`` is the store's if there are no more, and that of the last change if there are. ``articles`` is the number of the
    store's articles if there are no more and they were counted, else None.
    """

    changes: Sequence[Change]
    revision: int
    articles: int | None


class ArticleStore:
    """The articles in one database. Made by ``open_store``.

    Threads may share it. Processes share the database, and each opens its own store. Every method raises StoreUnavailable
    when the database fails, or stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._at_once = for_one_state(engine)

    @property
    def url(self) -> str:
        """The database's URL, password included, for another process that opens the same store."""
        return self._engine.url.render_as_string(hide_password=False)

    def put(
        self, articles: Iterable[Article], *, when: Condition | None = None
    ) -> tuple[Stored, ...]:
        """Store articles, all or none, replacing those of the same id. Returns what became of each, in their order.

        An article equal to the stored one is not written and takes no revision. Of several articles with the same id the last is
        stored; each counts as if they were put one after another. An article with a deleted id is created. ``when`` must hold
        for each article that is not equal to the stored one; so a repeated request succeeds.

        Each article gets its duplicate group, whatever its ``duplicate_group`` says. A stored article takes a revision when
        its first duplicate joins it, or when its group merges into an older one.

        Memory holds all of the articles at once, so callers put them in batches.

        Raises:
            ConditionFailed: ``when`` does not hold for an article. Nothing was stored.
        """
        return self.put_prepared(prepare(list(articles)), when=when)

    def put_prepared(
        self, articles: Sequence[Prepared], *, when: Condition | None = None
    ) -> tuple[Stored, ...]:
        """As :meth:`put`, for articles that were prepared before."""
        if not articles:
            return ()
        with self._change() as (connection, last):
            return changing.put(connection, last, articles, when)

    def withdraw(
        self, article_ids: Iterable[str], *, when: Condition | None = None
    ) -> tuple[Stored, ...]:
        """Set the status of articles to withdrawn, all or none. Returns what became of each different id, in their order.

        Unknown and deleted ids are absent, which is not an error.

        Raises:
            ConditionFailed: ``when`` does not hold for an article that is not withdrawn yet. Nothing was changed.
        """
        wanted = list(dict.fromkeys(article_ids))
        if not wanted:
            return ()
        with self._change() as (connection, last):
            return changing.withdraw(connection, last, wanted, when)

    def delete(
        self, article_ids: Iterable[str], *, when: Condition | None = None
    ) -> tuple[Stored, ...]:
        """Delete articles, all or none, leaving tombstones. Returns what became of each different id, in their order.

        Unknown and deleted ids are absent, which is not an error; they take no revision.

        Raises:
            ConditionFailed: ``when`` does not hold for an article that exists. Nothing was deleted.
        """
        wanted = list(dict.fromkeys(article_ids))
        if not wanted:
            return ()
        with self._change() as (connection, last):
            return changing.delete(connection, last, wanted, when)

    def regroup(self, *, batch: int = 500) -> Iterator[Regrouped]:
        """Find the duplicate groups of articles that a release without groups has stored, oldest revision first.

        Each batch is a separate transaction: after a crash the next run continues where this one ended.
        """
        query = (
            select(table.c.id, table.c.revision, table.c.document)
            .where(*_UNGROUPED)
            .where(table.c.revision > bindparam("after"))
            .order_by(table.c.revision)
            .limit(batch)
        )
        after = 0
        while True:
            with self._change() as (connection, last):
                rows = connection.execute(query, {"after": after}).all()
                if not rows:
                    return
                after = rows[-1].revision
                found = [article_of(row.document, None) for row in rows]
                grouped = group(connection, [*zip(prepare(found), count(last + 1), strict=False)])
                connection.execute(
                    _REGROUP,
                    [
                        {
                            "of_id": row.id,
                            "of_revision": row.revision if number is None else last + place,
                            "of_group": number,
                            "of_keys": pack(grouped.keys[row.id]),
                            "of_time": now_ms(),
                        }
                        for place, row in enumerate(rows, 1)
                        for number in (grouped.standing(grouped.numbers[row.id]),)
                    ],
                )
                given_out = last + len(rows)
                end = write_groups(connection, grouped, {}, revision=given_out)
                give_out(connection, end)
            changed = sum(number is not None for number in grouped.numbers.values())
            yield Regrouped(len(rows), changed + end - given_out)

    def ungrouped(self) -> int:
        """The number of articles that :meth:`regroup` would look at. O(articles)."""
        query = select(func.count()).select_from(table).where(*_UNGROUPED)
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(query).scalar_one()
        return found

    def get(self, article_id: str) -> Article | None:
        """The article with this id; None when it is unknown or deleted."""
        found = self.find(article_id)
        return found and found[0]

    def find(self, article_id: str) -> tuple[Article, int] | None:
        """The article with this id and its revision; None when it is unknown or deleted."""
        query = select(table.c.document, NUMBER, table.c.revision).select_from(WITH_NUMBER)
        query = query.where(table.c.id == article_id, table.c.deleted == false())
        with translated(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (article_of(row[0], row[1]), row[2])

    def with_url(self, url: str, *, most: int = 10) -> list[Article]:
        """The articles with this URL, ``most`` of them at most. Reads every article: a second for some 100,000."""
        held = table.c.document.contains(orjson.dumps({"url": url})[1:-1].decode(), autoescape=True)
        query = select(table.c.document, NUMBER).select_from(WITH_NUMBER)
        query = query.where(table.c.deleted == false(), held).order_by(table.c.id).limit(most)
        with translated(self._engine.url), self._engine.connect() as connection:
            found = [article_of(*row) for row in connection.execute(query)]
        return [each for each in found if each.url == url]

    def pending(self, after: int) -> Pending:
        """The changes above revision ``after``. Reads two rows, by their index."""
        oldest = select(table.c.changed_at).where(table.c.revision > after)
        with translated(self._engine.url), self._engine.connect() as connection:
            last: int = connection.execute(select(revisions.c.last)).scalar_one()
            since = connection.execute(oldest.order_by(table.c.revision).limit(1)).scalar()
        if last <= after:
            return Pending(0, None)
        return Pending(last - after, since and datetime.fromtimestamp(since / 1000, UTC))

    def count(self) -> int:
        """The number of articles, whatever their status. Walks one narrow index."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(_COUNT).scalar_one()
        return found

    def count_by_status(self) -> dict[Status, int]:
        """The number of articles of each status that occurs. Walks one narrow index."""
        query = (
            select(table.c.status, func.count())
            .where(table.c.deleted == false())
            .group_by(table.c.status)
        )
        with translated(self._engine.url), self._engine.connect() as connection:
            return {cast(Status, status): count for status, count in connection.execute(query)}

    def revision(self) -> int:
        """The highest revision taken; 0 when nothing was ever stored."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(select(revisions.c.last)).scalar_one()
        return found

    def changes(
        self, *, after: int = 0, upto: int | None = None, batch: int = 500
    ) -> Iterator[Change]:
        """Every article and tombstone with a revision above ``after`` and, if given, not above ``upto``, by revision.

        Each article comes once, in the state of its latest revision. An article that changes while the stream runs comes again at
        its new revision, unless that is above ``upto``. Nothing is missed, and an article's latest state comes last. The
        database is not held between batches, so writers and checkpoints can proceed. Memory holds one batch.
        """
        query = _CHANGES.limit(batch)
        if upto is not None:
            query = query.where(table.c.revision <= upto)
        while True:
            with translated(self._engine.url), self._engine.connect() as connection:
                rows = connection.execute(query, {"after": after}).all()
            yield from map(_change_of, rows)
            if len(rows) < batch:
                return
            after = rows[-1].revision

    def moment(self, *, after: int, at_most: int, counted: bool = False) -> Moment:
        """The first ``at_most`` changes after a revision. Memory holds them all. To count the articles walks one narrow index."""
        with translated(self._engine.url), self._at_once.connect() as connection:
            revision = connection.execute(select(revisions.c.last)).scalar_one()
            rows = connection.execute(_CHANGES.limit(at_most), {"after": after}).all()
            is_last = len(rows) < at_most
            articles = connection.execute(_COUNT).scalar_one() if counted and is_last else None
        return Moment(
            [*map(_change_of, rows)], revision if is_last else rows[-1].revision, articles
        )

    def reached(self, source: str) -> str | None:
        """How far the articles of this source were read, as :meth:`note_reached` was told; None if it never was."""
        query = select(watermarks.c.reached).where(watermarks.c.source == source)
        with translated(self._engine.url), self._engine.connect() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def note_reached(self, source: str, reached: str) -> None:
        """Note how far the articles of this source were read and stored."""
        with self._change() as (connection, _):
            connection.execute(delete(watermarks).where(watermarks.c.source == source))
            connection.execute(insert(watermarks).values(source=source, reached=reached))

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[tuple[Connection, int]]:
        """An exclusive transaction for changing articles, and the last revision taken before it."""
        with translated(self._engine.url), self._writing.begin() as connection:
            last = connection.execute(_LAST).scalar_one()
            yield connection, last


def _change_of(row: Sequence[Any]) -> Change:
    revision, article_id, deleted, document, number = row
    return Change(revision, article_id, None if deleted else article_of(document, number))
