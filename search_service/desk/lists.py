"""The editors' lists at the desk: read, changed and noted in the log. They act on searches of this process at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from indexer.analysis.characters import fold_literal
from indexer.editorial.entries import BlockPlacement, Entry, ListName, Placement, articles_of
from indexer.editorial.lines import read_entry
from indexer.errors import InvalidEntry
from indexer.store.editorial_lists import EditorialLists, ListChange
from indexer.store.sessions import Session
from search_service.desk.desk import Desk
from search_service.services import Services

NOTED: Final = 50
"""Lines of one change that the log holds at most. It says how many there were."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong line of a text, by its number, and why it is wrong."""

    number: int
    line: str
    why: str


class DeskLists:
    """The lists of one desk. Every use raises StoreUnavailable while the store cannot be used."""

    def __init__(self, services: Services, desk: Desk) -> None:
        self._services, self._desk = services, desk

    def read(self) -> EditorialLists:
        """All lists, as the store holds them."""
        with self._desk.store.use() as store:
            return store.editorial.read()

    def holding(self, name: ListName, text: str) -> Sequence[Entry]:
        """The entries of a list whose lines hold a text, in their order; all for an empty one."""
        wanted = fold_literal(text)
        return [each for each in self.read().entries[name] if wanted in fold_literal(each.spell())]

    def titles(self, entries: Iterable[Entry]) -> dict[str, str | None]:
        """The titles of the articles that entries name; None for one that is not in the store."""
        named: dict[str, None] = {}
        for entry in entries:
            named |= dict.fromkeys(articles_of(entry))
            if isinstance(entry, BlockPlacement) and entry.page:
                named[entry.page] = None
        with self._desk.store.use() as store:
            found = {each: store.articles.get(each) for each in named}
        return {each: article.title if article else None for each, article in found.items()}

    def put(
        self,
        session: Session,
        name: ListName,
        entries: Collection[Entry],
        *,
        instead: bool = False,
        **details: str,
    ) -> ListChange:
        """Add entries to a list, or with ``instead`` put them in place of all others. ``details`` are noted too."""
        with self._desk.store.use() as store:
            change = store.editorial.put(name, entries, replace=instead)
        lines = [entry.spell() for entry in entries]
        counted = {"added": change.added, "changed": change.changed, "removed": change.removed}
        self._desk.note(
            session,
            "list.replace" if instead else "list.add",
            name,
            lines=lines[:NOTED],
            **{what: count for what, count in counted.items() if count},
            **details,
        )
        self._services.editorial.refresh()
        return change

    def remove(self, session: Session, name: ListName, line: str) -> bool:
        """Remove the entry that a line spells. False if the list does not hold just this entry: then nothing changes."""
        entry = read_entry(name, line)
        with self._desk.store.use() as store:
            removed = store.editorial.exchange(name, entry, None)
        if removed:
            self._desk.note(session, "list.remove", name, lines=[line])
            self._services.editorial.refresh()
        return removed

    def switch(self, session: Session, name: ListName, line: str) -> Entry | None:
        """Turn the entry that a line spells on or off. None if the list does not hold just this entry: then nothing changes.

        Raises:
            InvalidEntry: the line spells nothing that has a switch.
        """
        entry = read_entry(name, line)
        if not isinstance(entry, Placement | BlockPlacement):
            raise InvalidEntry(name, line, "it is always on")
        turned = replace(entry, active=not entry.active)
        with self._desk.store.use() as store:
            if not store.editorial.exchange(name, entry, turned):
                return None
        self._desk.note(session, "list.add", name, lines=[turned.spell()], changed=1)
        self._services.editorial.refresh()
        return turned


def read_lines(name: ListName, text: str) -> tuple[list[Entry], list[Fault]]:
    """The entries of a text, one a line, and its wrong lines. Empty lines and those that begin with # are skipped."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entries.append(read_entry(name, line))
        except InvalidEntry as error:
            faults.append(Fault(number, line.strip(), error.why))
    return entries, faults
