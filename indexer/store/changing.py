"""Changes articles inside one transaction: what a change writes, and what became of each article.

``articles.py`` begins the transactions, and reads. A caller here holds the lock of the revisions, and gives ``last``: the last
revision taken before the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, false, select, update

from indexer.article import Article
from indexer.errors import ConditionFailed
from indexer.store.dialects import insert_plain
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
from indexer.store.prepared import Prepared, article_of, prepare
from indexer.store.tables import articles as table
from indexer.store.tables import revisions

# Statements are made once. SQLAlchemy takes longer to make one than SQLite takes to run it.
_STORED: Final = select(
    table.c.id, table.c.revision, table.c.content_hash, table.c.duplicate_keys
).where(table.c.id.in_(bindparam("of_ids", expanding=True)))
_ARTICLES: Final = (
    select(table.c.id, table.c.document, NUMBER)
    .select_from(WITH_NUMBER)
    .where(table.c.id.in_(bindparam("of_ids", expanding=True)), table.c.deleted == false())
)
_GIVE_OUT: Final = update(revisions).values(last=bindparam("of_last"))
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


class _Row(NamedTuple):
    """A row of the articles' table, its columns in their order. What is not given is a tombstone's."""

    id: str
    revision: int
    deleted: bool
    content_hash: str = ""
    status: str = ""
    channel: str = ""
    published_at: datetime | None = None
    document: str = ""
    duplicate_group: int | None = None
    duplicate_keys: bytes | None = None
    changed_at: int | None = None


class _Known(NamedTuple):
    """What the database holds for an id. For a tombstone the hash is empty and the keys are None."""

    revision: int
    content_hash: str
    keys: bytes | None


def _stored(connection: Connection, article_ids: Iterable[str]) -> dict[str, _Known]:
    """What the database holds for the ids that it knows."""
    found: dict[str, _Known] = {}
    for chunk in in_chunks(article_ids):
        for article_id, *known in connection.execute(_STORED, {"of_ids": chunk}):
            found[article_id] = _Known(*known)
    return found


def _articles(connection: Connection, article_ids: Iterable[str]) -> dict[str, Article]:
    """The articles with these ids that exist."""
    found: dict[str, Article] = {}
    for chunk in in_chunks(article_ids):
        for article_id, document, number in connection.execute(_ARTICLES, {"of_ids": chunk}):
            found[article_id] = article_of(document, number)
    return found


def put(
    connection: Connection, last: int, given: Sequence[Prepared], when: Condition | None
) -> tuple[Stored, ...]:
    """See ``ArticleStore.put``."""
    stored = _stored(connection, (each.id for each in given))
    hashes = {each: known.content_hash for each, known in stored.items()}
    latest: dict[str, Prepared] = {}
    results: list[tuple[str, Result]] = []
    for each in given:
        before = hashes.get(each.id)
        changes: Result = "updated" if before else "created"
        results.append((each.id, "unchanged" if before == each.content_hash else changes))
        hashes[each.id], latest[each.id] = each.content_hash, each
    changed = {
        article_id: each
        for article_id, each in latest.items()
        if article_id not in stored or stored[article_id].content_hash != each.content_hash
    }
    _ensure(when, changed, stored)
    taken = {article_id: revision for revision, article_id in enumerate(changed, last + 1)}
    if changed:
        _put(connection, [(each, taken[each.id]) for each in changed.values()], stored)
    return tuple(
        Stored(each, result, taken[each] if each in taken else stored[each].revision)
        for each, result in results
    )


def _put(
    connection: Connection, given: Sequence[tuple[Prepared, int]], stored: Mapping[str, _Known]
) -> None:
    """Write different articles, each with its revision, and their groups. At least one."""
    grouped = group(connection, given)
    _write(connection, [_row(each, revision, grouped) for each, revision in given], stored)
    former = {each.id: stored[each.id].keys for each, _ in given if each.id in stored}
    _, last = given[-1]
    give_out(connection, write_groups(connection, grouped, former, revision=last))


def withdraw(
    connection: Connection, last: int, article_ids: Sequence[str], when: Condition | None
) -> tuple[Stored, ...]:
    """See ``ArticleStore.withdraw``. The ids differ."""
    held = _articles(connection, article_ids)
    changed = [replace(held[each], status="withdrawn") for each in article_ids if each in held]
    done = {each.article_id: each for each in put(connection, last, prepare(changed), when)}
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
    now = now_ms()
    gone = [_Row(each, revision, deleted=True, changed_at=now) for each, revision in taken.items()]
    _write(connection, gone, stored)
    if taken:
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


def _write(connection: Connection, rows: list[_Row], stored: Mapping[str, _Known]) -> None:
    """Write rows. Those in ``stored`` exist already."""
    insert_plain(connection, table, [row for row in rows if row.id not in stored])
    old = [{**row._asdict(), "of_id": row.id} for row in rows if row.id in stored]
    if old:
        connection.execute(_UPDATE, old)


def give_out(connection: Connection, last: int) -> None:
    """Note the last revision taken."""
    connection.execute(_GIVE_OUT, {"of_last": last})


def _row(given: Prepared, revision: int, grouped: Grouped) -> _Row:
    return _Row(
        id=given.id,
        revision=revision,
        deleted=False,
        content_hash=given.content_hash,
        status=given.status,
        channel=given.channel,
        published_at=given.published_at,
        document=given.document,
        duplicate_group=grouped.standing(grouped.numbers[given.id]),
        duplicate_keys=pack(grouped.keys[given.id]),
        changed_at=now_ms(),
    )
