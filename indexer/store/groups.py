"""Duplicate groups in the store: which articles are the same text. Groups are found when articles are stored.

A group's number is the revision that it began with. An article keeps its number while its text stays the same. If an article is
the same text as articles of two groups, the younger number becomes an alias of the older one, and nothing is renumbered. Articles
whose number changes, by joining or by a merge, are reported and take a revision, so that a catch-up updates them in the index.

Everything here runs in the transaction that changes the articles, under its lock, so concurrent writers keep groups right.
"""

from __future__ import annotations

import struct
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, bindparam, delete, false, func, insert, or_, select, update

from indexer.store.dialects import insert_plain
from indexer.store.duplicates import same_text, sketches
from indexer.store.prepared import Prepared, article_of
from indexer.store.tables import articles as table
from indexer.store.tables import duplicate_aliases as aliases
from indexer.store.tables import duplicate_keys as keys_table

LOOKUP: Final = 500
"""Values in one look-up. Every database accepts that many parameters."""
CANDIDATES: Final = 24
"""Articles whose texts are compared with each incoming one: those that share most keys with it."""
ARTICLES_OF_KEY: Final = 32
"""The most articles that are kept under one key. More share a key only if the store holds one text that often."""

NUMBER: Final = func.coalesce(aliases.c.merged_into, table.c.duplicate_group)
"""The number of an article's group, from WITH_NUMBER; NULL for an article without a group."""
WITH_NUMBER: Final = table.outerjoin(aliases, aliases.c.number == table.c.duplicate_group)

_FOUND: Final = (
    select(table.c.id, table.c.document, NUMBER)
    .select_from(WITH_NUMBER)
    .where(table.c.id.in_(bindparam("of_ids", expanding=True)))
)
_FORGET: Final = delete(keys_table).where(
    keys_table.c.hash == bindparam("of_hash"), keys_table.c.article_id == bindparam("of_id")
)
_JOIN: Final = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(
        duplicate_group=bindparam("of_group"),
        revision=bindparam("of_revision"),
        changed_at=bindparam("of_time"),
    )
)
_MOVE: Final = (
    update(table)
    .where(table.c.id == bindparam("of_id"))
    .values(revision=bindparam("of_revision"), changed_at=bindparam("of_time"))
)

_Value = TypeVar("_Value")


@dataclass(slots=True)
class Grouped:
    """The result of grouping: for each incoming article its keys, and the number of its group or None.

    ``joined`` are articles of the store that now have a group. ``merged`` maps numbers that are now aliases to the older numbers.
    ``held`` counts the other articles of the store under each key. ``placed`` are keys under which incoming articles are already.
    """

    held: Mapping[int, int]
    placed: set[tuple[int, str]]
    keys: dict[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: dict[str, int | None] = field(default_factory=dict)
    joined: dict[str, int] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)

    def standing(self, number: int | None) -> int | None:
        """The number that ``number`` is an alias of, or ``number`` itself."""
        while number in self.merged:
            number = self.merged[number]
        return number

    def number_of(self, article_id: str, stored: Mapping[str, int | None]) -> int | None:
        """The number of an article's group as known so far, for an incoming article or one of the store."""
        if article_id in self.numbers:
            return self.standing(self.numbers[article_id])
        return self.standing(self.joined.get(article_id, stored.get(article_id)))

    def unite(self, number: int, groups: Iterable[int], alone: Iterable[str]) -> None:
        """Make one group, ``number``, of some groups and of articles without a group."""
        self.merged.update((each, number) for each in groups if each != number)
        for article_id in alone:
            if article_id in self.numbers:
                self.numbers[article_id] = number
            else:
                self.joined[article_id] = number


def group(connection: Connection, incoming: Sequence[tuple[Prepared, int]]) -> Grouped:
    """Find the groups of incoming articles. Each article comes with the number for a new group that it would begin.

    Writes nothing. An article that shares no key with another costs look-ups only; the others are sketched again.
    """
    keys = {each.id: each.keys for each, _ in incoming}
    under = _articles_under(connection, {key for each in keys.values() for key in each})
    placed = {(key, each) for key, ids in under.items() for each in ids if each in keys}
    for key, article_id in placed:
        under[key].remove(article_id)
    close = {article_id: _closest(each, under) for article_id, each in keys.items()}
    stored = _stored(connection, {each for ids in close.values() for each in ids})
    numbers = {article_id: number for article_id, (_, number) in stored.items()}
    grouped = Grouped({key: len(ids) for key, ids in under.items()}, placed)
    shared = Counter(key for each in keys.values() for key in each)
    compared = {
        each.id: each.document
        for each, _ in incoming
        if close[each.id] or any(shared[key] > 1 for key in each.keys)
    }
    compared |= {article_id: document for article_id, (document, _) in stored.items()}
    sketched = dict(
        zip(compared, sketches(article_of(each, None) for each in compared.values()), strict=True)
    )
    fresh: dict[int, list[str]] = defaultdict(list)
    for each, number in incoming:
        article_id = each.id
        grouped.keys[article_id], grouped.numbers[article_id] = each.keys, None
        groups: set[int] = set()
        alone: list[str] = []
        for other in (*close[article_id], *_closest(each.keys, fresh)):
            its_group = grouped.number_of(other, numbers)
            if its_group in groups or not same_text(sketched[article_id], sketched[other]):
                continue
            if its_group is None:
                alone.append(other)
            else:
                groups.add(its_group)
        if groups or alone:
            grouped.unite(min(groups, default=number), groups, (article_id, *alone))
        for key in each.keys:
            fresh[key].append(article_id)
    return grouped


def write_groups(
    connection: Connection, grouped: Grouped, former: Mapping[str, bytes | None], *, revision: int
) -> int:
    """Write the result of grouping, except the rows of the incoming articles. ``revision`` is the last one taken.

    ``former`` are the keys that incoming articles had so far, in packed form. Returns the last revision taken now: joined and
    merged articles take one each.
    """
    _write_keys(connection, grouped, former)
    now = now_ms()
    touched: list[dict[str, Any]] = []
    for article_id, number in grouped.joined.items():
        revision += 1
        standing = grouped.standing(number)
        touched.append(
            {
                "of_id": article_id,
                "of_group": standing,
                "of_revision": revision,
                "of_time": now,
            }
        )
    if touched:
        connection.execute(_JOIN, touched)
    if grouped.merged:
        moved = [
            each
            for each in _members(connection, grouped.merged)
            if each not in grouped.joined and each not in grouped.numbers
        ]
        _write_aliases(connection, grouped)
        rows = [
            {"of_id": each, "of_revision": revision + n, "of_time": now}
            for n, each in enumerate(moved, 1)
        ]
        revision += len(rows)
        if rows:
            connection.execute(_MOVE, rows)
    return revision


def forget(connection: Connection, packed: Mapping[str, bytes | None]) -> None:
    """Delete the keys of articles, given in packed form."""
    _delete_keys(connection, _unpacked(packed))


def now_ms() -> int:
    """The time of a change: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def pack(keys: Sequence[int]) -> bytes:
    """Keys as the bytes that an article's row keeps."""
    return struct.pack(f"<{len(keys)}q", *keys)


def unpack(packed: bytes | None) -> tuple[int, ...]:
    """The keys of :func:`pack`'s bytes; none for None."""
    return struct.unpack(f"<{len(packed) // 8}q", packed) if packed else ()


def in_chunks(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Distinct values, LOOKUP at a time."""
    wanted = iter(dict.fromkeys(values))
    while chunk := list(islice(wanted, LOOKUP)):
        yield chunk


def _stored(
    connection: Connection, article_ids: Iterable[str]
) -> dict[str, tuple[str, int | None]]:
    """The documents of articles of the store, and the numbers of their groups."""
    return {
        article_id: (document, number)
        for chunk in in_chunks(article_ids)
        for article_id, document, number in connection.execute(_FOUND, {"of_ids": chunk})
    }


def _closest(keys: Sequence[int], under: Mapping[int, Sequence[str]]) -> list[str]:
    """The articles that share most keys, at most CANDIDATES."""
    shared = [each for key in keys if key in under for each in under[key]]
    # Most share none, and an empty Counter takes longer to make than all of the look-ups.
    return [each for each, _ in Counter(shared).most_common(CANDIDATES)] if shared else []


def _articles_under(connection: Connection, keys: Iterable[int]) -> dict[int, list[str]]:
    under: dict[int, list[str]] = defaultdict(list)
    # In their order: so each look-up reads a part of the table that the others do not read.
    for chunk in in_chunks(sorted(keys)):
        # Numbers as they stand: to bind each of them takes SQLAlchemy longer than the look-up.
        numbers = ", ".join(map(str, chunk))
        query = f"SELECT hash, article_id FROM {keys_table.name} WHERE hash IN ({numbers})"
        for key, article_id in connection.exec_driver_sql(query):
            under[key].append(article_id)
    return under


def _write_keys(
    connection: Connection, grouped: Grouped, former: Mapping[str, bytes | None]
) -> None:
    """Write the keys that are new, and delete those that are no longer. A key keeps at most ARTICLES_OF_KEY articles."""
    held = dict(grouped.held)
    rows: list[tuple[int, str]] = []
    # In their order, which saves a database many pages.
    for row in sorted([(key, each) for each, keys in grouped.keys.items() for key in keys]):
        key, _ = row
        held[key] = held.get(key, 0) + 1
        if held[key] <= ARTICLES_OF_KEY:
            rows.append(row)
    _delete_keys(connection, _unpacked(former).difference(rows))
    if grouped.placed:
        rows = [row for row in rows if row not in grouped.placed]
    insert_plain(connection, keys_table, rows)


def _unpacked(packed: Mapping[str, bytes | None]) -> set[tuple[int, str]]:
    """The rows of the keys' table that articles with these keys have at most."""
    return {(key, article_id) for article_id, keys in packed.items() for key in unpack(keys)}


def _delete_keys(connection: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Delete rows of the keys' table. Those that are not there are not missed."""
    marked = [{"of_hash": key, "of_id": article_id} for key, article_id in sorted(rows)]
    if marked:
        connection.execute(_FORGET, marked)


def _members(connection: Connection, numbers: Iterable[int]) -> list[str]:
    """The articles whose group's number is one of ``numbers``."""
    found: list[str] = []
    for chunk in in_chunks(numbers):
        query = select(table.c.id).select_from(WITH_NUMBER).where(table.c.deleted == false())
        mine = or_(table.c.duplicate_group.in_(chunk), aliases.c.merged_into.in_(chunk))
        found += connection.execute(query.where(mine).order_by(table.c.revision)).scalars()
    return found


def _write_aliases(connection: Connection, grouped: Grouped) -> None:
    for number in grouped.merged:
        standing = grouped.standing(number)
        older = update(aliases).where(aliases.c.merged_into == number)
        connection.execute(older.values(merged_into=standing))
        connection.execute(insert(aliases).values(number=number, merged_into=standing))
