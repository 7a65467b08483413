"""Changes articles inside one transaction: what a change writes, and what became of each article.

``articles.py`` begins the transactions, and reads. A caller here holds the lock of the revisions, and gives ``last``: the last
revision taken before the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, Final, Literal, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, false, insert, select, update

from indexer.article import Article, article_from_record, content_hash, content_of
from indexer.errors import ConditionFailed
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

Result = Literal["created", "updated", "unchanged", "deleted", "absent"]
"""What became of an article. ``absent``: there was none to delete or to withdraw."""

Condition = int | Literal["present", "absent"]
"""What must hold for a change to be made: the article has this revision, there is one, or there is none."""


class Stored(NamedTuple):
    """What became of one article, and the revision that it, or its tombstone, has now; 0 if the store never knew it."""

    article_id: str
    result: Result
    revision: int


class _Known(NamedTuple):
    """What the database holds for an id. For a tombstone the hash is empty and the keys are None."""

    revision: int
    content_hash: str
    keys: bytes | None


def _stored(connection: Connection, article_ids: Iterable[str]) -> dict[str, _Known]:
    """What the database holds for the ids that it knows."""
    found: dict[str, _Known] = {}
    for chunk in in_chunks(article_ids):
        query = select(table.c.id, table.c.revision, table.c.content_hash, table.c.duplicate_keys)
        for article_id, *known in connection.execute(query.where(table.c.id.in_(chunk))):
            found[article_id] = _Known(*known)
    return found


def _articles(connection: Connection, article_ids: Iterable[str]) -> dict[str, Article]:
    """The articles with these ids that exist."""
    found: dict[str, Article] = {}
    for chunk in in_chunks(article_ids):
        query = select(table.c.id, table.c.document, NUMBER).select_from(WITH_NUMBER)
        query = query.where(table.c.id.in_(chunk), table.c.deleted == false())
        for article_id, document, number in connection.execute(query):
            found[article_id] = article_of(document, number)
    return found


def put(
    connection: Connection, last: int, articles: Sequence[Article], when: Condition | None
) -> tuple[Stored, ...]:
    """See ``ArticleStore.put``."""
    given = [(article, content_hash(article)) for article in articles]
    stored = _stored(connection, (article.id for article, _ in given))
    hashes = {each: known.content_hash for each, known in stored.items()}
    latest: dict[str, Article] = {}
    results: list[tuple[str, Result]] = []
    for article, digest in given:
        before = hashes.get(article.id)
        changes: Result = "updated" if before else "created"
        results.append((article.id, "unchanged" if before == digest else changes))
        hashes[article.id], latest[article.id] = digest, article
    changed = [
        each
        for each in latest.values()
        if each.id not in stored or stored[each.id].content_hash != hashes[each.id]
    ]
    _ensure(when, (each.id for each in changed), stored)
    forget(connection, {each.id: stored[each.id].keys for each in changed if each.id in stored})
    numbered = [(article, revision) for revision, article in enumerate(changed, last + 1)]
    grouped = group(connection, numbered)
    rows = [_row(article, hashes[article.id], revision, grouped) for article, revision in numbered]
    _write(connection, rows, stored)
    give_out(connection, write_groups(connection, grouped, revision=last + len(rows)))
    taken = {article.id: revision for article, revision in numbered}
    return tuple(
        Stored(each, result, taken[each] if each in taken else stored[each].revision)
        for each, result in results
    )


def withdraw(
    connection: Connection, last: int, article_ids: Sequence[str], when: Condition | None
) -> tuple[Stored, ...]:
    """See ``ArticleStore.withdraw``. The ids differ."""
    held = _articles(connection, article_ids)
    changed = [replace(held[each], status="withdrawn") for each in article_ids if each in held]
    done = {each.article_id: each for each in put(connection, last, changed, when)}
    absent = _stored(connection, [each for each in article_ids if each not in done])
    return tuple(done.get(each) or _absent(each, absent) for each in article_ids)


def delete(
    connection: Connection, last: int, article_ids: Sequence[str], when: Condition | None
) -> tuple[Stored, ...]:
    """See ``ArticleStore.delete``. The ids differ."""
    stored = _stored(connection, article_ids)
    live = [each for each in article_ids if each in stored and stored[each].content_hash]
    _ensure(when, live, stored)
    forget(connection, {each: stored[each].keys for each in live})
    taken = {each: revision for revision, each in enumerate(live, last + 1)}
    _write(connection, [_tombstone(*each) for each in taken.items()], stored)
    give_out(connection, last + len(taken))
    return tuple(
        Stored(each, "deleted", taken[each]) if each in taken else _absent(each, stored)
        for each in article_ids
    )


def _absent(article_id: str, stored: Mapping[str, _Known]) -> Stored:
    return Stored(article_id, "absent", stored[article_id].revision if article_id in stored else 0)


def _ensure(
    when: Condition | None, article_ids: Iterable[str], stored: Mapping[str, _Known]
) -> None:
    """Check a condition of articles that are about to change.

    Raises:
        ConditionFailed: it does not hold for one of them.
    """
    if when is None:
        return
    for each in article_ids:
        known = stored.get(each)
        found = known.revision if known and known.content_hash else None
        holds = (found is None) == (when == "absent") if isinstance(when, str) else found == when
        if not holds:
            raise ConditionFailed(each, when, found)


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


def give_out(connection: Connection, last: int) -> None:
    """Note the last revision taken."""
    connection.execute(update(revisions).values(last=last))


def _row(article: Article, digest: str, revision: int, grouped: Grouped) -> dict[str, Any]:
    published = article.published_at
    return {
        "id": article.id,
        "revision": revision,
        "deleted": False,
        "content_hash": digest,
        "status": article.status,
        "channel": article.channel,
        "published_at": published and published.astimezone(UTC).replace(tzinfo=None),
        "document": orjson.dumps(content_of(article)).decode(),
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


def article_of(document: str, number: int | None) -> Article:
    """The article of a document, with the number of its group."""
    record = orjson.loads(document)
    return article_from_record({**record, "duplicate_group": number} if number else record)
