"""The log of what was done at the desk, and of restored backups: who, when, what, to what. Rows are only added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, func, insert, select

from indexer.store.accounts import stored_now
from indexer.store.dialects import for_writing, translated
from indexer.store.tables import audit_log as table

COMMAND_LINE: Final = "命令行"
"""Who did what nobody did at the desk. Editors read it, so it is Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change. ``who`` is an account's name, or :data:`COMMAND_LINE`. ``action`` a code, ``subject`` what was changed. The time is in UTC."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    details: Mapping[str, Any]


class AuditLog:
    """The log in one database. ``database.py`` opens it. Its errors are those of ``AccountStore``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = for_writing(engine)

    def note(self, who: str, action: str, subject: str = "", **details: Any) -> None:
        """Add an entry. ``details`` are JSON values."""
        values = {
            "at": stored_now(),
            "who": who,
            "action": action,
            "subject": subject,
            "details": json.dumps(details, ensure_ascii=False),
        }
        with translated(self._engine.url), self._writing.begin() as connection:
            connection.execute(insert(table).values(values))

    def entries(
        self, *, who: str = "", action: str = "", page: int = 1, size: int = 50
    ) -> tuple[list[Entry], int]:
        """A page of the entries, newest first, and the number of all of them: of one person or of one action, if it is named."""
        wanted = [
            column == value
            for column, value in ((table.c.who, who), (table.c.action, action))
            if value
        ]
        query = select(table).where(*wanted).order_by(table.c.id.desc())
        with translated(self._engine.url), self._engine.connect() as connection:
            total = connection.execute(select(func.count()).select_from(table).where(*wanted))
            rows = connection.execute(query.limit(size).offset((page - 1) * size))
            return [_entry(row) for row in rows], total.scalar_one()

    def people(self) -> list[str]:
        """The names that the log holds, sorted. O(entries)."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return list(
                connection.execute(select(table.c.who).distinct().order_by(table.c.who)).scalars()
            )


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.at.replace(tzinfo=UTC),
        who=row.who,
        action=row.action,
        subject=row.subject,
        details=json.loads(row.details),
    )
