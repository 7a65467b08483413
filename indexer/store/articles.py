"""The article store: articles by id, each change with its revision, deletions kept as tombstones.

Every change takes the next revision under the lock of one row, in the transaction that makes the change. So on any
database a revision never becomes visible before a lower one, and whoever has seen all up to N finds everything
newer with ``changes(after=N)``. The store searches nothing: that is an engine's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, bindparam, false, func, insert, select, update

from indexer.article import Article, article_from_record, article_to_record, content_hash
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import articles as table
from indexer.store.tables import revisions

_LOOKUP: Final = 500
"""Ids in one lookup; every database takes that many parameters."""

_UPDATE: Final = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values({each.name: bindparam(each.name) for each in table.c if each.name != "id"})
)


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of the articles that were put; the three add up to their number."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Change:
    """An article as it is since ``revision``; ``article`` is None for a tombstone."""

    revision: int
    article_id: str
    article: Article | None


class ArticleStore:
    """The articles in one database. Made by ``open_store``.

    Safe to share between threads, and between processes through the database: each process opens its own. Every
    method raises StoreUnavailable when the database fails, or stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def put(self, articles: Iterable[Article]) -> PutResult:
        """Store articles, all or none, replacing those of the same id.

        An article equal to the stored one is not written and takes no revision. Of articles with the same id the last
        is stored; they are counted as if they were put one after another. A deleted id comes back as created.

        Memory: all of the articles at once, so callers put them in batches.
        """
        given = [(article, content_hash(article)) for article in articles]
        if not given:
            return PutResult(0, 0, 0)
        with self._change() as (connection, last):
            stored = _hashes(connection, (article.id for article, _ in given))
            hashes = dict(stored)
            latest: dict[str, Article] = {}
            created = updated = 0
            for article, digest in given:
                before = hashes.get(article.id)
                created += not before
                updated += bool(before) and before != digest
                hashes[article.id], latest[article.id] = digest, article
            changed = [each for each in latest.values() if stored.get(each.id) != hashes[each.id]]
            rows = [
                _row(article, hashes[article.id], revision)
                for revision, article in enumerate(changed, last + 1)
            ]
            _write(connection, rows, stored)
        return PutResult(created, updated, len(given) - created - updated)

    def delete(self, article_ids: Iterable[str]) -> int:
        """Delete articles, all or none, leaving tombstones. Returns how many there were to delete.

        Unknown and deleted ids are not an error, and take no revision.
        """
        wanted = list(dict.fromkeys(article_ids))
        if not wanted:
            return 0
        with self._change() as (connection, last):
            stored = _hashes(connection, wanted)
            live = (each for each in wanted if stored.get(each))
            rows = [_tombstone(each, revision) for revision, each in enumerate(live, last + 1)]
            _write(connection, rows, stored)
        return len(rows)

    def get(self, article_id: str) -> Article | None:
        """The article with this id; None when it is unknown or deleted."""
        query = select(table.c.document).where(table.c.id == article_id, table.c.deleted == false())
        with translated(self._engine.url), self._engine.connect() as connection:
            document = connection.execute(query).scalar()
        return None if document is None else _article(document)

    def count(self) -> int:
        """The number of articles, whatever their status. Cost: a walk over one narrow index."""
        query = select(func.count()).where(table.c.deleted == false()).select_from(table)
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(query).scalar_one()
        return found

    def revision(self) -> int:
        """The highest revision given out; 0 when nothing was ever stored."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(select(revisions.c.last)).scalar_one()
        return found

    def changes(self, *, after: int = 0, batch: int = 500) -> Iterator[Change]:
        """Every article and tombstone whose revision is above ``after``, by revision.

        Each comes once, as it is at its latest revision. One that changes while the stream runs is met again, at its
        new revision: nothing is missed, and the last word on an article comes last. Between batches the database
        is not held at all, so writers and checkpoints go on. Memory: one batch.
        """
        columns = (table.c.revision, table.c.id, table.c.deleted, table.c.document)
        query = (
            select(*columns)
            .where(table.c.revision > bindparam("after"))
            .order_by(table.c.revision)
            .limit(batch)
        )
        while True:
            with translated(self._engine.url), self._engine.connect() as connection:
                rows = connection.execute(query, {"after": after}).all()
            for revision, article_id, deleted, document in rows:
                yield Change(revision, article_id, None if deleted else _article(document))
            if len(rows) < batch:
                return
            after = rows[-1].revision

    def close(self) -> None:
        """Close the connections that are not in use; the others close as they are given back."""
        self._engine.dispose()

    @contextmanager
    def _change(self) -> Iterator[tuple[Connection, int]]:
        """A transaction that alone may change articles, and the last revision given out before it."""
        with translated(self._engine.url), self._writing.begin() as connection:
            last = connection.execute(select(revisions.c.last).with_for_update()).scalar_one()
            yield connection, last


def _hashes(connection: Connection, article_ids: Iterable[str]) -> dict[str, str]:
    """The content hashes of those ids that the database knows; empty for a tombstone."""
    wanted = iter(dict.fromkeys(article_ids))
    found: dict[str, str] = {}
    while chunk := list(islice(wanted, _LOOKUP)):
        query = select(table.c.id, table.c.content_hash).where(table.c.id.in_(chunk))
        found.update((row.id, row.content_hash) for row in connection.execute(query))
    return found


def _write(connection: Connection, rows: list[dict[str, Any]], stored: dict[str, str]) -> None:
    """Write rows, of which those in ``stored`` exist, and note the last revision among them."""
    new = [row for row in rows if row["id"] not in stored]
    old = [{**row, "of_id": row["id"]} for row in rows if row["id"] in stored]
    if new:
        connection.execute(insert(table), new)
    if old:
        connection.execute(_UPDATE, old)
    if rows:
        connection.execute(update(revisions).values(last=rows[-1]["revision"]))


def _row(article: Article, digest: str, revision: int) -> dict[str, Any]:
    published = article.published_at
    return {
        "id": article.id,
        "revision": revision,
        "deleted": False,
        "content_hash": digest,
        "status": article.status,
        "channel": article.channel,
        "published_at": published and published.astimezone(UTC).replace(tzinfo=None),
        "document": orjson.dumps(article_to_record(article)).decode(),
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
    }


def _article(document: str) -> Article:
    return article_from_record(orjson.loads(document))
