"""The editorial lists in the store: entries in order, and one version that rises with each change.

``indexer/editorial/`` defines the entries; the store keeps each as a line. A process with a copy of the lists reads the
version (one row). It reads the lists again when the version has risen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from indexer.analysis.dictionary import UserDictionary
from indexer.editorial.entries import LISTS, Entry, ListName, dictionary_of
from indexer.editorial.lines import read_entry
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import editorial_entries as table
from indexer.store.tables import editorial_versions as versions

_Write = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class EditorialLists:
    """All lists at one version, each in order."""

    version: int
    entries: Mapping[ListName, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class ListChange:
    """The outcome for a list: how many entries were added, changed, removed and unchanged."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class EditorialStore:
    """The lists in one database. Made by ``open_editorial`` or ``find_editorial``.

    Threads may share it, and processes share the database. Every method raises StoreUnavailable
    when the database fails, or stays locked by another process for too long.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def version(self) -> int:
        """How often the lists were changed. Reads one row."""
        with translated(self._engine.url), self._engine.connect() as connection:
            found: int = connection.execute(select(versions.c.last)).scalar_one()
        return found

    def read(self) -> EditorialLists:
        """All lists. A concurrent change is either included or raises the version above the returned one.

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

    def words(self) -> UserDictionary:
        """The list of words, for the segmenter. Reads no other list.

        Raises:
            InvalidEntry: as :meth:`read` does.
        """
        query = select(table.c.line).where(table.c.list_name == "words")
        with translated(self._engine.url), self._engine.connect() as connection:
            lines = connection.execute(query).scalars().all()
        return dictionary_of(read_entry("words", line) for line in lines)

    def put(self, name: ListName, entries: Iterable[Entry], *, replace: bool = False) -> ListChange:
        """Add entries at the end of a list, all or none. An entry whose key exists changes in its place.

        With ``replace`` the list then holds only these entries, in this order. Of several entries with the same key the last
        counts. If nothing changes, the version stays.
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
        """Remove the entries with these keys, all or none. Returns the keys that the list does not hold, sorted."""
        unwanted = set(keys)
        with self._change(name) as (stored, write):
            write({key: line for key, line in stored.items() if key not in unwanted})
        return sorted(unwanted - set(stored))

    def exchange(self, name: ListName, old: Entry, new: Entry | None) -> bool:
        """Put ``new``, which has the same key, in the place of ``old``; None removes it. False if the list does not hold just this
        entry: then nothing changes.
        """
        with self._change(name) as (stored, write):
            line = stored.get(old.key)
            if line is None or read_entry(name, line) != old:
                return False
            kept = {key: line for key, line in stored.items() if key != old.key}
            write(kept if new is None else {**stored, new.key: new.spell()})
        return True

    def close(self) -> None:
        """Close the idle connections. The others close when they are given back."""
        self._engine.dispose()

    @contextmanager
    def _change(self, name: ListName) -> Iterator[tuple[dict[str, str], _Write]]:
        """The lines of a list by key, in order, and a function that replaces them, both in one transaction.

        The function writes the whole list, O(entries), which keeps the order without further effort.
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
