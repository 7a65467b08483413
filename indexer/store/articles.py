"""The article store: articles by id, each change with its revision, deletions kept as tombstones.

Every change takes the next revision under the lock of one row, in the transaction that makes the change. On any database, a
revision thus never becomes visible before a lower one. A reader that has seen all revisions up to N finds everything newer with
``changes(after=N)``. The store does not search; engines do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, bindparam, false, func, insert, select, update

from indexer.article import Article, article_from_record, article_to_record, content_hash
from indexer.store.dialects import for_writing, translated
from indexer.store.groups import (
    NUMBER,
    WITH_NUMBER,
    Grouped,
    forget,
    group,
    in_chunks,
    now_ms,
    pack,
    write_groups,
)
from indexer.store.tables import articles as table
from indexer.store.tables import revisions

_UPDATE: Final = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values({each.name: bindparam(each.name) for each in table.c if each.name != "id"})
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
class PutResult:
    """How many of the given articles were created, updated and unchanged. The three add up to their number."""

    created: int
    updated: int
    unchanged: int


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
class Pending:
    """The changes above a revision: how many articles and tombstones, and when the oldest of them was made, in UTC.

    ``since`` is None without changes, and if an older release made the oldest one, since it kept no times.
    """

    changes: int
    since: datetime | None


class ArticleStore:
    """The articles in one database. Made by ``open_store``.

    Threads may share it. Processes share the database, and each opens its own store. Every method raises StoreUnavailable
    when the database fails, or stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    @property
    def url(self) -> str:
        """The database's URL, password included, for another process that opens the same store."""
        return self._engine.url.render_as_string(hide_password=False)

    def put(self, articles: Iterable[Article]) -> PutResult:
        """Store articles, all or none, replacing those of the same id.

        An article equal to the stored one is not written and takes no revision. Of several articles with the same id the last is
        stored; they are counted as if they were put one after another. An article with a deleted id counts as created.

        Each article gets its duplicate group, whatever its ``duplicate_group`` says. A stored article takes a revision when
        its first duplicate joins it, or when its group merges into an older one.

        Memory holds all of the articles at once, so callers put them in batches.
        """
        given = [(article, content_hash(article)) for article in articles]
        if not given:
            return PutResult(0, 0, 0)
        with self._change() as (connection, last):
            stored = _stored(connection, (article.id for article, _ in given))
            hashes = {each: known.content_hash for each, known in stored.items()}
            latest: dict[str, Article] = {}
            created = updated = 0
            for article, digest in given:
                before = hashes.get(article.id)
                created += not before
                updated += bool(before) and before != digest
                hashes[article.id], latest[article.id] = digest, article
            changed = [
                each
                for each in latest.values()
                if each.id not in stored or stored[each.id].content_hash != hashes[each.id]
            ]
            forget(
                connection, {each.id: stored[each.id].keys for each in changed if each.id in stored}
            )
            numbered = [(article, revision) for revision, article in enumerate(changed, last + 1)]
            grouped = group(connection, numbered)
            rows = [
                _row(article, hashes[article.id], revision, grouped)
                for article, revision in numbered
            ]
            _write(connection, rows, stored)
            _give_out(connection, write_groups(connection, grouped, revision=last + len(rows)))
        return PutResult(created, updated, len(given) - created - updated)

    def delete(self, article_ids: Iterable[str]) -> int:
        """Delete articles, all or none, leaving tombstones. Returns how many existed.

        Unknown and deleted ids are not an error, and take no revision.
        """
        wanted = list(dict.fromkeys(article_ids))
        if not wanted:
            return 0
        with self._change() as (connection, last):
            stored = _stored(connection, wanted)
            live = [each for each in wanted if each in stored and stored[each].content_hash]
            forget(connection, {each: stored[each].keys for each in live})
            rows = [_tombstone(each, revision) for revision, each in enumerate(live, last + 1)]
            _write(connection, rows, stored)
            _give_out(connection, last + len(rows))
        return len(rows)

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
                found = [_article(row.document, None) for row in rows]
                grouped = group(
                    connection, [*zip(found, range(last + 1, last + len(rows) + 1), strict=True)]
                )
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
                end = write_groups(connection, grouped, revision=given_out)
                _give_out(connection, end)
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
        query = select(table.c.document, NUMBER).select_from(WITH_NUMBER)
        query = query.where(table.c.id == article_id, table.c.deleted == false())
        with translated(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _article(*row)

    def count(self) -> int:
        """The number of articles, whatever their status. Walks one narrow index."""
        query = select(func.count()).where(table.c.deleted == false()).select_from(table)
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(query).scalar_one()
        return found

    def revision(self) -> int:
        """The highest revision taken; 0 when nothing was ever stored."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(select(revisions.c.last)).scalar_one()
        return found

    def pending(self, after: int) -> Pending:
        """What an index at revision ``after`` lacks. Walks the changes in one narrow index, and reads one row."""
        newer = table.c.revision > after
        # The oldest change has the lowest revision. The minimum of the times would read every row, documents included.
        oldest = select(table.c.changed_at).where(newer).order_by(table.c.revision).limit(1)
        with translated(self._engine.url), self._engine.connect() as connection:
            time = connection.execute(oldest).scalar()
            changes: int = connection.execute(
                select(func.count()).select_from(table).where(newer)
            ).scalar_one()
        return Pending(changes, None if time is None else datetime.fromtimestamp(time / 1000, UTC))

    def changes(
        self, *, after: int = 0, upto: int | None = None, batch: int = 500
    ) -> Iterator[Change]:
        """Every article and tombstone with a revision above ``after`` and, if given, not above ``upto``, by revision.

        Each article comes once, in the state of its latest revision. An article that changes while the stream runs comes again at
        its new revision, unless that is above ``upto``. Nothing is missed, and an article's latest state comes last. The
        database is not held between batches, so writers and checkpoints can proceed. Memory holds one batch.
        """
        columns = (table.c.revision, table.c.id, table.c.deleted, table.c.document, NUMBER)
        query = (
            select(*columns)
            .select_from(WITH_NUMBER)
            .where(table.c.revision > bindparam("after"))
            .order_by(table.c.revision)
            .limit(batch)
        )
        if upto is not None:
            query = query.where(table.c.revision <= upto)
        while True:
            with translated(self._engine.url), self._engine.connect() as connection:
                rows = connection.execute(query, {"after": after}).all()
            for revision, article_id, deleted, document, number in rows:
                yield Change(revision, article_id, None if deleted else _article(document, number))
            if len(rows) < batch:
                return
            after = rows[-1].revision

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[tuple[Connection, int]]:
        """An exclusive transaction for changing articles, and the last revision taken before it."""
        with translated(self._engine.url), self._writing.begin() as connection:
            last = connection.execute(select(revisions.c.last).with_for_update()).scalar_one()
            yield connection, last


class _Known(NamedTuple):
    """What the database holds for an id. For a tombstone the hash is empty and the keys are None."""

    content_hash: str
    keys: bytes | None


def _stored(connection: Connection, article_ids: Iterable[str]) -> dict[str, _Known]:
    """What the database holds for the ids that it knows."""
    found: dict[str, _Known] = {}
    for chunk in in_chunks(article_ids):
        query = select(table.c.id, table.c.content_hash, table.c.duplicate_keys)
        for article_id, *known in connection.execute(query.where(table.c.id.in_(chunk))):
            found[article_id] = _Known(*known)
    return found


def _write(
    connection: Connection, rows: list[dict[str, Any]], stored: Mapping[str, _Known]
) -> None:
    """Write rows. Those in ``stored`` exist already."""
    new = [row for row in rows if row["id"] not in stored]
    old = [{**row, "of_id": row["id"]} for row in rows if row["id"] in stored]
    if new:
        connection.execute(insert(table), new)
    if old:
        connection.execute(_UPDATE, old)


def _give_out(connection: Connection, last: int) -> None:
    connection.execute(update(revisions).values(last=last))


def _row(article: Article, digest: str, revision: int, grouped: Grouped) -> dict[str, Any]:
    published = article.published_at
    record = article_to_record(replace(article, duplicate_group=0))
    return {
        "id": article.id,
        "revision": revision,
        "deleted": False,
        "content_hash": digest,
        "status": article.status,
        "channel": article.channel,
        "published_at": published and published.astimezone(UTC).replace(tzinfo=None),
        "document": orjson.dumps(record).decode(),
        "duplicate_group": grouped.standing(grouped.numbers[article.id]),
        "duplicate_keys": pack(grouped.keys[article.id]),
        "changed_at": now_ms(),
    }


def _tombstone(article_id: str, revision: int) -> dict[str, Any]:
    return {
        "id": article_id,
        "revision": revision,
        "deleted": True,
        "content_hash": "",
        "status": "",
        "channel": "",
        "published_at": None,
        "document": "",
        "duplicate_group": None,
        "duplicate_keys": None,
        "changed_at": now_ms(),
    }


def _article(document: str, number: int | None) -> Article:
    record = orjson.loads(document)
    return article_from_record({**record, "duplicate_group": number} if number else record)
