"""The editors' lists in the store: entries in order, and one version that rises with each change.

What an entry is stands in ``indexer/editorial.py``; here it is a line. Whoever keeps a copy asks for the
version, one row, and reads the lists anew when it has risen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from indexer.editorial import LISTS, Entry, ListName, read_entry
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import editorial_entries as table
from indexer.store.tables import editorial_versions as versions

_Write = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class EditorialLists:
    """All lists as they were at one version, each in order."""

    version: int
    entries: Mapping[ListName, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class ListChange:
    """What became of a list: entries that are new, that now say something else, that are gone, that were so already."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class EditorialStore:
    """The lists in one database. Made by ``open_editorial`` or ``find_editorial``.

    Safe to share between threads, and between processes through the database. Every method raises StoreUnavailable
    when the database fails, or stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def version(self) -> int:
        """How often the lists were changed. Cost: one row."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(select(versions.c.last)).scalar_one()
        return found

    def read(self) -> EditorialLists:
        """All lists. A change that is made meanwhile is in them or raises the version above theirs.

        Raises:
            InvalidEntry: a newer release has written an entry that this one cannot read.
        """
        query = select(table.c.list_name, table.c.line).order_by(table.c.place)
        with translated(self._engine.url), self._engine.connect() as connection:
            version: int = connection.execute(select(versions.c.last)).scalar_one()
            rows = connection.execute(query).all()
        return EditorialLists(
            version,
            {
                name: tuple(read_entry(name, row.line) for row in rows if row.list_name == name)
                for name in LISTS
            },
        )

    def put(self, name: ListName, entries: Iterable[Entry], *, replace: bool = False) -> ListChange:
        """Add entries at the end of a list, all or none; one that is there already takes over what the new one says.

        With ``replace`` the list then holds these entries alone, in this order. Of entries with the same key the last
        counts. Where nothing changes, the version stays.
        """
        given = {entry.key: entry.spell() for entry in entries}
        with self._change(name) as (stored, write):
            write(given if replace else {**stored, **given})
        changed = [key for key, line in given.items() if stored.get(key, line) != line]
        added = [key for key in given if key not in stored]
        removed = [key for key in stored if replace and key not in given]
        unchanged = len(given) - len(added) - len(changed)
        return ListChange(len(added), len(changed), len(removed), unchanged)

    def remove(self, name: ListName, keys: Iterable[str]) -> list[str]:
        """Remove the entries with these keys, all or none; returns the keys that the list does not hold, sorted."""
        unwanted = set(keys)
        with self._change(name) as (stored, write):
            write({key: line for key, line in stored.items() if key not in unwanted})
        return sorted(unwanted - set(stored))

    def close(self) -> None:
        """Close the connections that are not in use; the others close as they are given back."""
        self._engine.dispose()

    @contextmanager
    def _change(self, name: ListName) -> Iterator[tuple[dict[str, str], _Write]]:
        """The lines of a list by key, in order, and what writes others in their place, both in one transaction.

        The list is written whole: O(entries), and the order is kept without any ado.
        """
        query = select(table.c.line).where(table.c.list_name == name).order_by(table.c.place)
        with translated(self._engine.url), self._writing.begin() as connection:
            last = connection.execute(select(versions.c.last).with_for_update()).scalar_one()
            lines = connection.execute(query).scalars().all()
            stored = {read_entry(name, line).key: line for line in lines}

            def write(wanted: Mapping[str, str]) -> None:
                if list(wanted.items()) == list(stored.items()):
                    return
                connection.execute(delete(table).where(table.c.list_name == name))
                if wanted:
                    connection.execute(insert(table), _rows(name, wanted))
                connection.execute(update(versions).values(last=last + 1))

            yield stored, write


def _rows(name: ListName, lines: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"list_name": name, "place": place, "line": line}
        for place, line in enumerate(lines.values(), start=1)
    ]
